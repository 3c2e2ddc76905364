#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A device that a virtual machine is using, as the tool sees it.

load ../helpers
load ../lab
load ../vmm

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() { "$MLX" unbind -c "$VF0"; }
teardown() { end_vmms; }

@test "vmm: status names the guest that has the device" {
	start_vmm alpha "$VF0"
	run_mlx 0 status "$VF0"
	local way=group
	[ ! -c /dev/iommu ] || way=cdev
	json_is '.devices[0] | [.in_use, (.holders[] | .pid, .kind, .guest, .user, .via)]' "[true,${vmm_pid[alpha]},\"other\",\"alpha\",\"root\",\"$way\"]"
	[[ $(json '.devices[0].holders[0].command') == */qemu-system-x86_64 ]]
	json_is '.processes[] | [.pid, .guest, .devices[]]' "[${vmm_pid[alpha]},\"alpha\",\"$VF0\"]"
	run_mlx 0 status -t "$VF0"
	[[ $output == *alpha* ]]
	end_vmm alpha
	run_mlx 0 status "$VF0"
	json_is '.devices[0] | [.in_use, .holders]' '[false,[]]'
}

@test "vmm: a VMM's device is not reset, bound or unbound" {
	start_vmm alpha "$VF0"
	local before words
	before=$(labvf "$VF0" get resets)
	for words in reset unbind 'bind --driver=vfio-pci'; do
		# shellcheck disable=SC2086 # a verb and an option
		run_mlx 5 $words "$VF0"
		error_is busy
		[[ $stderr == *"${vmm_pid[alpha]}"* ]]
	done
	[ "$(driver_of "$VF0")" = mlx5_vfio_pci ]
	[ "$(labvf "$VF0" get resets)" -eq "$before" ]
	vmm_is alpha running
	end_vmm alpha
}
