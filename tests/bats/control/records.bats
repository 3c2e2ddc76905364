#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The software ConnectX with the kernel's own driver, which passes on what it is given: states in several pieces, by chunks
# and by pre-copy, and a command that is given up.

load ../helpers
load ../model

setup_file() {
	! old_kernel || return 0
	modprobe mlx5_vfio_pci
	cp "$sys/devices/$PF/sriov_numvfs" "$BATS_FILE_TMPDIR/vfs"
	mkdir -p "$run_dir"
	lab-prop set in-chunks on
	lab-prop set cmd-timeout-ms 2000
	rebind_pf
	make_vfs 2 0
	lab-prop set state-size $((18 << 20))
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	save_stream "$VF0"
	mv "$run_dir/stream" "$BATS_FILE_TMPDIR/stream"
}

teardown_file() {
	! old_kernel || return 0
	fault ""
	lab-prop set state-size $((4 << 20))
	lab-prop set in-chunks off
	lab-prop set cmd-timeout-ms 60000
	rebind_pf
	cat "$BATS_FILE_TMPDIR/vfs" >"$sys/devices/$PF/sriov_numvfs"
	rm -rf "$run_dir"
}

setup() {
	! old_kernel || skip "the in-tree driver of 6.1 has neither chunks nor pre-copy"
	rm -f "$run_dir"/*
	stream=$BATS_FILE_TMPDIR/stream
	find_records "$stream"
}

teardown() { fault ""; }

# find_records STREAM: into at and bytes, where each record is and its length with its head
find_records() {
	local end offset=0 size
	at=() bytes=()
	end=$(stat -c %s "$1")
	while [ $offset -lt "$end" ]; do
		size=$(od -An -tu8 -j $offset -N 8 "$1")
		at+=("$offset") bytes+=($((size + 16)))
		offset=$((offset + size + 16))
	done
	[ $offset -eq "$end" ]
}

# some RECORD...: the steps that write these records; the last step may be told to fail
some() {
	local record
	steps=(dev "$VF1" set RESUMING write "$stream" 0 0 "${bytes[0]}")
	for record; do
		[ "$record" != fails ] || { steps+=(fail EINVAL); continue; }
		steps+=(write "$stream" 0 "${at[record]}" "${bytes[record]}")
	done
}

# until_answered: the PF has nothing under way
until_answered() {
	lab-prop await pending ""
}

@test "records: a state in chunks arrives when all its records come in order" {
	[ ${#at[@]} -eq 4 ]
	some 1 2 3
	migdrive "${steps[@]}" set STOP set RUNNING
}

@test "records: one missing, twice, in another place or of another save is refused at once" {
	local records
	for records in "fails 2" "1 fails 3" "1 fails 1" "1 2 fails 2" "1 2 3 fails 3"; do
		# shellcheck disable=SC2086 # words
		some $records
		migdrive "${steps[@]}"
		last_refusal 0x119 "status=0x3 syndrome=0x1ab034"
	done
	some 1
	save_stream "$VF0"
	migdrive "${steps[@]}" fail EINVAL write "$run_dir/stream" 0 "${at[2]}" "${bytes[2]}"
	last_refusal 0x119 "status=0x3 syndrome=0x1ab034"
}

@test "records: a stream cut between two of them is refused by the resume" {
	some 1 2
	migdrive "${steps[@]}" set STOP fail EINVAL set RUNNING
	last_refusal 0x116 "status=0x9 syndrome=0x1ab012"
}

@test "records: what changed while it was saved arrives; without its beginning or its end nothing does" {
	migdrive dev "$VF0" dev "$VF1" dev "$VF0" set PRE_COPY fail ENOMSG save "$run_dir/first" set STOP_COPY save "$run_dir/last" \
		dev "$VF1" set RESUMING write "$run_dir/first" 0 0 0 write "$run_dir/last" 0 0 0 set STOP \
		touch "$run_dir/ready" await "$run_dir/end" 3>&- 4>&- &
	until_there "$run_dir/ready"
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	[ "$(labvf "$VF1" get load_state)" = 2 ]
	touch "$run_dir/end"
	wait $!
	migdrive dev "$VF1" set RESUMING write "$run_dir/first" 0 0 24 fail EINVAL write "$run_dir/last" 0 0 0
	last_refusal 0x119 "status=0x3 syndrome=0x1ab034"
	migdrive dev "$VF1" set RESUMING write "$run_dir/first" 0 0 0 set STOP fail EINVAL set RUNNING
	last_refusal 0x116 "status=0x9 syndrome=0x1ab012"
}

@test "time: a SAVE that is given up after cmd-timeout-ms finds its key gone, and the driver lives on" {
	local took
	lab-prop set state-size $((4 << 20))
	fault op=0x118,hang=4
	background dev "$VF0" set STOP_COPY time fail ENODEV save "$run_dir/none" time set STOP touch "$run_dir/ready" \
		await "$run_dir/end"
	mapfile -t took <"$BATS_TEST_TMPDIR/background"
	[ "${took[1]}" -ge 1900 ]
	[ "${took[1]}" -lt "$(slowly 3500)" ]
	lab-prop get pending | grep -q "op=0x118 .* begun"
	until_answered
	last_refusal 0x118 "status=0x5 syndrome=0x1ab020"
	fault ""
	finish
	put_on "" "$VF0" "$VF1"
	rmmod mlx5_vfio_pci
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" set STOP_COPY save "$run_dir/stream"
	[ "$(stat -c %s "$run_dir/stream")" -gt $((4 << 20)) ]
}
