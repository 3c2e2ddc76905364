# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests with a VMM: QEMUs of the lab (../lab/guest/vmm) and their monitors. Loaded after helpers: `load ../vmm`.

# bats sources this in a function.
declare -gA vmm_pid=()

# start_vmm NAME DEVICE [ARGUMENT...]: a QEMU that answers, vmm_pid[NAME]; what it says goes to $BATS_TEST_TMPDIR/NAME.log
start_vmm() {
	local name=$1 i
	# One that was killed leaves its socket.
	rm -f "/run/vmm/$name"
	vmm "$@" >"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- 4>&- &
	vmm_pid[$name]=$!
	for ((i = 0; i < $(slowly 300); i++)); do
		[ ! -S "/run/vmm/$name" ] || break
		kill -0 "${vmm_pid[$name]}" 2>/dev/null || break
		sleep 0.1
	done
	# The monitor is there before the device, and answers after it.
	qmp "/run/vmm/$name" query-status >/dev/null && return
	cat "$BATS_TEST_TMPDIR/$name.log"
	return 1
}

# to_vmm NAME COMMAND...: to its monitor, see `qmp`
to_vmm() { qmp "/run/vmm/$1" "${@:2}"; }

# vmm_is NAME STATUS: waits until it is
vmm_is() { to_vmm "$1" query-status until status "$2" >/dev/null; }

# end_vmm NAME...: each quits by itself, and ended well
end_vmm() {
	local name status=0
	for name; do
		to_vmm "$name" quit >/dev/null || status=1
		wait "${vmm_pid[$name]}" || status=1
		unset "vmm_pid[$name]"
	done
	return $status
}

# kill_vmm NAME...: at once
kill_vmm() {
	local name
	for name; do
		kill -KILL "${vmm_pid[$name]}"
		wait "${vmm_pid[$name]}" 2>/dev/null || true
		unset "vmm_pid[$name]"
	done
}

# end_vmms: for teardown
end_vmms() {
	local name
	for name in "${!vmm_pid[@]}"; do
		kill_vmm "$name" || true
	done
}

# bios_ready NAME: waits until the guest's firmware has placed the VF's BAR, as any guest that runs has
bios_ready() {
	local i
	for ((i = 0; i < $(slowly 100); i++)); do
		[[ $(to_vmm "$1" human-monitor-command '{"command-line":"info pci"}') != *"BAR0: 64 bit prefetchable memory at "* ]] || return 0
		sleep 0.2
	done
	echo "the firmware of $1 has not placed the BAR"
	return 1
}

# patiently NAME: a migration of it takes the time that it needs, since without a tracker all memory is dirty until the end
patiently() { to_vmm "$1" migrate-set-parameters '{"downtime-limit":30000}' >/dev/null; }

# migrate NAME URI: until it is done
migrate() {
	to_vmm "$1" migrate "{\"uri\":\"$2\"}" >/dev/null && to_vmm "$1" query-migrate until status completed >/dev/null && return
	cat "$BATS_TEST_TMPDIR/$1.log"
	return 1
}

# arrive NAME URI: what migrate left there, or sends from there, comes into a QEMU that was started with -incoming defer
arrive() { to_vmm "$1" migrate-incoming "{\"uri\":\"$2\"}" >/dev/null; }

# state_of DEVICE STATE: as the tool reads it beside the VMM
state_of() {
	run_mlx 0 state "$1"
	json_is '[.access, .state]' "[\"borrowed\",\"$2\"]"
}
