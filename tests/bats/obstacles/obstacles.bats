#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What stands in the way of borrowing a device: each has its own error. The last test cannot be undone before the VM ends.

load ../helpers
load ../lab
load ../trees

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() {
	no_leak_check
	"$MLX" unbind -c "$VF0"
}

teardown() { release || true; }

# no_leak_check: the sanitizer's looks into processes by ptrace
no_leak_check() { export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0; }

# refused STATUS CODE WORDS COMMAND...: the command fails so
refused() {
	local want=$1 code=$2 words=$3
	shift 3
	# What is not refused might wait for the holder for ever.
	run --separate-stderr timeout 60 "$@"
	[ "$status" -eq "$want" ] && error_is "$code" && [[ $stderr == *"$words"* ]] && return
	printf '%s\n' "exit status $status" "$output" "$stderr"
	return 1
}

@test "without CAP_SYS_PTRACE nobody sees who has a device open, root neither" {
	local without=(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace)
	hold "$VF0"
	refused 6 no_ptrace "this command lacks CAP_SYS_PTRACE" "${without[@]}" "$MLX" state "$VF0"
	refused 6 no_ptrace "this command lacks CAP_SYS_PTRACE" "${without[@]}" "$MLX" unbind "$VF0"
	run --separate-stderr "${without[@]}" "$MLX" status "$VF0"
	device "$VF0" '[.in_use, .holders]' '[null,[]]'
}

@test "the root of a user namespace has no CAP_SYS_PTRACE over the host's processes" {
	[ -e /proc/self/ns/user ] || skip "this kernel has no user namespaces"
	hold "$VF0"
	refused 6 no_ptrace "this command lacks CAP_SYS_PTRACE" unshare --user --map-root-user "$MLX" state "$VF0"
}

# bats test_tags=asan
@test "in a container's PID namespace the holder cannot be seen, and nothing is taken for free" {
	local inside=(unshare --pid --fork --mount-proc)
	hold "$VF0"
	refused 5 holder_hidden "a PID namespace of its own" "${inside[@]}" "$MLX" state "$VF0"
	run --separate-stderr "${inside[@]}" "$MLX" status "$VF0"
	device "$VF0" '[.in_use, .holders]' '[null,[]]'
	refused 5 holder_hidden "a PID namespace of its own" "${inside[@]}" "$MLX" unbind "$VF0"
	release
	run --separate-stderr "${inside[@]}" "$MLX" state "$VF0"
	json_is '[.access, .state]' '["opened","RUNNING"]'
}

# bats test_tags=asan
@test "numbers of another PID namespace's processes are not taken for ours" {
	hold "$VF0"
	refused 5 holder_hidden "/proc is of another PID namespace" unshare --pid --fork "$MLX" state "$VF0"
}

# bats test_tags=asan
@test "a security module that forbids it is named" {
	[ -d /sys/kernel/security ] || skip "this kernel has no security modules"
	cat >"$BATS_TEST_TMPDIR/landlock" <<-'END'
		import ctypes, os, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		# A domain that restricts nothing but making block devices, and with that looking out of it.
		attr = struct.pack("=Q", 1 << 11)
		fd = libc.syscall(444, attr, len(attr), 0)
		fd >= 0 or sys.exit("no Landlock")
		libc.prctl(38, 1, 0, 0, 0)
		libc.syscall(446, fd, 0) == 0 or sys.exit("not restricted")
		os.execv(sys.argv[1], sys.argv[1:])
	END
	hold "$VF0"
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	refused 6 security_module "landlock" python3 "$BATS_TEST_TMPDIR/landlock" "$MLX" state "$VF0"
	run_mlx 0 state "$VF0"
	json_is .access borrowed
}

@test "Yama forbids borrowing to everybody, and who holds a device is told all the same" {
	local scope=/proc/sys/kernel/yama/ptrace_scope
	[ -e "$scope" ] || skip "this kernel has no Yama"
	no_leak_check
	hold "$VF0"
	run_mlx 0 state "$VF0"
	echo 3 >"$scope"
	refused 6 ptrace_scope "kernel.yama.ptrace_scope is 3" "$MLX" state "$VF0"
	refused 6 ptrace_scope "(pid $HOLD_PID)" "$MLX" reset "$VF0"
	run_mlx 0 status "$VF0"
	device "$VF0" '[.holder.pid, .migration]' "[$HOLD_PID,null]"
	[[ $(json '.devices[0].migration_reason') == *ptrace_scope* ]]
	release
	run_mlx 0 state "$VF0"
	json_is .access opened
}
