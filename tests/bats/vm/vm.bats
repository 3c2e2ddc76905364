#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside the VM: is the lab what the other tests take it for?

load ../helpers

@test "the kernel is Debian's 6.12 or 6.1, unpatched, or its source with the checkers" {
	local running
	running=$(uname -r)
	[[ $running != 6.12.*-debug-* ]] || return 0
	[[ $running == 6.12.*-amd64 || $running == 6.1.*-amd64 ]]
	[[ $(uname -v) == *Debian* ]]
}

@test "the kernel log starts without an error" {
	# On a host that is busy the emulated timer may be too late for the kernel's first look at it. And the lab asks each kernel
	# to do without mitigations, the debug kernel too, which has none.
	run grep -vE "MP-BIOS bug: 8254 timer|compiled without mitigations" < <(dmesg -l emerg,alert,crit,err)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "the PF and each VF belong to stock mlx5_core or to nobody" {
	local driver vf count=0
	driver=$(readlink "/sys/bus/pci/devices/$PF/driver")
	[ "${driver##*/}" = mlx5_core ]
	[ "$(cat "/sys/bus/pci/devices/$PF/device")" = 0x1021 ]
	for vf in "/sys/bus/pci/devices/$PF"/virtfn*; do
		[ "$(cat "$vf/device")" = 0x101e ]
		count=$((count + 1))
	done
	[ "$count" -eq "$(cat "/sys/bus/pci/devices/$PF/sriov_numvfs")" ]
}

@test "each function has an IOMMU group of its own" {
	local function group
	for function in "/sys/bus/pci/devices/$PF" "/sys/bus/pci/devices/$PF"/virtfn*; do
		group=$function/iommu_group/devices
		[ "$(find "$group/" -mindepth 1 | wc -l)" -eq 1 ]
	done
}

@test "VFIO's modules load and allow interrupts without remapping" {
	modprobe vfio-pci
	modprobe vfio_iommu_type1
	[ "$(cat /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts)" = Y ]
	[ -c /dev/vfio/vfio ]
}

@test "the variant driver is there, and was not loaded in advance" {
	[ "$(modinfo -F name mlx5_vfio_pci)" = mlx5_vfio_pci ]
	modinfo -F alias mlx5_vfio_pci | grep -q '^vfio_pci:v000015B3d0000101E'
	# True in a fresh VM: this file's tests are the first.
	run ! grep -q '^mlx5_vfio_pci ' /proc/modules
}

@test "/results is a folder of the host that can be written" {
	local file=/results/vm.bats.$$
	echo text >"$file"
	[ "$(cat "$file")" = text ]
	[ "$(findmnt -n -o FSTYPE /results)" = 9p ]
	rm "$file"
}

@test "the root is the host's under an overlay, and can be changed" {
	[ "$(stat -f -c %T /)" = overlayfs ]
	echo text >/usr/vm.bats.$$
	[ "$(cat /usr/vm.bats.$$)" = text ]
	rm /usr/vm.bats.$$
	grep -q ' / overlay .*lowerdir=/host' /proc/mounts
}

@test "lab-prop reads and sets numbers, truth values and text" {
	local before
	before=$(lab-prop get cmd-delay-us)
	lab-prop set cmd-delay-us 1500
	[ "$(lab-prop get cmd-delay-us)" = 1500 ]
	lab-prop set cmd-delay-us "$before"

	[ "$(lab-prop get migration)" = true ]
	lab-prop set migration off
	[ "$(lab-prop get migration)" = false ]
	lab-prop set migration on

	before=$(lab-prop get psid)
	lab-prop set psid MT_0000000999
	[ "$(lab-prop get psid)" = MT_0000000999 ]
	lab-prop set psid "$before"
	[ "$(lab-prop get psid)" = "$before" ]
}

@test "lab-prop says what is wrong with a name or value" {
	run lab-prop get no-such-property
	[ "$status" -eq 1 ]
	[[ $output == *no-such-property* ]]
	run lab-prop set migration perhaps
	[ "$status" -eq 1 ]
	[ "$(lab-prop get migration)" = true ]
	run lab-prop
	[ "$status" -eq 2 ]
}

@test "two programs may ask for properties at once" {
	local i pids=() pid
	for i in 1 2 3 4; do
		lab-prop get fw-version >"$BATS_TEST_TMPDIR/$i" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	for i in 1 2 3 4; do
		[ "$(cat "$BATS_TEST_TMPDIR/$i")" = "$(lab-prop get fw-version)" ]
	done
}
