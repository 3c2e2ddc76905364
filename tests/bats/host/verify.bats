# SPDX-License-Identifier: GPL-2.0-or-later
# Are images and bare streams whole? Without a device, on what tests/unit/mkimage makes.

load ../helpers
load ../streams
load ../trees

# A stream of three records, 5,300,056 bytes, and what it is in.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# goods: of each check whether it was good
goods='.checks | [.digests, .structure, .totals, .framing] | map(.good)'

@test "verify checks an image's structure, digests, totals and records" {
	run_mlx 0 verify image
	json_is .schema mlxmigctl.verify/1
	json_is '[.good, .damaged, .unread]' '[1,0,0]'
	json_is '.files[0] | [.file, .good, .kind, .compressed, .members, .damage, .error]' '["image",true,"image",false,3,null,null]'
	json_is ".files[0] | $goods" '[true,true,true,true]'
	json_is '.files[0].stream | [.format, .count, .firmware_bytes, .complete, .bytes]' '["records",3,5300000,true,5300056]'
	json_is '.files[0].stream.xxh3_128' "$(xxhsum -H2 <stream | cut -d' ' -f1)"
}

@test "verify takes compressed images, bare streams, and standard input" {
	run_mlx 0 verify image.zst stream
	json_is '[.files[] | [.file, .kind, .compressed, .contents_checked, .stream.bytes]]' '[["image.zst","image",true,true,5300056],["stream","stream",false,false,5300056]]'
	json_is "[.files[] | $goods]" '[[true,true,true,true],[null,null,null,true]]'
	json_is '[.files[].stream.xxh3_128] | unique | length' 1
	run_mlx 0 verify -t stream
	[[ $output == "file: stream: good (framing good, contents not checked), stream, "* ]]
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'cat image | "$0" verify -' "$MLX"
	[ "$status" -eq 0 ]
	json_is '.files[0] | [.file, .good, .members]' '["-",true,3]'
	run --separate-stderr "$MLX" verify - <image
	[ "$status" -eq 0 ]
	json_is '.files[0] | [.file, .good, .members]' '["-",true,3]'
	run_mlx 2 verify - image -
	error_is usage
}

@test "verify names the first damaged member, its bytes, and the records in it" {
	flipped image 3000000
	run_mlx 8 verify flipped
	error_is damaged
	[[ $stderr == *"the digest of state/00000001-stop_copy does not fit: there is damage somewhere in bytes 1000000 to 5194303 of the stream; record 1 or 2"* ]]
	[[ $stderr == *"hint: the stream is good up to byte 1000000 (1 member), "* ]]
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes, .bytes, .damaged_members]' '["digests","state/00000001-stop_copy",1000000,4194304,1]'
	json_is '[.result.files[0].damage.records[] | [.number, .offset_bytes, .bytes, .name]]' '[[1,24,5000000,"FW_DATA"],[2,5000040,300000,"FW_DATA"]]'
	json_is ".result.files[0] | $goods" '[false,true,null,true]'
	run_mlx 8 verify -l 1 flipped
	json_is '.result.files[0].damage | [(.records | length), .records_not_listed]' '[1,1]'
	# Read through, it ends at the damage.
	zstd -q -f -o flipped.zst flipped
	run_mlx 8 verify flipped.zst
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes, .bytes]' '["digests","state/00000001-stop_copy",1000000,4194304]'
	json_is '[.result.files[0].damage.records[].number]' '[1]'
}

@test "verify finds a header, device.json and the manifest damaged" {
	local at
	at=$(grep -abo 'state/00000002-stop_copy' image | tail -1 | cut -d: -f1)
	flipped image "$at"
	run_mlx 8 verify flipped
	json_is '.result.files[0].damage | [.check, .offset_bytes, .bytes]' '["structure",5194304,null]'
	json_is ".result.files[0] | $goods" '[true,false,null,null]'
	flipped image 1600
	run_mlx 8 verify flipped
	[[ $stderr == *device.json* ]]
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes]' '["digests","device.json",0]'
	json_is '.result.files[0] | [.kind, .compressed]' '["image",false]'
	json_is ".result.files[0] | $goods" '[false,null,null,null]'
	at=$(grep -abo '"members"' image | tail -1 | cut -d: -f1)
	flipped image "$at"
	run_mlx 8 verify flipped
	json_is '.result.files[0].damage | [.check, .member]' '["digests","manifest.json"]'
}

@test "verify says where an image ends before its time" {
	head -c 3000000 image >cut
	run_mlx 8 verify cut
	[[ $stderr == *"cut is truncated: it ends at byte 3000000, inside state/00000001-stop_copy"* ]]
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes, .bytes]' '["structure","state/00000001-stop_copy",1000000,4194304]'
	head -c -512 image >cut
	run_mlx 8 verify cut
	[[ $stderr == *"the end of the archive is missing"* ]]
}

@test "verify has the exact offset of a framing error" {
	{ header 8 1 1 && le 100 8 && header 100 0 7 && noise 100 1; } >odd
	"$MKIMAGE" 0 0 <odd >odd.mig
	for file in odd odd.mig; do
		run_mlx 8 verify "$file"
		[[ $stderr == *"the record at byte 24 of the stream (size 100, flags 0, tag 7) cannot be loaded"* ]]
		json_is '.result.files[0].damage | [.check, .offset_bytes, [.records[].tag]]' '["framing",24,[7]]'
		json_is '.result.files[0].checks.framing.good' false
	done
	head -c 5000000 stream >cut
	run_mlx 8 verify cut
	json_is '.result.files[0].damage | [.check, .offset_bytes, [.records[].number]]' '["framing",5000000,[1]]'
}

@test "verify checks every file, and says what is wrong with each" {
	flipped image 3000000
	head -c 2000000 image >cut
	run_mlx 8 verify image nothing flipped image.zst cut stream
	[[ $stderr == *"2 of 6 files are damaged; the first one: flipped: the digest of"* ]]
	json_is '.result | [.good, .damaged, .unread]' '[3,2,1]'
	json_is '[.result.files[] | [.file, .good, .error.code]]' '[["image",true,null],["nothing",null,"no_such_file"],["flipped",false,"damaged"],["image.zst",true,null],["cut",false,"damaged"],["stream",true,null]]'
	json_is '.result.files[1] | [.kind, .compressed, .stream]' '[null,null,null]'
	run_mlx 3 verify image nothing nowhere
	[[ $stderr == *"2 of 3 files could not be read; the first one: opening nothing"* ]]
	run_mlx 3 verify nothing
	error_is no_such_file
}

@test "verify finds the same with any number of threads" {
	flipped image 3000000
	for jobs in 1 2 3 200; do
		run_mlx 8 verify --jobs="$jobs" image flipped stream image.zst
		json 'del(.result.files[].duration_ns) | .result' >"told.$jobs"
		cmp told.1 "told.$jobs"
	done
	for jobs in 0 -1 257 many; do
		run_mlx 2 verify -j "$jobs" image
		error_is usage
	done
	run_mlx 2 verify
	error_is usage
	run_mlx 2 verify -l x image
	error_is usage
}

@test "verify -t tells it in words" {
	flipped image 3000000
	run_mlx 0 verify -t image
	[[ $output == "file: image: good, image, 5300056 bytes (5.1 MiB) in "* ]]
	run_mlx 8 verify -t image flipped
	grep -q '^file: flipped: NOT GOOD, image' <<<"$output"
	grep -qx 'member: state/00000001-stop_copy' <<<"$output"
	grep -qx 'damage: somewhere in bytes 1000000 to 5194303 of the stream; record 1 or 2' <<<"$output"
	grep -qE '^1 +24 +5000000 +0 +FW_DATA$' <<<"$output"
}

@test "verify shows progress" {
	run --separate-stderr "$MLX" --progress=json verify image stream
	[ "$status" -eq 0 ]
	[ "$(tail -1 <<<"$stderr" | jq -r '[.schema, .device, .phase, .bytes] | @csv')" = '"mlxmigctl.progress/1","2 files","verify",10600112' ]
}

@test "verify, load and compat agree on streams that no driver takes, though every digest is right" {
	plant two-port
	local name
	{ header 8 1 1 && le 5000 8 && header 5000 0 0 && noise 4000 1; } >cut-record
	{ header 8 1 1 && le 5000 8 && header 5000 0 7 && noise 5000 1; } >odd-tag
	{ header 8 1 1 && le 5000 8; } >no-data
	for name in cut-record odd-tag no-data; do
		"$MKIMAGE" 0 0 <$name >$name.mig
		run_mlx 8 verify $name.mig
		error_is damaged
		on 8 load --force 0000:3b:00.4 $name.mig
		error_is damaged
		on 8 load --force 0000:3b:00.4 $name
	done
	"$MKIMAGE" 0 0 <stream >whole.mig
	on 2 load --force 0000:3b:00.4 whole.mig # would open the device now
}

@test "verify names the same member in place and through a pipe, whatever else is damaged" {
	local at
	cp image both
	flip both 3000000 4
	at=$(grep -abo '"members"' both | tail -1 | cut -d: -f1)
	flip both "$at"
	run_mlx 8 verify both
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes]' '["digests","state/00000001-stop_copy",1000000]'
	run --separate-stderr bash -c "cat both | '$MLX' verify -"
	json_is '.result.files[0].damage | [.check, .member, .offset_bytes]' '["digests","state/00000001-stop_copy",1000000]'
	# A digest in a header: the member does not fit it, and the next one's chain neither.
	at=$(grep -abo 'SCHILY.xattr.user.mlxmigctl.xxh3=' image | sed -n 4p | cut -d: -f1)
	cp image digit
	flip digit $((at + 33))
	run_mlx 8 verify digit
	json_is '.result.files[0].damage.member' state/00000002-stop_copy
	run --separate-stderr bash -c "cat digit | '$MLX' verify -"
	json_is '.result.files[0].damage.member' state/00000002-stop_copy
}

@test "verify takes one compressed frame or several, and nothing behind them" {
	local part
	{ head -c 512 image | zstd -q && tail -c +513 image | zstd -q; } >two.zst
	run_mlx 0 verify two.zst
	json_is '.files[0] | [.good, .kind, .compressed]' '[true,"image",true]'
	# As pzstd writes it: before each frame one to be skipped, which holds its length.
	for part in 1 1500001 3000001; do
		tail -c +$part image | head -c 1500000 | zstd -q >part.zst
		printf 'P*M\030\004\0\0\0' && le "$(stat -c %s part.zst)" 4 && cat part.zst
	done >pzstd.zst
	tail -c +4500001 image | zstd -q >>pzstd.zst
	run_mlx 0 verify pzstd.zst
	json_is '.files[0] | [.good, .kind, .compressed]' '[true,"image",true]'
	run --separate-stderr bash -c "cat pzstd.zst | '$MLX' verify -"
	[ "$status" -eq 0 ]
	{ cat two.zst && echo more; } >more.zst
	run_mlx 8 verify more.zst
	error_is damaged
	[[ $stderr == *"something follows what is compressed"* && $stderr != *"save the state again"* ]]
	# A second frame that asks for too much memory.
	{ cat two.zst && printf '\050\265\057\375\0\160' && head -c 20 /dev/zero; } >more.zst
	run_mlx 14 verify more.zst
	[[ $stderr == *"asks for 16777216 bytes of memory"* ]]
	zstd -q -f -1 -o one.zst image
	run_mlx 0 verify one.zst
	zstd -q -f -1 --long=23 --no-check -o one.zst image # a window as of -19
	run_mlx 0 verify one.zst
	zstd -q -f -1 --no-content-size -o one.zst image
	run_mlx 0 verify one.zst
	zstd -q -f -1 -c <image >one.zst # of no known size
	run_mlx 0 verify one.zst
}
