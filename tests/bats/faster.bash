# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034,SC2153,SC2317 # much of it is text of bats', and variables of its
# What bats 1.8 does in a slow way, in another way: in the lab's VM, where a program takes a hundred times as long to start as it
# does outside, most of a test's time was not the test's. Functions here replace bats' own of the same names. Loaded by helpers;
# another version of bats keeps its own, and so do bats --trace, bats --jobs and tests/coverage.
#
# Before each command of a test bats notes the whole call stack, so that it can show it should the command fail: eight
# milliseconds a command. Here the command's own place is noted, and the stack is looked at when one has failed.
#
# For each test bats starts a shell that reads bats, the test's file and its helpers again: half a second a test. Here the shell
# that has read them already, for setup_file, forks. So a test sees what setup_file has set, exported or not. For each test, too,
# bats starts mkdir, rm and sleep, and forks five times more, to look at the clock and to limit the time: here it is one fork.

[[ ${BATS_VERSION:-} == 1.8.* && ${BATS_TRACE_LEVEL:-0} -eq 0 && ${num_jobs:-1} -eq 1 && -z ${COVERAGE:-} ]] || return 0

# A place is a line, a function and a file, as bats prints them. That of the trap for errors itself comes last after a failure,
# so the one before is kept too.
bats_place='' bats_place_before='' bats_faster=${BASH_SOURCE[0]}

# bats_debug_trap FILE: before the first command of all. Later ones are spared the function.
bats_debug_trap() {
	# On one line: lines of the trap would count as the command's.
	trap 'case $BASH_SOURCE in "$BATS_ROOT"/lib/bats-core/* | "$BATS_ROOT"/libexec/bats-core/* | "$bats_faster") ;; *) bats_place_before=$bats_place bats_place="$LINENO ${FUNCNAME[0]:-} $BASH_SOURCE" ;; esac' DEBUG
}

# bats_error_trap: after a command that failed, and in each function that returns for it
bats_error_trap() {
	bats_check_status_from_trap
	local place=$bats_place i
	[[ -z $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || return 0
	[[ $place != "${BASH_LINENO[0]} "* ]] || place=$bats_place_before
	BATS_DEBUG_LAST_STACK_TRACE=("$place")
	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		# The last command may have been in a function that has returned by now.
		[[ $i -eq 1 && $place == *" ${FUNCNAME[1]} "* ]] ||
			BATS_DEBUG_LAST_STACK_TRACE+=("${BASH_LINENO[i - 1]} ${FUNCNAME[i]} ${BASH_SOURCE[i]}")
		case ${FUNCNAME[i]} in
		"${BATS_TEST_NAME:-}" | setup | teardown | setup_file | teardown_file | source) break ;;
		esac
	done
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

# bats_get_failure_stack_trace NAME: into that array. A test may end without an error, and an error of teardown is not trapped.
bats_get_failure_stack_trace() {
	local -n bats_trace=$1
	bats_trace=("$bats_place_before")
	[[ -z $BATS_DEBUG_LAST_STACK_TRACE_IS_VALID ]] || bats_trace=("${BATS_DEBUG_LAST_STACK_TRACE[@]:-$bats_place}")
}

# bats_run_tests: those of $tests_to_run, one after the other, each by bats' program for a test as a function in a shell of its
# own. A condition around it would let every error of a test pass.
bats_run_tests() {
	local bats_name bats_first=$BATS_FILE_FIRST_TEST_NUMBER_IN_SUITE bats_number=$BATS_FILE_FIRST_TEST_NUMBER_IN_SUITE bats_status
	bats_exec_file_status=0
	bats_define_exec_test
	bats_make_directories
	# Both ends of a pipe: nothing ever comes.
	exec {bats_never}<> <(:)
	trap - ERR
	set +e
	for bats_name in "${tests_to_run[@]}"; do
		if [[ -v BATS_INTERRUPTED ]]; then
			bats_exec_file_status=130
			break
		fi
		bats_number=$((bats_number + 1))
		(
			# The trap at the end and the output belong to a test, not to the file.
			trap - EXIT
			BATS_OUT=$BATS_RUN_TMPDIR/bats.test-$bats_number.out
			bats_exec_test "${flags[@]}" "$filename" "$bats_name" "$bats_number" $((bats_number - bats_first)) 1
		)
		bats_status=$?
		[ "$bats_status" -eq 0 ] || bats_exec_file_status=$bats_status
	done
	set -e
	trap bats_error_trap ERR
}

# bats_make_directories: make $BATS_TEST_TMPDIR of each test of the file
bats_make_directories() {
	local directories=() i
	for ((i = 1; i <= ${#tests_to_run[@]}; i++)); do
		directories+=("$BATS_RUN_TMPDIR/test/$((BATS_FILE_FIRST_TEST_NUMBER_IN_SUITE + i))")
	done
	mkdir -p "${directories[@]}"
}

# bats_define_exec_test: it finds all that it would read, and its number is not that of the shell it is forked from
bats_define_exec_test() {
	local text
	text=$(<"$BATS_LIBEXEC/bats-exec-test")
	# Only the lines that read bats' libraries begin so.
	text=${text//$'\nsource "$BATS_ROOT/'/$'\n: "$BATS_ROOT/'}
	text=${text//$'\nbats_evaluate_preprocessed_source'/}
	text=${text//'$$'/'$BASHPID'}
	# It is removed with all else of the run.
	text=${text//'rm -f "$BATS_OUT"'/}
	text=${text//'=$(get_mills_since_epoch)'/'=$((${EPOCHREALTIME/[.,]/} / 1000))'}
	text=${text//'$(get_mills_since_epoch)'/'${EPOCHREALTIME/[.,]/} / 1000'}
	# What it has defined itself by then
	text=${text//$'\ntrap bats_interrupt_trap INT\n'/$'\ntrap bats_interrupt_trap INT\nbats_replace_functions\n'}
	eval "bats_exec_test() {"$'\n'"$text"$'\n'"}"
}

bats_replace_functions() {
	bats_create_test_tmpdirs() {
		export BATS_TEST_TMPDIR=$BATS_RUN_TMPDIR/test/$BATS_SUITE_TEST_NUMBER
		printf '%s\n' "$BATS_TEST_NAME" >"$BATS_TEST_TMPDIR.name"
	}

	# bats_start_timeout_countdown SECONDS: a process that ends the test then
	bats_start_timeout_countdown() {
		local target=$BASHPID
		trap bats_timeout_trap ABRT
		(
			# It fails: for the time that has passed.
			if ! read -r -t "$1" -u "$bats_never" && kill -ABRT "$target"; then
				bats_kill_childprocesses_of "$target"
			fi &>/dev/null
		) &
		# Its end is not worth a message.
		disown
	}

	# bats_abort_timeout_countdown PID: by a signal that does not wait for the end of read
	bats_abort_timeout_countdown() { kill -TERM "$1" 2>/dev/null || true; }
}
