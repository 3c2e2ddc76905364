# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Loaded by every bats file: `load ../helpers`.

bats_require_minimum_version 1.5.0
# shellcheck source=faster.bash
. "${BASH_SOURCE[0]%/*}/faster.bash"

top_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
: "${MLXMIGCTL_BUILD:=$top_dir/build}"
MLX=$MLXMIGCTL_BUILD/src/mlxmigctl

# For tests/coverage: the program writes its execution counts into a directory of the test.
[ -z "${COVERAGE:-}" ] || export GCOV_PREFIX="$COVERAGE/${BATS_TEST_FILENAME##*/}=${BATS_TEST_NAME:-file}"

# The lab's functions, as tests/lab/run makes them.
# shellcheck disable=SC2034
PF=0000:01:00.0 VF0=0000:01:00.1 VF1=0000:01:00.2 VF2=0000:01:00.3 VF3=0000:01:00.4

# old_kernel: is it 6.1? It has no PRE_COPY, no MIG_DATA_SIZE, and its devlink does not know migratable.
old_kernel() { [[ $(uname -r) == 6.1.* ]]; }

# debug_kernel: is it the lab's own, on which everything takes long?
debug_kernel() { [[ $(uname -r) == *-debug-* ]]; }

# slowly N: so many seconds or milliseconds, and several times as many where everything takes long
slowly() { debug_kernel && echo $(($1 * 4)) || echo "$1"; }

# often N: so many times with tests/all --long, half as many otherwise, and a quarter where everything takes long
often() {
	if debug_kernel; then
		echo $(($1 / 4))
	elif [ -z "${LONG-}" ]; then
		echo $(($1 / 2))
	else
		echo "$1"
	fi
}

# all_flags: what a driver offers on this kernel when nothing holds it back
all_flags() { old_kernel && echo 3 || echo 7; }

# run_mlx STATUS ARGUMENT...: the built program; fails unless it exits with STATUS. Sets output (stdout), lines, stderr and status,
# as run --separate-stderr does with three programs more.
run_mlx() {
	local want=$1 said=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/run_mlx.stderr limit=(timeout 120)
	shift
	status=0
	# A test has a limit of its own in the lab, and each program that is spared counts.
	[ -z "${BATS_TEST_NAME:-}" ] || [ "${BATS_TEST_TIMEOUT:-9999}" -gt 1500 ] || limit=()
	output=$(exec "${limit[@]}" "$MLX" "$@" 2>"$said") || status=$?
	read -d '' -r stderr <"$said" || true
	# shellcheck disable=SC2034 # for the tests
	IFS=$'\n' read -d '' -ra lines <<<"$output" || true
	[ "$status" -eq "$want" ] && return
	printf '%s\n' "mlxmigctl $*: exit status $status, expected $want" \
		"--- stdout" "$output" "--- stderr" "$stderr"
	return 1
}

# json FILTER: of the document in output
json() { jq -er "$1" <<<"$output"; }

# json_is FILTER WANTED: the filter's result is just that
json_is() {
	local got
	got=$(exec jq -rc "$1" <<<"$output") || { printf 'not JSON: %s\n' "$output"; return 1; }
	[ "$got" = "$2" ] && return
	printf '%s is %s, expected %s in:\n%s\n' "$1" "$got" "$2" "$output"
	return 1
}

# error_is CODE: the last run printed an error document of that code, words, and (where the code has one) a hint
error_is() {
	json_is '.schema + " " + .error.code' "mlxmigctl.error/1 $1" || return 1
	[[ $stderr == *mlxmigctl:* ]] && return
	printf 'no words on stderr: %s\n' "$stderr"
	return 1
}

# hold DEVICE...: keep devices open in the background until release; HOLD_PID is the holder
hold() { hold_with -- "$@"; }

# hold_with PREFIX... -- DEVICE...: as hold, through another program
hold_with() {
	local prefix=()
	while [ "$1" != -- ]; do prefix+=("$1") && shift; done
	shift
	# The one of the last holder would do until the new one begins.
	rm -f "$BATS_TEST_TMPDIR/hold.json"
	"${prefix[@]}" "$MLX" hold -c "$@" >"$BATS_TEST_TMPDIR/hold.json" 2>"$BATS_TEST_TMPDIR/hold.err" 3>&- 4>&- &
	HOLD_PID=$!
	await --pid "$HOLD_PID" text "$BATS_TEST_TMPDIR/hold.json" && return
	echo "hold $*: not ready"
	cat "$BATS_TEST_TMPDIR/hold.json" "$BATS_TEST_TMPDIR/hold.err"
	return 1
}

# release: end the holder; fails unless it ends well
release() {
	local pid=${HOLD_PID:-}
	[ -n "$pid" ] || return 0
	unset HOLD_PID
	kill -TERM "$pid"
	wait "$pid"
}

# fault SPEC: what the device model shall do wrong from now on ("" clears)
fault() {
	local text=$1
	if debug_kernel; then
		# What hangs must outlast what is done meanwhile.
		text=$(sed -E 's/hang=([0-9.]+)/\n\1\n/g' <<<"$text" | awk '/^[0-9.]+$/ { $0 = "hang=" $0 * 4 } { printf "%s", $0 }')
	fi
	lab-prop set fault "$text"
}

# until_pending LINE: waits until the PF has this command under way
until_pending() { lab-prop await pending "$1"; }

# flip FILE OFFSET [MASK]: bits of that byte, the lowest one if no other is named
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf %b "\\x$(printf %02x $((byte ^ ${3:-1})))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# full_pipe FILE: a pipe that takes no more bytes, open as 9
full_pipe() {
	rm -f "$1"
	mkfifo "$1"
	exec 9<>"$1"
	dd if=/dev/zero of="$1" bs=4096 oflag=nonblock 2>/dev/null || true
}
