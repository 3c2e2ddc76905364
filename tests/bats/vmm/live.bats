#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The device of a guest of QEMU, saved and loaded while the guest is paused.

load ../helpers
load ../lab
load ../faults
load ../vmm

run_dir=/dev/shm/vmm

setup_file() {
	"$MLX" bind -c "$VF0" "$VF1"
	mkdir -p $run_dir
}

teardown_file() {
	rm -rf $run_dir
	"$MLX" unbind -c "$VF0" "$VF1"
}

teardown() {
	end_vmms
	release || true
	rm -f $run_dir/*
	lab-prop set state-size 4194304
}

@test "vmm: a paused guest's device is saved twice, the images are the same, and it goes on" {
	start_vmm a "$VF0"
	bios_ready a
	labvf "$VF0" fill 21
	state_of "$VF0" RUNNING
	to_vmm a stop
	state_of "$VF0" STOP
	run_mlx 0 save --live "$VF0" $run_dir/first
	json_is '[.lender.pid, .state]' "[${vmm_pid[a]},\"STOP\"]"
	run_mlx 0 save --live "$VF0" $run_dir/second
	run_mlx 0 verify $run_dir/first
	run_mlx 0 diff $run_dir/first $run_dir/second
	state_of "$VF0" STOP
	to_vmm a cont
	vmm_is a running
	state_of "$VF0" RUNNING
	grows "$VF0"
	labvf "$VF0" check 21
	end_vmm a
}

@test "vmm: what is saved is what QEMU's own migration carries, and QEMU goes on and migrates" {
	start_vmm a "$VF0"
	bios_ready a
	labvf "$VF0" fill 22
	to_vmm a stop
	run_mlx 0 save --live "$VF0" $run_dir/image
	run_mlx 0 extract -o $run_dir/ours $run_dir/image
	patiently a
	migrate a file:$run_dir/guest
	device_data $run_dir/guest >$run_dir/theirs
	cmp $run_dir/ours $run_dir/theirs
	# By the tool alone: QEMU's is made an image, which differs in nothing from the one that was saved.
	run_mlx 0 pack -d $run_dir/image -o $run_dir/packed $run_dir/theirs
	run_mlx 0 diff $run_dir/image $run_dir/packed
	to_vmm a cont
	vmm_is a running
	grows "$VF0"
	start_vmm b "$VF1" -incoming "unix:/run/vmm/way"
	migrate a unix:/run/vmm/way
	vmm_is b running
	labvf "$VF1" check 22
	grows "$VF1"
	end_vmm a b
}

@test "vmm: a paused guest's device is given another state, and QEMU goes on with it and migrates" {
	start_vmm a "$VF0"
	labvf "$VF0" fill 23
	to_vmm a stop
	run_mlx 0 save --live "$VF0" $run_dir/image
	to_vmm a cont
	labvf "$VF0" fill 24
	run_mlx 5 load --live --overwrite-guest-state "$VF0" $run_dir/image
	error_is guest_not_paused
	labvf "$VF0" check 24
	to_vmm a stop
	run_mlx 2 load --live "$VF0" $run_dir/image
	run_mlx 0 load --live --overwrite-guest-state "$VF0" $run_dir/image
	state_of "$VF0" STOP
	labvf "$VF0" check 23
	to_vmm a cont
	vmm_is a running
	grows "$VF0"
	labvf "$VF0" check 23
	patiently a
	migrate a file:$run_dir/guest
	state_of "$VF0" STOP
	end_vmm a
}

@test "vmm: a guest that goes on at any moment of a save has its device, and there is a true image or none" {
	local seed i times status saver digest length moment saved=0 refused=0 missed=0
	seed=$(seed)
	echo "# SEED=$seed" >&3
	RANDOM=$seed
	times=$(often 20)
	start_vmm a "$VF0"
	hold "$VF1"
	to_vmm a stop
	run_mlx 0 save --live "$VF0" $run_dir/first
	length=$EPOCHREALTIME
	run_mlx 0 save --live "$VF0" $run_dir/image
	length=$(((${EPOCHREALTIME/./} - ${length/./}) / 1000))
	for ((i = 0; i < times; i++)); do
		rm -f $run_dir/image
		digest=$(labvf "$VF0" get digest)
		"$MLX" save --live "$VF0" $run_dir/image >$run_dir/document 2>$run_dir/said 3>&- 4>&- &
		saver=$!
		moment=$((RANDOM % length))
		sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
		to_vmm a cont
		status=0
		wait $saver || status=$?
		echo "$i: cont $moment ms after the beginning, $status"
		if ! grows "$VF0"; then
			# The window that mlxmigctl(8) tells of: the device was stopped behind QEMU's back.
			missed=$((missed + 1))
			[ $missed -eq 1 ]
			to_vmm a stop
			to_vmm a cont
			grows "$VF0"
		elif [ $status -eq 0 ]; then
			saved=$((saved + 1))
			run_mlx 0 load "$VF1" $run_dir/image
			[ "$(labvf "$VF1" get digest)" = "$digest" ]
		else
			refused=$((refused + 1))
			[ $status -eq 5 ] || { cat $run_dir/said && return 1; }
			[ ! -e $run_dir/image ]
		fi
		to_vmm a stop
	done
	state_of "$VF0" STOP
	echo "# $saved images, $refused refused, $missed too late, of saves of $length ms" >&3
	[ $refused -gt 0 ]
	release
	end_vmm a
}
