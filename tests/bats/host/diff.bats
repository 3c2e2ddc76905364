# SPDX-License-Identifier: GPL-2.0-or-later
# Two streams held against each other; cmp -l is the judge of what differs.

load ../helpers
load ../streams

# A stream of 24 + 16 + 3,000,000 + 16 + 300,000 bytes; and one with changes: 3 bytes, 1 and 10 of it.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	{
		header 8 1 1 && le 3000000 8
		header 3000000 0 0 && noise 3000000 1
		header 300000 0 0 && noise 300000 2
	} >stream
	"$MKIMAGE" 1000000 0 <stream >image
	"$MKIMAGE" 1000000 3 <stream >image.zst
	cp stream other
	put other 4000 XYZ
	put other 131071 '!!' # over a border between the blocks that are read
	put other 3000100 ABCDEFGHIJ
	"$MKIMAGE" 0 0 <other >other.image
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# offsets_of FILE FILE: what differs, as "OFFSET LENGTH" of each run, by cmp
offsets_of() {
	cmp -l "$1" "$2" 2>/dev/null | awk '
		{ at = $1 - 1 }
		NR > 1 && at == from + len { len++; next }
		NR > 1 { print from, len }
		{ from = at; len = 1 }
		END { if (NR) print from, len }'
}

# as_cmp FILE FILE: the document has what cmp tells of these, which are streams of one size
as_cmp() {
	json_is '[.changed_bytes, ([.ranges[].changed_bytes] | add // 0)] | unique | map(tostring) | join(" ")' \
		"$(cmp -l "$1" "$2" | wc -l)" || return
	[ "$(jq -r '.ranges[] | "\(.a.offset_bytes) \(.bytes)"' <<<"$output")" = "$(offsets_of "$1" "$2")" ]
}

@test "diff of the same stream, in whatever file, finds nothing" {
	local a b
	for a in stream image image.zst; do
		for b in stream image image.zst; do
			run_mlx 0 diff "$a" "$b"
			json_is '[.schema, .same, .aligned, .a.file, .b.file]' "[\"mlxmigctl.diff/1\",true,\"records\",\"$a\",\"$b\"]"
			json_is '[.compared_bytes, .changed_bytes, .only_a_bytes, .only_b_bytes, .range_count]' '[3300056,0,0,0,0]'
			json_is '[.record_counts, .records, .ranges]' '[{"same":3,"changed":0,"only_a":0,"only_b":0},[],[]]'
		done
	done
	json_is .a '{"file":"image.zst","kind":"image","compressed":true,"bytes":3300056,"format":"records","records":3,"complete":true}'
}

@test "diff tells the records that differ, and the ranges, as cmp does" {
	run_mlx 9 diff stream other
	json_is .same false
	as_cmp stream other
	json_is .record_counts '{"same":1,"changed":2,"only_a":0,"only_b":0}'
	json_is '[.records[] | [.change, .a.name, .b.tag, .a.record, .b.record, .a.offset_bytes, .a.bytes, .a.flags, .changed_bytes, .ranges]]' \
		'[["changed","FW_DATA",0,1,1,24,3000000,0,5,2],["changed","FW_DATA",0,2,2,3000040,300000,0,10,1]]'
	json_is '.ranges[0]' '{"in":"payload","offset_bytes":3960,"bytes":3,"changed_bytes":3,"a":{"record":1,"offset_bytes":4000,"hex":"31340a"},"b":{"record":1,"offset_bytes":4000,"hex":"58595a"}}'
	json_is '.ranges[1] | [.offset_bytes, .bytes, .b.hex]' '[131031,2,"2121"]'
	json_is '.ranges[2] | [.a.record, .offset_bytes, .a.offset_bytes, .bytes, .b.hex]' '[2,44,3000100,10,"4142434445464748494a"]'
	json 'del(.a, .b)' >plain.json
	for files in "image other" "stream other.image" "image.zst other.image"; do
		# shellcheck disable=SC2086
		run_mlx 9 diff $files
		json 'del(.a, .b)' | cmp - plain.json
	done
}

@test "diff reads one of both from a pipe" {
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'cat image.zst | "$0" diff - other' "$MLX"
	[ "$status" -eq 9 ]
	json_is '[.a.file, .changed_bytes]' '["-",15]'
	# shellcheck disable=SC2016
	run --separate-stderr bash -c 'cat stream | "$0" diff image -' "$MLX"
	[ "$status" -eq 0 ]
	run_mlx 2 diff - -
	error_is usage
	[[ $stderr == *"both files cannot be standard input"* ]]
}

# told LINE...: the text has these lines, whole
told() {
	local line
	for line; do
		grep -qxF -- "$line" <<<"$output" || { printf 'no "%s" in:\n%s\n' "$line" "$output"; return 1; }
	done
}

@test "diff -t shows both sides in hex" {
	run_mlx 9 diff -t image other
	told "a: image (image), 3300056 bytes (3.1 MiB), 3 records" "b: other (stream), 3300056 bytes (3.1 MiB), 3 records" \
		"same: no" "compared: 3300056 bytes (3.1 MiB), record by record" "changed: 15 bytes" "ranges: 3" \
		"records: 1 the same, 2 changed, 0 only in a, 0 only in b" \
		"changed  FW_DATA  1  24        3000000  1  24        3000000  5        2" \
		"1       payload  3960    3      3        4000      4000      31340a                58595a" \
		"2       payload  44      10     10       3000100   3000100   390a32300a32310a3232  4142434445464748494a"
	[[ $output != *"only in a: "* ]]
	run_mlx 0 diff -t image stream
	told "same: yes"
	[[ $output != *CHANGE* && $output != *RECORD* && $output != *changed:* ]]
}

@test "diff finds any changes at any place, as cmp does" {
	local seed i
	for seed in 1 2; do
		RANDOM=$seed
		cp stream changed
		# No header is hit: with another framing more than bytes would differ.
		for ((i = 0; i < 30; i++)); do
			put changed $((40 + (RANDOM << 6 | RANDOM & 63))) "$(printf %$((1 + RANDOM % 40))s)"
		done
		run_mlx 9 diff image changed
		as_cmp stream changed
	done
}

@test "diff keeps the order where several threads compare" {
	{ header 8 1 1 && le 12000000 8 && header 12000000 0 0 && noise 12000000 1; } >large
	LC_ALL=C sed 's/777/abc/g' large >large2
	"$MKIMAGE" 0 0 <large2 >large.image
	run_mlx 9 diff --limit=100000 large large.image
	[ "$(json .range_count)" -gt 3000 ]
	as_cmp large large2
	json_is '[.ranges_not_listed, ([.records[].ranges] | add) == .range_count]' '[0,true]'
	rm large large2 large.image
}

@test "diff joins ranges that are nearer than --gap" {
	cp stream near
	put near 100 '!' && put near 104 '!' && put near 200 '!'
	run_mlx 9 diff stream near
	json_is '[.ranges[] | [.a.offset_bytes, .bytes, .changed_bytes]]' '[[100,1,1],[104,1,1],[200,1,1]]'
	run_mlx 9 diff --gap=3 stream near
	json_is '[.ranges[] | [.a.offset_bytes, .bytes, .changed_bytes]]' '[[100,5,2],[200,1,1]]'
	json_is '.ranges[0] | [.a.hex[0:2], .b.hex]' "[\"$(od -An -tx1 -j100 -N1 stream | tr -d ' ')\",\"$(od -An -tx1 -j100 -N5 near | tr -d ' ')\"]"
	run_mlx 9 diff --gap=1K stream near
	json_is '[.changed_bytes, .range_count, .ranges[0].bytes]' '[3,1,101]'
	run_mlx 2 diff --gap=wide stream near
	error_is usage
}

@test "diff --limit bounds the lists, not the counts" {
	run_mlx 9 diff -l 1 stream other
	json_is '[(.ranges | length), .range_count, .ranges_not_listed, (.records | length), .records_not_listed, .changed_bytes]' '[1,3,2,1,1,15]'
	run_mlx 9 diff --limit=0 stream other
	json_is '[.ranges, .range_count, .ranges_not_listed, .records, .records_not_listed, .changed_bytes]' '[[],3,3,[],2,15]'
	run_mlx 2 diff --limit=few stream other
	error_is usage
	# All bytes differ.
	tr '\000-\377' '\001-\377\000' <stream >all
	run_mlx 9 diff --align=offsets stream all
	json_is '[.changed_bytes, .range_count, ([.records[].changed_bytes] | add)]' '[3300056,6,3300056]'
	json_is '[.ranges[] | [.in, .bytes]]' '[["header",16],["payload",8],["header",16],["payload",3000000],["header",16],["payload",300000]]'
}

@test "diff of streams with a record more or less compares the others" {
	{
		header 8 1 1 && le 3000000 8
		header 3000000 0 0 && noise 3000000 1
		header 50 0 0 && noise 50 5
		header 300000 0 0 && noise 300000 2
	} >more
	run_mlx 9 diff image more
	json_is '[.changed_bytes, .only_a_bytes, .only_b_bytes, .compared_bytes]' '[0,0,66,3300056]'
	json_is '[.record_counts, .range_count]' '[{"same":3,"changed":0,"only_a":0,"only_b":1},0]'
	json_is '[.records[] | [.change, .a, .b.record, .b.offset_bytes, .b.bytes, .only_b_bytes]]' '[["only_b",null,2,3000040,50,66]]'
	put more 3000200 '!!!'
	run_mlx 9 diff more image
	json_is '.ranges[0] | [.a.record, .b.record, .offset_bytes, .a.offset_bytes, .b.offset_bytes, .a.hex]' '[3,2,78,3000200,3000134,"212121"]'
	# Another size: the header differs, and the rest has no partner.
	{ head -c 3000040 stream && header 299990 0 0 && noise 299990 2; } >shorter
	run_mlx 9 diff image shorter
	json_is '[.changed_bytes, .only_a_bytes, .only_b_bytes, .compared_bytes]' '[1,10,0,3300046]'
	json_is '[.ranges[] | [.in, .offset_bytes, .a.hex, .b.hex]]' '[["header",0,"e0","d6"]]'
	json_is '[.records[] | [.a.record, .a.bytes, .b.bytes, .changed_bytes, .only_a_bytes]]' '[[2,300000,299990,1,10]]'
}

@test "diff holds a stream of Linux 6.1, which is bare, against the firmware data of a later one" {
	noise 100000 3 >bare
	{ header 8 1 1 && le 100000 8 && header 100000 0 0 && cat bare; } >records
	run_mlx 9 diff records bare
	json_is '[.same, .changed_bytes, .only_a_bytes, .only_b_bytes]' '[false,0,40,0]'
	json_is '[.b.format, .b.records, .b.complete]' '["bare",null,null]'
	json_is '[.records[] | [.change, .a.name, .a.record, .b.record, .only_a_bytes]]' '[["only_a","STOP_COPY_SIZE",0,null,24],["changed","FW_DATA",1,null,16]]'
	put bare 5000 '!!'
	"$MKIMAGE" 0 0 <bare >bare.image
	run_mlx 9 diff records bare.image
	json_is '[.ranges[] | [.offset_bytes, .a.offset_bytes, .b.offset_bytes, .b.record]]' '[[5000,5040,5000,null]]'
	cp bare same
	run_mlx 0 diff bare.image same
	json_is '[.same, .aligned, .record_counts.same]' '[true,"records",1]'
}

@test "diff compares by offset where the framing is lost, and says in which record" {
	cp stream broken
	flip broken 3000052 64 # the tag of the last record: no driver takes it
	run_mlx 9 diff image broken
	json_is '[.aligned, .a.complete, .b.complete, .changed_bytes, .only_a_bytes]' '["offsets",true,false,1,0]'
	json_is '[.ranges[] | [.in, .offset_bytes, .a.record, .b.record, .a.hex, .b.hex]]' '[["header",12,2,null,"00","40"]]'
	as_cmp stream broken
	run_mlx 9 diff broken image
	json_is '[.ranges[] | [.a.record, .b.record, .a.hex]]' '[[null,2,"40"]]'
	head -c 2000000 other >cut
	run_mlx 9 diff -t image cut
	told "b: cut (stream), 2000000 bytes (1.9 MiB), 2 records, incomplete" "only in a: 1300056 bytes" \
		"compared: 2000000 bytes (1.9 MiB), by their offsets" "changed: 5 bytes"
	run_mlx 9 diff stream --align=records cut
	json_is '[.aligned, .changed_bytes, .only_a_bytes, .only_b_bytes]' '["records",5,1300056,0]'
	run_mlx 2 diff --align=bytes stream cut
	error_is usage
	[[ $stderr == *"hint: align by records, by offsets, or auto"* ]]
}

@test "diff tells of a record whose tag or flags are others" {
	cp stream tagged
	flip tagged 3000052 # FW_DATA becomes STOP_COPY_SIZE
	run_mlx 9 diff image tagged
	json_is '[.records[] | [.change, .a.name, .b.name, .changed_bytes]]' '[["changed","FW_DATA","STOP_COPY_SIZE",1]]'
	json_is '[.ranges[] | [.in, .offset_bytes, .a.hex, .b.hex]]' '[["header",12,"00","01"]]'
	cp stream flagged
	flip flagged 8 # of STOP_COPY_SIZE: no longer optional
	run_mlx 9 diff image flagged
	json_is '[.records[] | [.change, .a.flags, .b.flags]]' '[["changed",1,0]]'
}

@test "diff of many records holds each against its own" {
	local i
	{
		header 8 1 1 && le 1 8
		for ((i = 0; i < 400; i++)); do header 4 0 0 && printf '%04d' "$i"; done
	} >many
	cp many many2
	put many2 $((24 + 20 * 123 + 16)) x
	put many2 $((24 + 20 * 321 + 19)) x
	run_mlx 9 diff many many2
	json_is '.record_counts' '{"same":399,"changed":2,"only_a":0,"only_b":0}'
	json_is '[.ranges[] | [.a.record, .offset_bytes, .b.hex]]' '[[124,0,"78"],[322,3,"78"]]'
	as_cmp many many2
}

@test "diff --map draws where, in blocks, letters and a terminal's colours" {
	local row
	row=$(printf '%108s' '' | tr ' ' .)
	LC_ALL=C run_mlx 9 diff --map --width=116 image other # lines of 108 cells of 1280 bytes
	[ "${lines[0]}" = "a: image, b: other: 15 bytes differ (ranges: 3), 0 are in a alone, 0 in b alone" ]
	told "      0 ...-${row:0:98}-${row:0:5}" "        ^0" \
		"2903040 ${row:0:75}-${row:0:32}" "$(printf '%83s' '')^2" \
		"a cell: 1280 bytes; ^ a record begins, and its number"
	LC_ALL=C.UTF-8 run_mlx 0 diff --map image.zst stream
	[ "${lines[0]}" = "a: image.zst, b: stream: the same" ]
	[[ $output == *"········"* && $output != *"░"* && $output != *$'\e'* ]]
	head -c 2000000 other >cut
	run_mlx 9 diff --map -t --width 40 stream cut
	[[ $output == *aaaaaaaaaaaa* && $output == *"in a alone"* && $output == *"the offsets are of all of them"* ]]
	run --separate-stderr bash -c "'$MLX' diff --map stream image >/dev/full"
	[ "$status" -eq 1 ]
	[[ $stderr == *"writing to standard output: No space left on device"* ]]
	run_mlx 2 diff --map --width=19 stream other
	error_is usage
	run_mlx 3 diff --map stream nothing
	error_is no_such_file
	TERM=xterm NO_COLOR='' script -qec "'$MLX' diff --progress=none --map image other" /dev/null >typescript || [ $? -eq 9 ]
	grep -qF $'\e[34m' typescript
	TERM=xterm NO_COLOR=1 script -qec "'$MLX' diff --progress=none --map image other" /dev/null >typescript || [ $? -eq 9 ]
	! grep -qF $'\e' typescript
}

@test "diff --progress tells how far it is, and obeys no file's name" {
	local odd=$'o\e[31mdd'
	run_mlx 0 diff --progress=json image stream
	[ "$(tail -1 <<<"$stderr" | jq -c '[.schema, .device, .phase, .bytes, .total_bytes, .round]')" = \
		'["mlxmigctl.progress/1","image","compare",3300056,3300056,null]' ]
	cp stream "$odd"
	run_mlx 9 diff --progress=text "$odd" other
	[[ $stderr == *"o?[31mdd compare: 3.1 of 3.1 MiB, "* ]]
	run_mlx 0 diff image stream
	[ -z "$stderr" ]
}

@test "diff: no such file, no file, a damaged image" {
	run_mlx 3 diff nothing image
	error_is no_such_file
	run_mlx 3 diff image nothing
	error_is no_such_file
	run_mlx 2 diff image
	error_is usage
	run_mlx 2 diff image .
	error_is usage
	run_mlx 8 diff image /dev/null
	error_is damaged
	head -c 2000000 image >cut.image
	run_mlx 8 diff cut.image stream
	error_is damaged
	[[ $stderr == *"cut.image is truncated"* ]]
}

@test "diff does not check digests: it shows where a damaged image is damaged" {
	cp image flipped
	flip flipped 2500000 64
	run_mlx 9 diff image flipped
	json_is '[.changed_bytes, .range_count, .ranges[0].a.record]' '[1,1,1]'
}
