#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The variant driver when firmware fails, and when a stream is hostile: samples of what ../long has in full.

load ../helpers
load ../faults

setup_file() {
	SEED=$(seed)
	export SEED
	echo "# SEED=$SEED" >&3
	faults_begin
}

teardown_file() { faults_end; }

setup() { rm -f "$run_dir"/{ready,go,on,dropped,end}; }

@test "faults: a sample of commands, faults and walks" {
	migfaults "$VF0" --sample 30 --seed "$SEED"
}

@test "faults: a SUSPEND that was not answered in time leaves ERROR, as it may be carried out yet" {
	fault op=0x115,nth=1,hang=9
	migdrive dev "$VF0" fail ETIMEDOUT set RUNNING_P2P state ERROR fail EINVAL set RUNNING reset state RUNNING set STOP_COPY \
		read 1000 set RUNNING
	! old_kernel || return 0
	fault op=0x115,nth=2,hang=9
	migdrive dev "$VF0" set PRE_COPY fail ETIMEDOUT set STOP_COPY state ERROR reset state RUNNING
}

@test "hostile: heads that are wrong, first and second" {
	mighostile "$VF0" heads
}

@test "hostile: a stream byte by byte, cut behind each of them" {
	mighostile "$VF0" bytes
}

@test "hostile: memory is taken for what was written" {
	mighostile "$VF0" memory
}

@test "hostile: a sample of mutations" {
	local other
	mighostile "$VF1" mutations 60 $((SEED + 1000000)) 3>&- 4>&- &
	other=$!
	mighostile "$VF0" mutations 60 "$SEED"
	wait $other
}

@test "hostile: a stream cut between two images is refused by the firmware, at the latest when the VF is to run" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	migdrive dev "$VF0" set PRE_COPY append "$run_dir/first" set STOP_COPY append "$run_dir/rest"
	migdrive dev "$VF1" set RESUMING write "$run_dir/first" 0 0 0 set STOP fail EINVAL set RUNNING state STOP \
		reset state RUNNING set RESUMING write "$run_dir/first" 0 0 0 write "$run_dir/rest" 0 0 0 set STOP set RUNNING
}

# Last, since it leaves one slot when it fails.
@test "faults: a command for which there is no slot in time changes nothing" {
	! debug_kernel || skip "there mlx5_core does not see the late answer that frees the slot"
	firmware_has log-cmd-slots=1
	fault op=0x115,nth=1,hang=5
	background dev "$VF1" touch "$run_dir/ready" set RUNNING_P2P
	lab-prop await pending "*op=0x115*"
	migdrive dev "$VF0" fail EBUSY set RUNNING_P2P state RUNNING
	finish
	migdrive dev "$VF0" set RUNNING_P2P set RUNNING
	firmware_has log-cmd-slots=5
}
