#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# reset: from every state back to RUNNING, with nothing of what was there.

load ../helpers

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() { "$MLX" unbind -c "$VF0"; }
teardown() { release || true; }

@test "a reset wipes the contents and counts as one" {
	hold "$VF0"
	local resets
	labvf "$VF0" fill 11
	resets=$(labvf "$VF0" get resets)
	run_mlx 0 reset "$VF0"
	json_is '[.schema, .access, .from, .state, .duration_ns > 0]' \
		'["mlxmigctl.reset/1","borrowed","RUNNING","RUNNING",true]'
	[ "$(labvf "$VF0" get resets)" -eq $((resets + 1)) ]
	run -9 labvf "$VF0" check 11
}

@test "from every state that a walk reaches" {
	hold "$VF0"
	local state
	for state in RUNNING_P2P STOP STOP_COPY RESUMING; do
		run_mlx 0 step "$VF0" "$state"
		run_mlx 0 reset "$VF0"
		json_is '[.from, .state]' "[\"$state\",\"RUNNING\"]"
		[ "$(labvf "$VF0" get suspended)" -eq 0 ]
	done
	run_mlx 0 step "$VF0" stop_copy running
}

@test "a free device is opened for it" {
	run_mlx 0 reset "$VF0"
	json_is '[.access, .fresh, .state]' '["opened",true,"RUNNING"]'
}
