# SPDX-License-Identifier: GPL-2.0-or-later
# What inspect shows of payloads: summaries, the map, the picture, and bytes.

load ../helpers
load ../streams

# Two kinds of bytes, as often as each other: 1 bit a byte.
pairs() { yes ab | tr -d '\n' | head -c "$1"; }

# A record of 8 bytes, one of zeros and then pairs, an empty one and one of noise.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	{ head -c 300000 /dev/zero && pairs 100000; } >payload1
	openssl enc -aes-128-ctr -pass pass:x -nosalt -md sha256 </dev/zero 2>/dev/null | head -c 100000 >payload3
	{
		header 8 1 1 && le 400000 8
		header 400000 0 0 && cat payload1
		header 0 1 9
		header 100000 0 0 && cat payload3
	} >stream
	head -c 5000 payload3 >bare
	"$MKIMAGE" 1000 0 <stream >image
	"$MKIMAGE" 1000 3 <stream >image.zst
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# well_formed FILE: is it XML?
well_formed() { python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1"; }

digest() { xxhsum -H2 <"$1" | cut -d' ' -f1; }

@test "inspect --summary tells of each payload its digest, its zeros and its entropy" {
	run_mlx 0 inspect --summary image
	json_is '[.records[].record]' '[0,1,2,3]'
	json_is '.records[0].summary | [.zero_bytes, .zero_ratio]' '[5,0.625]'
	json_is .records[1].summary "{\"zero_bytes\":300000,\"zero_ratio\":0.75,\"entropy_bits\":1.0613,\"xxh3_128\":\"$(digest payload1)\"}"
	json_is .records[2].summary "{\"zero_bytes\":0,\"zero_ratio\":0,\"entropy_bits\":0,\"xxh3_128\":\"$(digest /dev/null)\"}"
	json_is '.records[3].summary | .entropy_bits > 7.99 and .zero_ratio < 0.01' true
	json_is .records[3].summary.xxh3_128 "$(digest payload3)"
	json_is '[.checked, .stream.xxh3_128, .stream.summary.xxh3_128]' "[false,\"$(digest stream)\",\"$(digest stream)\"]"
}

@test "inspect --summary tells the same of a bare stream, a compressed image and a pipe" {
	local file
	run_mlx 0 inspect -s image
	json '[.records[].summary, .stream.summary]' >want
	for file in stream image.zst; do
		run_mlx 0 inspect -s "$file"
		json '[.records[].summary, .stream.summary]' | cmp - want
	done
	json_is .checked true
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'cat image | "$0" inspect -s -' "$MLX"
	[ "$status" -eq 0 ]
	json '[.records[].summary, .stream.summary]' | cmp - want
}

@test "inspect --summary sums up as many records as are listed, and a stream without records" {
	run_mlx 0 inspect -s -l 2 stream
	json_is '[.records_not_listed, (.records | length), .records[1].summary.zero_bytes]' '[2,2,300000]'
	run_mlx 0 inspect -s bare
	json_is '[.records, .stream.summary.xxh3_128]' "[[],\"$(digest bare)\"]"
}

@test "inspect -t has the summaries as columns, where there are some" {
	run_mlx 0 inspect -st stream
	grep -qE '^RECORD .* OPTIONAL +ZERO +ENTROPY +DIGEST$' <<<"$output"
	grep -qE "^1 +24 +400000 +0 +FW_DATA +0 +no +75\.00% +1\.0613 +$(digest payload1)\$" <<<"$output"
	grep -qE '^summary: 60\.[0-9]*% zero, an entropy of [0-9.]+ bits a byte$' <<<"$output"
	run_mlx 0 inspect -t stream
	grep -qE '^RECORD .* OPTIONAL$' <<<"$output"
	[[ $output != *summary* ]]
}

# 23 columns less the offset and a blank: 16 cells a line.
@test "inspect --map draws zeros, entropy and the borders of records" {
	LC_ALL=C run_mlx 0 inspect --map --width 23 image
	[ "${lines[0]}" = "image: 500072 bytes, 4 records" ]
	[ "${lines[1]}" = "     0 -..............." ]
	[ "${lines[2]}" = "       ^0" ]
	[ "${lines[3]}" = " 20992 ................" ]
	grep -qE '^314880 -{16}$' <<<"$output"
	grep -qE '^ +\^2$' <<<"$output"
	grep -qE '^419840 #{16}$' <<<"$output"
	[ "${lines[-1]}" = "a cell: 1312 bytes; ^ a record begins, and its number" ]
	[ -z "$stderr" ]
	# shellcheck disable=SC2016
	LC_ALL=C run --separate-stderr bash -c '"$0" inspect -m --width 23 - <image.zst' "$MLX"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "standard input: 500072 bytes, 4 records" ]
	[ "${lines[1]}" = "     0 -..............." ]
}

@test "inspect --map uses blocks where the locale has them, and colour on a terminal alone" {
	LC_ALL=C.UTF-8 run_mlx 0 inspect -m --width 23 stream
	[ "${lines[1]}" = "     0 ░···············" ]
	[[ $output == *████████████████* && $output != *$'\e'* ]]
	LC_ALL=C.UTF-8 TERM=xterm run script -qec "stty cols 50; '$MLX' inspect -m stream 2>err" /dev/null
	[[ $output == *$'\e[31m█'* && $output == *$'\e[0m'* ]]
	# 50 columns less the offset and a blank: 43 cells.
	[[ $output == *"     0 "$'\e[2;34m░\e[0m\e[90m'"$(printf '·%.0s' {1..42})"$'\e[0m\r'* ]]
	LC_ALL=C.UTF-8 TERM=dumb run script -qec "'$MLX' inspect -m stream 2>err" /dev/null
	[[ $output == *█* && $output != *$'\e'* ]]
	NO_COLOR=1 TERM=xterm run script -qec "'$MLX' inspect -m stream 2>err" /dev/null
	[[ $output == *"a cell"* && $output != *$'\e'* ]]
}

@test "inspect --svg writes the map as a picture, once" {
	rm -f map.svg
	run_mlx 0 inspect --svg map.svg stream
	json_is .kind stream
	well_formed map.svg
	[ "$(stat -c %a map.svg)" = 600 ]
	[ "$(grep -c 'class="border"' map.svg)" -eq 3 ]
	grep -q '<title>record 0 and 1 more: in the cell at byte 0</title>' map.svg
	grep -q '<title>record 2: in the cell at byte 399872<' map.svg
	grep -q '<title>stream: 500072 bytes, 4 records</title>' map.svg
	# Zeros and what is densest have their colours.
	grep -q 'fill="#f0f0f0"' map.svg
	grep -q 'fill="#fde725"' map.svg
	run_mlx 1 inspect --svg map.svg stream
	error_is exists
	cp stream '<a&b>'
	run_mlx 0 inspect --svg map.svg --overwrite --map '<a&b>'
	[ "${lines[0]}" = "<a&b>: 500072 bytes, 4 records" ]
	well_formed map.svg
	run_mlx 0 inspect --svg - --width 40 stream
	well_formed /dev/stdin <<<"$output"
	jq -e '.kind == "stream"' <<<"$stderr"
}

@test "inspect --hexdump shows a record's payload as hexdump -C does" {
	run_mlx 0 inspect --hexdump 1 image
	[ "$output" = "$(hexdump -C payload1)" ]
	[ -z "$stderr" ]
	run_mlx 0 inspect -x 3 image.zst
	[ "$output" = "$(hexdump -C payload3)" ]
	run_mlx 0 inspect -x 0 stream
	[ "$output" = "$(le 400000 8 | hexdump -C)" ]
	run_mlx 0 inspect -x 2 stream
	[ -z "$output" ]
	run_mlx 0 inspect -x 0 bare
	[ "$output" = "$(hexdump -C bare)" ]
}

@test "inspect --hexdump takes an offset and a length" {
	run_mlx 0 inspect -x 3:5:7 image
	[ "${lines[0]:10:20}" = "$(od -An -tx1 -j5 -N7 payload3 | cut -c 2-)" ]
	[[ ${lines[0]} == 00000005* && ${lines[1]} == 0000000c ]]
	run_mlx 0 inspect -x 3:0x10 stream
	[[ ${lines[0]} == 00000010* && ${lines[-1]} == 000186a0 ]]
	run_mlx 0 inspect -x 1:1K:1M stream
	[[ ${lines[0]} == 00000400* && ${lines[-1]} == 00061a80 ]]
	run_mlx 0 inspect -x 3:100000 stream
	[ -z "$output" ]
}

@test "inspect refuses what it cannot show" {
	local bad
	run_mlx 2 inspect -x 4 stream
	error_is usage
	[[ $stderr == *"there is no record 4 in stream, which has 4"* ]]
	run_mlx 2 inspect -x 1 bare
	error_is usage
	[[ $stderr == *"without records"*"--hexdump=0"* ]]
	run_mlx 2 inspect -x 3:100001 stream
	error_is usage
	for bad in '' x 1:x 1:2:x -1 1: 1:2:3:4; do
		run_mlx 2 inspect "--hexdump=$bad" stream
		error_is usage
	done
	for bad in 0 19 5000 wide; do
		run_mlx 2 inspect --map --width "$bad" stream
		error_is usage
	done
	for bad in '-m -x 0' '-x 0 -s' '-m -s' '-x 0 --svg y' '-m --svg -'; do
		# shellcheck disable=SC2086
		run_mlx 2 inspect $bad stream
		error_is usage
	done
	[ ! -e y ]
	run_mlx 3 inspect -m nothing
	error_is no_such_file
}

@test "of a damaged file inspect shows what there is, and then the damage" {
	head -c 300000 stream >cut.stream
	run_mlx 8 inspect -x 1:299900 cut.stream
	[[ ${lines[0]} == 0004937c* && ${lines[-1]} == 000493b8 ]]
	jq -e '.error | .code == "damaged" and (.message | startswith("cut.stream ends in the payload of record 1"))' <<<"$stderr"
	run_mlx 8 inspect -s cut.stream
	error_is damaged
	json_is '.result | [.complete, .stream.xxh3_128, .records[0].summary.zero_bytes, .records[1].summary]' "[false,\"$(digest cut.stream)\",5,null]"
	head -c 502000 image >cut.mig
	run_mlx 8 inspect -x 0 cut.mig
	[[ $output == 00000000* ]]
	[[ $stderr == *'"damaged"'* ]]
	LC_ALL=C run_mlx 8 inspect -m cut.mig
	[[ $output == "cut.mig: "* && $stderr == *'"damaged"'* ]]
}

@test "inspect --svg does not replace what it reads, and leaves stdout to the picture" {
	cp image own
	run_mlx 2 inspect --overwrite --svg own own
	error_is usage
	cmp own image
	run --separate-stderr "$MLX" inspect --svg=- nothing.here
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[[ $stderr == *'"no_such_file"'* ]]
}
