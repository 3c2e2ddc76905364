#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a person may start says how. None of it does anything else then.

load ../helpers

# The scripts, and their status for what they do not know: the lab's own 125 cannot be taken for a command's.
scripts="all:2 host:2 coverage:2 setup:2 build-tool:2 kmod-check:2 demo:2 bench/transfer:2 bench/image:2 fuzz/run:2 lab/build:125 lab/fetch:125 lab/kernel:125 lab/run:125 lab/shell:125"

@test "each script prints its usage for --help" {
	local script
	for script in $scripts; do
		script=tests/${script%:*}
		run --separate-stderr "$top_dir/$script" --help
		[ "$status" -eq 0 ]
		[[ $output == "usage: $script"* ]]
		[ -z "$stderr" ]
	done
}

@test "each script refuses an unknown option" {
	local script
	for script in $scripts; do
		run --separate-stderr "$top_dir/tests/${script%:*}" --no-such-option
		[ "$status" -eq "${script#*:}" ]
		[ -z "$output" ]
		[ -n "$stderr" ]
	done
}

@test "tests/all names a part that it does not have" {
	run --separate-stderr "$top_dir/tests/all" check nosuchpart
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"'nosuchpart'"*--list* ]]
}

@test "each script refuses an option without its value" {
	local script
	for script in all:--keep:2 bench/transfer:--rounds:2 lab/build:--kernel:125 lab/build:--driver:125 lab/run:--vfs:125; do
		IFS=: read -r script option want <<<"$script"
		run --separate-stderr "$top_dir/tests/$script" "$option"
		[ "$status" -eq "$want" ]
		[[ $stderr == *usage:* || $stderr == *"wants a value"* ]]
	done
}
