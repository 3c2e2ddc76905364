# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests with a VMM: QEMUs of the lab (../lab/guest/vmm) and their monitors. Loaded after helpers: `load ../vmm`.

# bats sources this in a function.
declare -gA vmm_pid=()

# begin_vmm NAME DEVICE [ARGUMENT...]: a QEMU, vmm_pid[NAME], that vmm_answers is to wait for; what it says goes to
# $BATS_TEST_TMPDIR/NAME.log
begin_vmm() {
	# One that was killed leaves its socket.
	rm -f "/run/vmm/$1"
	vmm "$@" >"$BATS_TEST_TMPDIR/$1.log" 2>&1 3>&- 4>&- &
	vmm_pid[$1]=$!
}

# vmm_answers NAME...
vmm_answers() {
	local name
	for name; do
		await --for "$(slowly 60)" --pid "${vmm_pid[$name]}" exists "/run/vmm/$name" || true
		# The monitor is there before the device, and answers after it.
		qmp "/run/vmm/$name" query-status >/dev/null && continue
		cat "$BATS_TEST_TMPDIR/$name.log"
		return 1
	done
}

# start_vmm NAME DEVICE [ARGUMENT...]: both
start_vmm() { begin_vmm "$@" && vmm_answers "$1"; }

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

# kill_vmm NAME...: at once, if it has not ended by itself
kill_vmm() {
	local name
	for name; do
		kill -KILL "${vmm_pid[$name]}" 2>/dev/null || true
		wait "${vmm_pid[$name]}" 2>/dev/null || true
		unset "vmm_pid[$name]"
	done
}

# end_vmms: for teardown
end_vmms() {
	local name
	for name in "${!vmm_pid[@]}"; do
		kill_vmm "$name"
	done
}

# bios_ready NAME: waits until the guest's firmware has placed the VF's BAR, as any guest that runs has
bios_ready() {
	local i tries
	tries=$(slowly 100)
	for ((i = 0; i < tries; i++)); do
		[[ $(to_vmm "$1" human-monitor-command '{"command-line":"info pci"}') != *"BAR0: 64 bit prefetchable memory at "* ]] || return 0
		sleep 0.2
	done
	echo "the firmware of $1 has not placed the BAR"
	return 1
}

# patiently NAME: a migration of it takes the time that it needs: without a tracker all memory is dirty until the end, and on
# 6.1, without MIG_DATA_SIZE, QEMU counts with 100 GiB of device.
patiently() {
	local more=''
	! old_kernel || more=',"avail-switchover-bandwidth":100000000000'
	to_vmm "$1" migrate-set-parameters "{\"downtime-limit\":30000$more}" >/dev/null
}

# migrate NAME URI: until it is done
migrate() {
	to_vmm "$1" migrate "{\"uri\":\"$2\"}" >/dev/null && to_vmm "$1" query-migrate until status completed >/dev/null && return
	to_vmm "$1" query-migrate || true
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

# device_data FILE: what the driver gave, out of a migration of QEMU's with one device: behind each mark (hw/vfio/migration.c:
# VFIO_MIG_FLAG_DEV_DATA_STATE) and its size
device_data() {
	python3 - "$1" <<-'END'
		import sys
		data, mark, at = open(sys.argv[1], "rb").read(), bytes.fromhex("ffffffffef100004"), 0
		while (at := data.find(mark, at)) >= 0:
		    size = int.from_bytes(data[at + 8:at + 16], "big")
		    sys.stdout.buffer.write(data[at + 16:at + 16 + size])
		    at += 16 + size
	END
}

# grows DEVICE: its generation does, so that it runs
grows() {
	labvf "$1" past generation "$(labvf "$1" get generation)"
}
