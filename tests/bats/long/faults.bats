#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every fault of every command on every walk, and ten thousand hostile streams. Each takes its time.

load ../helpers
load ../faults

setup_file() { faults_begin; }
teardown_file() { faults_end; }

teardown() {
	small_states
	firmware_has in-chunks=false
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

@test "faults: every command, fault and walk" {
	migfaults "$VF0"
}

@test "faults: two hundred of those of a state that is saved in chunks" {
	lab-prop set state-size $((20 << 20))
	firmware_has in-chunks=true
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	local seed
	seed=$(seed)
	echo "# SEED=$seed" >&3
	migfaults "$VF0" --sample 200 --seed "$seed"
}

@test "hostile: ten thousand mutations" {
	local other
	mighostile "$VF1" mutations 5000 5000 3>&- 4>&- &
	other=$!
	mighostile "$VF0" mutations 5000 0
	wait $other
}

@test "faults: a command that hangs beyond mlx5_core's own minute is given up then" {
	local times
	firmware_patience 60000
	put_on mlx5_vfio_pci "$VF0"
	fault op=0x115,nth=1,hang=67
	migdrive dev "$VF0" time fail ETIMEDOUT set RUNNING_P2P time state ERROR reset set STOP_COPY read 1000 >"$run_dir/times"
	mapfile -t times <"$run_dir/times"
	[ "${times[1]}" -ge 60000 ]
	[ "${times[1]}" -lt 75000 ]
}
