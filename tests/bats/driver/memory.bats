#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Which memory the driver gives the firmware to read and to write, and the user to read.

load ../helpers
load ../lab

run_dir=/dev/shm/memory

# dirty_free_memory: what the kernel gives out next is not zero
dirty_free_memory() {
	head -c $((64 << 20)) /dev/zero | tr '\0' '\245' >/dev/shm/dirt
	rm /dev/shm/dirt
}

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	migdrive dev "$VF0" set STOP_COPY save $run_dir/stream
	tail -c +41 $run_dir/stream >$run_dir/bare
}

teardown_file() {
	fault ""
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

# counted STEP...: by VF1 from RESUMING on; bytes, nonzero and loads become what was counted meanwhile
counted() {
	local names=(loads load_bytes load_nonzero) before=() name
	for name in "${names[@]}"; do before+=("$(behind "$name")"); done
	migdrive dev "$VF1" set RESUMING "$@"
	loads=$(($(behind loads) - before[0]))
	bytes=$(($(behind load_bytes) - before[1]))
	nonzero=$(($(behind load_nonzero) - before[2]))
	echo "$loads loads, $bytes bytes behind images, $nonzero of them not zero"
}

# only_the_image: each LOAD was given the pages of its image, and what is behind that in the last one is zero
only_the_image() {
	[ "$loads" -ge "$1" ]
	[ "$bytes" -lt $((loads * 4096)) ]
	[ "$nonzero" -eq 0 ]
}

@test "memory: the firmware can read an image that is loaded, and nothing behind it" {
	local size
	dirty_free_memory
	counted write $run_dir/stream 0 0 0 set STOP set RUNNING
	only_the_image 1
	counted write $run_dir/bare 0 0 0 set STOP set RUNNING
	only_the_image 1
	# A whole page, and one byte less or more: the firmware refuses these.
	for size in 8192 8191 8193; do
		counted write $run_dir/bare 0 0 $size fail EINVAL set STOP reset state RUNNING
		only_the_image 1
	done
}

@test "memory: nor an older, larger image of the same stream" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	rm -f $run_dir/precopy
	migdrive dev "$VF0" set PRE_COPY append $run_dir/precopy set STOP_COPY append $run_dir/precopy set RUNNING
	counted write $run_dir/precopy 0 0 0 set STOP set RUNNING
	only_the_image 2
}

@test "memory: a SAVE may write as much as it was asked for" {
	local before
	before=$(behind save_bytes)
	migdrive dev "$VF0" set STOP_COPY read 1000 set RUNNING
	if ! old_kernel; then
		migdrive dev "$VF0" set PRE_COPY read 1000 set STOP_COPY read 1000 set RUNNING
		migdrive dev "$VF0" set PRE_COPY read 1000 set RUNNING
	fi
	[ "$(behind save_bytes)" -eq "$before" ]
}

@test "memory: what the firmware claims to have saved, and has not, is zero" {
	dirty_free_memory
	fault "op=0x118,nth=1,status=0,image=$((1 << 20))"
	rm -f $run_dir/claimed
	migdrive dev "$VF0" set STOP_COPY append $run_dir/claimed set RUNNING
	tail -c $((1 << 20)) $run_dir/claimed | cmp - <(head -c $((1 << 20)) /dev/zero)
}
