#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The variant driver when everything happens at once. What goes wrong here shows as a splat in the kernel log, which
# fails the run, as a hang, or as a device that does not work afterwards.

load ../helpers
load ../lab

run_dir=/dev/shm/storm

setup_file() {
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	mkdir -p $run_dir
	migdrive dev "$VF0" set STOP_COPY save $run_dir/stream
	lab-prop get objects >$run_dir/objects
}

teardown_file() {
	put_on "" "$VF0" "$VF1"
	rm -rf $run_dir
}

setup() { touch $run_dir/on; }

# meanwhile COMMAND...: again and again until calm
meanwhile() {
	while [ -e $run_dir/on ]; do
		"$@" 2>/dev/null || true
		sleep "0.0$((RANDOM % 10))"
	done 3>&- 4>&- &
	storm=$!
}

# Not for all that runs in the background: what bats limits a test's time with does, too.
calm() {
	rm -f $run_dir/on
	wait "$storm"
}

# session LIMIT: a save and a load on VF0, killed after LIMIT seconds
session() {
	local enter=(set PRE_COPY read 1000) leave=(set RUNNING_P2P set PRE_COPY_P2P set PRE_COPY read 1000)
	! old_kernel || enter=() leave=()
	# In the foreground timeout waits for what it killed, so that the device is closed at its return.
	timeout --foreground -s KILL "$1" migdrive dev "$VF0" "${enter[@]}" set STOP_COPY read 1000 readbar \
		save $run_dir/a set STOP set RESUMING write $run_dir/stream 4093 0 0 set STOP set RUNNING set STOP_COPY read 1000 \
		"${leave[@]}" dropdev dropdata
}

flr() { echo 1 >"$sys/devices/$1/reset"; }

works() {
	migdrive dev "$VF0" state RUNNING set STOP_COPY save $run_dir/a set STOP dev "$VF1" set RESUMING \
		write $run_dir/a 0 0 0 set STOP set RUNNING || return 1
	# Nothing of the sessions that were cut short is left on the PF.
	lab-prop get objects | diff $run_dir/objects -
}

@test "storm: sessions killed at random moments" {
	local i
	for ((i = 0; i < 12; i++)); do
		session "0.$((RANDOM % 3))$((RANDOM % 10))5" || true
	done
	works
}

@test "storm: resets at random moments" {
	local i failed=0
	meanwhile flr "$VF0"
	for ((i = 0; i < 12; i++)); do
		session 10 2>/dev/null || failed=$((failed + 1))
	done
	calm
	echo "$failed of 12 sessions were hit"
	[ "$failed" -gt 0 ]
	works
}

@test "storm: two processes on one device" {
	local i
	# The second one is let in by the first one's group file; when there is none it opens the device itself.
	meanwhile labvf "$VF0" get suspended
	for ((i = 0; i < 12; i++)); do
		session "0.$((RANDOM % 5))5" 2>/dev/null || true
	done
	calm
	works
}

@test "storm: the PF reloads while sessions come and go" {
	local i
	meanwhile session 2
	for ((i = 0; i < 3; i++)); do
		devlink dev reload "pci/$PF"
	done
	calm
	works
}

@test "storm: the VF is unbound and bound while sessions come and go" {
	local i
	meanwhile session 1
	for ((i = 0; i < 10; i++)); do
		put_on mlx5_vfio_pci "$VF0"
	done
	calm
	works
}

# reports_of DEVICE: of its tracker, until 20 have come
reports_of() {
	local at=0x100000000 size=0x100000 steps=() i
	for ((i = 0; i < 20; i++)); do
		steps+=(dma $((at + i * 4096)) 8 0x5eed dirty $at $size 4096 "$i")
	done
	migdrive dev "$1" map $at $size logstart $at+$size 4096 "${steps[@]}" logstop
}

# completions N: interrupts of the PF's completion vector N so far
completions() { awk -v name="mlx5_comp$1@pci:$PF" '$NF == name { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts; }

# bats test_tags=reports,ours
@test "storm: reports about two VFs use two interrupts" {
	only_where_reported
	local device before after=()
	for device in "$VF0" "$VF1"; do
		before=("$(completions 0)" "$(completions 1)")
		reports_of "$device"
		after+=($(($(completions 0) - before[0])) $(($(completions 1) - before[1])))
	done
	echo "interrupts: ${after[*]}"
	[ "${after[0]}" -gt 0 ] && [ "${after[3]}" -gt 0 ]
	[ "${after[1]} ${after[2]}" = "0 0" ]
}
