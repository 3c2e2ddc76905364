#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The variant driver, driven by the VFIO ioctls alone. What the in-tree driver does too is tested with either.

load ../helpers
load ../lab

run_dir=/dev/shm/driver

# vfs_return: as many as there were at first, now that they are gone, two of them on the variant driver
vfs_return() {
	cat $run_dir/vfs >"$sys/devices/$PF/sriov_numvfs"
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	cat "$sys/devices/$PF/sriov_numvfs" >$run_dir/vfs
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	migdrive dev "$VF0" set STOP_COPY save $run_dir/stream
	tail -c +41 $run_dir/stream >$run_dir/bare
}

teardown_file() {
	fault ""
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

setup() {
	rm -f $run_dir/{ready,go,on,dropped,end}
}

# Resumes VF1 with STEP..., which write a stream
resume() { migdrive dev "$VF1" set RESUMING "$@"; }

@test "driver: the alias lets only driver_override bind it" {
	run modinfo -F alias mlx5_vfio_pci
	[ "$output" = "vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*" ]
	[ "$(driver_of "$VF0")" = mlx5_vfio_pci ]
}

@test "driver: flags and the state after open" {
	migdrive dev "$VF0" flags "$(all_flags)" state RUNNING
	! old_kernel || migdrive dev "$VF0" fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P state RUNNING
}

@test "driver: every arc of STOP_COPY and P2P, and a walk over several" {
	migdrive dev "$VF0" set RUNNING_P2P state RUNNING_P2P set RUNNING state RUNNING set RUNNING_P2P \
		set STOP state STOP set RUNNING_P2P state RUNNING_P2P set STOP \
		set STOP_COPY state STOP_COPY set STOP state STOP set RESUMING state RESUMING \
		write $run_dir/stream 0 0 0 set STOP state STOP set RUNNING state RUNNING \
		set STOP_COPY state STOP_COPY set RUNNING state RUNNING set RUNNING state RUNNING
}

# bats test_tags=ours
@test "driver: states that the flags do not cover, unknown ones and ERROR are EINVAL" {
	echo bare >/sys/module/mlx5_vfio_pci/parameters/stream_format
	migdrive dev "$VF0" flags 3 fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P fail EINVAL set ERROR \
		fail EINVAL set 8 state RUNNING set STOP_COPY fail EINVAL set PRE_COPY state STOP_COPY
	echo records >/sys/module/mlx5_vfio_pci/parameters/stream_format
}

@test "driver: what was saved arrives in another VF" {
	background dev "$VF0" dev "$VF1" touch $run_dir/ready await $run_dir/go \
		dev "$VF0" set STOP_COPY save $run_dir/a dev "$VF1" set RESUMING write $run_dir/a 0 0 0 set STOP \
		touch $run_dir/dropped await $run_dir/end
	labvf "$VF0" fill 4711
	run labvf "$VF1" check 4711
	[ "$status" -eq 9 ]
	touch $run_dir/go
	until_there $run_dir/dropped
	labvf "$VF1" check 4711
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	finish
}

# bats test_tags=ours
@test "driver: the estimate is the size of the stream" {
	if old_kernel; then
		migdrive dev "$VF0" fail ENOTTY size set STOP fail ENOTTY size
		return
	fi
	[ "$(migdrive dev "$VF0" size)" -eq "$(stat -c %s $run_dir/stream)" ]
	[ "$(migdrive dev "$VF0" set STOP size)" -eq "$(stat -c %s $run_dir/stream)" ]
}

@test "driver: a stream is a STOP_COPY_SIZE record and a FW_DATA record" {
	not_61
	local size memory
	size=$(stat -c %s $run_dir/stream)
	# size 8, flags 1 (optional), tag 1; the memory; the image's size, flags 0, tag 0
	run od -A n -v -w8 -t u8 -N 40 $run_dir/stream
	[ "${lines[0]// /}" = 8 ]
	[ "${lines[1]// /}" = $((1 << 32 | 1)) ]
	memory=${lines[2]// /}
	[ "${lines[3]// /}" = $((size - 40)) ]
	[ "${lines[4]// /}" = 0 ]
	[ "$memory" -ge $((size - 40)) ]
	[ "$memory" -lt $((size + 4096)) ]
}

# bats test_tags=ours
@test "driver: stream_format=bare gives the image alone, which is taken" {
	local format=/sys/module/mlx5_vfio_pci/parameters/stream_format
	[ "$(cat $format)" = records ]
	run ! bash -c "echo chunks >$format"
	[ "$(cat $format)" = records ]
	echo bare >$format
	[ "$(cat $format)" = bare ]
	local size=(size)
	! old_kernel || size=()
	background dev "$VF0" "${size[@]}" touch $run_dir/ready await $run_dir/go flags 3 "${size[@]}" \
		set STOP_COPY save $run_dir/image
	# It is the open that counts.
	echo records >$format
	finish
	old_kernel || [ "$(uniq "$BATS_TEST_TMPDIR/background")" -eq "$(stat -c %s $run_dir/image)" ]
	[ "$(stat -c %s $run_dir/image)" -eq $(($(stat -c %s $run_dir/stream) - 40)) ]
	resume write $run_dir/image 0 0 0 set STOP set RUNNING
	migdrive dev "$VF0" set STOP_COPY save $run_dir/image
	[ "$(stat -c %s $run_dir/image)" -eq "$(stat -c %s $run_dir/stream)" ]
}

@test "driver: the stream is read in any pieces, and ends" {
	migdrive dev "$VF0" set STOP_COPY pollin poll 1 read 7 read 16 read 1 read 20 read 4093 poll 1 save $run_dir/rest \
		eof eof poll 1 state STOP_COPY
	[ "$(stat -c %s $run_dir/rest)" -eq $(($(stat -c %s $run_dir/stream) - 4137)) ]
}

@test "driver: the stream is read into the VF's own mapped BAR" {
	migdrive dev "$VF0" set STOP_COPY readbar set STOP
}

@test "driver: the stream is taken in any pieces" {
	resume write $run_dir/stream 4093 0 0 set STOP
	resume write $run_dir/stream 1 0 100 write $run_dir/stream 65537 100 0 set STOP
}

# bats test_tags=ours
@test "driver: a bare image is taken, and a second one in the same session is none" {
	resume write $run_dir/bare 0 0 0 set STOP set RUNNING
	resume write $run_dir/bare 5 0 50 write $run_dir/bare 1000003 50 0 set STOP
	resume write $run_dir/bare 0 0 0 write $run_dir/bare 0 0 0 fail EINVAL set STOP state RESUMING reset state RUNNING
}

# bats test_tags=ours
@test "driver: a truncated stream is refused at RESUMING > STOP, and can be continued" {
	local size at
	size=$(stat -c %s $run_dir/stream)
	resume fail EINVAL set STOP state RESUMING reset state RUNNING
	for at in 1 15 16 23 24 39 40 41 $((size - 1)); do
		resume write $run_dir/stream 0 0 "$at" fail EINVAL set STOP fail EINVAL set RUNNING state RESUMING
	done
	resume write $run_dir/stream 0 0 1000 fail EINVAL set STOP write $run_dir/stream 0 1000 0 set STOP set RUNNING
}

# bats test_tags=ours
@test "driver: a truncated bare image is refused by the firmware" {
	resume write $run_dir/bare 0 0 1000000 fail EINVAL set STOP state RESUMING reset state RUNNING
}

@test "driver: an unknown optional record is skipped, wherever it is" {
	not_61
	resume write $run_dir/stream 0 0 24 head 5 1 77 zeros 5 head 0 1 78 write $run_dir/stream 0 24 0 \
		head 70000 1 79 zeros 70000 set STOP
}

@test "driver: a mandatory record that is unknown is refused for good" {
	not_61
	resume write $run_dir/stream 0 0 24 fail EOPNOTSUPP head 8 0 77
	ours || return 0
	resume write $run_dir/stream 0 0 24 fail EOPNOTSUPP head 8 2 0 fail EOPNOTSUPP zeros 8 \
		fail EOPNOTSUPP set STOP state RESUMING reset state RUNNING
}

# bats test_tags=ours
@test "driver: records of impossible size are refused" {
	resume write $run_dir/stream 0 0 24 fail EINVAL head 0 0 0
	resume write $run_dir/stream 0 0 24 fail EFBIG head 0x100000000 0 0
	resume write $run_dir/stream 0 0 24 fail EINVAL head 7 1 1
}

# rows RESULT STEP...: into `steps`, for each row of the test vectors with that result, a session that begins with its head; STEP... are
# what follows, where SIZE stands for the head's, and `count` becomes the number of rows
rows() {
	local size flags tag result word
	steps=() count=0
	while read -r size flags tag result; do
		[ "$result" = "$1" ] || continue
		count=$((count + 1))
		steps+=(set RESUMING)
		[ "$1" != EOPNOTSUPP ] || steps+=(fail EOPNOTSUPP)
		steps+=(head "$size" "$flags" "$tag")
		for word in "${@:2}"; do
			steps+=("${word/SIZE/$size}")
		done
	done < <(grep -v '^#' "$top_dir/tests/fixtures/heads.tsv")
}

failures() { sed -n 's/^failures: //p' "/sys/kernel/debug/mlx5-vfio-pci/$VF1/status"; }

# bats test_tags=ours
@test "driver: the first 16 bytes are a record's head, or a bare image" {
	local steps count before
	rows skip zeros SIZE write $run_dir/stream 0 0 0 set STOP reset
	[ $count -gt 5 ]
	migdrive dev "$VF1" "${steps[@]}"
	rows EOPNOTSUPP fail EOPNOTSUPP set STOP reset
	[ $count -gt 2 ]
	migdrive dev "$VF1" "${steps[@]}"
	# An image that has not arrived is not loaded, and a bare one is loaded as far as it has arrived.
	before=$(failures)
	rows image fail EINVAL set STOP reset
	[ $count -gt 2 ]
	migdrive dev "$VF1" "${steps[@]}"
	[ "$(failures)" -eq "$before" ]
	rows bare fail EINVAL set STOP reset
	[ $count -gt 10 ]
	migdrive dev "$VF1" "${steps[@]}"
	[ "$(failures)" -eq $((before + count)) ]
}

# bats test_tags=ours
@test "driver: promises take no memory" {
	local before after
	before=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	background dev "$VF1" set RESUMING write $run_dir/stream 0 0 24 head 300000000 1 77 zeros 300000000 \
		head 0xffffffff 0 0 zeros 100000 touch $run_dir/ready await $run_dir/go fail EINVAL set STOP
	after=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	finish
	[ $((before - after)) -lt 50000 ]
}

# bats test_tags=ours
@test "driver: a firmware that wants 4 GiB gets ENOMEM, and nobody is killed" {
	fault op=0x117,nth=1,umem=0xffffffff
	migdrive dev "$VF0" fail ENOMEM set STOP_COPY state STOP set STOP_COPY read 1000 set RUNNING
	run dmesg
	[[ $output != *"Out of memory"* ]]
}

# bats test_tags=ours
@test "driver: a firmware that wants nothing still gets a page and its refusal is passed on" {
	fault op=0x117,nth=1,umem=0
	migdrive dev "$VF0" fail EINVAL set STOP_COPY state STOP set RUNNING
}

@test "driver: a damaged image is refused by the firmware at its last byte" {
	not_61
	fault op=0x119,nth=1,corrupt=5000
	resume fail EINVAL write $run_dir/stream 0 0 0
	ours || return 0
	fault op=0x119,nth=1,corrupt=5000
	resume fail EINVAL write $run_dir/stream 0 0 0 fail EINVAL zeros 1 fail EINVAL set STOP state RESUMING \
		reset state RUNNING set RESUMING write $run_dir/stream 0 0 0 set STOP set RUNNING
	[[ $(dmesg) == *"LOAD_VHCA_STATE(0x119)"*syndrome* ]]
}

@test "driver: a refused arc leaves the state" {
	fault op=0x115,nth=1,status=0x1
	migdrive dev "$VF0" fail EIO set RUNNING_P2P state RUNNING set RUNNING_P2P
	fault op=0x115,nth=2,status=0x6
	migdrive dev "$VF0" fail EBUSY set STOP state RUNNING_P2P set STOP
	fault op=0x116,nth=1,status=0x1
	migdrive dev "$VF0" set STOP fail EIO set RUNNING state STOP set RUNNING
	fault op=0x116,nth=2,status=0xf
	migdrive dev "$VF0" set STOP fail EAGAIN set RUNNING state RUNNING_P2P set RUNNING
}

# bats test_tags=ours
@test "driver: a refused SAVE, QUERY or key leaves STOP, and can be tried again" {
	local op
	for op in 0x118 0x117 0x200 0x800; do
		fault op=$op,nth=1,status=0x1
		migdrive dev "$VF0" fail EIO set STOP_COPY state STOP set STOP_COPY read 1000
	done
}

# bats test_tags=ours
@test "driver: memory that the firmware does not release is leaked, and a load has failed then" {
	fault op=0x202,nth=1,status=0x6
	migdrive dev "$VF0" set STOP_COPY read 1000 set STOP set STOP_COPY read 1000 set RUNNING
	[[ $(dmesg) == *"$VF0: leaking "*" bytes of memory"* ]]
	fault op=0x202,nth=1,status=0x6
	resume fail EBUSY write $run_dir/stream 0 0 0 fail EBUSY set STOP reset state RUNNING
}

# bats test_tags=ours
@test "driver: ERROR when an arc and its undo are refused; only a reset leaves it" {
	fault "op=0x115,nth=1,status=0x6;op=0x116,nth=1,status=0x1"
	migdrive dev "$VF0" fail EBUSY set STOP state ERROR fail EINVAL set RUNNING fail EINVAL set STOP \
		fail EINVAL set ERROR state ERROR reset state RUNNING set STOP_COPY read 1000 set RUNNING
	fault "op=0x116,nth=1,status=0x1;op=0x115,nth=3,status=0x4"
	migdrive dev "$VF0" set STOP fail EIO set RUNNING_P2P state ERROR reset state RUNNING set STOP set RUNNING
}

# bats test_tags=ours
@test "driver: from STOP_COPY there is no way to PRE_COPY, and the kernel is not asked for one" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	local tracing=/sys/kernel/tracing
	if debug_kernel; then
		# It has no kprobes, and its path search does end.
		migdrive dev "$VF0" set STOP_COPY fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P state STOP_COPY
		return
	fi
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	echo 'p:lab/next vfio_mig_get_next_state cur=%si:u32 new=%dx:u32' >$tracing/kprobe_events
	echo 1 >$tracing/events/lab/next/enable
	echo >$tracing/trace
	migdrive dev "$VF0" set STOP_COPY fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P state STOP_COPY set STOP set RUNNING
	echo 0 >$tracing/events/lab/next/enable
	run cat $tracing/trace
	echo >$tracing/kprobe_events
	# STOP_COPY 3, STOP 1, PRE_COPY 6, PRE_COPY_P2P 7
	[[ $output == *"cur=3 new=1"* ]]
	[[ $output != *"cur=3 new=6"* && $output != *"cur=3 new=7"* ]]
}

# bats test_tags=ours
@test "driver: a SUSPEND that the firmware carries out after a reset is undone" {
	local from
	for from in RUNNING PRE_COPY; do
		[ $from = RUNNING ] || ! old_kernel || continue
		rm -f $run_dir/{ready,end}
		fault op=0x115,nth=1,hang=1,outlives-reset=1
		background dev "$VF0" set $from touch $run_dir/ready set ${from}_P2P await $run_dir/end state RUNNING \
			set STOP_COPY read 1000 set RUNNING
		lab-prop await pending "*op=0x115*"
		echo 1 >"$sys/devices/$VF0/reset"
		lab-prop await pending ""
		labvf "$VF0" await suspended 0
		finish
	done
}

# bats test_tags=ours
@test "driver: a SUSPEND that is sent after a reset, by an arc from before it, is undone" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	fault op=0x118,nth=1,hang=1,outlives-reset=1
	background dev "$VF0" set PRE_COPY touch $run_dir/ready set PRE_COPY_P2P await $run_dir/end state RUNNING set STOP_COPY \
		read 1000 set RUNNING
	await stack "$BACKGROUND" mvf_precopy_stop_initiating
	echo 1 >"$sys/devices/$VF0/reset"
	lab-prop await pending ""
	labvf "$VF0" await suspended 0
	finish
}

# bats test_tags=ours
@test "driver: a VF that is not reset when it is opened is resumed" {
	local method
	method=$(cat "$sys/devices/$VF0/reset_method")
	echo >"$sys/devices/$VF0/reset_method"
	migdrive dev "$VF0" set STOP
	# That opens it, too.
	[ "$(labvf "$VF0" get suspended)" -eq 0 ]
	migdrive dev "$VF0" set STOP
	fault op=0x116,nth=1,status=0x1
	migdrive dev "$VF0" state ERROR
	migdrive dev "$VF0" state RUNNING
	# ERROR, of a VF that nothing has suspended. The open sends two RESUMEs, SUSPEND and RESUME.
	fault "op=0x115,nth=2,status=0x1;op=0x116,nth=4,status=0x1"
	migdrive dev "$VF0" fail EIO set STOP state ERROR
	migdrive dev "$VF0" state RUNNING
	# What is partly loaded cannot run.
	if ! old_kernel; then
		migdrive dev "$VF1" set PRE_COPY append $run_dir/first set STOP_COPY append $run_dir/rest
		migdrive dev "$VF0" set RESUMING write $run_dir/first 0 0 0
		migdrive dev "$VF0" state ERROR
		put_on mlx5_vfio_pci "$VF0"
		migdrive dev "$VF0" state ERROR
	fi
	echo "$method" >"$sys/devices/$VF0/reset_method"
}

# bats test_tags=ours
@test "driver: open after ERROR begins with RUNNING" {
	fault "op=0x115,nth=1,status=0x1;op=0x116,nth=1,status=0x1"
	migdrive dev "$VF0" fail EIO set STOP state ERROR
	migdrive dev "$VF0" state RUNNING set STOP
}

@test "driver: an arc that the firmware answers late is only slow" {
	fault op=0x115,nth=1,hang=1
	run migdrive dev "$VF0" time set RUNNING_P2P time
	[ "$status" -eq 0 ]
	[ "${lines[1]}" -ge 900 ]
}

@test "driver: data files end with their session" {
	reads_end
	migdrive dev "$VF0" set STOP_COPY read 100 set STOP fail ENODEV read 1
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 0 0 0 set STOP fail ENODEV zeros 1
	ours || return 0
	migdrive dev "$VF0" set STOP_COPY read 100 poll 1 set STOP poll 0x2009 \
		dev "$VF1" set RESUMING write $run_dir/stream 0 0 0 poll 0 set STOP poll 8
}

@test "driver: data files end with the device's last close" {
	reads_end
	migdrive dev "$VF0" set STOP_COPY read 100 dropdev fail ENODEV read 1
	ours || return 0
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 0 0 5000 dropdev fail ENODEV zeros 1
}

# bats test_tags=ours
@test "driver: a data file outlives device, binding and VF, and keeps the module" {
	background dev "$VF1" set RESUMING write $run_dir/stream 0 0 5000 dropdev touch $run_dir/ready await $run_dir/go \
		fail ENODEV zeros 1 dropdata dev "$VF0" set RUNNING_P2P
	put_on "" "$VF1"
	run ! rmmod mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF1"
	finish
	put_on "" "$VF0" "$VF1"
	rmmod mlx5_vfio_pci
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

@test "driver: a reset ends STOP_COPY and RESUMING" {
	reads_end
	migdrive dev "$VF0" set STOP_COPY read 100 reset fail ENODEV read 1 state RUNNING set STOP_COPY read 100
	migdrive dev "$VF1" set RESUMING write $run_dir/stream 0 0 5000 reset fail ENODEV zeros 1 state RUNNING \
		set RESUMING write $run_dir/stream 0 0 0 set STOP set RUNNING
}

@test "driver: a reset by sysfs ends STOP_COPY" {
	reads_end
	background dev "$VF0" set STOP_COPY read 100 touch $run_dir/ready await $run_dir/go \
		fail ENODEV read 1 state RUNNING set STOP_COPY read 1000 set RUNNING
	echo 1 >"$sys/devices/$VF0/reset"
	finish
}

# goes_while_open FILE TEXT: writes TEXT to FILE, which takes the VFs away, while VF0 is held in STOP_COPY
goes_while_open() {
	local writer
	background dev "$VF0" set STOP_COPY read 100 touch $run_dir/ready await $run_dir/go read 1000 \
		dropdev fail ENODEV read 1 touch $run_dir/dropped await $run_dir/end fail ENODEV read 1
	echo "$2" >"$1" 3>&- 4>&- &
	writer=$!
	await stack $writer vfio_unregister_group_dev
	[ -e "$sys/devices/$VF0" ]
	touch $run_dir/go
	until_there $run_dir/dropped
	wait $writer
	[ ! -e "$sys/devices/$VF0" ]
	finish
}

@test "driver: sriov_numvfs=0 waits for the holder, and its data file ends" {
	reads_end
	goes_while_open "$sys/devices/$PF/sriov_numvfs" 0
	vfs_return
	migdrive dev "$VF0" set STOP_COPY read 1000
}

@test "driver: unbinding the PF waits for the holder, and its data file ends" {
	reads_end
	goes_while_open "$sys/drivers/mlx5_core/unbind" "$PF"
	echo "$PF" >"$sys/drivers/mlx5_core/bind"
	vfs_return
	migdrive dev "$VF0" set STOP_COPY read 1000
}

# bats test_tags=ours
@test "driver: a VF that is unbound while it is suspended is reset for the next driver" {
	local writer resets
	background dev "$VF0" set STOP touch $run_dir/ready await $run_dir/go
	[ "$(labvf "$VF0" get suspended)" -eq 3 ]
	resets=$(labvf "$VF0" get resets)
	echo "$VF0" >"$sys/devices/$VF0/driver/unbind" 3>&- 4>&- &
	writer=$!
	await stack $writer vfio_unregister_group_dev
	finish
	wait $writer
	# One reset is the unbinding's, the other that of labvf's own open.
	put_on mlx5_vfio_pci "$VF0"
	[ "$(labvf "$VF0" get resets)" -eq $((resets + 2)) ]
	put_on "" "$VF0"
	[ "$(driver_of "$VF0")" = mlx5_core ]
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" set STOP_COPY read 1000
}

# bats test_tags=ours
@test "driver: the PF's reload ends the session; a VF that did not run needs a reset" {
	background dev "$VF1" dev "$VF0" set STOP_COPY read 100 touch $run_dir/ready await $run_dir/go fail ENODEV read 1 \
		state ERROR reset state RUNNING set STOP_COPY read 1000 set RUNNING \
		dev "$VF1" state RUNNING reset set STOP_COPY read 1000
	devlink dev reload "pci/$PF"
	finish
}

# bats test_tags=ours
@test "driver: while the PF is away commands are ENOTCONN and the state stays" {
	local size=(fail ENOTCONN size)
	! old_kernel || size=()
	background dev "$VF0" touch $run_dir/ready await $run_dir/go "${size[@]}" fail ENOTCONN set STOP state RUNNING \
		fail ENOTCONN set RESUMING state RUNNING reset state RUNNING
	fault op=0x102,nth=1,count=0,status=0x1
	run ! devlink dev reload "pci/$PF"
	fault ""
	finish
	echo "$PF" >"$sys/drivers/mlx5_core/unbind"
	echo "$PF" >"$sys/drivers/mlx5_core/bind"
	vfs_return
	migdrive dev "$VF0" set STOP_COPY read 1000
}

@test "driver: a VF that cannot migrate is a plain vfio-pci device" {
	lab-prop set migratable false
	put_on mlx5_vfio_pci "$VF0"
	lab-prop set migratable true
	if old_kernel; then
		# Nobody could make it migratable there: the driver leaves that to the firmware, and says so.
		migdrive dev "$VF0" flags 3
		ours || return 0
		[[ $(dmesg) == *"$VF0: its capabilities do not say migratable"* ]]
		return
	fi
	migdrive dev "$VF0" fail ENOTTY flags 7 fail ENOTTY set STOP fail ENOTTY size reset
	ours || return 0
	[[ $(dmesg) == *"$VF0: cannot migrate: it has not been made migratable"* ]]
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" flags 7
}
