#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# 64 VFs at once, each a full function on stock mlx5_core. Runs in a VM of its own, which starts without VFs.

load ../helpers
load ../model

setup_file() { mkdir -p "$run_dir"; }
teardown_file() { rm -rf "$run_dir"; }

vf_count() { find $sys/drivers/mlx5_core/ -name '0000:01:*' | grep -vc "$PF\$"; }
last_vf=0000:01:08.0

@test "many: 64 VFs come up on mlx5_core without a complaint" {
	mark_log many
	echo 64 >"$sys/devices/$PF/sriov_numvfs"
	[ "$(vf_count)" = 64 ]
	[ "$(basename "$(readlink "$sys/devices/$last_vf/physfn")")" = "$PF" ]
	complaints_since many
}

@test "many: the last of them takes the state of the first" {
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0" "$last_vf"
	background dev "$VF0" dev "$last_vf" dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" \
		set STOP_COPY save "$run_dir/stream" dev "$last_vf" set RESUMING write "$run_dir/stream" 0 0 0 set STOP \
		touch "$run_dir/loaded" await "$run_dir/end"
	labvf "$VF0" fill 64
	touch "$run_dir/go"
	until_there "$run_dir/loaded"
	labvf "$last_vf" check 64
	[ "$(labvf "$last_vf" get digest)" = "$(labvf "$VF0" get digest)" ]
	[ "$(labvf "$last_vf" get vf)" = 63 ]
	finish
}

@test "many: 64 VFs go without a complaint" {
	mark_log gone
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	[ "$(vf_count)" = 0 ]
	complaints_since gone
}
