#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# conform: our driver does what VFIO asks for, all of it.

load ../helpers
load ../lab

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() { "$MLX" unbind -c "$VF0"; }

teardown() {
	release || true
	end_other
	fault ""
}

# bats test_tags=asan
@test "conform: our driver passes every check, and ends in RUNNING" {
	run_mlx 0 conform "$VF0"
	json_is '[.schema, .device, .access, .driver, .failed, .state, .flags]' \
		"[\"mlxmigctl.conform/1\",\"$VF0\",\"opened\",\"mlx5_vfio_pci\",0,\"RUNNING\",$(all_flags)]"
	# What cannot be had here: ERROR, and on 6.1 an estimate.
	json_is '[.checks[] | select(.result == "skip").name]' "$(old_kernel && echo '["reset/ERROR","transfer/size"]' || echo '["reset/ERROR"]')"
	[ "$(json .passed)" -gt 60 ]
	json_is '(.passed + .failed + .skipped) == (.checks | length)' true
}

# bats test_tags=asan
@test "conform: checks are chosen by their names, and told as TAP" {
	run_mlx 0 conform --tap --check 'data/e*' --check reset/STOP "$VF0"
	[ "$output" = $'TAP version 13\n1..2\nok 1 - data/end\nok 2 - reset/STOP' ]
	run_mlx 2 conform --check nosuch "$VF0"
	[[ $stderr == *--list* ]]
}

# bats test_tags=asan
@test "conform: a device that fails is told with what was seen, and exit status 9" {
	# The firmware does not suspend it.
	fault "op=0x115,nth=1,status=0x1"
	run_mlx 9 conform --check arc/RUNNING/STOP --check arc/RUNNING/RUNNING "$VF0"
	fault ""
	json_is '[.passed, .failed, .state]' '[1,1,"RUNNING"]'
	json_is '.checks[] | select(.name == "arc/RUNNING/STOP") | .result' fail
	[[ $(json '.checks[] | select(.name == "arc/RUNNING/STOP").detail') == "SET: E"*", where success is due" ]]
}

# bats test_tags=asan
@test "conform: a held device is not taken unless that is said, and what is in ERROR is led out" {
	hold "$VF0"
	run_mlx 5 conform "$VF0"
	error_is busy
	[[ $stderr == *"mlxmigctl hold (pid $HOLD_PID)"*--force* ]]
	fault "op=0x115,nth=1,status=0x1;op=0x116,nth=1,status=0x1"
	run_mlx 7 step "$VF0" stop
	fault ""
	run_mlx 0 state "$VF0"
	json_is .state ERROR
	run_mlx 0 conform --force --check reset/ERROR "$VF0"
	json_is '[.passed, .access, .state]' '[1,"borrowed","RUNNING"]'
}

@test "conform: the device of another program is never taken" {
	run_mlx 0 bind "$VF0"
	migdrive dev "$VF0" touch "$BATS_TEST_TMPDIR/there" sleep 20000 3>&- 4>&- &
	other_pid=$!
	await --pid $other_pid exists "$BATS_TEST_TMPDIR/there"
	run_mlx 5 conform --force "$VF0"
	error_is busy
	[[ $stderr == *"migdrive (pid $other_pid)"* ]]
}
