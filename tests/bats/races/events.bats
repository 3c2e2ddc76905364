#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The variant driver when the ground gives way, at any step: a sample of what ../long has in full.

load ../helpers
load ../faults
load ../events

setup_file() {
	SEED=$(seed)
	export SEED
	echo "# SEED=$SEED" >&3
	events_begin
}

teardown_file() { events_end; }

teardown() { [ -z "${BACKGROUND:-}" ] || finish || true; }

@test "events: a sample of what happens and when" {
	local event
	RANDOM=$SEED
	for event in "${events[@]}"; do
		event_at "$event" "${all_steps[RANDOM % ${#all_steps[@]}]}"
	done
}
