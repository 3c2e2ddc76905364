# SPDX-License-Identifier: GPL-2.0-or-later
# step: what is wrong with its states is said without looking for a device.

load ../helpers
load ../trees

@test "step without a state is a usage error" {
	run_mlx 2 step 3b:00.2
	error_is usage
	run_mlx 2 step
	error_is usage
}

@test "a word that is no state is named, with those that are" {
	run_mlx 2 step 3b:00.2 running stopp
	error_is usage
	[[ $stderr == *"no such state: stopp"*RUNNING_P2P* ]]
}

@test "nobody can ask for ERROR" {
	run_mlx 2 step 3b:00.2 ERROR
	error_is usage
	[[ $stderr == *"mlxmigctl reset 3b:00.2"* ]]
}

@test "more states than one walk may have" {
	local targets=() i
	for ((i = 0; i < 33; i++)); do targets+=(stop); done
	run_mlx 2 step 3b:00.2 "${targets[@]}"
	error_is usage
}

@test "a device that is no VF, or not there" {
	plant two-port
	on 4 step 0000:3b:00.0 stop
	error_is not_a_vf
	on 3 step 0000:7f:00.0 stop
	error_is no_such_device
}
