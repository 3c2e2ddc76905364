#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Older firmware, which loads one image or tracks no changes: what the driver offers then, and its streams. Linux 6.1's own driver
# migrates such VFs, and the in-tree drivers of later kernels do not. Each change of firmware takes seconds: the tests are in an
# order that needs few.

load ../helpers
load ../lab

run_dir=/dev/shm/firmware

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	save_with 1 $run_dir/modern
}

teardown_file() {
	firmware_has multi-load=true tracking=true in-chunks=false hca-cap-2=true
	rm -rf $run_dir
}

# save_with SEED FILE: the contents by the seed, saved from VF0
save_with() {
	background dev "$VF0" touch $run_dir/ready await $run_dir/go set STOP_COPY save "$2" set RUNNING
	labvf "$VF0" fill "$1"
	finish
	rm -f $run_dir/{ready,go,on,end}
}

# loads_with SEED FILE: into VF1
loads_with() {
	background dev "$VF1" set RESUMING write "$2" 0 0 0 set STOP touch $run_dir/ready await $run_dir/go set RUNNING
	labvf "$VF1" check "$1"
	finish
	rm -f $run_dir/{ready,go,on,end}
}

# offers_one_image: STOP_COPY and P2P, and no states of PRE_COPY
offers_one_image() {
	migdrive dev "$VF0" flags 3 fail EINVAL set PRE_COPY fail EINVAL set PRE_COPY_P2P state RUNNING set RUNNING_P2P set STOP set RUNNING
}

# one_image FILE: the stream has one record of each tag, and ends there
one_image() {
	local size
	size=$(od -A n -t u8 -j 24 -N 8 "$1")
	[ "$(stat -c %s "$1")" -eq $((size + 40)) ]
}

# bats test_tags=ours
@test "firmware without multi_load: a second image is refused at its head" {
	firmware_has multi-load=false
	migdrive dev "$VF1" set RESUMING write $run_dir/modern 0 0 0 fail EOPNOTSUPP head 1000 0 0 fail EOPNOTSUPP set STOP \
		reset state RUNNING set RESUMING write $run_dir/modern 0 0 0 head 8 1 77 zeros 8 set STOP set RUNNING
}

# bats test_tags=ours
@test "firmware without multi_load: a bare image" {
	firmware_has multi-load=false
	tail -c +41 $run_dir/modern >$run_dir/bare
	loads_with 1 $run_dir/bare
	echo bare >/sys/module/mlx5_vfio_pci/parameters/stream_format
	save_with 3 $run_dir/old
	echo records >/sys/module/mlx5_vfio_pci/parameters/stream_format
	loads_with 3 $run_dir/old
}

# bats test_tags=ours
@test "firmware without multi_load: one image, to and from firmware that has it" {
	firmware_has multi-load=false
	offers_one_image
	run_mlx 0 caps -c "$VF0"
	json_is '.migration | [.offered, .flags, .pre_copy]' '[true,3,false]'
	save_with 2 $run_dir/old
	one_image $run_dir/old
	loads_with 2 $run_dir/old
	loads_with 1 $run_dir/modern
	firmware_has multi-load=true tracking=false in-chunks=true
	loads_with 2 $run_dir/old
}

# bats test_tags=ours
@test "firmware without tracking_state: one image and no chunks, to and from firmware that has it" {
	firmware_has multi-load=true tracking=false in-chunks=true
	offers_one_image
	migdrive dev "$VF1" set RESUMING write $run_dir/modern 0 0 0 fail EOPNOTSUPP head 1000 0 0
	save_with 4 $run_dir/old
	one_image $run_dir/old
	loads_with 4 $run_dir/old
	loads_with 1 $run_dir/modern
	firmware_has tracking=true in-chunks=false
	migdrive dev "$VF0" flags "$(all_flags)"
	loads_with 4 $run_dir/old
}

# bats test_tags=ours
@test "firmware without a second group of capabilities: one image, to and from firmware that has it" {
	firmware_has hca-cap-2=false
	offers_one_image
	save_with 5 $run_dir/old
	one_image $run_dir/old
	loads_with 1 $run_dir/modern
	firmware_has hca-cap-2=true
	loads_with 5 $run_dir/old
}
