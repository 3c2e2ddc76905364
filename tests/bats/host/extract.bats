# SPDX-License-Identifier: GPL-2.0-or-later
# What comes out of images, without a device, on what tests/unit/mkimage makes.

load ../helpers
load ../streams

# A stream of four records, 9,500,072 bytes in four members, and what it is in.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	{
		header 8 1 1 && le 9000000 8
		header 9000000 0 0 && noise 9000000 1
		header 0 1 9
		header 500000 0 0 && noise 500000 2
	} >stream
	random 100000 >bare
	"$MKIMAGE" 1000000 0 <stream >image
	"$MKIMAGE" 1000000 3 <stream >image.zst
	"$MKIMAGE" 0 0 <bare >bare.mig
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
	rm -f out
}

# digest FILE: as xxhsum has it
digest() { xxhsum -H2 <"$1" | cut -d' ' -f1; }

@test "extract takes the stream out, byte for byte" {
	local file
	for file in image image.zst stream; do
		run_mlx 0 extract --stream --overwrite -o out "$file"
		cmp stream out
		json_is .schema mlxmigctl.extract/1
		json_is '[.file, .output, .part, .record, .offset_bytes, .bytes]' "[\"$file\",\"out\",\"stream\",null,0,9500072]"
		json_is .xxh3_128 "$(digest stream)"
	done
	json_is '[.kind, .compressed, .checked]' '["stream",false,false]'
	rm out
	run_mlx 0 extract image.zst -o out
	cmp stream out
	json_is '[.kind, .compressed, .checked]' '["image",true,true]'
	[ "$(stat -c %a out)" = 600 ]
}

@test "extract gives what tar gives" {
	local tar
	for tar in tar bsdtar; do
		command -v "$tar" >/dev/null || continue
		rm -rf folder && mkdir folder
		"$tar" -xf image -C folder
		cat folder/state/* | cmp - stream
		run_mlx 0 extract --overwrite --device -o out image
		cmp folder/device.json out
	done
	json_is '[.part, .offset_bytes, .bytes, .xxh3_128, .checked]' "[\"device\",null,$(stat -c %s out),null,true]"
	run_mlx 2 extract --device -o none stream
	error_is usage
	[[ $stderr == *"stream is a bare stream, which has no device.json"* ]]
	[ ! -e none ]
}

@test "extract writes to stdout, and reads pipes" {
	"$MLX" extract image 2>told | cmp - stream
	[ "$(tail -n 1 told | jq -c '[.output, .bytes]')" = '["-",9500072]' ]
	# shellcheck disable=SC2002
	cat image.zst | "$MLX" extract - 2>told | cmp - stream
	"$MLX" extract --stream -o - - <image 2>told | cmp - stream
	[ "$(tail -n 1 told | jq -c '[.file, .checked]')" = '["-",true]' ]
}

@test "extract takes out the payload of one record" {
	local i sizes=(8 9000000 0 500000) offsets=(16 40 9000056 9000072)
	for file in image image.zst stream; do
		for i in 0 1 2 3; do
			run_mlx 0 extract -r "$i" --overwrite -o out "$file"
			tail -c +$((offsets[i] + 1)) stream | head -c "${sizes[i]}" | cmp - out
			json_is '[.part, .record.record, .offset_bytes, .bytes]' "[\"record\",$i,${offsets[i]},${sizes[i]}]"
			json_is .xxh3_128 "$(digest out)"
		done
	done
	json_is .record '{"record":3,"offset_bytes":9000056,"bytes":500000,"tag":0,"flags":0,"name":"FW_DATA"}'
	run_mlx 2 extract --record=4 -o none image
	error_is usage
	[[ $stderr == *"there is no record 4 in image, which has 4"* ]]
	run_mlx 2 extract --record=-1 -o none image
	error_is usage
	[ ! -e none ]
}

@test "extract takes record 0 of a stream without records for all of it" {
	local file
	for file in bare bare.mig; do
		run_mlx 0 extract -r 0 --overwrite -o out "$file"
		cmp bare out
		json_is '[.part, .record, .bytes]' '["record",null,100000]'
		run_mlx 2 extract -r 1 -o none "$file"
		[[ $stderr == *"the stream in $file is without records"* ]]
	done
}

@test "extract leaves nothing where a digest is wrong" {
	local before
	before=$(ls)
	cp image flipped
	flip flipped 6000000 4
	run_mlx 8 extract --stream -o out flipped
	error_is damaged
	[[ $stderr == *"the digest of state/00000002-stop_copy does not fit: there is damage somewhere in bytes 5194304 to 9388607 of the stream"* ]]
	run_mlx 8 extract -r 1 -o out flipped
	[[ $stderr == *"state/00000002-stop_copy"* ]]
	# A record that is in other members is as it was.
	run_mlx 0 extract -r 0 -o out flipped
	run_mlx 8 extract -r 3 --overwrite -o out flipped
	[ "$(stat -c %s out)" = 8 ]
	head -c 6000000 image >flipped
	run_mlx 8 extract --overwrite -o out flipped
	[ "$(stat -c %s out)" = 8 ]
	zstd -q <flipped >flipped.zst
	run_mlx 8 extract --overwrite -o out flipped.zst
	[ "$(stat -c %s out)" = 8 ]
	rm flipped flipped.zst out
	[ "$(ls)" = "$before" ]
}

@test "extract takes a stream apart that no driver would take" {
	{ header 8 1 1 && le 100 8 && header 100 0 0 && noise 60 1; } >cut
	run_mlx 0 extract -o out cut
	cmp cut out
	run_mlx 0 extract -r 0 --overwrite -o out cut
	run_mlx 8 extract -r 1 --overwrite -o out cut
	[[ $stderr == *"record 1 at byte 24 says it has 100 bytes, and only 60 follow"* ]]
	[ "$(stat -c %s out)" = 8 ]
}

@test "extract replaces no file unasked, and follows no link" {
	echo precious >out
	run_mlx 1 extract -o out image
	error_is exists
	[ "$(cat out)" = precious ]
	ln -sf out link
	run_mlx 1 extract --overwrite -o link image
	error_is exists
	[ "$(cat out)" = precious ]
	run_mlx 3 extract --overwrite -o out nothing
	error_is no_such_file
	[ "$(cat out)" = precious ]
	run_mlx 1 extract -o /dev/full image
	error_is no_space
}

@test "extract wants one part, and one file" {
	run_mlx 2 extract --stream --record 1 -o none image
	error_is usage
	[[ $stderr == *"exclude each other"* ]]
	run_mlx 2 extract --device -s -o none image
	run_mlx 2 extract -o none
	run_mlx 2 extract -o none image stream
	[ ! -e none ]
}

@test "extract -t tells it in words" {
	run_mlx 0 extract -t -r 1 -o out image
	[ "${lines[0]}" = 'file: image (image)' ]
	[ "${lines[1]}" = 'record: 1 at byte 24, tag 0 (FW_DATA), flags 0' ]
	[ "${lines[2]}" = 'extracted: the payload, 9000000 bytes (8.6 MiB), from byte 40 of the stream on' ]
	[ "${lines[3]}" = 'output: out' ]
	[ "${lines[5]}" = 'checked: yes' ]
}

@test "extract does not replace what it reads, by whatever name" {
	cp image own
	ln -f own other-name
	local name
	for name in own other-name ./own; do
		run_mlx 2 extract --overwrite --device -o $name own
		error_is usage
		[[ $stderr == *"is what is read"* ]]
		run_mlx 2 extract --overwrite -o $name - <own
	done
	cmp own image
}

@test "extract --device needs no more than the beginning of an image" {
	"$MKIMAGE" 0 3 <stream >zst
	head -c $(($(stat -c %s zst) / 2)) zst >cut.zst
	TMPDIR=/nowhere run_mlx 0 extract --overwrite --device -o out.json cut.zst
	tar -xOf image device.json | cmp - out.json
}

@test "a limit on the size of files is an error with its hint, and leaves no file" {
	run --separate-stderr bash -c 'ulimit -f 100 && exec "$@"' _ "$MLX" extract -o out image
	[ "$status" -eq 1 ]
	error_is no_space
	[[ $(json .error.hint) == *"ulimit -f"* ]]
	[ ! -e out ]
}
