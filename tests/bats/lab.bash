# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests on the lab's devices: who has them, and a migdrive in the background.
# Loaded after helpers: `load ../lab`.

sys=/sys/bus/pci

# ours: the variant driver is the project's, not the in-tree one, which is the control. A test with the tag ours is about what the
# in-tree driver does not do, and the control group leaves it out: `bats --filter-tags '!ours'`.
ours() { [[ $(modinfo -F description mlx5_vfio_pci) == *"with live migration"* ]]; }

# not_61: for tests of records, which 6.1's in-tree driver neither writes nor reads
not_61() { ours || ! old_kernel || skip "the in-tree driver of 6.1 has bare images alone"; }

# reads_end: for tests of what is read after a session. The in-tree driver of 6.1 lets such a read wait for ever.
reads_end() { ours || ! old_kernel || skip "in the in-tree driver of 6.1 they wait for ever"; }

# reports: can the kernel take those of dirty tracking? Debian's 6.12 cannot.
reports() { [ "$(uname -r | cut -d. -f1-2)" = 6.1 ] || grep -q ' iova_bitmap_set' /proc/kallsyms; }
# only_where_reported: for a test with the tag reports, which tests/all leaves out where there are none
only_where_reported() { reports || skip "this kernel takes no reports"; }

# driver_of DEVICE: empty when it has none
driver_of() {
	local target
	target=$(readlink "$sys/devices/$1/driver") || true
	echo "${target##*/}"
}

# without_driver DEVICE: nobody has it from now on
without_driver() { [ ! -e "$sys/devices/$1/driver" ] || echo "$1" >"$sys/devices/$1/driver/unbind"; }

# put_on DRIVER DEVICE...: bind, whatever has it now; DRIVER "" is the kernel's choice
put_on() {
	local driver=$1 device
	shift
	for device; do
		without_driver "$device"
		echo "$driver" >"$sys/devices/$device/driver_override"
		echo "$device" >"$sys/drivers_probe"
	done
}

# make_vfs N [AUTOPROBE]: that many, on mlx5_core; AUTOPROBE 0: on no driver yet, which is quicker
make_vfs() {
	echo "${2:-1}" >"$sys/devices/$PF/sriov_drivers_autoprobe"
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	echo "$1" >"$sys/devices/$PF/sriov_numvfs"
	echo 1 >"$sys/devices/$PF/sriov_drivers_autoprobe"
}

# rebind_pf: the driver asks the firmware anew
rebind_pf() {
	echo "$PF" >"$sys/drivers/mlx5_core/unbind"
	echo "$PF" >"$sys/drivers/mlx5_core/bind"
}

# renew_pf: rebind_pf with as many VFs afterwards, on no driver yet
renew_pf() {
	local vfs
	vfs=$(cat "$sys/devices/$PF/sriov_numvfs")
	rebind_pf
	make_vfs "$vfs" 0
}

# behind NAME: that number of the model's property `behind`, about LOADs, and what memory keys name behind the bytes of a command
behind() {
	local all
	all=" $(lab-prop get behind) "
	all=${all#* "$1"=}
	echo "${all%% *}"
}

# firmware_has NAME=VALUE...: properties that the PF's driver asks for when it binds, with values as lab-prop gives them. If one
# changes, the driver asks anew, and VF0 and VF1 are on the variant driver afterwards.
firmware_has() {
	local setting changed=''
	for setting; do
		[ "$(lab-prop get "${setting%%=*}")" != "${setting#*=}" ] || continue
		lab-prop set "${setting%%=*}" "${setting#*=}"
		changed=1
	done
	[ -n "$changed" ] || return 0
	renew_pf
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

# firmware_migrates on|off: whether it can. On 6.1 the driver goes by what the PF's driver has asked for, which does so anew
# then, and has VFs that no driver has
firmware_migrates() {
	lab-prop set migration "$1"
	! old_kernel || renew_pf
}

# group_of DEVICE: the file of its IOMMU group
group_of() {
	local target
	target=$(readlink "$sys/devices/$1/iommu_group")
	echo "/dev/vfio/${target##*/}"
}

# open_elsewhere DEVICE: a process that is not ours, other_pid, has its group open, until end_other. Its name is sleep,
# whatever its first argument says.
open_elsewhere() {
	bash -c 'exec 9<>"$1" && exec -a vmm sleep 60' _ "$(group_of "$1")" 3>&- 4>&- &
	other_pid=$!
	await program $other_pid sleep
}

# end_other: the process other_pid, if there is one
end_other() {
	local pid=${other_pid:-}
	[ -n "$pid" ] || return 0
	unset other_pid
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# background STEP...: a migdrive that goes on, and is ready when it has made $run_dir/ready; finish makes what it may
# still await there, lets it end, and fails when it failed
background() { in_background migdrive "$@"; }

# in_background COMMAND...: the same with whatever comes to be a migdrive
in_background() {
	"$@" >"$BATS_TEST_TMPDIR/background" 2>&1 3>&- 4>&- &
	BACKGROUND=$!
	until_there "$run_dir/ready"
}

finish() {
	local pid=${BACKGROUND:-}
	[ -n "$pid" ] || return 0
	unset BACKGROUND
	touch "$run_dir/go" "$run_dir/on" "$run_dir/end"
	wait "$pid" && return
	cat "$BATS_TEST_TMPDIR/background"
	return 1
}

# until_there FILE: the migdrive in the background has made it
until_there() {
	await ${BACKGROUND:+--pid "$BACKGROUND"} exists "$1" && return
	cat "$BATS_TEST_TMPDIR/background"
	return 1
}
