# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Loaded by tests on captured hosts: `load ../trees`.

# plant TREE: make the host of tests/fixtures/sysfs/TREE.tree below $SYSROOT. It is made once in a run of bats and copied for each
# test, which takes less time than making it.
plant() {
	local made=$BATS_RUN_TMPDIR/trees/$1
	SYSROOT=$BATS_TEST_TMPDIR/$1
	# shellcheck disable=SC2154
	if [ ! -d "$made" ]; then
		"$top_dir/tests/fixtures/sysfs/plant" "$top_dir/tests/fixtures/sysfs/$1.tree" "$made.new"
		mv "$made.new" "$made"
	fi
	cp -a "$made" "$SYSROOT"
}

# on STATUS ARGUMENT...: run_mlx with the planted host
on() {
	local want=$1
	shift
	run_mlx "$want" --sysroot "$SYSROOT" "$@"
}

# device NAME FILTER WANTED: of the device NAME in the document in output
device() { json_is ".devices[] | select(.device == \"$1\") | $2" "$3"; }
