# SPDX-License-Identifier: GPL-2.0-or-later
# hold, and what is borrowed: what is refused before anything is opened, on captured hosts.

load ../helpers
load ../trees

@test "hold without a device is a usage error" {
	run_mlx 2 hold
	error_is usage
}

@test "hold of a device named twice is a usage error" {
	plant two-port
	on 2 hold 3b:00.2 0000:3b:00.2
	error_is usage
	[[ $stderr == *"each device once"* ]]
}

@test "hold of no device" {
	plant two-port
	on 3 hold 0000:7f:00.0
	error_is no_such_device
}

@test "hold names who has the device, a holder too" {
	plant two-port
	on 5 hold 0000:3b:00.5
	error_is busy
	json_is .error.device 0000:3b:00.5
	[[ $stderr == *"qemu-system-x86 (pid 777)"* ]]
	on 5 hold 0000:3b:00.4
	error_is busy
	[[ $stderr == *"mlxmigctl hold (pid 4242)"* ]]
}

@test "hold: states that no device can be taken to" {
	local state
	for state in ERROR PAUSED ""; do
		run_mlx 2 hold --state "$state" 3b:00.2
		error_is usage
		[[ $stderr == *"the states are STOP"* ]]
	done
	run_mlx 2 hold --load image --state STOP_COPY 3b:00.2
	error_is usage
	[[ $stderr == *"leave it in STOP, RUNNING"* ]]
}

@test "hold --load is for one device, and --force for --load" {
	run_mlx 2 hold --load image 3b:00.2 3b:00.3
	error_is usage
	[[ $stderr == *"start one mlxmigctl hold for each"* ]]
	run_mlx 2 hold --force 3b:00.2
	error_is usage
}

@test "hold --load looks at the file before the device" {
	plant two-port
	on 3 hold --load "$BATS_TEST_TMPDIR/none" 0000:3b:00.7
	error_is no_such_file
	echo junk >"$BATS_TEST_TMPDIR/junk"
	on 8 hold --load "$BATS_TEST_TMPDIR/junk" 0000:3b:00.7
	error_is damaged
	on 8 hold --load - 0000:3b:00.7 <"$BATS_TEST_TMPDIR/junk"
	error_is damaged
	on 4 hold --load "$BATS_TEST_TMPDIR/junk" 0000:3b:00.0
	error_is not_a_vf
}

@test "hold opens nothing of another root" {
	plant two-port
	on 2 hold 0000:3b:00.7
	error_is usage
	[[ $stderr == *--sysroot* ]]
}

@test "a group that is open need not be open for the device: that is not opened there" {
	local group
	plant two-port
	# whether it is open cannot be seen
	rm "$SYSROOT/sys/bus/pci/devices/0000:3b:00.5/enable"
	group=$SYSROOT/sys/kernel/iommu_groups/43/devices
	mkdir -p "$group"
	ln -s ../../../../bus/pci/devices/0000:3b:00.5 "$group"
	on 2 state 0000:3b:00.5
	error_is usage
	# and it has a neighbour
	ln -s ../../../../bus/pci/devices/0000:3b:00.4 "$group"
	on 5 state 0000:3b:00.5
	error_is busy
	[[ $stderr == *"its IOMMU group 43 is open in qemu-system-x86 (pid 777), perhaps for another device"*"lets the group go"* ]]
	on 5 step 0000:3b:00.5 STOP
	[[ $stderr != *--live* ]]
	on 5 step --live 0000:3b:00.5 STOP
	error_is busy
	# enabled: somebody has it open, and only who has the group can
	echo 1 >"$SYSROOT/sys/bus/pci/devices/0000:3b:00.5/enable"
	on 2 state 0000:3b:00.5
	on 5 step 0000:3b:00.5 STOP
	[[ $stderr == *"in use by qemu-system-x86 (pid 777)"*--live* ]]
	echo 0 >"$SYSROOT/sys/bus/pci/devices/0000:3b:00.5/enable"
	on 5 state 0000:3b:00.5
	[[ $stderr == *"its IOMMU group 43 is open in"* ]]
	on 0 status 0000:3b:00.5
	json_is '.devices[0] | [.in_use, .in_use_reason, .holder.pid, .migration]' \
		'[null,"qemu-system-x86 (pid 777) has its IOMMU group 43 open, but not the device",777,null]'
	# alone, it is just being opened, or closed
	rm "$group/0000:3b:00.4"
	on 5 state 0000:3b:00.5
	[[ $stderr == *"(pid 777), which does not have the device open: it is opening or closing it"* ]]
}
