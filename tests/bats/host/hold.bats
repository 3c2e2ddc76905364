# SPDX-License-Identifier: GPL-2.0-or-later
# hold: what it refuses before anything is opened, on captured hosts.

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
