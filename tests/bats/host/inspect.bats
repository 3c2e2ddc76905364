# SPDX-License-Identifier: GPL-2.0-or-later
# Images and bare streams without a device: made by tests/unit/mkimage, which writes as save does.

load ../helpers
load ../streams

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
	"$MKIMAGE" 0 0 <bare >bare-image
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# damaged WORDS: the last run told of damage in these words
damaged() {
	error_is damaged || return
	[[ $stderr == *"$1"* ]] && return
	printf 'stderr: %s\nlacks: %s\n' "$stderr" "$1"
	return 1
}

@test "inspect tells the device, the phases, the members and the records of an image" {
	run_mlx 0 inspect image
	json_is .schema mlxmigctl.inspect/1
	json_is .file image
	json_is .kind image
	json_is .compressed false
	json_is .complete true
	json_is .device.device 0000:3b:00.2
	json_is .device.psid MT_0000000834
	json_is .device.fw_version 28.41.1000
	json_is .device.vf_number 0
	json_is .manifest.bytes 5300056
	json_is .phases '{"pre_copy":{"bytes":1000000,"members":1,"duration_ns":null},"stop_copy":{"bytes":4300056,"members":2,"duration_ns":null}}'
	json_is '[.members[] | [.name, .phase, .offset_bytes, .bytes]]' '[["state/00000000-pre_copy","pre_copy",0,1000000],["state/00000001-stop_copy","stop_copy",1000000,4194304],["state/00000002-stop_copy","stop_copy",5194304,105752]]'
	json_is '.stream | [.format, .count, .bytes, .firmware_bytes]' '["records",3,5300056,5300000]'
	json_is '[.checked, .stream.xxh3_128]' '[false,null]'
	json_is .manifest.xxh3_128 "$(xxhsum -H2 <stream | cut -d' ' -f1)"
	json_is '[.records[] | [.offset_bytes, .bytes, .tag, .name, .flags, .optional]]' '[[0,8,1,"STOP_COPY_SIZE",1,true],[24,5000000,0,"FW_DATA",0,false],[5000040,300000,0,"FW_DATA",0,false]]'
	json_is '[.records[] | [.record, .summary]]' '[[0,null],[1,null],[2,null]]'
	json_is '[.members_not_listed, .records_not_listed, .stream.summary]' '[0,0,null]'
}

@test "inspect tells the same of a compressed image, which it reads and checks" {
	run_mlx 0 inspect image
	json 'del(.file, .compressed, .checked, .stream.xxh3_128)' >plain.json
	run_mlx 0 inspect image.zst
	json_is '[.compressed, .checked]' '[true,true]'
	json_is .stream.xxh3_128 "$(xxhsum -H2 <stream | cut -d' ' -f1)"
	json 'del(.file, .compressed, .checked, .stream.xxh3_128)' | cmp - plain.json
}

# piped FILE: inspected as it comes through a pipe
piped() {
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'cat "$1" | "$0" inspect -' "$MLX" "$1"
}

@test "inspect reads and checks what comes through a pipe" {
	for file in image image.zst stream; do
		piped $file
		[ "$status" -eq 0 ]
		# A stream has no digests that could be checked.
		json_is '[.complete, .checked, .file]' "[true,$([ $file = stream ] && echo false || echo true),\"-\"]"
		json_is .stream.xxh3_128 "$(xxhsum -H2 <stream | cut -d' ' -f1)"
	done
	# Standard input that is a file is one.
	run --separate-stderr "$MLX" inspect - <image
	json_is '[.complete, .checked, .file]' '[true,false,"-"]'
}

@test "inspect skips what it does not tell of" {
	local i at=0
	# 32 records of 4 GiB but a byte, of which the file system holds nothing.
	truncate -s $((32 * (4294967295 + 16))) huge
	for ((i = 0; i < 32; i++, at += 4294967295 + 16)); do
		header 4294967295 0 0 | dd of=huge oflag=seek_bytes seek=$at conv=notrunc status=none
	done
	run --separate-stderr timeout 20 "$MLX" inspect huge
	rm huge
	[ "$status" -eq 0 ]
	json_is '[.complete, .stream.count, .stream.bytes, (.records | last.offset_bytes)]' '[true,32,137438953952,133143986641]'
	# Records' headers are read wherever they are in an image's members.
	{ header 8 1 1 && le 7 8 && for i in {1..300}; do header $((i * 97)) 0 0 && printf '%*d' $((i * 97)) "$i"; done; } >many
	"$MKIMAGE" 100000 0 <many >many.mig
	run_mlx 0 inspect many.mig
	json '[.stream, .records] | del(.[0].xxh3_128)' >skipped.json
	piped many.mig
	json '[.stream, .records] | del(.[0].xxh3_128)' | cmp - skipped.json
	json_is .stream.count 301
}

# told LINE...: the text has these lines, whole
told() {
	local line
	for line; do
		grep -qxF -- "$line" <<<"$output" || { printf 'no "%s" in:\n%s\n' "$line" "$output"; return 1; }
	done
}

@test "inspect -t tells the device, the transfer, the phases and the records" {
	run_mlx 0 inspect -t image
	told "file: image (image)" "complete: yes" "checked: no, mlxmigctl verify does that" "device: 0000:3b:00.2, VF 0 of 0000:3b:00.0" \
		"psid: MT_0000000834" "firmware: 28.41.1000" "members: 3" "records: 3" \
		"stream: 5300056 bytes (5.1 MiB), in records, firmware data 5300000 bytes (5.1 MiB)" \
		"digest: $(xxhsum -H2 <stream | cut -d' ' -f1)"
	told "pre_copy   1000000  1        0.0 us    -" \
		"RECORD  OFFSET   SIZE     TAG  NAME            FLAGS  OPTIONAL" \
		"0       0        8        1    STOP_COPY_SIZE  1      yes" \
		"2       5000040  300000   0    FW_DATA         0      no"
	[[ $output == *"transfer: from RUNNING"* ]]
	run_mlx 0 inspect -t -l 1 image.zst
	told "file: image.zst (image, compressed)" "checked: yes" "members: 3" "records: 3, 2 of them not listed (--limit)"
}

@test "inspect -t of a stream without an image, and without records" {
	run_mlx 0 inspect -t stream
	told "file: stream (stream)" "records: 3" "1       24       5000000  0    FW_DATA         0      no"
	[[ $output != *device* && $output != *members* && $output != *PHASE* ]]
	run_mlx 0 inspect -t bare
	told "complete: not known, nothing in it tells" \
		"stream: 100000 bytes (97.7 KiB), bare, without records"
	[[ $output != *"firmware data"* ]]
	[[ $output != *OFFSET* ]]
}

@test "inspect -t of a damaged image tells what could be read" {
	head -c 2000000 image >cut.mig
	run_mlx 8 inspect -t cut.mig
	[[ $stderr == *"cut.mig is truncated"* ]]
	told "complete: no" "psid: MT_0000000834" "members: 1" "pre_copy   1000000  1        -         -"
}

@test "inspect --limit lists so many members and records and counts the others" {
	run_mlx 0 inspect --limit=1 image
	json_is '[(.members | length), .members_not_listed, (.records | length), .records_not_listed]' '[1,2,1,2]'
	run_mlx 0 inspect -l 0 image
	json_is '[.members, .members_not_listed, .records, .records_not_listed]' '[[],3,[],3]'
	run_mlx 2 inspect --limit=few image
	error_is usage
}

@test "inspect takes a stream without an image" {
	run_mlx 0 inspect stream
	json_is '[.kind, .complete, .device, .manifest, .phases]' '["stream",true,null,null,null]'
	json_is '.stream | [.format, .count, .bytes]' '["records",3,5300056]'
	json_is '[.checked, .stream.xxh3_128]' '[false,null]'
}

@test "inspect says of a bare image that nothing tells whether it is whole" {
	run_mlx 0 inspect bare
	json_is '[.kind, .complete, .stream.format, .stream.count]' '["unknown",null,"bare",null]'
	run_mlx 0 inspect bare-image
	json_is '[.kind, .complete, .stream.format, .stream.bytes]' '["image",true,"bare",100000]'
}

@test "inspect: no such file, a directory, an empty file" {
	run_mlx 3 inspect nothing
	error_is no_such_file
	run_mlx 2 inspect .
	error_is usage
	run_mlx 8 inspect /dev/null
	damaged "/dev/null is empty"
	json_is .result null
	run_mlx 2 inspect
	error_is usage
}

@test "inspect says where an image is truncated, and what came before" {
	head -c 2000000 image >cut.mig
	run_mlx 8 inspect cut.mig
	damaged "cut.mig is truncated: it ends at byte 2000000, inside state/00000001-stop_copy"
	json_is '.result | [.complete, .device.psid, .manifest, .stream.bytes, .stream.xxh3_128]' '[false,"MT_0000000834",null,1000000,null]'
	json_is '[.result.members[].name]' '["state/00000000-pre_copy"]'
	[[ $(json .error.hint) == "the stream is there up to byte 1000000 (1 member), which is not enough to load it: copy "* ]]
	head -c -1024 image >cut.mig
	run_mlx 8 inspect cut.mig
	damaged "the end of the archive is missing"
	[[ $(json .error.hint) == "its members may be whole: "* ]]
	head -c 3000 image >cut.mig
	run_mlx 8 inspect cut.mig
	[[ $(json .error.hint) == "no member of the stream in it is good"*": copy "* ]]
	head -c -10 image.zst >cut.mig
	run_mlx 8 inspect cut.mig
	damaged "cut.mig is truncated"
	head -c 5000000 stream >cut.mig
	run_mlx 8 inspect cut.mig
	damaged "it ends at byte 5000000, and the record at byte 24 lacks 40 of 5000000 bytes"
	json_is '[.result.records[].offset_bytes]' '[0,24]'
}

@test "inspect says which member a bit was flipped in, where it reads" {
	flipped image 3000000
	run_mlx 0 inspect flipped
	json_is '[.complete, .checked]' '[true,false]'
	piped flipped
	[ "$status" -eq 8 ]
	json_is .result.checked false
	damaged "the digest of state/00000001-stop_copy does not fit"
	[[ $stderr == *"hint: the stream is good up to byte 1000000 (1 member), "*"save the state again"* ]]
	flipped image 1600
	run_mlx 8 inspect flipped
	damaged device.json
}

@test "inspect takes a flipped magic number for damage, not for a stream" {
	flipped image 258
	run_mlx 8 inspect flipped
	damaged damaged
	flipped image.zst 1
	run_mlx 8 inspect flipped
	damaged "almost those of zstd"
	gzip -c image >image.gz
	run_mlx 0 inspect image.gz
	json_is '[.kind, .looks_like]' '["unknown","gzip"]'
}

@test "inspect says which record no driver takes" {
	{ header 8 1 1 && le 100 8 && header 100 0 7 && noise 100 1; } >odd
	run_mlx 8 inspect odd
	damaged "the record at byte 24 of the stream (size 100, flags 0, tag 7) cannot be loaded"
	json_is '[.result.records[] | [.tag, .name]]' '[[1,"STOP_COPY_SIZE"],[7,null]]'
}

@test "a tar that is no image is refused" {
	tar cf other.tar stream
	run_mlx 8 inspect other.tar
	damaged "begins with stream, not with device.json"
	mkdir -p repacked
	tar xf image -C repacked
	tar cf repacked.tar -C repacked device.json state manifest.json
	run_mlx 8 inspect repacked.tar
	damaged "device.json has no digest"
}

# extracts COMMAND...: the members of the image, the stream, the modes, without a word on stderr
extracts() {
	local to=$BATS_TEST_TMPDIR/x
	mkdir "$to"
	"$@" -C "$to" 2>err || return
	[ ! -s err ] || { cat err && return 1; }
	cat "$to"/state/* | cmp - stream || return
	[ "$(cat "$to"/state/* | xxhsum -H2 | cut -d' ' -f1)" = "$(jq -r .xxh3_128 "$to/manifest.json")" ] || return
	[ "$(stat -c %a "$to/state/00000000-pre_copy")" = 600 ]
}

members='device.json
state/00000000-pre_copy
state/00000001-stop_copy
state/00000002-stop_copy
manifest.json'

@test "GNU tar lists and extracts an image" {
	[ "$(tar tf image 2>&1)" = "$members" ]
	extracts tar xf image
}

@test "GNU tar lists and extracts a compressed image" {
	[ "$(tar tf image.zst --zstd 2>&1)" = "$members" ]
	extracts tar x --zstd -f image.zst
}

@test "bsdtar lists and extracts an image" {
	[ "$(bsdtar tf image 2>&1)" = "$members" ]
	extracts bsdtar xf image
}

@test "bsdtar lists and extracts a compressed image" {
	[ "$(bsdtar tf image.zst 2>&1)" = "$members" ]
	extracts bsdtar xf image.zst
}

@test "xxhsum checks the chain of digests as mlxmigctl-image(5) says" {
	local last=00000000000000000000000000000000 name want
	tar xf image
	# The digests of the pax headers, in order.
	mapfile -t digests < <(grep -aoE 'SCHILY.xattr.user.mlxmigctl.xxh3=[0-9a-f]{32}' image | cut -d= -f2)
	[ "${#digests[@]}" -eq 5 ]
	for name in $members; do
		want=${digests[0]}
		digests=("${digests[@]:1}")
		last=$({ printf '%s' "$last" && printf '%s\0' "$name" && cat "$name"; } | xxhsum -H2 | cut -d' ' -f1)
		[ "$last" = "$want" ] || { echo "$name: $want, by hand $last" && return 1; }
	done
}

@test "an image is the same whenever it is made of the same" {
	"$MKIMAGE" 1000000 0 <stream | cmp - image
}

@test "a raw save is the bare stream" {
	"$MKIMAGE" 1000000 raw <stream >bare.stream
	cmp bare.stream stream
}
