#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# tests/all, with stand-ins for what it calls: what it makes of results.

load ../helpers

# The part check prints what is in the file tap, and waits for the file go unless that is there.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p tests/lab
	cp "$top_dir"/tests/{all,tap-count} tests/
	local script
	for script in setup build-tool lab/build; do
		printf '#!/bin/sh\n' >"tests/$script"
	done
	printf '#!/bin/sh\ncat tap\n[ -e go ] || sleep 60\n' >tests/host
	chmod +x tests/{setup,build-tool,host} tests/lab/build
	printf '%s\n' "# SPDX" "check 2" >tests/parts
	touch go
}

tests_all() { run --separate-stderr tests/all "$@" check; }

@test "tests/all adds up what the parts print, and names each with its seconds and tests" {
	printf '%s\n' 1..3 "ok 1 a in 5ms" "ok 2 b # skip why in 1ms" "ok 3 c" >tap
	tests_all
	[ "$status" -eq 0 ]
	[[ $output =~ check\ +[0-9]+\ s\ +3\ tests:\ +2\ passed,\ +0\ failed,\ +1\ skipped ]]
	[[ ${lines[-2]} =~ ^all\ of\ it:\ [0-9]+\ s,\ 7\ tests$ ]]
	# setup, build, lab, the comparison with tests/parts, and those of check
	[ "${lines[-1]}" = "6 passed, 0 failed, 1 skipped" ]
	# a part of no tests at all
	echo 1..0 >tap
	tests_all
	[ "$status" -eq 1 ]
}

@test "tests/all names a failure at once, and shows it at the end" {
	printf '%s\n' 1..2 "not ok 1 a in 5ms" "# the reason" "ok 2 b" >tap
	rm go
	tests/all check >out 3>&- &
	local all=$! i
	for ((i = 0; i < 100; i++)); do
		! grep -q "check: not ok 1 a" out || break
		sleep 0.1
	done
	grep -q "check: not ok 1 a" out
	if grep -q "check: ended" out; then return 1; fi
	status=0
	kill -TERM $all
	wait $all || status=$?
	[ "$status" -eq 130 ]
	touch go
	tests_all
	[ "$status" -eq 1 ]
	[[ $output == *"== what failed in check"*"not ok 1 a in 5ms"*"# the reason"* ]]
	[ "${lines[-1]}" = "5 passed, 1 failed, 0 skipped" ]
}

@test "tests/all --fail-fast ends with the first failure" {
	printf '%s\n' 1..2 "not ok 1 a" "# the reason" >tap
	rm go
	SECONDS=0
	tests_all --fail-fast
	[ "$status" -eq 1 ]
	[ $SECONDS -lt 30 ]
	[[ $output == *"check      was stopped"* ]]
	[[ $output == *"not ok 1 a"*"not ok 1 a"*"# the reason"* ]]
	[ "${lines[-1]}" = "3 passed, 1 failed, 0 skipped" ]
}

@test "tests/all --profile tells what each test took, the longest first" {
	printf '%s\n' "ok 1 a in 5ms" "ok 2 b in 70ms # skip why" "# tests/unit/test_c took 6 ms" 1..2 >tap
	tests_all --profile
	[ "$status" -eq 0 ]
	[[ $output == *$'70\tcheck\tb\n6\tcheck\ttests/unit/test_c\n5\tcheck\ta\n'* ]]
}

@test "tests/all fails when a part has fewer tests than tests/parts says" {
	printf '%s\n' "ok 1 a" 1..1 >tap
	tests_all
	[ "$status" -eq 1 ]
	[[ $output == *"not ok 1 check has 1 tests, and tests/parts says 2"* ]]
	[ "${lines[-1]}" = "4 passed, 1 failed, 0 skipped" ]
	# and when it is not there at all
	printf '%s\n' "ok 1 a" "ok 2 b" 1..2 >tap
	echo "other 1" >tests/parts
	tests_all
	[[ $output == *"not ok 1 check is not in tests/parts, and has 2 tests"* ]]
	rm tests/parts
	tests_all
	[ "$status" -eq 1 ]
}

@test "tests/all: a plan that is not kept, and a command that fails without a test, are failures" {
	printf '%s\n' 1..4 "ok 1 a" "ok 2 b" >tap
	tests_all
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "6 passed, 2 failed, 0 skipped" ]
	printf '#!/bin/sh\nexit 3\n' >tests/host
	tests_all
	[ "$status" -eq 1 ]
	[[ $output == *"what failed in check"* ]]
}

@test "tests/all: a part that is killed is a failure" {
	printf '#!/bin/sh\necho ok 1 a\nkill -KILL 0\n' >tests/host
	tests_all
	[ "$status" -eq 1 ]
	[[ $output == *"check      was stopped"* ]]
}

@test "tests/all: tests/parts knows each part that runs bats" {
	local part parts
	mapfile -t parts < <("$top_dir/tests/all" --list && "$top_dir/tests/all" --list --long && "$top_dir/tests/all" --list --debug-kernel)
	[ ${#parts[@]} -gt 40 ]
	for part in "${parts[@]%% *}"; do
		case $part in
		setup | build | lab | asan | dist | demo | longstate) ;;
		*) grep -q "^$part " "$top_dir/tests/parts" || { echo "$part"; return 1; } ;;
		esac
	done
}
