# SPDX-License-Identifier: GPL-2.0-or-later
# A crash leaves nothing of a guest's state behind, whichever command has it in its memory.

load ../helpers
load ../streams

MARK=the-secret-of-the-guest

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
	export SYSROOT=$BATS_FILE_TMPDIR/root
	"$top_dir/tests/fixtures/sysfs/plant" "$top_dir/tests/fixtures/sysfs/two-port.tree" "$SYSROOT"
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
	mkfifo pipe
	"$MLX" extract --device -o device.json "$BATS_FILE_TMPDIR/image"
}

teardown() {
	[ -z "${command-}" ] || kill -KILL "$command" 2>/dev/null || true
	[ -z "${command-}" ] || wait "$command" 2>/dev/null || true
}

# begin ARGUMENT...: the program in the background, with cores of any size
begin() {
	(ulimit -c unlimited 2>/dev/null || ulimit -c hard; exec "$MLX" "$@") >/dev/null 2>&1 3>&- 4>&- 7>&- &
	command=$!
}

# keeps_no_core: it has seen to that by itself, as soon as it waits
keeps_no_core() {
	local limit=''
	for _ in {1..200}; do
		limit=$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$command/limits")
		[ "$limit" != "1 1" ] || break
		sleep 0.02
	done
	[ "$limit" = "1 1" ]
	[ "$((0x$(cat "/proc/$command/coredump_filter")))" -eq 0 ]
}

# waits ARGUMENT...: it does so while it waits for the other end of the FIFO
waits() {
	begin "$@"
	keeps_no_core
	kill -ABRT "$command"
	wait "$command" || true
	command=''
	[ -z "$(find . -name '*core*')" ]
}

@test "commands that handle a state leave no core" {
	local vf=0000:3b:00.4
	waits save --sysroot "$SYSROOT" $vf pipe
	waits load --sysroot "$SYSROOT" $vf pipe
	waits step --sysroot "$SYSROOT" $vf STOP_COPY=pipe STOP
	waits step --sysroot "$SYSROOT" $vf RESUMING=pipe STOP
	waits hold --sysroot "$SYSROOT" --load pipe $vf
	waits extract pipe
	waits inspect pipe
	waits diff pipe pipe
	waits verify pipe
	waits pack -d device.json pipe
}

# begin_marked: pack with the mark in its memory, in the middle of a stream
begin_marked() {
	begin pack -d device.json -o out pipe
	exec 7>pipe
	{ header 8 1 1 && le 5000000 8 && header 5000000 0 0; } >&7
	yes $MARK | head -c 1000000 >&7
	keeps_no_core
}

# The registers, from which a copy of bytes passes, are in it: some hundred bytes a thread.
@test "a core taken by a debugger holds no memory" {
	command -v gcore >/dev/null || skip "needs gdb"
	begin_marked
	run gcore -o dump "$command"
	[ "$status" -eq 0 ] || skip "no process can be traced here"
	[ "$(stat -c %s "dump.$command")" -lt 1000000 ]
	[ "$(grep -aoF $MARK "dump.$command" | wc -l)" -lt 400 ]
	exec 7>&-
}

@test "a crash in the middle of a stream leaves neither a core nor a file" {
	begin_marked
	kill -SEGV "$command"
	wait "$command" || true
	exec 7>&-
	run -1 grep -rF $MARK .
	[ "$(ls -A)" = "device.json"$'\n'"pipe" ]
}
