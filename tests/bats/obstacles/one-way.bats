#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Why the kernel loads no module although root asks. Each state lasts until the VM ends, and the order is that in which they hide
# each other; no other file comes after this one.

load ../helpers
load ../lab

setup_file() {
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	"$MLX" unbind -c "$VF0" "$VF1" >/dev/null
	[ ! -e /sys/module/mlx5_vfio_pci ] || rmmod mlx5_vfio_pci
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
}

# refused CODE MESSAGE HINT: bind fails so, and changes nothing
refused() {
	local want=6
	[ "$1" = permission ] || want=4
	run_mlx "$want" bind "$VF0"
	error_is "$1"
	[[ $(json .error.message) == *"$2"* ]]
	[[ $(json .error.hint) == *"$3"* ]]
	[ "$(driver_of "$VF0")" = mlx5_core ]
}

@test "an unsigned module, and a kernel that is locked down" {
	[ -w /sys/kernel/security/lockdown ] || skip "this kernel has no lockdown"
	echo integrity >/sys/kernel/security/lockdown
	refused permission "Operation not permitted; the kernel is locked down (integrity)" '"Secure Boot" in kmod/README'
}

@test "an unsigned module, and a kernel that loads signed ones only" {
	[ -w /sys/module/module/parameters/sig_enforce ] || skip "this kernel checks no signatures"
	echo 1 >/sys/module/module/parameters/sig_enforce
	refused no_driver "Key was rejected by service" "sign it"
}

@test "a kernel that loads no more modules" {
	echo 1 >/proc/sys/kernel/modules_disabled
	refused permission "kernel.modules_disabled is 1, so the kernel loads no module before the next boot" \
		"/etc/modules-load.d/mlx5_vfio_pci.conf"
	# What is loaded works.
	run_mlx 0 unbind --none "$VF0"
	run_mlx 0 unbind "$VF0"
}
