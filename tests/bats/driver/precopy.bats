#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# PRE_COPY of the variant driver, by the VFIO ioctls alone. What the in-tree driver does too is tested with either.

load ../helpers
load ../lab

run_dir=/dev/shm/precopy
# A SAVE, late: so that something can happen meanwhile
slow_save=op=0x118,nth=1,hang=0.7

setup_file() {
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	mkdir -p $run_dir
	lab-prop get objects >$run_dir/objects
}

teardown_file() {
	fault ""
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

setup() {
	! old_kernel || skip "this kernel has no PRE_COPY"
	rm -f $run_dir/{ready,go,on,dropped,end,stream}
}

# Nothing is left on the PF of any session, however it has ended.
teardown() {
	[ -z "${BACKGROUND:-}" ] || finish || true
	fault ""
	lab-prop get objects | diff $run_dir/objects -
}

# evolve MICROSECONDS: from one generation to the next, of states from the next open on; 0: only what the test changes
evolve() { lab-prop set evolve-us "$1"; }

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
	read -r -a head < <(od -A n -v -w16 -t u8 -N 16 "$1")
	[ "${head[*]}" = "8 $((1 << 32 | 1))" ] || return 1
	while [ "$at" -lt "$end" ]; do
		read -r -a head < <(od -A n -v -w16 -t u8 -j "$at" -N 16 "$1")
		[ "${head[1]}" = 0 ] || return 1
		echo "${head[0]}"
		at=$((at + 16 + head[0]))
	done
	[ "$at" -eq "$end" ]
}

@test "precopy: every arc, and walks over several" {
	migdrive dev "$VF0" flags 7 set PRE_COPY state PRE_COPY set PRE_COPY_P2P state PRE_COPY_P2P set PRE_COPY state PRE_COPY \
		set RUNNING state RUNNING set RUNNING_P2P set PRE_COPY_P2P state PRE_COPY_P2P set RUNNING_P2P state RUNNING_P2P \
		set PRE_COPY_P2P set STOP_COPY state STOP_COPY fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P \
		state STOP_COPY append $run_dir/stream set STOP state STOP set PRE_COPY state PRE_COPY read 1000 \
		set STOP_COPY state STOP_COPY set RUNNING state RUNNING set PRE_COPY set PRE_COPY set STOP state STOP \
		set PRE_COPY_P2P state PRE_COPY_P2P set RESUMING state RESUMING reset state RUNNING
}

@test "precopy: what is saved while it changes arrives as it was at the end" {
	local sizes
	background dev "$VF1" dev "$VF0" set PRE_COPY append $run_dir/stream touch $run_dir/ready await $run_dir/on \
		info pollin append $run_dir/stream sleep 100 info pollin append $run_dir/stream set PRE_COPY_P2P append $run_dir/stream \
		set STOP_COPY append $run_dir/stream eof eof "${load_it[@]}"
	labvf "$VF0" fill 4711
	[ "$(labvf "$VF0" get tracking)" -eq 1 ]
	touch $run_dir/on
	until_there $run_dir/end
	labvf "$VF1" check 4711
	arrived
	mapfile -t sizes < <(images $run_dir/stream)
	[ "${#sizes[@]}" -eq 4 ]
	# The VF changes as time goes by.
	debug_kernel || [ "${sizes[0]}" -gt $((10 * sizes[1])) ]
}

@test "precopy: a record for each byte-wise write: an increment is loaded when it is complete" {
	migdrive dev "$VF0" set PRE_COPY append $run_dir/stream info pollin append $run_dir/stream \
		set STOP_COPY append $run_dir/stream set STOP
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 65537 0 0 touch $run_dir/ready set STOP set RUNNING
	loads=$(behind loads)
	# A stream that was cut between two records is refused by the firmware alone.
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 0 0 $((40 + $(images $run_dir/stream | head -1))) \
		set STOP fail EINVAL set RUNNING state STOP
	[ "$(behind loads)" -eq $((loads + 1)) ]
}

@test "precopy: info tells what is to be read" {
	evolve 0
	background dev "$VF0" set PRE_COPY info read 1000 info append $run_dir/stream info touch $run_dir/ready await $run_dir/on \
		info pollin info append $run_dir/stream info set PRE_COPY_P2P info set RUNNING_P2P
	labvf "$VF0" fill 1
	touch $run_dir/on
	finish
	evolve 10000
	# 1024 pages of 4104 bytes, a head of 64, and records of 24 and 16; then the window's 16 pages
	diff - "$BATS_TEST_TMPDIR/background" <<-'END'
		4202600 0
		4201600 0
		0 0
		0 65728
		0 65744
		0 0
		0 0
	END
}

@test "precopy: info is refused elsewhere, and for what it is not" {
	migdrive dev "$VF0" set PRE_COPY fail EINVAL ioctl 0x3b79 23 ioctl 0x3b79 100 fail ENOTTY ioctl 0x3b7a 24 \
		set STOP_COPY fail EINVAL info set STOP fail "$(ours && echo ENODEV || echo EINVAL)" info
	migdrive dev "$VF0" set STOP_COPY fail EINVAL info set RESUMING fail ENOTTY info
}

@test "precopy: the end for now is ENOMSG, and not readable; the end is the end" {
	evolve 0
	migdrive dev "$VF0" set PRE_COPY pollin poll 1 read 1000 poll 1 append $run_dir/stream poll 0 fail ENOMSG read 1 \
		nonblock fail ENOMSG read 1 block set PRE_COPY_P2P fail ENOMSG read 1 set STOP_COPY pollin poll 1 \
		append $run_dir/stream eof poll 1 nonblock eof
	evolve 10000
}

@test "precopy: while the firmware saves, read waits, or gives EAGAIN" {
	fault $slow_save
	migdrive dev "$VF0" set PRE_COPY nonblock poll 1 read 24 poll 0 fail EAGAIN read 1 pollin poll 1 read 1000 set RUNNING
	fault $slow_save
	migdrive dev "$VF0" time set PRE_COPY time read 24 time read 100 time set RUNNING >$run_dir/times
	# Neither the arc nor the first record waits for the SAVE.
	mapfile -t times <$run_dir/times
	[ $((times[1] + times[2])) -lt "$(slowly 500)" ]
	[ "${times[3]}" -gt 200 ]
}

@test "precopy: back to RUNNING at any moment, and again" {
	fault $slow_save
	background dev "$VF0" set PRE_COPY set RUNNING state RUNNING fail ENODEV read 1 set PRE_COPY read 30 set RUNNING \
		set PRE_COPY append $run_dir/stream set PRE_COPY_P2P set RUNNING state RUNNING touch $run_dir/ready await $run_dir/go \
		set PRE_COPY set STOP_COPY append $run_dir/stream set RUNNING
	[ "$(labvf "$VF0" get tracking)" -eq 0 ]
	finish
}

@test "precopy: a first SAVE that the firmware does not track: all comes in STOP_COPY" {
	fault op=0x118,nth=1,status=0x9
	background dev "$VF1" dev "$VF0" set PRE_COPY read 24 fail ENOMSG read 1 info set STOP_COPY append $run_dir/rest eof \
		touch $run_dir/ready await $run_dir/end dev "$VF1" set RESUMING head 8 1 1 zeros 8 write $run_dir/rest 0 0 0 \
		set STOP touch $run_dir/dropped await $run_dir/go
	touch $run_dir/end
	until_there $run_dir/dropped
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	finish
	rm $run_dir/rest
	grep -x "0 0" "$BATS_TEST_TMPDIR/background"
}

@test "precopy: tracking that ends later: all comes in STOP_COPY, behind what was read" {
	fault op=0x118,nth=2,status=0x9
	background dev "$VF1" dev "$VF0" set PRE_COPY append $run_dir/stream sleep 50 info sleep 200 fail ENOMSG read 1 info \
		set PRE_COPY_P2P set PRE_COPY touch $run_dir/ready set STOP_COPY append $run_dir/stream "${load_it[@]}"
	arrived
	[ "$(images $run_dir/stream | uniq -c | awk '{ print $1 }')" -eq 2 ]
}

# bats test_tags=ours
@test "precopy: a first SAVE that fails ends the data, not the device" {
	fault op=0x118,nth=1,status=0x1
	migdrive dev "$VF0" set PRE_COPY sleep 200 fail EIO read 1 poll 0x2009 fail EIO info fail EIO set STOP_COPY \
		state PRE_COPY_P2P set RUNNING state RUNNING set PRE_COPY read 1000 set RUNNING
	fault "op=0x118,nth=1,image=0xfffffff0"
	migdrive dev "$VF0" set PRE_COPY sleep 200 fail EIO read 1 set RUNNING set PRE_COPY read 1000
}

# bats test_tags=ours
@test "precopy: entering fails, and leaves no trace" {
	local op
	for op in 0x117 0x200 0x800; do
		fault op=$op,nth=1,status=0x1
		migdrive dev "$VF0" fail EIO set PRE_COPY state RUNNING set PRE_COPY read 1000 set RUNNING
	done
	fault op=0x117,nth=1,umem=0xffffffff
	migdrive dev "$VF0" fail ENOMEM set PRE_COPY state RUNNING
}

# bats test_tags=ours
@test "precopy: a refused arc leaves the state and the data" {
	fault op=0x115,nth=1,status=0x1
	migdrive dev "$VF0" set PRE_COPY fail EIO set PRE_COPY_P2P state PRE_COPY read 1000 set PRE_COPY_P2P \
		set STOP_COPY read 1000
	fault op=0x116,nth=1,status=0x1
	migdrive dev "$VF0" set PRE_COPY_P2P fail EIO set PRE_COPY state PRE_COPY_P2P read 1000 set PRE_COPY set RUNNING
	# The SAVE that ends tracking
	fault op=0x118,nth=2,status=0x1
	migdrive dev "$VF0" set PRE_COPY fail EIO set RUNNING state PRE_COPY read 1000 set RUNNING state RUNNING
}

# bats test_tags=ours
@test "precopy: a refused STOP_COPY can be tried again, and saves all then" {
	local wrong
	for wrong in op=0x115,nth=2,status=0x1 op=0x117,nth=2,status=0x1 op=0x118,nth=2,status=0x1; do
		fault $wrong
		rm -f $run_dir/{stream,ready,go,end}
		background dev "$VF1" dev "$VF0" set PRE_COPY append $run_dir/stream fail EIO set STOP_COPY state PRE_COPY_P2P \
			fail ENOMSG read 1 set STOP_COPY state STOP_COPY append $run_dir/stream touch $run_dir/ready "${load_it[@]}"
		arrived
	done
}

# bats test_tags=ours
@test "precopy: ERROR when an arc and its undo are refused ends the data" {
	fault "op=0x115,nth=1,status=0x6;op=0x116,nth=1,status=0x1"
	migdrive dev "$VF0" set PRE_COPY fail EBUSY set PRE_COPY_P2P state ERROR fail ENODEV read 1 fail EINVAL set RUNNING \
		reset state RUNNING set PRE_COPY read 1000 set RUNNING
}

# bats test_tags=ours
@test "precopy: stopping makes no memory key: all was prepared" {
	migdrive dev "$VF0" set PRE_COPY append $run_dir/stream info pollin append $run_dir/stream set STOP_COPY \
		append $run_dir/stream
	# The last SUSPEND is the responder's; what came before the first increment's SAVE counts as prepared, too.
	lab-prop get log >$run_dir/log
	[ "$(tac $run_dir/log | sed '/op=0x118/q' | grep -c op=0x200)" -eq 0 ]
	[ "$(tac $run_dir/log | awk '/op=0x118/ { n++ } n < 3' | grep -c op=0x200)" -eq 0 ]
	[ "$(tac $run_dir/log | awk '/op=0x118/ { n++ } n < 4' | grep -c op=0x200)" -ge 2 ]
}

@test "precopy: a reset ends it, whatever the firmware does" {
	migdrive dev "$VF0" set PRE_COPY read 100 reset fail ENODEV read 1 state RUNNING set PRE_COPY_P2P read 100 reset \
		state RUNNING fail ENODEV read 1 set PRE_COPY set STOP_COPY read 100 reset state RUNNING
	# There the reader may be told ENOMSG first.
	ours || return 0
	fault $slow_save
	background dev "$VF0" set PRE_COPY read 24 touch $run_dir/ready fail ENODEV read 1 state RUNNING set PRE_COPY read 1000 \
		touch $run_dir/on await $run_dir/go fail ENODEV read 1 state RUNNING
	echo 1 >"$sys/devices/$VF0/reset"
	until_there $run_dir/on
	echo 1 >"$sys/devices/$VF0/reset"
	finish
}

@test "precopy: the last close ends it, while the firmware saves too" {
	migdrive dev "$VF0" set PRE_COPY read 100 dropdev fail ENODEV read 1 dropdata \
		dev "$VF1" set PRE_COPY_P2P read 100 dropdev fail ENODEV read 1
	fault $slow_save
	migdrive dev "$VF0" set PRE_COPY dropdev fail ENODEV read 1
	fault $slow_save
	migdrive dev "$VF0" set PRE_COPY dropdata dropdev
	migdrive dev "$VF0" set PRE_COPY append $run_dir/stream set STOP_COPY append $run_dir/stream
}

# bats test_tags=ours
@test "precopy: a data file outlives device and binding" {
	background dev "$VF0" set PRE_COPY read 100 dropdev touch $run_dir/ready await $run_dir/go fail ENODEV info \
		fail ENODEV read 1 poll 0x2009
	put_on "" "$VF0"
	finish
	put_on mlx5_vfio_pci "$VF0"
}

# bats test_tags=ours
@test "precopy: the PF's reload ends it; the VF needs a reset" {
	fault $slow_save
	background dev "$VF1" set PRE_COPY dev "$VF0" set PRE_COPY read 24 touch $run_dir/ready await $run_dir/go \
		fail ENODEV read 1 fail ENODEV info state ERROR reset state RUNNING set PRE_COPY append $run_dir/stream set STOP_COPY \
		append $run_dir/stream set RUNNING dev "$VF1" state ERROR fail ENODEV read 1
	devlink dev reload "pci/$PF"
	finish
	lab-prop get objects >$run_dir/objects
}
