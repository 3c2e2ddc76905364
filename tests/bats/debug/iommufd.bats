#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The tool's way into VFIO by iommufd and the devices' own files, which it takes where the kernel has them.

load ../helpers
load ../lab

setup_file() { "$MLX" bind -c "$VF0" "$VF1"; }
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

teardown() {
	release || true
	end_other
}

# cdev_of DEVICE: its own file
cdev_of() { echo "/dev/vfio/devices/$(ls "$sys/devices/$1/vfio-dev")"; }

# opened_by PID: the VFIO and iommufd files that it has open
opened_by() { readlink /proc/"$1"/fd/* | grep -E '^/dev/(iommu|vfio)' | sort | tr '\n' ' '; }

@test "iommufd: the device's file and /dev/iommu are opened, no group and no container" {
	hold "$VF0"
	run opened_by "$HOLD_PID"
	[ "$output" = "/dev/iommu $(cdev_of "$VF0") " ]
	run_mlx 0 status "$VF0"
	json_is '.devices[0].holders[] | [.kind, .pid, .via, .iommufd]' "[\"hold\",$HOLD_PID,\"cdev\",true]"
	release
}

@test "iommufd: a held device is borrowed, and none of the commands resets it" {
	hold "$VF0"
	local resets
	resets=$(labvf "$VF0" get resets)
	run_mlx 0 step "$VF0" stop
	json_is '[.access, .fresh, .kept]' '["borrowed",false,true]'
	run_mlx 0 state "$VF0"
	json_is '[.access, .state]' '["borrowed","STOP"]'
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
	release
}

@test "iommufd: a state saved from a held device is loaded into another" {
	local file=$BATS_TEST_TMPDIR/image
	hold "$VF0" "$VF1"
	run_mlx 0 save "$VF0" "$file"
	json_is '.access' borrowed
	run_mlx 0 load "$VF1" "$file"
	json_is '.access' borrowed
	run_mlx 0 state "$VF1"
	json_is '[.access, .state]' '["borrowed","STOP"]'
	release
}

@test "iommufd: a device whose group somebody else has open is busy" {
	open_elsewhere "$VF0"
	run_mlx 5 state "$VF0"
	error_is busy
	[[ $stderr == *"$other_pid"* ]]
}
