#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab's runner, seen from the host: what comes out of a VM, and that nothing of it stays.

load ../helpers

setup() {
	cd "$top_dir" || return
	# The runner's private folder is made here, where one that stays is seen.
	export TMPDIR=$BATS_TEST_TMPDIR
}

# vm ARGUMENT...: a run without variant driver, which these tests do not need
vm() { run --separate-stderr tests/lab/run --driver none "$@"; }

# status_is N: of the last run; else shows what it said
status_is() {
	[ "$status" -eq "$1" ] && return
	printf '%s\n' "exit status $status, expected $1" "--- stdout" "$output" "--- stderr" "$stderr"
	return 1
}

teardown() { "$top_dir/tests/lab/run" --end; }

nothing_left() {
	[ -z "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'mlxmigctl-lab*' ! -name '*.lock')" ] || return 1
	! pgrep -f "^[^ ]*qemu-system.*$TMPDIR"
}

@test "exit status, output and errors of the command come through" {
	vm --vfs 0 sh -c 'printf "to stdout\n"; printf "to stderr\n" >&2; exit 7'
	status_is 7
	[ "$output" = "to stdout" ]
	[ "$stderr" = "to stderr" ]
	nothing_left
}

@test "--verbose tells how long it took, and --cpus how many processors there are" {
	vm --verbose --no-model --cpus 2 nproc
	status_is 0
	[ "$output" = 2 ]
	[[ $stderr =~ "lab: command started after "[0-9.]+" s" ]]
	[[ $stderr == *"lab: command ended after "*" s with status 0"* ]]
}

# kept ARGUMENT...: as vm, in the VM that is kept
kept() { vm --keep --no-model "$@"; }

# shared ARGUMENT...: as kept, in one VM for all tests that do this
shared() { TMPDIR=$BATS_FILE_TMPDIR kept "$@"; }

teardown_file() { TMPDIR=$BATS_FILE_TMPDIR "$top_dir/tests/lab/run" --end; }

@test "--keep: the next command is in the same VM, sees what has changed outside, and has its own output and status" {
	echo 'echo first; echo error >&2; touch /dev/shm/here; exit 3' >"$BATS_TEST_TMPDIR/script"
	kept sh "$BATS_TEST_TMPDIR/script"
	status_is 3
	[ "$output" = first ]
	[ "$stderr" = error ]
	echo 'ls /dev/shm; echo and the second' >"$BATS_TEST_TMPDIR/script"
	kept sh "$BATS_TEST_TMPDIR/script"
	status_is 0
	[ "$output" = $'here\nand the second' ]
	[ -z "$stderr" ]
	# the kernel's complaint is that of the command that caused it
	kept sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg'
	status_is 126
	kept seq 1 100000
	status_is 0
	[ "$output" = "$(seq 1 100000)" ]
	# another VM takes its place
	kept --mem 512 ls /dev/shm
	status_is 0
	[ -z "$output" ]
	kept --mem 512 --timeout 2 sleep 1000
	status_is 124
	nothing_left
}

@test "--keep: --end ends the VM, and there need be none" {
	kept true
	status_is 0
	pgrep -f "^[^ ]*qemu-system.*$TMPDIR"
	vm --end
	status_is 0
	nothing_left
	vm --end
	status_is 0
}

@test "--keep: a VM that cannot start, and what cannot be asked for, is refused soon" {
	SECONDS=0
	vm --keep --vfs 0 --prop no-such-property=1 true
	status_is 125
	[[ $stderr == *no-such-property* ]]
	vm --keep --share "$TMPDIR/none" true
	status_is 125
	[[ $stderr == *"no folder $TMPDIR/none"* ]]
	vm --keep --shell true
	status_is 125
	vm --end true
	status_is 125
	[ $SECONDS -lt 45 ]
	nothing_left
}

@test "--keep: a kernel that panics: 126, and its last words are printed" {
	kept sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
	status_is 126
	[[ $stderr == *"sysrq triggered crash"* ]]
	nothing_left
}

@test "a driver may be compressed" {
	local modules_dir
	eval "$(tests/lab/build --no-model --print | grep ^modules_dir=)"
	xz -c "$modules_dir/updates/mlx5-vfio-pci.ko" >"$BATS_TEST_TMPDIR/mlx5-vfio-pci.ko.xz"
	run --separate-stderr tests/lab/run --no-model --driver "$BATS_TEST_TMPDIR/mlx5-vfio-pci.ko.xz" modinfo -F alias mlx5_vfio_pci
	status_is 0
	[[ $output == vfio_pci:* ]]
}

@test "words, folder and environment of the command are those asked for" {
	local odd=$'two  words; $HOME "q" \'s\' \\ *\tend'
	mkdir "$BATS_TEST_TMPDIR/a folder"
	cd "$BATS_TEST_TMPDIR/a folder"
	TMPDIR=$BATS_FILE_TMPDIR run --separate-stderr "$top_dir/tests/lab/run" --keep --driver none --no-model -- \
		bash -c 'printf "%s\n" "$PWD" "$1" "$#" "$HOME" "$LC_ALL" "${PATH%%:*}"' bash "$odd" ''
	status_is 0
	[ "${lines[0]}" = "$BATS_TEST_TMPDIR/a folder" ]
	[ "${lines[1]}" = "$odd" ]
	[ "${lines[2]}" = 2 ]
	[ "${lines[3]}" = /root ]
	[ "${lines[4]}" = C ]
	[ "${lines[5]}" = "$top_dir/tests/lab/guest" ]
}

@test "megabytes of output arrive whole" {
	TMPDIR=$BATS_FILE_TMPDIR tests/lab/run --keep --driver none --no-model seq 1 700000 >"$BATS_TEST_TMPDIR/out"
	seq 1 700000 | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "a file written to /results is on the host" {
	mkdir "$BATS_TEST_TMPDIR/share"
	vm --no-model --share "$BATS_TEST_TMPDIR/share" sh -c 'head -c 3000000 /dev/urandom >/results/file && sha256sum </results/file'
	status_is 0
	[ "$output" = "$(sha256sum <"$BATS_TEST_TMPDIR/share/file")" ]
}

@test "what the command left running does not keep the VM" {
	SECONDS=0
	vm --no-model sh -c 'sleep 1000 & echo finished'
	status_is 0
	[ "$output" = finished ]
	[ $SECONDS -lt 120 ]
}

@test "a command that takes too long: 124" {
	vm --no-model --timeout 2 sleep 1000
	status_is 124
	[[ $stderr == *"more than 2 s"* ]]
	nothing_left
}

@test "a WARNING in the kernel log: 126, and it is printed" {
	vm --no-model sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg'
	status_is 126
	[[ $stderr == *"made/up.c:1"* ]]
	nothing_left
}

@test "with --expect-splat the command's own status counts" {
	shared --expect-splat sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at made/up.c:1" >/dev/kmsg; exit 3'
	status_is 3
}

@test "a kernel that panics: 126, and its last words are printed" {
	vm --no-model sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
	status_is 126
	[[ $stderr == *"sysrq triggered crash"* ]]
	nothing_left
}

@test "a VM that cannot start: 125" {
	vm --vfs 0 --prop no-such-property=1 true
	status_is 125
	[[ $stderr == *no-such-property* ]]
	nothing_left
}

@test "VFs that cannot be created: 125, not the command's success" {
	vm --vfs 9 --prop num-vfs=3 true
	status_is 125
	[[ $stderr == *"cannot create 9 VFs"* ]]
}

@test "a signal to the runner ends the VM" {
	tests/lab/run --driver none --vfs 0 sleep 1000 3>&- >/dev/null 2>&1 &
	local runner=$! i
	for ((i = 0; i < 600; i++)); do
		! pgrep -f "^[^ ]*qemu-system.*$TMPDIR" >/dev/null || break
		sleep 0.1
	done
	pgrep -f "^[^ ]*qemu-system.*$TMPDIR"
	kill -TERM $runner
	status=0
	wait $runner || status=$?
	status_is 143
	nothing_left
}

@test "a runner that is killed takes the VM with it" {
	tests/lab/run --driver none --vfs 0 sleep 1000 3>&- >/dev/null 2>&1 &
	local runner=$! i
	for ((i = 0; i < 600; i++)); do
		! pgrep -f "^[^ ]*qemu-system.*$TMPDIR" >/dev/null || break
		sleep 0.1
	done
	kill -KILL $runner
	wait $runner || true
	for ((i = 0; i < 50; i++)); do
		pgrep -r R,S,D -f "^[^ ]*qemu-system.*$TMPDIR" || return 0
		sleep 0.1
	done
	return 1
}

@test "commas in the names of folders do no harm" {
	export TMPDIR=$BATS_TEST_TMPDIR/a,b
	mkdir "$TMPDIR" "$TMPDIR/c,,d"
	vm --no-model --share "$TMPDIR/c,,d" sh -c 'echo here >/results/file; echo said'
	status_is 0
	[ "$output" = said ]
	[ "$(cat "$TMPDIR/c,,d/file")" = here ]
	nothing_left
}

@test "a folder that the VM cannot use: 125, before there is a VM" {
	mkdir "$BATS_TEST_TMPDIR/a b"
	TMPDIR="$BATS_TEST_TMPDIR/a b" vm true
	status_is 125
	[[ $stderr == "lab: TMPDIR has a blank"* ]]
	TMPDIR=/dev/shm vm true
	status_is 125
	[[ $stderr == "lab: TMPDIR is /dev/shm"* ]]
	TMPDIR=$BATS_TEST_TMPDIR/none vm true
	status_is 125
	MLXMIGCTL_CACHE="$BATS_TEST_TMPDIR/a b" vm true
	status_is 125
	[[ $stderr == "lab: the cache's path has a blank"* ]]
}

@test "without HOME the cache is where the user's home is" {
	[ -z "${MLXMIGCTL_CACHE:-}" ] || skip "MLXMIGCTL_CACHE says where the cache is"
	unset HOME XDG_CACHE_HOME
	run --separate-stderr tests/lab/build --driver none --no-model --print
	status_is 0
	[[ $output == *"vmlinuz=$(getent passwd "$(id -u)" | cut -d: -f6)/"* ]]
}

# doomed_vm TIMES: the first QEMUs get a kernel command line on which the guest panics before its first process
doomed_vm() {
	local bin=$BATS_TEST_TMPDIR/bin real
	real=$(command -v qemu-system-x86_64)
	mkdir "$bin"
	cat >"$bin/qemu-system-x86_64" <<-END
		#!/bin/bash
		echo started >>$BATS_TEST_TMPDIR/starts
		[ \$(wc -l <$BATS_TEST_TMPDIR/starts) -gt $1 ] ||
			exec $real "\$@" -append "console=ttyS0 loglevel=5 panic=-1 rdinit=/none root=/dev/none"
		exec $real "\$@"
	END
	chmod +x "$bin/qemu-system-x86_64"
	PATH=$bin:$PATH
}

@test "a VM that dies before the command starts is started once more, and that is said" {
	doomed_vm 1
	vm --no-model echo alive
	status_is 0
	[ "$output" = alive ]
	[[ $stderr == *"started once more"*"Kernel panic"* ]]
	[ "$(wc -l <"$BATS_TEST_TMPDIR/starts")" -eq 2 ]
	nothing_left
}

@test "a VM that dies twice before the command starts gives no success" {
	doomed_vm 2
	vm --no-model --expect-splat true
	status_is 125
	[ "$(wc -l <"$BATS_TEST_TMPDIR/starts")" -eq 2 ]
	nothing_left
}

@test "what the kernel says of memory that the driver leaks on purpose is no failure, once the driver has said so" {
	local word complaint=$'WARNING: CPU: 0 PID: 1 at kernel/dma/debug.c:862 dma_debug_device_change+0x28a/0x3f0\ntrace\n---[ end trace 0 ]---'
	. tests/lab/vm.sh
	printf '%s\n' "$complaint" after >"$BATS_TEST_TMPDIR/log"
	[ "$(unexcused "$BATS_TEST_TMPDIR/log")" = "$complaint"$'\nafter' ]
	while read -r word; do
		grep -qF -- "$word" kmod/*.c
		printf '%s\n' "mlx5_vfio_pci: $word: -5" "$complaint" after >"$BATS_TEST_TMPDIR/log"
		[ "$(unexcused "$BATS_TEST_TMPDIR/log")" = "mlx5_vfio_pci: $word: -5"$'\nafter' ]
	done < <(tr '|' '\n' <<<"$leak_words")
}

@test "a hung task in the kernel log: 126" {
	local line="INFO: task mlxmigctl:77 blocked for more than 120 seconds."
	vm --no-model sh -c 'echo "<3>$1" >/dev/kmsg' sh "$line"
	status_is 126
	[[ $stderr == *"$line"* ]]
}

@test "the firmware reaches for memory that is not mapped: a syndrome of its own, an IOMMU fault in the kernel log, and 126" {
	cat >"$BATS_TEST_TMPDIR/reach" <<-'END'
	load() { . "tests/bats/${1#../}.bash"; }
	bats_require_minimum_version() { :; }
	load helpers
	load model
	mkdir -p "$run_dir"
	set -e
	accepted 0115 0000 0011
	accepted 0115 0001 0011
	pd=$(make_pd)
	refused_save 0x1ab023 "$(make_mkey "$pd" 900 8192 0x10000000)" 2000
	refused_load 0x1ab023 "$(make_mkey "$pd" 500 8192 0x10000000)" 2000
	echo both refused
	END
	vm --vfs 1 --prop in-chunks=on bash "$BATS_TEST_TMPDIR/reach"
	status_is 126
	[ "$output" = "both refused" ]
	[[ $stderr == *"DMAR: [DMA Write"*"fault addr 0x10000000"* ]]
}

@test "help and bad options need no VM" {
	vm --help
	status_is 0
	[[ $output == usage:* ]]
	vm --no-such-option true
	status_is 125
	[[ $stderr == *"unknown option --no-such-option"* ]]
	vm --kernel 2.4 true
	status_is 125
	vm
	status_is 125
}
