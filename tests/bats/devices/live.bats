#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A device that another program has open, as a VMM has: what may be done to it, and what becomes of it when the program goes on.

load ../helpers
load ../lab
load ../transfer

run_dir=/dev/shm/live

setup_file() {
	"$MLX" bind -c "$VF0" "$VF1"
	mkdir -p "$run_dir"
	save_images
}

teardown_file() {
	rm -rf "$run_dir"
	"$MLX" unbind -c "$VF0" "$VF1"
}

teardown() {
	finish || true
	release || true
	end_other
	rm -f "$run_dir"/*
	lab-prop set state-size 4194304
}

# vmm STATE [STEP...]: migdrive has VF0 open, of pid BACKGROUND, in that state; what it does then waits for $run_dir/go, and
# is done when there is $run_dir/done
vmm() {
	local state=$1
	shift
	background dev "$VF0" set "$state" touch "$run_dir/ready" await "$run_dir/go" "$@" touch "$run_dir/done" await "$run_dir/end"
}

# goes_on: the VMM does its steps
goes_on() {
	touch "$run_dir/go"
	until_there "$run_dir/done"
}

# save_blocked: save --live VF0 is in STOP_COPY, and writes to a pipe that nobody reads, until unblock
save_blocked() {
	local i
	mkfifo "$run_dir/pipe"
	"$MLX" save --live "$VF0" - >"$run_dir/pipe" 2>"$run_dir/said" 3>&- 4>&- &
	saver=$!
	exec 8<"$run_dir/pipe"
	for ((i = 0; i < 100; i++)); do
		run_mlx 0 state "$VF0"
		[ "$(json .state)" != STOP_COPY ] || return 0
		sleep 0.1
	done
	return 1
}

# unblock STATUS: the save goes on, and ends so
unblock() {
	local status=0
	cat <&8 >"$run_dir/image"
	exec 8<&-
	wait "$saver" || status=$?
	[ "$status" -eq "$1" ] && return
	cat "$run_dir/said"
	return 1
}

@test "live: a device in use can be looked at in any state, and is not disturbed" {
	vmm RUNNING set STOP
	local resets
	resets=$(labvf "$VF0" get resets)
	run_mlx 0 state "$VF0"
	json_is '[.access, .fresh, .state, (.lender | .kind, .pid, .name)]' "[\"borrowed\",false,\"RUNNING\",\"other\",$BACKGROUND,\"migdrive\"]"
	run_mlx 0 caps -t "$VF0"
	[[ $output == "device: $VF0, borrowed from migdrive (pid $BACKGROUND)"* ]]
	run_mlx 0 status "$VF0"
	json_is '.devices[0].migration.state' RUNNING
	run_mlx 0 compat "$IMAGES/image" "$VF0"
	goes_on
	run_mlx 0 state "$VF0"
	json_is .state STOP
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
}

# bats test_tags=asan
@test "live: without --live nothing is changed, and what a VMM would not survive is refused with it too" {
	vmm STOP
	local resets
	resets=$(labvf "$VF0" get resets)
	run_mlx 5 step "$VF0" running
	error_is busy
	[[ $stderr == *"in use by migdrive (pid $BACKGROUND)"*"virsh suspend"*--live* ]]
	run_mlx 5 save "$VF0" "$run_dir/image"
	[[ $stderr == *--live* ]]
	run_mlx 5 load "$VF0" "$IMAGES/image"
	[[ $(json .error.hint) == *"load: --live --overwrite-guest-state"* ]]
	run_mlx 5 dirty --range 4G:1M --for 1 "$VF0"
	for what in reset hold bind unbind; do
		[ "$what" != bind ] || what="bind --driver vfio-pci"
		# shellcheck disable=SC2086
		run_mlx 5 $what "$VF0"
		error_is busy
	done
	state_is "$VF0" STOP
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
	[ ! -e "$run_dir/image" ]
}

@test "live: a paused guest's device is saved twice, is the same, and goes on" {
	vmm RUNNING set STOP touch "$run_dir/paused" await "$run_dir/on" set RUNNING
	labvf "$VF0" fill 11
	touch "$run_dir/go"
	until_there "$run_dir/paused"
	local digest
	digest=$(labvf "$VF0" get digest)
	run_mlx 0 save --live "$VF0" "$run_dir/a"
	json_is '[.access, .lender.pid, .from, .state]' "[\"borrowed\",$BACKGROUND,\"STOP\",\"STOP\"]"
	run_mlx 0 save --live --precopy=auto "$VF0" "$run_dir/b"
	run_mlx 0 diff "$run_dir/a" "$run_dir/b"
	run_mlx 0 verify "$run_dir/a"
	[ "$(labvf "$VF0" get digest)" = "$digest" ]
	touch "$run_dir/on"
	until_there "$run_dir/done"
	runs "$VF0"
	labvf "$VF0" check 11
}

# bats test_tags=asan
@test "live: a guest that is not paused is refused, with the way out" {
	local state
	declare -A way_out=(
		[RUNNING]="has not paused its guest*virsh suspend GUEST"
		[STOP_COPY]="migrates its guest, or a save that was killed*step --live $VF0 STOP"
		[RESUMING]="takes a guest in, or a load that was killed*virsh reset GUEST"
	)
	for state in RUNNING STOP_COPY RESUMING; do
		vmm "$state"
		run_mlx 5 save --live "$VF0" "$run_dir/image"
		error_is guest_not_paused
		# shellcheck disable=SC2053
		[[ $stderr == *"is in $state: migdrive (pid $BACKGROUND), whose it is, "${way_out[$state]}* ]]
		run_mlx 5 load --live --overwrite-guest-state "$VF0" "$IMAGES/image"
		error_is guest_not_paused
		state_is "$VF0" "$state"
		[ ! -e "$run_dir/image" ]
		finish
		rm -f "$run_dir"/*
	done
}

# bats test_tags=asan
@test "live: the device is not left in another state than STOP" {
	vmm STOP
	run_mlx 2 save --live --then RUNNING "$VF0" "$run_dir/image"
	[[ $stderr == *"its guest is paused"* ]]
	run_mlx 2 load --live --overwrite-guest-state --then RUNNING "$VF0" "$IMAGES/image"
	state_is "$VF0" STOP
	run_mlx 0 save --live --then STOP "$VF0" "$run_dir/image"
}

# bats test_tags=asan
@test "live: a load wants to be told that the guest's state goes" {
	vmm STOP set RUNNING
	run_mlx 2 load --live "$VF0" "$IMAGES/image"
	[[ $stderr == *"a guest of migdrive (pid $BACKGROUND)"*"only a reset"*--overwrite-guest-state* ]]
	state_is "$VF0" STOP
	run_mlx 0 load --live --overwrite-guest-state "$VF0" "$IMAGES/image"
	json_is '[.contents, .kept, .state, .lender.pid]' "[\"loaded\",true,\"STOP\",$BACKGROUND]"
	has_the_state "$VF0"
	goes_on
	runs "$VF0"
}

@test "live: a load that fails resets the device, leaves it in STOP, and says what the guest has lost" {
	vmm STOP set RUNNING
	fault "op=0x119,nth=1,status=0x9,syndrome=0x2c9bb0"
	run_mlx 7 load --live --overwrite-guest-state "$VF0" "$IMAGES/image"
	fault ""
	json_is '.result | [.contents, .state]' '["lost","STOP"]'
	[[ $(json '.result.warnings[0]') == *"the guest of migdrive (pid $BACKGROUND) has lost"* ]]
	goes_on
	runs "$VF0"
}

# bats test_tags=asan
@test "live: what is no image and has no records wants --bare" {
	vmm STOP
	head -c 100000 /dev/urandom >"$run_dir/noise"
	run_mlx 14 load --live --overwrite-guest-state --force "$VF0" "$run_dir/noise"
	[[ $stderr == *"noise is neither an image nor a stream of records"*"load it with --bare"* ]]
	run_mlx 14 step --live --overwrite-guest-state "$VF0" RESUMING="$run_dir/noise" STOP
	state_is "$VF0" STOP
	run_mlx 0 load --live --overwrite-guest-state "$VF0" "$IMAGES/stream"
	run_mlx 7 load --live --overwrite-guest-state --bare "$VF0" "$run_dir/noise"
	json_is .result.contents lost
}

# bats test_tags=asan
@test "live: step takes it anywhere, and back, and says where its VMM expects it" {
	vmm RUNNING set STOP
	run_mlx 0 step --live "$VF0" stop stop_copy stop running
	json_is '[.state, .kept, .lender.kind, .warnings]' '["RUNNING",true,"other",[]]'
	run_mlx 0 step --live "$VF0" running_p2p
	[[ $(json '.warnings[]') == "migdrive (pid $BACKGROUND) knows nothing of this walk: take the device back to RUNNING"* ]]
	run_mlx 0 step --live "$VF0" running
	goes_on
	state_is "$VF0" STOP
}

# bats test_tags=asan
@test "live: step does not go to RESUMING without a file" {
	local state
	for state in RUNNING STOP; do
		vmm "$state"
		run_mlx 2 step --live "$VF0" RESUMING
		[[ $stderr == *"for nothing"*RESUMING=FILE*--overwrite-guest-state* ]]
		state_is "$VF0" "$state"
		finish
		rm -f "$run_dir"/*
	done
	vmm STOP
	run_mlx 2 step --live "$VF0" STOP_COPY="$run_dir/image" STOP RESUMING
	state_is "$VF0" STOP
	[ ! -e "$run_dir/image" ]
}

@test "live: a guest that comes in is not disturbed by what is refused" {
	local resets
	vmm RESUMING write "$IMAGES/stream" 0 0 0 set STOP set RUNNING
	resets=$(labvf "$VF0" get resets)
	run_mlx 5 step --live "$VF0" STOP_COPY="$run_dir/image" STOP
	error_is guest_not_paused
	json_is '.result | [.state, .lost, .arcs]' '["RESUMING",false,[]]'
	run_mlx 5 step --live --overwrite-guest-state "$VF0" RESUMING="$IMAGES/image" STOP
	state_is "$VF0" RESUMING
	goes_on
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
	runs "$VF0"
	labvf "$VF0" check 11
}

# bats test_tags=asan
@test "live: a VMM that goes on while an arc of ours fails has its device" {
	local status=0 pid nth=2
	vmm STOP set RUNNING
	# The first is how large the state is, which 6.1 cannot be asked.
	! old_kernel || nth=1
	fault "op=0x117,nth=$nth,status=0x9,hang=1"
	"$MLX" save --live "$VF0" "$run_dir/image" 2>"$run_dir/said" 3>&- 4>&- &
	pid=$!
	until_pending "op=0x117 op_mod=0x0 vhca=0x11 begun"
	sleep 0.3
	goes_on
	wait "$pid" || status=$?
	fault ""
	# Who comes first is the kernel's to say.
	[ "$status" -eq 5 ] || [ "$status" -eq 7 ] || { cat "$run_dir/said"; false; }
	runs "$VF0"
	[ ! -e "$run_dir/image" ]
}

# bats test_tags=asan
@test "live: a VMM that goes on while its device is saved keeps it, and there is no image" {
	lab-prop set state-size 67108864
	vmm STOP set RUNNING
	save_blocked
	goes_on
	unblock 5
	grep -q "was left in STOP_COPY and is in RUNNING now: migdrive (pid $BACKGROUND)" "$run_dir/said"
	runs "$VF0"
}

@test "live: a VMM that resets its device while it is loaded keeps it" {
	local status=0 resets loader
	vmm STOP reset
	mkfifo "$run_dir/pipe"
	"$MLX" load --live --overwrite-guest-state "$VF0" - <"$run_dir/pipe" >"$run_dir/document" 2>"$run_dir/said" 3>&- 4>&- &
	loader=$!
	exec 8>"$run_dir/pipe"
	head -c 1000000 "$IMAGES/stream" >&8
	for ((i = 0; i < 100; i++)); do
		run_mlx 0 state "$VF0"
		[ "$(json .state)" != RESUMING ] || break
		sleep 0.1
	done
	goes_on
	resets=$(labvf "$VF0" get resets)
	tail -c +1000001 "$IMAGES/stream" >&8 || true
	exec 8>&-
	wait "$loader" || status=$?
	[ "$status" -eq 5 ] || { cat "$run_dir/said"; false; }
	grep -q "was left in RESUMING and is in RUNNING now" "$run_dir/said"
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
	runs "$VF0"
}

@test "live: a VMM that ends while its device is saved does not spoil the image" {
	lab-prop set state-size 67108864
	vmm STOP
	save_blocked
	finish
	unblock 0
	run_mlx 0 verify "$run_dir/image"
	run_mlx 0 state "$VF0"
	json_is '[.access, .state]' '["opened","RUNNING"]'
}

# bats test_tags=asan
@test "live: that a holder was killed is told once of a device that another program has by now" {
	local killed command
	for command in status state; do
		hold "$VF0"
		killed=$HOLD_PID
		kill -KILL "$HOLD_PID"
		wait "$HOLD_PID" || true
		unset HOLD_PID
		vmm RUNNING
		run_mlx 0 "$command" "$VF0"
		[[ $(json '.warnings[]') == *"mlxmigctl hold (pid $killed) was killed before migdrive (pid $BACKGROUND) took the device; what it held is lost" ]]
		run_mlx 0 "$command" "$VF0"
		json_is .warnings '[]'
		nothing_in /run/mlxmigctl
		finish
		rm -f "$run_dir"/*
		run_mlx 0 status "$VF0"
		json_is .warnings '[]'
	done
}

@test "live: a group that is open and set up is not enough: the device is not opened there, and so not reset" {
	local before resets
	before=$(labvf "$VF0" get resets)
	resets=$(labvf "$VF0" get resets)
	python3 - "$(group_of "$VF0")" "$run_dir/there" 3>&- 4>&- <<-'END' &
		import fcntl, os, struct, sys, time
		container = os.open("/dev/vfio/vfio", os.O_RDWR)
		group = os.open(sys.argv[1], os.O_RDWR)
		fcntl.ioctl(group, 0x3b68, struct.pack("i", container)) # VFIO_GROUP_SET_CONTAINER
		fcntl.ioctl(container, 0x3b66, 3) # VFIO_SET_IOMMU: VFIO_TYPE1v2_IOMMU
		open(sys.argv[2], "w").close()
		time.sleep(60)
	END
	other_pid=$!
	await --pid $other_pid exists "$run_dir/there"
	run_mlx 5 state "$VF0"
	error_is busy
	[[ $stderr == *"python3 (pid $other_pid), which does not have the device open: it is opening or closing it"* ]]
	run_mlx 5 step --live "$VF0" stop
	run_mlx 0 status "$VF0"
	json_is '.devices[0] | [.in_use, .migration]' '[null,null]'
	end_other
	# each of these looks opens it, and nothing else did
	[ $(($(labvf "$VF0" get resets) - resets)) -eq $((resets - before)) ]
}
