#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The variant driver when memory is short: the allocations of each arc, of slabs and of pages, fail one after the other.
# What is left behind shows at the end of the run, when the kernel looks for leaks.

load ../helpers
load ../lab

run_dir=/dev/shm/starve

# fail_only ORDER N|Y: pages fail from that order on; slabs always (N), or only where the allocation may not wait (Y)
fail_only() {
	echo "$1" >/sys/kernel/debug/fail_page_alloc/min-order
	echo "$2" >/sys/kernel/debug/failslab/ignore-gfp-wait
}

setup_file() {
	local kind
	for kind in failslab fail_page_alloc; do
		[ -d /sys/kernel/debug/$kind ] || { echo "this kernel has no $kind: use --kernel debug" >&2; return 1; }
		echo 0 >/sys/kernel/debug/$kind/verbose
	done
	echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
	fail_only 0 N
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	migdrive dev "$VF0" set STOP_COPY save $run_dir/stream
	lab-prop get objects >$run_dir/objects
}

teardown_file() {
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

# Nothing is left on the PF.
teardown() {
	fail_only 0 N
	lab-prop get objects | diff $run_dir/objects -
}

# hungry STEP...: the steps; the one behind starve has its allocations fail, one after the other. How many of these it
# was refused for becomes refused, and how many of them ended in ERROR, lost. Then VF1 loads as ever.
hungry() {
	run migdrive dev "$VF1" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ ([0-9]+)" tried, "([0-9]+)" refused, ".*" "([0-9]+)" to ERROR" ]]
	[ "${BASH_REMATCH[1]}" -gt 0 ]
	refused=${BASH_REMATCH[2]} lost=${BASH_REMATCH[3]}
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 0 0 0 set STOP set RUNNING
}

# starved STEP...: so, and there are some that it cannot do without. A command that was not sent leaves no state unknown.
starved() {
	hungry mark "$@"
	[ "$refused" -gt 0 ]
	[ "$lost" -eq 0 ]
}

# sent_again STEP...: so, and commands that could not be sent are sent again
sent_again() {
	hungry mark "$@"
	[ "$refused" -eq 0 ]
}

@test "starved: RUNNING to STOP" { starved starve set STOP; }
@test "starved: STOP to RUNNING" { sent_again set STOP starve set RUNNING; }
@test "starved: RUNNING to STOP_COPY" { starved starve set STOP_COPY; }
@test "starved: STOP to STOP_COPY" { starved set STOP starve set STOP_COPY; }

@test "starved: a stream is read without any allocation" {
	run -0 migdrive dev "$VF1" mark set STOP_COPY starve save $run_dir/copy
	[[ $output == "0 tried, "* ]]
}

@test "starved: a SAVE whose mailbox cannot be allocated is sent again" {
	# It is allocated by a slab, and may not wait.
	fail_only 20 Y
	sent_again starve set STOP_COPY
	sent_again set PRE_COPY append $run_dir/part starve set STOP_COPY
}

@test "starved: STOP to RESUMING" { starved set STOP starve set RESUMING; }
@test "starved: a stream written to RESUMING" { starved set RESUMING starve write $run_dir/stream 0 0 0 set STOP; }
@test "starved: a stream written in pieces" { starved set RESUMING write $run_dir/stream 0 0 100 starve write $run_dir/stream 0 100 0; }
@test "starved: RESUMING to STOP, which gives everything back" { hungry mark set RESUMING write $run_dir/stream 0 0 0 starve set STOP; }
@test "starved: RESUMING to RUNNING" { sent_again set RESUMING write $run_dir/stream 0 0 0 starve set RUNNING; }

@test "starved: RUNNING to PRE_COPY, and on to STOP_COPY" {
	starved starve set PRE_COPY
	starved set PRE_COPY starve set PRE_COPY_P2P
	starved set PRE_COPY append $run_dir/part starve set STOP_COPY
}

@test "starved: dirty tracking begins, and ends" {
	local range=0x100000000
	hungry map $range 0x100000 mark starve logstart $range+0x100000 4096
	[ "$refused" -gt 0 ]
	hungry map $range 0x100000 mark logstart $range+0x100000 4096 starve logstop
}
