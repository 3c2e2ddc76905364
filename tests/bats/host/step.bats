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

@test "files are for states with data, and a save comes to its end" {
	local words
	for words in "stop=a" "RUNNING=a" "stop_copy=" "precopy=a stop_copy" \
		"pre_copy=a stop" "pre_copy=a running" "pre_copy=a" "pre_copy=a stop_copy=b" "pre_copy=a resuming=b" \
		"stop_copy=a stop stop_copy=a" "resuming=- stop resuming=-"; do
		# shellcheck disable=SC2086
		run_mlx 2 step 3b:00.2 $words
		error_is usage
	done
	run_mlx 2 step 3b:00.2 stop_copy=
	[[ $stderr == *"name it: stop_copy=vf.mig, or stop_copy=- for standard output"* ]]
	run_mlx 2 step --raw 3b:00.2 stop
	[[ $stderr == *"no STATE=FILE"* ]]
	run_mlx 2 step --raw --zstd 3b:00.2 stop_copy=a
}

@test "a file that is not there or no state is told before a device is looked for, and nothing is left of others" {
	plant two-port
	on 3 step 0000:3b:00.4 stop_copy="$BATS_TEST_TMPDIR/out" stop resuming="$BATS_TEST_TMPDIR/none" stop
	error_is no_such_file
	[ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '*out*')" ]
}
