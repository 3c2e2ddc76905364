# SPDX-License-Identifier: GPL-2.0-or-later
# save: from a device, through the real kernel, into files and pipes.

# The control group has those with the tag control: enough to see the tool with the in-tree driver.
# bats file_tags=ours

load ../helpers
load ../lab
load ../transfer

setup_file() {
	run_mlx 0 bind $VF0 $VF1
}

teardown_file() {
	run_mlx 0 unbind $VF0 $VF1
}

setup() {
	not_61
	hold $VF0 $VF1
	cd "$BATS_TEST_TMPDIR"
	mkdir out
}

teardown() {
	fault ""
	lab-prop set save-bandwidth 0
	release
	[ -z "${other_size:-}" ] || lab-prop set state-size 4194304
	umount out 2>/dev/null || true
}

# bats test_tags=control
@test "save: a held device's state goes into an image, and the device runs on" {
	labvf $VF0 fill 7
	run_mlx 0 save $VF0 out/image
	json_is .schema mlxmigctl.save/1
	json_is '[.device, .access, .fresh, .saved, .from, .state, .format]' \
		'["0000:01:00.1","borrowed",false,true,"RUNNING","RUNNING","image"]'
	json_is '[.arcs[].to]' \
		'["RUNNING_P2P","STOP","STOP_COPY","STOP","RUNNING_P2P","RUNNING"]'
	json_is '.bytes > 4194304 and .stopped_ns > 0 and .duration_ns >= .stopped_ns and .stopped_ns == .stopped.duration_ns' true
	json_is '.records.format' records
	json_is '.warnings' '[]'
	[ "$(stat -c %a out/image)" = 600 ]
	[ "$(stat -c %s out/image)" = "$(json .file_bytes)" ]
	[ "$(ls -A out)" = image ]
	tar -tf out/image | sed -n '1p;2p;$p' >names
	[ "$(tr '\n' ' ' <names)" = "device.json state/00000000-stop_copy manifest.json " ]
	tar -xOf out/image manifest.json | jq -e ".duration_ns > 0 and .duration_ns <= $(json .duration_ns)"
	[ "$(tar -xOf out/image --wildcards 'state/*' | xxhsum -H2 | cut -d' ' -f1)" = "$(json .xxh3_128)" ]
	runs $VF0
	labvf $VF0 check 7
}

# bats test_tags=control
@test "save -t: in words, with the rate of each phase" {
	run_mlx 0 save -t $VF0 out/image
	[[ $output == "device: 0000:01:00.1, borrowed from mlxmigctl-hold (pid $HOLD_PID)"$'\nsaved: yes\nfile: out/image (image, '* ]]
	[[ $output == *$'\ndigest: '"$(tar -xOf out/image manifest.json | jq -r .xxh3_128)"$'\n'* ]]
	[[ $output == *$'\nstate: RUNNING, from RUNNING\n'* ]]
	[[ $output =~ stop_copy\ +[0-9]+\ +[1-9]\ +[0-9.]+\ m?s\ +[0-9.]+\ [KMG]iB/s$ ]]
	local stopped
	stopped=$(grep '^stopped: .* of arcs, .* of reading, .* of other things$' <<<"$output")
	run_mlx 0 inspect -t out/image
	[ "$(grep '^stopped:' <<<"$output")" = "$stopped" ]
}

@test "save: a free device is opened, and so it is fresh" {
	release
	run_mlx 0 save $VF0 out/image
	json_is '[.access, .fresh, .saved]' '["opened",true,true]'
}

@test "save: raw is the stream that an image holds; a stopped device stays stopped" {
	run_mlx 0 step $VF0 STOP
	run_mlx 0 save $VF0 out/image
	json_is '[.from, .state]' '["STOP","STOP"]'
	run_mlx 0 save --raw $VF0 out/stream
	json_is '[.format, .file_bytes == .bytes]' '["stream",true]'
	[ "$(xxhsum -H2 <out/stream | cut -d' ' -f1)" = "$(json .xxh3_128)" ]
	# the firmware numbers its images in their first bytes; the state itself has stood still
	tar -xOf out/image --wildcards 'state/*' | cmp -i 4096 - out/stream
	tar -xOf out/image --wildcards 'state/*' | cmp -n 40 - out/stream
	state_is $VF0 STOP
}

@test "save: of two saves with a small change between them diff shows just that" {
	# By itself the device changes nothing there, but it takes what the host writes.
	run_mlx 0 step $VF0 RUNNING_P2P
	labvf $VF0 fill 7
	labvf $VF0 poke 0x1234 00000000
	run_mlx 0 save $VF0 before
	labvf $VF0 poke 0x1234 c0ffee01
	run_mlx 0 save $VF0 after
	run_mlx 9 diff before after
	json_is '[.aligned, .only_a_bytes, .only_b_bytes, .record_counts.same, .record_counts.changed]' '["records",0,0,1,1]'
	# Before the pages is the header of what firmware writes, with digests: 64 bytes. The window begins at the second page.
	json_is '[.ranges[] | select(.offset_bytes >= 64) | [.a.record, .offset_bytes, .a.hex, .b.hex]]' \
		"[[1,$((64 + 2 * (8 + 4096) + 8 + 0x234)),\"00000000\",\"c0ffee01\"]]"
	tar -xOf after --wildcards 'state/*' >stream
	run_mlx 0 diff after stream
}

@test "save: compressed, and what zstd makes of it" {
	run_mlx 0 save --zstd=1 $VF0 out/image.zst
	json_is .compressed true
	zstd -dc out/image.zst | tar -tf - | grep -q manifest.json
}

@test "save: to stdout; the document is stderr's last line" {
	"$MLX" save --progress=json $VF0 - >out/image 2>err
	tar -xOf out/image manifest.json | jq -e .bytes
	[ "$(tail -n 1 err | jq -r .schema)" = mlxmigctl.save/1 ]
	[ "$(tail -n 1 err | jq -r .saved)" = true ]
	[ "$(head -n 1 err | jq -r .schema)" = mlxmigctl.progress/1 ]
}

@test "save --then leaves the device there" {
	run_mlx 0 save --then STOP $VF0 out/image
	json_is '[.from, .state]' '["RUNNING","STOP"]'
	state_is $VF0 STOP
	[ "$(labvf $VF0 get suspended)" -eq 3 ]
}

@test "save --dir: several devices, and none stops before all are in RUNNING_P2P" {
	run_mlx 0 save --dir out $VF0 $VF1
	json_is '[.devices[] | .device, .saved, .state]' \
		"[\"$VF0\",true,\"RUNNING\",\"$VF1\",true,\"RUNNING\"]"
	[ "$(ls -A out | tr '\n' ' ')" = "$VF0.mig $VF1.mig " ]
	# op_mod 0 of SUSPEND stops the initiator, 1 the responder
	[ "$(lab-prop get log | grep -o 'op=0x115 op_mod=.*' | tail -n 4 | cut -c 17-19 | tr '\n' ' ')" = "0x0 0x0 0x1 0x1 " ]
	runs $VF0
	runs $VF1
}

@test "save: an existing file stays, unless --overwrite" {
	echo mine >out/image
	run_mlx 1 save $VF0 out/image
	error_is exists
	[ "$(cat out/image)" = mine ]
	run_mlx 0 save --overwrite $VF0 out/image
	tar -tf out/image >/dev/null
	[ "$(ls -A out)" = image ]
}

@test "save: a FIFO is written, and a device is not replaced" {
	mkfifo out/fifo
	cat out/fifo >copy &
	run_mlx 0 save $VF0 out/fifo
	wait $!
	tar -tf copy | grep -q manifest.json
	[ -p out/fifo ]
	run_mlx 0 save $VF0 /dev/null
	[ -c /dev/null ]
}

@test "save: another user's FIFO in a directory where others write gets nothing of the state" {
	chmod 1777 out
	mkfifo -m 666 out/fifo
	chown nobody out/fifo
	run_mlx 6 save $VF0 out/fifo
	error_is permission
	runs $VF0
}

# slow_save: VF0's state into out/image, which takes some seconds, in the background
slow_save() {
	lab-prop set save-bandwidth 2000000
	(
		ulimit -c unlimited
		exec "$MLX" save $VF0 out/image
	) >document 2>words 3>&- 4>&- &
	save=$!
	labvf $VF0 await suspended 3
}

@test "save: a file that appears meanwhile costs no state" {
	local kept
	slow_save
	echo theirs >out/image
	status=0
	wait $save || status=$?
	lab-prop set save-bandwidth 0
	[ $status -eq 1 ]
	[ "$(jq -r .error.code document)" = exists ]
	[ "$(cat out/image)" = theirs ]
	kept=$(echo out/image.*)
	[[ $(jq -r .error.message document) == *"kept as ${kept#out/}"* ]]
	run_mlx 0 verify "$kept"
	runs $VF0
}

# bats test_tags=asan
@test "save: a crash in the middle of it leaves nothing of the state" {
	slow_save
	[ "$(awk '/^Max core file size/ { print $5, $6 }' /proc/$save/limits)" = "1 1" ]
	[ "$((0x$(cat /proc/$save/coredump_filter)))" -eq 0 ]
	kill -ABRT $save
	wait $save || true
	lab-prop set save-bandwidth 0
	[ -z "$(find . -name '*core*')" ]
	nothing_in out
}

# bats test_tags=asan
@test "save: where no file can be without a name, a dot-file is, and nothing else stays" {
	local dir
	dir=$(mktemp -d /results/save.XXXXXX)
	: >"$dir/.image.mlxmigctl"
	: >"$dir/.image.0123456789ab.mlxmigctl"
	run_mlx 0 save $VF0 "$dir/image"
	[ "$(ls -A "$dir")" = image ]
	tar -tf "$dir/image" >/dev/null
	rm -r "$dir"
}

@test "save: disk full" {
	mount -t tmpfs -o size=1m tmpfs out
	run_mlx 1 save $VF0 out/image
	error_is no_space
	[[ $(json .error.message) == "out/image: "* ]]
	nothing_in out
	runs $VF0
}

# bats test_tags=asan
@test "save: the pipe's reader goes away" {
	"$MLX" save $VF0 - 2>err | head -c 100000 >/dev/null && [ "${PIPESTATUS[0]}" -eq 1 ]
	[ "$(tail -n 1 err | jq -r .error.errno)" -eq 32 ]
	[[ $(tail -n 1 err | jq -r .error.message) == "stdout: "* ]]
	runs $VF0
}

# bats test_tags=asan
@test "save: an arc that the firmware refuses; the device runs on, no file appears" {
	fault "op=0x118,nth=1,status=0x9,syndrome=0x1234"
	run_mlx 7 save $VF0 out/image
	error_is transition_refused
	json_is '[.result.saved, .result.state]' '[false,"RUNNING"]'
	nothing_in out
	runs $VF0
	fault "op=0x115,nth=1,status=0x9,syndrome=0x1235"
	run_mlx 7 save $VF0 out/image
	error_is transition_refused
	nothing_in out
	runs $VF0
	fault ""
	run_mlx 0 save $VF0 out/image
}

@test "save --dir: when one cannot be saved, none is, and all run on" {
	fault "op=0x118,nth=2,status=0x9,syndrome=0x1236"
	run_mlx 7 save --dir out $VF0 $VF1
	json_is '[.result.devices[].state]' '["RUNNING","RUNNING"]'
	nothing_in out
	runs $VF0
	runs $VF1
}

@test "save: from a saving session that lost its data fd" {
	run_mlx 0 step $VF0 STOP_COPY
	run_mlx 0 save $VF0 out/image
	json_is '[.from, .state]' '["STOP_COPY","STOP"]'
}

# bats test_tags=asan
@test "save: a device in RESUMING has no whole state" {
	run_mlx 0 step $VF0 RESUMING
	run_mlx 7 save $VF0 out/image
	error_is transition_refused
	[[ $stderr == *"mlxmigctl reset"* ]]
	nothing_in out
}

@test "save: a device that another program has is left alone" {
	release
	exec 9<>"$(group_of $VF0)"
	run_mlx 5 save $VF0 out/image
	error_is busy
	[[ $stderr == *"$BASHPID"* || $stderr == *"$$"* ]]
	exec 9>&-
	nothing_in out
}

# peak_of_save FILE: of the tool's memory, in KiB, when all but the last of VF0's state has gone through a FIFO
peak_of_save() {
	local save bytes=$(($(lab-prop get state-size) - 1048576))
	mkfifo out/fifo
	"$MLX" save $VF0 out/fifo >document 2>words 3>&- 4>&- &
	save=$!
	exec 8<out/fifo
	head -c $bytes <&8 >/dev/null
	awk '/^VmHWM:/ { print $2 }' /proc/$save/status >"$1"
	cat <&8 >/dev/null
	exec 8<&-
	wait $save
	rm out/fifo
	jq -e ".saved and .bytes > $bytes" document
}

@test "save: a large state takes no more memory than a small one" {
	! grep -q __asan_init "$MLX" || skip "the sanitizers' own memory would count"
	peak_of_save small
	release
	other_size=1
	lab-prop set state-size 67108864
	hold $VF0
	peak_of_save large
	echo "$(cat small) KiB, of the large one $(cat large) KiB"
	[ "$(cat small)" -gt 0 ]
	[ "$(cat large)" -le "$(($(cat small) + 16384))" ]
	[ "$(cat large)" -le 49152 ]
}
