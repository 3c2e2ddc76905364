#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# All but what is about mlx5 works on any device that migrates: on mtty, the kernel's sample, whose driver differs from
# ours wherever VFIO lets it.

load ../helpers
load ../lab

types=/sys/devices/virtual/mtty/mtty/mdev_supported_types
A=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 B=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002 SMALL=83b8f4f2-509f-382f-3c1e-e6bfe0fa1003

setup_file() {
	modprobe mtty
	echo "$A" >"$types/mtty-2/create"
	echo "$B" >"$types/mtty-2/create"
	echo "$SMALL" >"$types/mtty-1/create"
}

teardown_file() {
	local device
	for device in "$A" "$B" "$SMALL"; do
		echo 1 >"/sys/bus/mdev/devices/$device/remove"
	done
	rmmod mtty
}

teardown() {
	release || true
	end_other
}

@test "mtty: it is found by its UUID and its path, with its type" {
	local name
	for name in "$A" "/sys/bus/mdev/devices/$A"; do
		run_mlx 0 status --probe "$name"
		json_is '.devices[] | [.device, .kind, .driver, .mdev_type, .vendor_id, .in_use, .migration.pre_copy, .can_migrate]' \
			"[\"$A\",\"other\",\"mtty\",\"mtty-2\",null,false,true,true]"
	done
	run_mlx 0 status "$A"
	json_is '.devices[0].migration_reason' "it is free, and opening it may change it: --probe does"
}

@test "mtty: caps and state tell what it offers and where it is" {
	run_mlx 0 caps "$A"
	json_is '[.migration.flags, .stop_copy_bytes, .state, .vfio.reset]' '[7,96,"RUNNING",false]'
	run_mlx 0 state "$A"
	json_is '[.state, .access, .firmware_failure]' '["RUNNING","opened",null]'
}

@test "mtty: step walks it, and does not claim to know what becomes of it" {
	run_mlx 0 step "$A" stop stop_copy stop running
	json_is '.arcs | length' 6
	json_is '.kept' false
	[[ $(json '.warnings[]') == *"its driver's affair"* ]]
}

@test "mtty: held, it stays where it is taken" {
	hold "$A"
	run_mlx 0 step "$A" stop
	json_is '[.access, .kept, .warnings]' '["borrowed",true,[]]'
	run_mlx 0 state "$A"
	json_is .state STOP
	run_mlx 0 reset "$A"
	json_is '[.from, .state]' '["STOP","RUNNING"]'
}

@test "mtty: saved, with pre-copy and without, it is an image of one bare stream" {
	local file=$BATS_TEST_TMPDIR/image
	hold "$A"
	run_mlx 0 save "$A" "$file"
	json_is '[.bytes, .records.format, .state]' '[96,"bare","RUNNING"]'
	run_mlx 0 save --precopy "$A" "$file.precopied"
	json_is '[.phases.pre_copy.bytes, .phases.stop_copy.bytes, .precopy.ended_by]' '[24,72,"dirty"]'
	run_mlx 0 verify "$file" "$file.precopied"
	run_mlx 0 diff "$file" "$file.precopied"
	run_mlx 0 inspect "$file"
	json_is '.device | [.device, .driver, .mdev_type, .vendor_id, .psid]' "[\"$A\",\"mtty\",\"mtty-2\",\"0000\",null]"
	run_mlx 0 extract --stream "$file" -o "$BATS_TEST_TMPDIR/stream"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/stream")" -eq 96 ]
}

@test "mtty: what is in one, and no other bytes, is in another after a load" {
	cd "$BATS_TEST_TMPDIR"
	hold "$A" "$B"
	run_mlx 0 save --raw "$A" stream
	# The first port's state begins at byte 24.
	flip stream 40 165
	run_mlx 0 load --bare --then RUNNING "$A" stream
	run_mlx 0 save --precopy "$A" image
	run_mlx 0 load "$B" image
	run_mlx 0 save --raw "$B" now
	cmp now stream
	release
	# It keeps it over the last close, which is why nothing is said of that.
	run_mlx 0 load --bare "$B" stream
	json_is .kept false
	hold --load image --state STOP "$A"
	run_mlx 0 save --raw --overwrite "$A" now
	json_is '[.access, .from]' '["borrowed","STOP"]'
	cmp now stream
	run_mlx 0 reset "$B"
}

@test "mtty: dirty is told of nothing, where the kernel takes reports" {
	hold "$A"
	if debug_kernel; then
		run_mlx 0 dirty --range 0:0x100000 --for 0.2 --interval 0.1 "$A"
		json_is .pages 0
	else
		run_mlx 4 dirty --range 0:0x100000 --for 0.2 "$A"
		error_is not_supported
	fi
}

@test "mtty: its state is loaded into another one of its type, and saved as the same again" {
	local file=$BATS_TEST_TMPDIR/image
	hold "$A" "$B"
	run_mlx 0 save --then STOP "$A" "$file"
	run_mlx 0 load "$B" "$file"
	json_is '[.contents, .kept, .state, .identity_fit, .warnings]' '["loaded",true,"STOP","yes",[]]'
	run_mlx 0 save "$B" "$file.again"
	run_mlx 0 diff "$file" "$file.again"
	run_mlx 0 step "$B" running
}

@test "mtty: another type and another kind of device are refused" {
	local file=$BATS_TEST_TMPDIR/image
	run_mlx 0 save "$A" "$file"
	run_mlx 8 load "$SMALL" "$file"
	json_is .error.message "the state does not fit the device: mdev_type is mtty-2 there and mtty-1 here"
	run_mlx 8 compat "$file" "$SMALL"
	run_mlx 0 status --probe "$B"
	echo "$output" >"$file.json"
	run_mlx 0 compat "$file" "$file.json"
	json_is .fit yes
	run_mlx 0 bind "$VF0"
	run_mlx 8 load "$VF0" "$file"
	[[ $(json .error.message) == *"vendor_id is 0000 there and 15b3 here"* ]]
	run_mlx 0 unbind "$VF0"
	# What its driver says when it is made to.
	run_mlx 7 load --force "$SMALL" "$file"
	run_mlx 0 state "$SMALL"
	json_is .state RUNNING
}

@test "mtty: a state that is cut is refused by its driver, and the device is led back" {
	hold "$A"
	run_mlx 0 save --raw "$A" "$BATS_TEST_TMPDIR/stream"
	truncate -s 90 "$BATS_TEST_TMPDIR/stream"
	run_mlx 14 load "$A" "$BATS_TEST_TMPDIR/stream"
	error_is cannot_be_judged
	run_mlx 7 load --bare "$A" "$BATS_TEST_TMPDIR/stream"
	json_is '.result | [.contents, .state]' '["lost","RUNNING"]'
	run_mlx 0 save "$A" "$BATS_TEST_TMPDIR/image"
}

@test "mtty: what is not mlx5's is not bound, and a free one is not taken for reset when it is loaded" {
	run_mlx 4 bind "$A"
	error_is not_mlx5
	run_mlx 0 save --raw "$A" "$BATS_TEST_TMPDIR/stream"
	run_mlx 0 load --bare "$A" "$BATS_TEST_TMPDIR/stream"
	json_is .kept false
	[[ $(json '.warnings | join(" ")') == *"its driver's affair"* ]]
	# Nor is this one: the next that opens it finds it where it was left.
	run_mlx 0 step "$A" running
	json_is .from STOP
}

@test "mtty: another program's is read, and changed by --live alone" {
	# Where the last one left it, it stays.
	run_mlx 0 reset "$A"
	migdrive dev "$A" touch "$BATS_TEST_TMPDIR/there" sleep 30000 3>&- 4>&- &
	other_pid=$!
	await --pid $other_pid exists "$BATS_TEST_TMPDIR/there"
	run_mlx 0 state "$A"
	json_is '[.state, .lender.name]' '["RUNNING","migdrive"]'
	run_mlx 5 step "$A" stop
	run_mlx 5 save --live "$A" "$BATS_TEST_TMPDIR/image"
	error_is guest_not_paused
	run_mlx 0 step --live "$A" stop
	run_mlx 0 save --live "$A" "$BATS_TEST_TMPDIR/image"
	run_mlx 0 step --live "$A" running
}

@test "mtty: its driver conforms, and its other ways are told" {
	run_mlx 0 conform "$A"
	json_is '[.failed, .flags, .state]' '[0,7,"RUNNING"]'
	json_is '.checks[] | select(.name == "precopy/end") | .result' pass
	[[ $(json '.checks[] | select(.name == "precopy/end").detail') == *"a read of 0 bytes"* ]]
}
