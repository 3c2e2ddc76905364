#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dirty: what a VF writes by DMA, counted, on kernels that take reports; a clear error on others.

load ../helpers
load ../lab

# 16 MiB for the VF: 4096 pages
at=0x100000000 size=0x1000000

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() { "$MLX" unbind -c "$VF0"; }

teardown() {
	release || true
}

write_pages() { labvf "$VF0" dma $((at + $1 * 4096)) $(($2 * 4096)); }

# watch ARGUMENT...: dirty, in the background, into $BATS_TEST_TMPDIR/watch.json; its process is WATCH, and the log has begun
watch() {
	"$MLX" dirty -c --range $at:$size "$@" "$VF0" >"$BATS_TEST_TMPDIR/watch.json" 2>/dev/null 3>&- 4>&- &
	WATCH=$!
	lab-prop await queues '*trackers=1'
}

watched() {
	local status=0
	wait $WATCH || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/watch.json")
	[ "$status" -eq "$1" ] && return
	printf 'exit status %s, expected %s\n%s\n' "$status" "$1" "$output"
	return 1
}

# bats test_tags=asan
@test "a kernel, or a firmware, without the log is told, with what it takes" {
	! reports || skip "here it works"
	hold "$VF0"
	run_mlx 4 dirty --range $at:$size --for 1 "$VF0"
	error_is not_supported
	json_is '.error.device' "$VF0"
	json '.error.hint' | grep -q '6\.1.*CONFIG_IOMMUFD_DRIVER'
}

# bats test_tags=reports
@test "what the VF writes is counted: pages, new ones, runs, each in its time" {
	only_where_reported
	hold "$VF0"
	labvf "$VF0" map $at $size
	# Each write has samples of its own, whichever they are.
	local pace=2
	! debug_kernel || pace=12
	watch --for 300 --interval 0.5
	write_pages 10 8
	sleep $pace
	write_pages 100 1
	sleep $pace
	write_pages 17 2
	sleep $pace
	kill -TERM "$WATCH"
	watched 143
	output=$(jq .result <<<"$output")
	json_is '[.pages, .bytes, .page_bytes, .tracked_page_bytes, .logged_bytes]' '[10,40960,4096,4096,16777216]'
	json_is '[.samples[] | select(.pages > 0)] | map(.pages, .new_pages, .runs) | . == [8,8,1,1,1,1,2,1,1]' true
	json_is '[.access, .warnings]' '["borrowed",[]]'
}

# bats test_tags=reports
@test "pages of two ranges are no neighbours" {
	only_where_reported
	hold "$VF0"
	labvf "$VF0" map $at $size
	local size=0x40000
	watch --range $((at + 0x800000)):256K --for 300 --interval 3
	write_pages 63 1
	write_pages 2048 1
	sleep 3.5
	kill -TERM "$WATCH"
	watched 143
	json_is '.result | [.pages, .logged_bytes, (.ranges | length), (.samples | map(.runs) | add)]' '[2,524288,2,2]'
}

# bats test_tags=reports
@test "the log is stopped at the end, after a signal too, and there is one at a time" {
	only_where_reported
	hold "$VF0"
	run_mlx 0 dirty -t --range $at:$size --for 0.2 --interval 0.1 --page-size 65536 "$VF0"
	[[ $output == "dirty: 0 pages, 0 bytes, in "* ]]
	[ "$(lab-prop get queues)" = "cqs=0 qps=0 trackers=0" ]
	watch --for 30 --interval 0.2
	sleep 1
	run_mlx 7 dirty --range $at:$size --for 1 "$VF0"
	error_is transition_refused
	kill -TERM "$WATCH"
	watched 143
	json_is '.result.samples | length > 2' true
	[ "$(lab-prop get queues)" = "cqs=0 qps=0 trackers=0" ]
}

# bats test_tags=reports
@test "after a reset under way each page is reported, and the log continues" {
	only_where_reported
	hold "$VF0"
	watch --for "$(slowly 3)" --interval 0.2
	"$MLX" reset -c "$VF0"
	watched 0
	# A report during the reset has all of them too.
	json_is '[.pages, (.samples | map(.pages) | unique)]' '[4096,[0,4096]]'
	json_is '.samples[-1].pages' 0
}
