#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The software ConnectX: commands that take time are carried out when they are answered, one by one for each VF.

load ../helpers
load ../model

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p "$run_dir"
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

teardown_file() {
	fault ""
	put_on "" "$VF0" "$VF1"
	rm -rf "$run_dir"
}

setup() { rm -f "$run_dir"/*; }

teardown() {
	fault ""
	finish || true
	lab-prop set save-bandwidth 0
}

# asks HEX...: a command of the PF's driver in the background; answered waits for it
asks() {
	raw "$@" 3>&- 4>&- &
	ASKED=$!
}
answered() { wait $ASKED; }

@test "time: a late command is carried out when it is answered" {
	fault "op=0x115,vf=0,hang=1.5"
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set RUNNING_P2P touch "$run_dir/there" await "$run_dir/end"
	touch "$run_dir/go"
	until_pending "op=0x115 op_mod=0x0 vhca=0x11 begun"
	[ "$(labvf "$VF0" get suspended)" = 0 ]
	until_there "$run_dir/there"
	[ "$(labvf "$VF0" get suspended)" = 1 ]
	[ -z "$(lab-prop get pending)" ]
	finish
}

@test "time: commands about one VF are carried out one by one, about others beside them" {
	before=$(lab-prop get overlaps)
	fault "op=0x115,vf=0,hang=1.5"
	background dev "$VF1" dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set RUNNING_P2P await "$run_dir/end"
	touch "$run_dir/go"
	until_pending "op=0x115 op_mod=0x0 vhca=0x11 begun"
	accepted 0115 0000 0012
	until_pending "op=0x115 op_mod=0x0 vhca=0x11 begun"
	[ "$(lab-prop get overlaps)" = "$before" ]
	accepted 0115 0001 0011	# in order: it has waited for the other half
	[ "$(lab-prop get overlaps)" = $((before + 1)) ]
	[ "$(labvf "$VF0" get suspended)" = 3 ]
	finish
}

@test "time: a reset aborts the commands about the VF" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" reset touch "$run_dir/reset" await "$run_dir/end"
	accepted 0115 0000 0011
	accepted 0115 0001 0011
	lab-prop set save-bandwidth 4096
	fault "op=0x118,status=0,hang=1.5"
	asks 0118 00000000 0000 0000 0011
	until_pending "op=0x118 op_mod=0x0 vhca=0x11 begun"
	touch "$run_dir/go"
	until_there "$run_dir/reset"
	# It hangs on, but nothing comes of it, and nobody waits for it.
	until_pending "op=0x118 op_mod=0x0 vhca=0x11 aborted"
	[ "$(labvf "$VF0" get suspended)" = 0 ]
	if answered; then return 1; fi
	answer_bytes 8
	echo "$answer"
	[ "$answer" = 09000000001ab016 ]
	finish
}

@test "time: disabling the VF aborts what takes its time, at once" {
	background dev "$VF0" dev "$VF1" touch "$run_dir/ready" await "$run_dir/go" dev "$VF0" fail EINVAL set STOP_COPY \
		touch "$run_dir/there" await "$run_dir/end"
	lab-prop set save-bandwidth 4096
	touch "$run_dir/go"
	until_pending "op=0x118 op_mod=0x0 vhca=0x11 begun"
	accepted 0105 0000 0001
	until_there "$run_dir/there"
	last_refusal 0x118 "status=0x9 syndrome=0x1ab016"
	accepted 0104 0000 0001
	finish
}
