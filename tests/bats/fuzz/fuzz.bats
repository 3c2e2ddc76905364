# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzzing targets: the seeds pass, and a bug that is planted is found.

load ../helpers
. "$BATS_TEST_DIRNAME/../../fuzz/lib.bash"

setup_file() {
	fuzz_prepare "${fuzz_targets[@]}" >&2
}

# finds TARGET WORDS: its planted bug passes the seeds, and is found within a minute, told in these words
finds() {
	local program=$BATS_TEST_TMPDIR/fuzz_$1 begin=$SECONDS
	fuzz_plant "$1" "$BATS_TEST_TMPDIR"
	mkdir corpus
	run fuzz_run "$program" "$1" -runs=0 corpus "$fuzz_dir/corpus/$1"
	[ "$status" -eq 0 ] || { tail -30 <<<"$output"; return 1; }
	begin=$SECONDS
	run fuzz_run "$program" "$1" -seed="${SEED:-1}" -max_total_time=60 corpus "$fuzz_dir/corpus/$1"
	echo "# after $((SECONDS - begin)) s: $(grep -m1 -E "$2" <<<"$output")" >&3
	[ "$status" -ne 0 ]
	[[ $output =~ $2 ]]
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

@test "fuzz: the seeds of each target pass" {
	local target
	for target in "${fuzz_targets[@]}"; do
		run fuzz_run "$fuzz_build/fuzz_$target" "$target" -runs=0 "$fuzz_dir/corpus/$target"
		[ "$status" -eq 0 ] || { tail -40 <<<"$output"; return 1; }
		[[ $output == *"seed corpus: files: $(find "$fuzz_dir/corpus/$target" -type f | wc -l) "* ]]
	done
}

@test "fuzz: the tool's objects are instrumented, each of them" {
	local without
	without=$(nm -A "$fuzz_build/src/libmlxmigctl.a" 2>/dev/null |
		awk -F: '{ seen[$2] } /__asan_/ { asan[$2] } /__sanitizer_cov_|__start___sancov_|__sancov_/ { cov[$2] }
			END { for (o in seen) if (!(o in asan) || !(o in cov)) print o }')
	[ -z "$without" ] || { echo "not instrumented: $without"; return 1; }
}

@test "fuzz: a few seconds more find nothing" {
	run "$fuzz_dir/run" 2
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	[[ $output == *"no finding" ]]
}

@test "fuzz: a bug planted in the record parser is found within a minute" {
	finds record "global-buffer-overflow"
}

@test "fuzz: a bug planted in the image reader is found within a minute" {
	finds image "out-of-memory|allocation-size-too-big"
}

@test "fuzz: a bug planted in what reads other hosts' documents is found within a minute" {
	finds document "stack-buffer-overflow"
}

@test "fuzz: a bug planted in the command line is found within a minute" {
	finds cli "not true: .*max_operands"
}
