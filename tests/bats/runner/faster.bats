#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# ../faster.bash does what bats does: the same results, the same places of failures, the same words.

load ../helpers

# with_failures: a file of tests that fail in every way, and its helpers; with FASTER set, ../faster.bash is loaded
with_failures() {
	cat >"$BATS_TEST_TMPDIR/helper.bash" <<-'END'
		helper() {
			local a=1
			[ "$1" = 3 ] ||
				return 0
			echo "in helper"
			false
			return 0
		}
		outer() {
			helper 1
			helper "$1"
		}
		condition() {
			[[ $1 == x ]] && return
			printf 'no x\n'
			return 1
		}
	END
	{
		cat <<-'END'
			bats_require_minimum_version 1.5.0
			load helper
			[ -z "$FASTER" ] || load "$FASTER"
			setup_file() {
				export GIVEN=yes
				[ -z "$SETUP_FILE_FAILS" ] || false
			}
			setup() { [ "$BATS_TEST_NUMBER" != 1 ] || helper 3; }
			teardown() { [ "$BATS_TEST_NUMBER" != 2 ] || false; }
		END
		local name body
		while IFS='|' read -r name body; do
			printf '@test "%s" {\n\ttrue\n\t%s\n\ttrue\n}\n' "$name" "${body//;/$'\n\t'}"
		done <<-'END'
			setup fails|true
			teardown fails|true
			false|false
			a test of text|[ 1 = 1 ];[ 1 = 2 ]
			a test of patterns|[[ 1 = 1 ]];[[ 1 = 2 ]]
			a sum|((1 == 2))
			a helper|helper 1;helper 3
			a helper's helper|outer 1;outer 3
			a helper that returns an error|condition x;condition y
			a substitution|x=$(helper 3)
			a pipe that ends well|false | true
			a pipe|true | false
			a loop|for i in 1 2; do [ $i = 1 ]; done
			an exit|exit 4
			a variable that is not set|set -u;echo $nonexistent
			no command|nosuchcommand
			a status that is not wanted|run false;[ $status -eq 1 ];run -1 true
			a subshell|( false )
			a function in a condition|helper 3 || true;! false
			skipped|skip "for a reason"
			too long|sleep 10
			what setup_file exports is here|[ $GIVEN = yes ]
			output|echo "to stdout";echo "to stderr" >&2;echo "to the user" >&3
			interrupted|bash -c 'kill -TERM $PPID'
		END
	} >"$BATS_TEST_TMPDIR/failures.bats"
}

# results FASTER [SETUP_FILE_FAILS]: what bats prints, without its times
results() {
	(
		cd "$BATS_TEST_TMPDIR" || return
		# A bats of its own, which knows nothing of this one.
		env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C FASTER="$1" SETUP_FILE_FAILS="${2:-}" BATS_TEST_TIMEOUT=3 \
			bash -c 'exec bats --tap --timing failures.bats 2>&1 3>&-' | sed 's/ in [0-9]*ms//'
	)
}

# same ARGUMENT...: with it and without; its own places are those of the test, where bats names its own files
same() {
	results "" "$@" >"$BATS_TEST_TMPDIR/slow"
	results "$top_dir/tests/bats/faster" "$@" >"$BATS_TEST_TMPDIR/fast"
	diff "$BATS_TEST_TMPDIR/slow" "$BATS_TEST_TMPDIR/fast"
}

@test "faster: tests that fail in every way fail in the same way, with the same places" {
	[[ $BATS_VERSION == 1.8.* ]] || skip "this bats keeps its own"
	with_failures
	same
	# what is the same must not be nothing
	[ "$(grep -c '^not ok' "$BATS_TEST_TMPDIR/fast")" -ge 18 ]
	[ "$(grep -c '^ok' "$BATS_TEST_TMPDIR/fast")" -ge 4 ]
	grep -q '^# (from function `helper. in file helper.bash, line 6,$' "$BATS_TEST_TMPDIR/fast"
}

@test "faster: a setup_file that fails fails the file" {
	[[ $BATS_VERSION == 1.8.* ]] || skip "this bats keeps its own"
	with_failures
	same yes
	grep -q '^not ok 1 setup_file failed$' "$BATS_TEST_TMPDIR/fast"
}
