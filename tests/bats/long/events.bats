#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Everything that can happen to a device that somebody has open, at every step.

load ../helpers
load ../faults
load ../events

setup_file() { events_begin; }
teardown_file() { events_end; }
teardown() { [ -z "${BACKGROUND:-}" ] || finish || true; }

# at_every_step EVENT
at_every_step() {
	local step
	for step in "${all_steps[@]}"; do
		event_at "$1" "$step"
	done
}

@test "events: the function is reset" { at_every_step flr; }
@test "events: somebody tries to remove the module" { at_every_step rmmod; }
@test "events: the VF is unbound" { at_every_step unbind; }
@test "events: SR-IOV is disabled" { at_every_step numvfs; }
@test "events: the PF is unbound" { at_every_step pf; }
@test "events: the PF reports an error on its bus" { at_every_step aer; }
@test "events: the PF's firmware dies" { at_every_step fatal; }
