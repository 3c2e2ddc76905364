# SPDX-License-Identifier: GPL-2.0-or-later
# Bare streams into images and out again, without a device.

load ../helpers
load ../streams

# A stream of two records, 9,000,040 bytes, in an image of two phases.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	{
		header 8 1 1 && le 9000000 8
		header 9000000 0 0 && noise 9000000 1
	} >stream
	random 100000 >bare
	"$MKIMAGE" 1000000 0 <stream >image
	tar -xOf image device.json >device.json
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
	rm -f out out.*
}

# digest FILE: as xxhsum has it
digest() { xxhsum -H2 <"$1" | cut -d' ' -f1; }

@test "pack makes an image that every command takes" {
	run_mlx 0 pack --device device.json -o out stream
	json_is '[.schema, .file, .device_file, .output, .compressed, .members]' '["mlxmigctl.pack/1","stream","device.json","out",false,3]'
	json_is '.stream | [.format, .count, .firmware_bytes, .complete, .bytes]' '["records",2,9000000,true,9000040]'
	json_is .stream.xxh3_128 "$(digest stream)"
	json_is '[.phases[] | [.bytes, .members]]' '[[0,0],[9000040,3]]'
	json_is .file_bytes "$(stat -c %s out)"
	[ "$(stat -c %a out)" = 600 ]
	run_mlx 0 verify out
	json_is '.files[0].checks | map(.good)' '[true,true,true,true]'
	run_mlx 0 inspect out
	json_is '.device.psid' MT_0000000834
	json_is '.manifest | [.from, .fresh, .started_unix_ns, .duration_ns, .stopped_ns, .precopy, .stopped, .arcs]' '[null,null,null,null,null,null,null,[]]'
	json_is '.manifest.records' '{"format":"records","count":2,"firmware_bytes":9000000,"complete":true}'
	run_mlx 0 inspect -t out
	grep -q '^psid: MT_0000000834' <<<"$output"
	! grep -q '^transfer:' <<<"$output"
	run_mlx 0 diff image out
	tar -xOf out --wildcards 'state/*' | cmp - stream
}

@test "extract and pack lose nothing" {
	local zstd
	for zstd in '' --zstd=1; do
		run_mlx 0 extract --overwrite -o out.stream image
		run_mlx 0 extract --overwrite --device -o out.json image
		# shellcheck disable=SC2086
		run_mlx 0 pack --overwrite --precopy 1000000 $zstd --device out.json -o out out.stream
		json_is '[.phases[] | [.bytes, .members]]' '[[1000000,1],[8000040,2]]'
		run_mlx 0 extract --overwrite -o out.again out
		cmp out.again stream
		run_mlx 0 extract --overwrite --device -o out.again out
		cmp out.again device.json
	done
	json_is .checked true
	# The same members in the same order, of the same time: only the manifest, which knew more, is another.
	run_mlx 0 pack --overwrite --precopy 1000000 --device device.json -o out stream
	cmp <(tar -tvf image | grep -v manifest) <(tar -tvf out | grep -v manifest)
	run_mlx 0 inspect image
	jq -c '[.members, .records, .phases]' <<<"$output" >told
	run_mlx 0 inspect out
	jq -c '[.members, .records, .phases]' <<<"$output" | cmp - told
	cp out out.first
	run_mlx 0 pack --overwrite --precopy 1000000 --device image -o out stream
	cmp out out.first
}

@test "pack takes the device from images, and from what inspect printed" {
	"$MKIMAGE" 0 3 <bare >image.zst
	"$MLX" inspect image >inspected
	head -c 2000000 image >cut
	"$MLX" inspect cut >inspected.cut 2>/dev/null || true
	local from
	for from in image image.zst inspected inspected.cut; do
		run_mlx 0 pack --overwrite -d "$from" -o out stream
		tar -xOf out device.json | cmp - device.json
	done
	run_mlx 0 pack --overwrite -o out -d <(jq .device inspected) stream
	run --separate-stderr "$MLX" pack --overwrite -d - -o out stream <device.json
	[ "$status" -eq 0 ]
	tar -xOf out device.json | cmp - device.json
}

@test "pack takes a device that was written by hand" {
	# The one in the man page.
	sed -n '/^{"schema"/,/^\.EE/p' "$top_dir/man/mlxmigctl-pack.8" | sed '/^\$/,$d' >by-hand.json
	run_mlx 0 pack -d by-hand.json -o out bare
	json_is '[.stream.format, .stream.complete]' '["bare",null]'
	run_mlx 0 verify out
	run_mlx 0 extract --device --overwrite -o out.json out
	cmp out.json by-hand.json
}

@test "pack works in pipes" {
	# shellcheck disable=SC2002
	cat stream | "$MLX" pack --zstd --device image - 2>told | "$MLX" extract - 2>/dev/null | cmp - stream
	[ "$(tail -n 1 told | jq -c '[.file, .output, .compressed, .file_bytes]')" = '["-","-",true,null]' ]
	run_mlx 2 pack -d - -o none -
	error_is usage
	[ ! -e none ]
}

@test "pack refuses what is no whole stream, and leaves nothing" {
	local before
	before=$(ls)
	head -c 5000000 stream >part
	run_mlx 8 pack -d device.json -o out part
	error_is damaged
	[[ $stderr == *"part: "*"5000000"* ]]
	{ header 8 1 1 && le 100 8 && header 100 0 7 && noise 100 1; } >part
	run_mlx 8 pack -d device.json -o out part
	[[ $stderr == *"tag 7"* ]]
	: >part
	run_mlx 8 pack -d device.json -o out part
	error_is damaged
	run_mlx 2 pack -d device.json -o out image
	error_is usage
	[[ $stderr == *"image is an image already"* ]]
	run_mlx 2 pack --precopy=100001 -d device.json -o out bare
	error_is usage
	[[ $stderr == *"bare has only 100000 bytes"* ]]
	rm part
	[ "$(ls)" = "$before" ]
}

@test "pack refuses what tells no device" {
	run_mlx 2 pack -o out stream
	error_is usage
	[[ $stderr == *--device* ]]
	run_mlx 8 pack -d bare -o out stream
	[[ $stderr == *"bare: line 1 is not JSON"* ]]
	echo '{"schema": "mlxmigctl.status/1", "devices": []}' >odd.json
	run_mlx 8 pack -d odd.json -o out stream
	[[ $stderr == *"odd.json: it is no mlxmigctl.image/1 document"* ]]
	jq 'del(.psid)' device.json >odd.json
	run_mlx 8 pack -d odd.json -o out stream
	[[ $stderr == *"its psid is missing"* ]]
	[[ $stderr == *"hint: mlxmigctl-image(5) "* ]]
	jq '.schema = "mlxmigctl.image/2"' device.json >odd.json
	run_mlx 8 pack -d odd.json -o out stream
	error_is incompatible
	jq --arg text "$(noise 70000 1)" '.more = $text' device.json >odd.json
	run_mlx 2 pack -d odd.json -o out stream
	error_is usage
	run_mlx 3 pack -d nothing -o out stream
	error_is no_such_file
	[ ! -e out ]
}

@test "pack replaces no file unasked" {
	echo precious >out
	run_mlx 1 pack -d device.json -o out stream
	error_is exists
	[ "$(cat out)" = precious ]
	run_mlx 8 pack --overwrite -d bare -o out stream
	[ "$(cat out)" = precious ]
	run_mlx 1 pack -d device.json -o /dev/full stream
	error_is no_space
	for level in 0 20 x; do
		run_mlx 2 pack -d device.json -o none "--zstd=$level" stream
		error_is usage
	done
	run_mlx 2 pack -d device.json --precopy=some -o none stream
	[ ! -e none ]
}

@test "pack -t tells it in words" {
	run_mlx 0 pack -t --zstd -d device.json -o out stream
	[ "${lines[0]}" = 'file: stream' ]
	[ "${lines[1]}" = 'stream: 9000040 bytes (8.6 MiB), in records, 2 of them, firmware data 9000000 bytes (8.6 MiB)' ]
	[[ ${lines[3]} == 'output: out, '*', compressed' ]]
	[ "${lines[4]}" = 'members: 3' ]
}

@test "pack does not replace what it reads" {
	cp stream own
	run_mlx 2 pack --overwrite --device device.json -o own own
	error_is usage
	cmp own stream
	cp device.json own
	run_mlx 2 pack --overwrite --device own -o own stream
	error_is usage
	cmp own device.json
}

@test "a signal that comes when the image is there already does not end it otherwise" {
	local pid i status=0
	full_pipe full
	"$MLX" pack -c --device device.json -o out stream >full 2>said 3>&- 4>&- &
	pid=$!
	# It waits until its document fits into the pipe.
	for ((i = 0; i < 200; i++)); do [ ! -s out ] || break; sleep 0.05; done
	sleep 0.5
	kill -TERM "$pid"
	sleep 0.2
	head -c 65536 <&9 >/dev/null
	wait "$pid" || status=$?
	read -r output <&9
	exec 9>&-
	[ "$status" -eq 0 ]
	json_is '[.schema, .output]' '["mlxmigctl.pack/1","out"]'
}
