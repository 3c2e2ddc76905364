#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The device's log of its DMA, by the VFIO ioctls alone. What the in-tree driver does too is tested with either. Tagged
# `reports`: what only kernels that take reports can do.

load ../helpers
load ../lab
load ../cgroup

run_dir=/dev/shm/tracker
# Where the memory lies for the VF, and how much there is: 4096 pages
at=0x100000000
size=0x1000000
idle="cqs=0 qps=0 trackers=0"
tracing=/sys/kernel/tracing

setup_file() {
	modprobe mlx5_vfio_pci
	# What other tests had the firmware keep is none of these tests' business.
	renew_pf
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	mkdir -p $run_dir
	lab-prop get objects >$run_dir/objects
}

teardown_file() {
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

setup() { rm -f $run_dir/{ready,go,on,end}; }

# Nothing is left on the PF of any tracker, however it has ended.
teardown() {
	[ -z "${BACKGROUND:-}" ] || finish || true
	fault ""
	firmware_has track-ranges=16 track-log-page-min=12 track-log-page-max=30 track-log-message-max=14
	lab-prop set track-pages 0
	[ "$(lab-prop get queues)" = "$idle" ]
	lab-prop get objects | diff $run_dir/objects -
}

page() { printf '0x%x' $((at + $1 * 4096)); }

# log STEP...: with memory for VF0 and all of it logged
log() { migdrive dev "$VF0" map $at $size logstart $at+$size 4096 "$@"; }

# pages FIRST COUNT, pages_dirty LIST: steps that write pages, and that say which are dirty
pages() { echo dma "$(page "$1")" $(($2 * 4096)) 0x5eed; }
pages_dirty() { echo dirty $at $size 4096 "$1"; }

@test "tracker: it is offered just where reports can be taken" {
	if reports; then
		log logstop
	elif ours; then
		migdrive dev "$VF0" fail ENOTTY logstart $at+$size 4096 fail ENOTTY logstop fail ENOTTY dirty $at $size 4096 none
	else
		skip "the in-tree driver offers it all the same"
	fi
}

# bats test_tags=reports
@test "tracker: it is not offered when the firmware has none" {
	only_where_reported
	firmware_has adv-virtualization=false
	migdrive dev "$VF0" fail ENOTTY logstart $at+$size 4096 state RUNNING set STOP_COPY
	firmware_has adv-virtualization=true
}

# bats test_tags=reports
@test "tracker: what the VF writes is reported, just that, and once" {
	only_where_reported
	# shellcheck disable=SC2046 # words of steps
	log logpage 4096 $(pages_dirty none) $(pages 2 2) dma "$(page 9)" 8 0x5eed dma $(($(page 11) - 8)) 16 0x5eed \
		landed "$(page 2)" 8192 0x5eed $(pages_dirty 2-3,9-11) $(pages_dirty none) \
		$(pages 0 1) $(pages 4095 1) $(pages_dirty 0,4095) logstop
}

# bats test_tags=reports
@test "tracker: a report is about its own range, and leaves the rest for later" {
	only_where_reported
	# shellcheck disable=SC2046
	log $(pages 100 8) dirty "$(page 104)" 8192 4096 all dirty "$(page 0)" 0x100000 4096 100-103,106-107 $(pages_dirty none)
}

# bats test_tags=reports
@test "tracker: coarser and finer reports than the pages that are tracked" {
	only_where_reported
	# shellcheck disable=SC2046
	log $(pages 17 1) dirty $at $size 65536 1 $(pages 17 1) dirty $at $size 4096 17
	firmware_has track-log-page-min=16
	# shellcheck disable=SC2046
	log logpage 65536 $(pages 17 1) dirty $at $size 4096 16-31 $(pages_dirty none)
}

# bats test_tags=reports,ours
@test "tracker: a page of which only a part was asked for stays dirty for the rest" {
	only_where_reported
	firmware_has track-log-page-min=16
	# shellcheck disable=SC2046
	log $(pages 17 1) dirty "$(page 16)" 8192 4096 all dirty "$(page 18)" 8192 4096 all $(pages_dirty 16-31)
}

# bats test_tags=reports
@test "tracker: only the ranges asked for, and EINVAL, E2BIG, EOVERFLOW" {
	only_where_reported
	local i many=$at+4096
	# shellcheck disable=SC2046
	migdrive dev "$VF0" map $at $size fail EINVAL $(pages_dirty none) \
		logstart "$(page 8)+16384,$(page 64)+4096" 4096 fail EINVAL logstart $at+$size 4096 \
		$(pages 0 128) dirty "$(page 8)" 16384 4096 all dirty "$(page 64)" 4096 4096 all \
		dirty "$(page 8)" 16384 4096 none logstop logstop fail EINVAL $(pages_dirty none) \
		fail EINVAL logstart $at+$size,$at+4096 4096 fail EINVAL logstart $at+100 4096 \
		fail EOVERFLOW logstart 0xfffffffffffff000+8192 4096 state RUNNING
	for ((i = 1; i < 257; i++)); do
		many+=,$((at + i * 8192))+4096
	done
	migdrive dev "$VF0" fail E2BIG logstart "$many" 4096
}

# bats test_tags=reports,ours
@test "tracker: what is asked about and is not tracked is dirty" {
	only_where_reported
	# shellcheck disable=SC2046
	migdrive dev "$VF0" map $at $size logstart "$(page 8)+16384,$(page 64)+4096" 4096 $(pages 9 1) $(pages_dirty 0-7,9,12-63,65-4095) \
		dirty "$(page 100)" 8192 4096 all dirty "$(page 63)" 12288 4096 0,2 dirty "$(page 8)" 16384 4096 none \
		dirty 0x200000000 8192 4096 all
}

# bats test_tags=reports
@test "tracker: more ranges than the firmware takes" {
	only_where_reported
	local i many=$at+4096
	for ((i = 1; i < 200; i++)); do
		many+=,$((at + i * 81920))+4096
	done
	firmware_has track-ranges=2
	# shellcheck disable=SC2046
	migdrive dev "$VF0" map $at $size logstart "$many" 4096 $(pages 3999 1) $(pages 40 1) $(pages 4000 95) \
		dirty $at $((3961 * 4096)) 4096 40 logstop
}

# bats test_tags=reports
@test "tracker: more pages than a message holds" {
	only_where_reported
	firmware_has track-log-message-max=12
	# shellcheck disable=SC2046
	migdrive dev "$VF0" map $at $size logstart $at+$size 4096 $(pages 0 4096) $(pages_dirty all) $(pages_dirty none)
}

# bats test_tags=reports
@test "tracker: a VF that is suspended writes nothing, and the log goes on through its states" {
	only_where_reported
	# shellcheck disable=SC2046
	log $(pages 5 1) set STOP fail EIO $(pages 6 1) $(pages_dirty 5) set RUNNING $(pages 7 1) set STOP_COPY $(pages_dirty 7)
}

# bats test_tags=reports,ours
@test "tracker: an error, of whatever kind, leaves everything dirty until logging starts anew" {
	only_where_reported
	local kind
	for kind in object cq qp message opcode stray; do
		fault "op=0xa01,nth=2,track=$kind"
		# shellcheck disable=SC2046
		log $(pages 5 1) $(pages_dirty 5) $(pages 6 1) $(pages_dirty all) $(pages_dirty all) dirty "$(page 3)" 8192 4096 all \
			logstop logstart $at+$size 4096 $(pages 9 1) $(pages_dirty 9)
	done
}

# bats test_tags=reports,ours
@test "tracker: a report that never comes leaves everything dirty, and holds nobody up" {
	only_where_reported
	fault "op=0xa01,nth=1,track=silent"
	# shellcheck disable=SC2046
	background dev "$VF0" map $at $size logstart $at+4096,"$(page 2)"+4096 4096 touch $run_dir/ready \
		dirty $at 4096 4096 all dirty "$(page 2)" 4096 4096 all
	timeout 5 labvf "$VF0" get generation
	finish
}

# bats test_tags=reports,ours
@test "tracker: a firmware that forgets, and commands that fail" {
	only_where_reported
	lab-prop set track-pages 8
	# shellcheck disable=SC2046
	log $(pages 0 9) $(pages_dirty all)
	lab-prop set track-pages 0
	fault "op=0xa01,nth=1,status=0x3"
	# shellcheck disable=SC2046
	log $(pages 3 1) $(pages_dirty all)
	local op
	for op in 0x800 0x400 0x200 0x500 0x502 0x503 0x504 0xa00; do
		fault "op=$op,nth=1,status=0x1"
		# shellcheck disable=SC2046
		migdrive dev "$VF0" map $at $size fail EIO logstart $at+$size 4096 logstart $at+$size 4096 $(pages 3 1) $(pages_dirty 3)
		[ "$(lab-prop get queues)" = "$idle" ]
	done
	# That one is mlx5_core's own, and told like the others.
	grep -q CREATE_CQ "/sys/kernel/debug/mlx5-vfio-pci/$VF0/failures"
}

# bats test_tags=reports,ours
@test "tracker: a reset leaves each page dirty once, and tracking continues" {
	only_where_reported
	# shellcheck disable=SC2046
	log $(pages 5 1) reset $(pages_dirty all) $(pages_dirty none) $(pages 9 1) $(pages_dirty 9) fail EINVAL logstart $at+$size 4096 \
		reset reset dirty "$(page 16)" 8192 4096 all dirty "$(page 16)" 8192 4096 none $(pages 3 1) $(pages_dirty 0-15,18-4095) \
		$(pages_dirty none) logstop fail EINVAL $(pages_dirty none)
	fault "op=0xa01,nth=2,track=object"
	# shellcheck disable=SC2046
	log $(pages 5 1) $(pages_dirty 5) $(pages 6 1) $(pages_dirty all) reset $(pages_dirty all) $(pages 9 1) $(pages_dirty 9)
}

# bats test_tags=reports,ours
@test "tracker: a reset after which the firmware has no tracker any more is no different" {
	only_where_reported
	lab-prop set reset-ends-tracker true
	# shellcheck disable=SC2046
	log $(pages 5 1) reset $(pages_dirty all) $(pages 9 1) $(pages_dirty 9) logstop
	lab-prop set reset-ends-tracker false
	[[ $(dmesg) != *"$VF0: the firmware does not end dirty tracking"* ]]
}

# bats test_tags=reports,ours
@test "tracker: where a reset ends it and the firmware makes no new one, everything is dirty until STOP" {
	only_where_reported
	fault "op=0xa00,nth=2,status=0x1"
	# shellcheck disable=SC2046
	log $(pages 5 1) reset $(pages_dirty all) $(pages_dirty all) fail EINVAL logstart $at+$size 4096 logstop \
		logstart $at+$size 4096 $(pages 9 1) $(pages_dirty 9)
	[[ $(dmesg) == *"$VF0: dirty tracking does not continue after the reset"* ]]
}

# bats test_tags=reports,ours
@test "tracker: a report that is under way when the function is reset says that all is dirty" {
	only_where_reported
	fault "op=0xa01,nth=1,track=silent"
	# shellcheck disable=SC2046
	background dev "$VF0" map $at $size logstart $at+$size 4096 touch $run_dir/ready $(pages_dirty all)
	await stack "$BACKGROUND" mvf_tracker_report
	echo 1 >"$sys/devices/$VF0/reset"
	finish
}

# bats test_tags=reports,ours
@test "tracker: a process that is killed leaves a report that never ends, or never comes" {
	only_where_reported
	local kind
	for kind in endless silent; do
		fault "op=0xa01,nth=1,track=$kind"
		rm -f $run_dir/ready
		# shellcheck disable=SC2046
		background dev "$VF0" map $at $size logstart $at+$size 4096 $(pages 5 1) touch $run_dir/ready $(pages_dirty all)
		# While an endless report runs it is in no one place for long.
		lab-prop await fault-hits 1
		kill -KILL "$BACKGROUND"
		SECONDS=0
		wait "$BACKGROUND" || [ $? -eq 137 ]
		unset BACKGROUND
		[ $SECONDS -lt 5 ]
		fault ""
		log logstop
	done
}

# bats test_tags=reports,ours
@test "tracker: its memory is charged to the process that starts it" {
	only_where_reported
	make_cgroup tracker-test
	in_background in_cgroup migdrive dev "$VF0" map $at $size logstart $at+$size 4096 touch $run_dir/ready await $run_dir/go logstop
	[ "$(cgroup_charged)" -gt $((2 << 20)) ]
	# The one that takes its place is made by a worker.
	echo 1 >"$sys/devices/$VF0/reset"
	run lab-prop get queues
	[ "$output" != "$idle" ]
	[ "$(cgroup_charged)" -gt $((2 << 20)) ]
	finish
	rmdir "$cgroup"
}

# bats test_tags=reports,ours
@test "tracker: so does the last close, and the PF's going leaves everything dirty" {
	only_where_reported
	# shellcheck disable=SC2046
	log $(pages 5 1) dropdev
	[ "$(lab-prop get queues)" = "$idle" ]
	# shellcheck disable=SC2046
	background dev "$VF0" map $at $size logstart $at+$size 4096 $(pages 5 1) touch $run_dir/ready await $run_dir/go \
		$(pages_dirty all) logstop fail EINVAL $(pages_dirty none)
	devlink dev reload "pci/$PF"
	[ "$(lab-prop get queues)" = "$idle" ]
	finish
}

# trace NAME DEFINITION...: a probe each, from now on, for what migdrive does; traced NAME: of what was called then, one a line
trace() {
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	[ -e $tracing/kprobe_events ] || skip "this kernel has no kprobes"
	echo >$tracing/trace
	echo 8192 >$tracing/buffer_size_kb
	printf 'p:lab/%s\n' "$@" >$tracing/kprobe_events
	echo 'comm == "migdrive"' >$tracing/events/lab/filter
	echo 1 >$tracing/events/lab/enable
}
traced() {
	echo 0 >$tracing/events/lab/enable
	run cat $tracing/per_cpu/cpu*/stats
	[[ $output != *"overrun: "[1-9]* ]]
	grep -oE " ($1): .*" $tracing/trace
	echo >$tracing/trace
	echo >$tracing/kprobe_events
}

# bats test_tags=reports,ours
@test "tracker: what a report marks, it marks in pieces, and other processes get their turn between them" {
	only_where_reported
	local most
	firmware_has track-log-message-max=14
	trace 'mark iova_bitmap_set from=%si:u64 len=%dx:u64' 'turn __cond_resched'
	# shellcheck disable=SC2046
	log $(pages 0 4096) $(pages_dirty all) dirty 0x10000000000 0x10000000000 65536 all
	traced 'mark|turn' >$run_dir/trace
	grep -c turn $run_dir/trace
	most=$(awk '/turn:/ { n = 0 } /mark:/ { n++ } n > most { most = n } END { print most }' $run_dir/trace)
	[ "$most" -eq 1 ]
	most=$(sed -n 's/.* len=//p' $run_dir/trace | sort -n | tail -n 1)
	[ "$most" -eq $((1 << 36)) ]
}

# bats test_tags=reports,ours
@test "tracker: what is being killed marks no more" {
	only_where_reported
	trace 'mark iova_bitmap_set'
	# 256 windows of a bitmap, of 64 GiB each
	background dev "$VF0" map $at $size logstart $at+$size 4096 touch $run_dir/ready dirty 0x10000000000 0x100000000000 4096 all
	until grep -q ' mark:' $tracing/trace; do :; done
	kill -KILL "$BACKGROUND"
	wait "$BACKGROUND" || [ $? -eq 137 ]
	unset BACKGROUND
	[ "$(traced mark | wc -l)" -lt 200 ]
}

# bats test_tags=reports
@test "tracker: two VFs at once" {
	only_where_reported
	# shellcheck disable=SC2046
	log dev "$VF1" map $at $size logstart $at+$size 4096 $(pages 7 1) dev "$VF0" $(pages 3 1) $(pages_dirty 3) dev "$VF1" $(pages_dirty 7)
}
