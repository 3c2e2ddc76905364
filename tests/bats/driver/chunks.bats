#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# States that are saved in chunks, by the VFIO ioctls alone. What the in-tree driver does too is tested with either.

load ../helpers
load ../model
load ../cgroup

run_dir=/dev/shm/chunks
mib=$((1 << 20))

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	lab-prop set state-size $((64 * mib))
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	firmware_has in-chunks=true
	lab-prop get objects >$run_dir/objects
}

teardown_file() {
	fault ""
	lab-prop set state-size $((4 * mib))
	firmware_has in-chunks=false
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

setup() {
	not_61
	rm -f $run_dir/{ready,go,on,dropped,end,stream}
}

teardown() {
	[ -z "${BACKGROUND:-}" ] || finish || true
	fault ""
	lab-prop get objects | diff $run_dir/objects -
}

# Behind the steps that save VF0 into $run_dir/stream and leave it there, for `background`; arrived is to follow
load_it=(dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP touch "$run_dir/end" await "$run_dir/go")
arrived() {
	until_there $run_dir/end
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	finish
}

# images FILE: the size of each FW_DATA record, one a line; fails on any other record but the first, STOP_COPY_SIZE
images() {
	local at=24 end head
	end=$(stat -c %s "$1")
	while [ "$at" -lt "$end" ]; do
		read -r -a head < <(od -A n -v -w16 -t u8 -j "$at" -N 16 "$1")
		[ "${head[1]}" = 0 ] || return 1
		echo "${head[0]}"
		at=$((at + 16 + head[0]))
	done
	[ "$at" -eq "$end" ]
}

available() { awk '/^MemAvailable/ { print $2 }' /proc/meminfo; }

@test "chunks: what is saved in chunks of 8 MiB arrives" {
	local head size estimate=(size)
	! old_kernel || estimate=()
	background dev "$VF1" dev "$VF0" "${estimate[@]}" set STOP_COPY save $run_dir/stream eof eof poll 1 touch $run_dir/ready \
		await $run_dir/on "${load_it[@]}"
	touch $run_dir/on
	arrived
	read -r -a head < <(od -A n -v -w24 -t u8 -N 24 $run_dir/stream)
	[ "${head[*]}" = "8 $((1 << 32 | 1)) $((8 * mib))" ]
	images $run_dir/stream >$run_dir/images
	[ "$(wc -l <$run_dir/images)" -eq 9 ]
	[ "$(sort -n $run_dir/images | tail -1)" -le $((8 * mib)) ]
	! old_kernel || return 0
	# What the firmware adds to each chunk cannot be known before.
	size=$(stat -c %s $run_dir/stream)
	[ "$(<"$BATS_TEST_TMPDIR/background")" -gt $((size - 1000)) ]
	[ "$(<"$BATS_TEST_TMPDIR/background")" -lt $((size + 1000)) ]
}

@test "chunks: a session takes two chunks of memory, and the firmware saves while the user reads" {
	local before saves
	saves=$(labvf "$VF0" get saves)
	before=$(available)
	background dev "$VF0" set STOP_COPY touch $run_dir/ready await $run_dir/on read $((8 * mib + 24)) \
		touch $run_dir/dropped await $run_dir/go
	labvf "$VF0" await saves $((saves + 2))
	# long enough for one more, which there must not be
	sleep 0.3
	[ "$(labvf "$VF0" get saves)" -eq $((saves + 2)) ]
	[ $((before - $(available))) -lt 32000 ]
	touch $run_dir/on
	until_there $run_dir/dropped
	labvf "$VF0" await saves $((saves + 3))
	sleep 0.3
	[ "$(labvf "$VF0" get saves)" -eq $((saves + 3)) ]
	finish
}

@test "chunks: read waits for the next one, or gives EAGAIN" {
	fault op=0x118,nth=2,hang=1
	migdrive dev "$VF0" set STOP_COPY read $((8 * mib - 100000)) nonblock fail EAGAIN read 200000 poll 0 pollin block \
		read 1000000
	fault op=0x118,nth=2,hang=1
	migdrive dev "$VF0" set STOP_COPY time read $((8 * mib - 100000)) time read 200000 time >$run_dir/times
	mapfile -t times <$run_dir/times
	[ "${times[2]}" -gt 300 ]
}

@test "chunks: pre-copy in chunks arrives as it was at the end" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	background dev "$VF1" dev "$VF0" set PRE_COPY append $run_dir/stream touch $run_dir/ready await $run_dir/on \
		info pollin append $run_dir/stream info pollin append $run_dir/stream \
		set STOP_COPY append $run_dir/stream eof "${load_it[@]}"
	labvf "$VF0" fill 4711
	touch $run_dir/on
	until_there $run_dir/end
	labvf "$VF1" check 4711
	arrived
}

# bats test_tags=ours
@test "chunks: dirty_bytes is all that is left, not the next chunk alone" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	migdrive dev "$VF0" set PRE_COPY read 24 append $run_dir/stream info set RUNNING >$run_dir/info
	read -r initial dirty <$run_dir/info
	[ "$initial" -eq 0 ]
	[ "$dirty" -gt $((55 * mib)) ]
}

# bats test_tags=ours
@test "chunks: memory for a later chunk that is larger is charged to the process that saves" {
	local saves
	saves=$(labvf "$VF0" get saves)
	fault op=0x118,nth=2,next=$((16 * mib))
	make_cgroup chunks-test
	in_background in_cgroup migdrive dev "$VF0" set STOP_COPY read $((8 * mib + 24)) touch $run_dir/ready await $run_dir/go
	labvf "$VF0" await saves $((saves + 3))
	# Beside the second chunk there is the third one's memory, which a worker has allocated.
	[ "$(cgroup_charged)" -gt $((20 * mib)) ]
	finish
	rmdir "$cgroup"
}

# bats test_tags=ours
@test "chunks: the first SAVE that is refused fails the arc, a later one the data" {
	fault op=0x118,nth=1,status=0x1
	migdrive dev "$VF0" fail EIO set STOP_COPY state STOP
	fault op=0x118,nth=2,status=0x1
	migdrive dev "$VF0" set STOP_COPY sleep 300 fail EIO read 1 poll 0x2009 state STOP_COPY set STOP set STOP_COPY \
		read $((20 * mib)) set RUNNING
	fault op=0x118,nth=3,image=0xfffffff0
	migdrive dev "$VF0" set STOP_COPY fail EIO read $((64 * mib)) reset state RUNNING
}

# The in-tree driver leaves a chunk's buffer behind, once in a while.
# bats test_tags=ours
@test "chunks: resets, closes and arcs end it while the firmware saves" {
	fault op=0x118,nth=2,hang=1
	migdrive dev "$VF0" set STOP_COPY set STOP fail ENODEV read 1 set STOP_COPY read 1000
	fault op=0x118,nth=2,hang=1
	migdrive dev "$VF0" set STOP_COPY read $((8 * mib)) dropdev fail ENODEV read 1
	fault op=0x118,nth=3,hang=1
	migdrive dev "$VF0" set STOP_COPY read $((9 * mib)) reset fail ENODEV read 1 state RUNNING set STOP_COPY read $((20 * mib))
}

# bats test_tags=ours
@test "chunks: a bare image is still one" {
	echo bare >/sys/module/mlx5_vfio_pci/parameters/stream_format
	background dev "$VF1" dev "$VF0" flags 3 set STOP_COPY save $run_dir/stream touch $run_dir/ready "${load_it[@]}"
	echo records >/sys/module/mlx5_vfio_pci/parameters/stream_format
	arrived
	[ "$(head -c 8 $run_dir/stream)" = MLXL5AB1 ]
}
