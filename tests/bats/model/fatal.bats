#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The software ConnectX: firmware that dies, and errors on the bus, from both of which stock mlx5_core recovers.

load ../helpers
load ../model

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p "$run_dir"
	put_on mlx5_vfio_pci "$VF0"
}

teardown_file() {
	put_on "" "$VF0"
	rm -rf "$run_dir"
}

setup() { rm -f "$run_dir"/*; }
teardown() { finish || true; }

@test "fatal: mlx5_core starts dead firmware anew, and the VFs are as after a reset" {
	mark_log fatal
	background dev "$VF0" set STOP_COPY read 1000 touch "$run_dir/ready" await "$run_dir/end"
	labvf "$VF0" get suspended | grep -qx 3
	lab-prop set fw-fatal on
	until_logged fatal "mlx5_core $PF: health recovery succeeded" 15
	[ "$(lab-prop get fw-fatal)" = false ]
	[ "$(labvf "$VF0" get suspended)" = 0 ]
	accepted 0117 0000 0011
	finish
	migdrive dev "$VF0" set STOP_COPY read 1000 set RUNNING
}

@test "aer: the PF reports an error, and its bus recovers" {
	mark_log aer
	lab-prop aer pf0 COMP_TIME
	until_logged aer "error message received from $PF" 15
	until_logged aer "AER: device recovery successful" 15
	run ! lab-prop aer pf9 COMP_TIME
	migdrive dev "$VF0" set STOP_COPY read 1000 set RUNNING
}
