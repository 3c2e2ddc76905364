#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# conform: what it checks, and what it does not take.

load ../helpers
load ../trees

@test "conform: the checks are listed without a device, each with what it asks" {
	run_mlx 0 conform --list
	json_is '.checks | map(select((.name | test("^(feature|arc|data|precopy|transfer|reset)/")) and (.asks | length > 10))) | length == 102' true
	json_is '[.checks[].name] | length == (unique | length)' true
	run_mlx 0 conform --list --check 'data/*' -t
	[ "${lines[0]}" = CHECK ]
	[ "${lines[1]}" = data/end ]
}

@test "conform: what it does not take is told" {
	run_mlx 2 conform
	[[ $stderr == *"no DEVICE"* ]]
	run_mlx 2 conform --list 0000:3b:00.2
	run_mlx 2 conform --list --tap
	run_mlx 2 conform --list --check nosuch
	[[ $stderr == *"no check has such a name"* ]]
}

@test "conform: a PF, a VF of another driver and one in use are refused" {
	plant two-port
	on 4 conform 0000:3b:00.0
	error_is not_a_vf
	on 4 conform 0000:3b:00.2
	error_is wrong_driver
	on 5 conform --force 0000:3b:00.5
	error_is busy
}
