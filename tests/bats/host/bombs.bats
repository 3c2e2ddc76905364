# SPDX-License-Identifier: GPL-2.0-or-later
# Small files that ask for much: each costs at most 64 MiB of memory, 256 MiB of temporary files, and 10 seconds of a processor.

load ../helpers
load ../streams

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
	zeros | zstd -q >zeros.stream.zst
	zeros | "$MKIMAGE" 0 3 >zeros.zst
	# 15 million records of nothing, which just fit into what a file may hold
	header 0 1 9 >nothing
	for _ in {1..16}; do
		cat nothing nothing >twice
		mv twice nothing
	done
	records | zstd -q >records.stream.zst
	records | "$MKIMAGE" 0 3 >records.zst
	# A frame of 12 bytes holds 128 KiB.
	printf '\x28\xb5\x2f\xfd\0\x58\x03\0\x10\1' >frame
	for _ in {1..15}; do
		cat frame frame >twice
		mv twice frame
	done
	mv frame frames.zst
	headers
	documents
	export SYSROOT=$BATS_FILE_TMPDIR/root
	"$top_dir/tests/fixtures/sysfs/plant" "$top_dir/tests/fixtures/sysfs/two-port.tree" "$SYSROOT"
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

zeros() { header 8 1 1 && le 500000000 8 && header 500000000 0 0 && head -c 500000000 /dev/zero; }

records() {
	head -c 24 stream && header 100 0 0 && noise 100 1
	for _ in {1..240}; do cat nothing; done
}

# headers: tars whose headers libarchive would keep in memory, 200 MiB of them
headers() {
	python3 - <<-'END'
		import subprocess
		M = 1 << 20
		def header(name, size, kind):
		    h = bytearray(512)
		    h[0:len(name)] = name
		    h[124:136] = b"%011o\0" % size
		    h[156:157] = kind
		    h[257:265] = b"ustar\00000"
		    h[148:156] = b" " * 8
		    h[148:156] = b"%06o\0 " % sum(h)
		    return bytes(h)
		def make(name, *parts):
		    zstd = subprocess.Popen(["zstd", "-q", "-f", "-o", name], stdin=subprocess.PIPE)
		    for part, count in parts:
		        for i in range(count):
		            zstd.stdin.write(part)
		    zstd.stdin.close()
		    assert not zstd.wait()
		pax = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n31 GNU.sparse.name=device.json\n"
		make("holes.zst", (header(b"PaxHeader/d", len(pax), b"x"), 1), (pax.ljust(512, b"\0"), 1),
		     (header(b"device.json", 200 * M, b"0"), 1), (b"99999999\n", 1), (b"0\n0\n" * (M // 4), 199))
		make("longname.zst", (header(b"././@LongLink", 200 * M, b"L"), 1), (b"a" * M, 200))
		make("pax.zst", (header(b"PaxHeader/device.json", 200 * M, b"x"), 1), (b"32 comment=aaaaaaaaaaaaaaaaaaaa\n" * (M // 32), 200))
		make("global.zst", (header(b"PaxHeader/g", M, b"g") + b"32 comment=aaaaaaaaaaaaaaaaaaaa\n" * (M // 32), 200))
	END
}

# documents: 1 MiB of JSON each
documents() {
	python3 - <<-'END'
		import json
		head = '{"schema":"mlxmigctl.status/1","devices":['
		open("objects.json", "w").write(head + "{}," * 349000 + "{}]}")
		open("arrays.json", "w").write(head + "[]," * 349000 + "[]]}")
		open("numbers.json", "w").write(head + "1," * 524000 + "1]}")
		open("deep.json", "w").write("[" * (1 << 20))
		open("keys.json", "w").write("{" + ",".join('"%x":1' % i for i in range(110000)) + "}")
	END
}

# costs STATUS ARGUMENT...: the program exits with that, and has taken no more than a file may cost; output, stderr
costs() {
	local want=$1 memory seconds status
	shift
	python3 - "$MLX" "$@" >cost <<-'END'
		import resource, subprocess, sys
		resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
		with open("output", "w") as output, open("words", "w") as words:
		    status = subprocess.run(sys.argv[1:], stdout=output, stderr=words, timeout=120).returncode
		usage = resource.getrusage(resource.RUSAGE_CHILDREN)
		print(usage.ru_maxrss >> 10, int(usage.ru_utime + usage.ru_stime), status)
	END
	read -r memory seconds status <cost
	output=$(<output) stderr=$(<words)
	# The sanitizers take memory of their own.
	! grep -q __asan_init "$MLX" || memory=0
	[ "$status" -eq "$want" ] && [ "$memory" -le 64 ] && [ "$seconds" -le "$(slowly 10)" ] && return
	echo "mlxmigctl $*: status $status, expected $want; $memory MiB, $seconds seconds of a processor: $stderr"
	return 1
}

# too_much: the last run refused to uncompress all of it
too_much() {
	error_is cannot_be_judged
	[[ $stderr == *"holds more than 268435456 bytes when it is uncompressed, which is the limit for a file of its size"* ]]
	[[ $(json .error.hint) == *--uncompressed-max=SIZE ]]
}

@test "what is compressed to a ten thousandth is read as far as its size allows" {
	local file
	for file in zeros.zst zeros.stream.zst frames.zst; do
		[ "$(stat -c %s "$file")" -lt 1048576 ]
		costs 14 inspect "$file"
		too_much
		costs 14 inspect -s "$file"
		too_much
		costs 14 inspect --svg /dev/null "$file"
		costs 14 inspect --map "$file"
		costs 14 inspect -x 0 "$file"
		costs 14 verify "$file"
		[[ $stderr == *"more than 268435456 bytes"* ]]
		costs 14 diff "$file" stream
		too_much
		costs 14 diff image "$file"
		too_much
		costs 14 extract -o out "$file"
		too_much
		[ ! -e out ]
	done
	costs 14 extract -r 1 -o out zeros.zst
	too_much
	costs 14 pack -d image -o out zeros.stream.zst
	too_much
	[ ! -e out ]
}

@test "... and so is what comes through a pipe" {
	run_mlx 14 verify - < <(cat zeros.zst)
	[[ $stderr == *"more than 268435456 bytes"* ]]
	run_mlx 14 inspect -s - < <(cat zeros.stream.zst)
	too_much
}

@test "... and before a device is touched" {
	run_mlx 14 load --sysroot "$SYSROOT" 0000:3b:00.4 zeros.zst
	too_much
	run_mlx 14 hold --sysroot "$SYSROOT" --load zeros.zst 0000:3b:00.4
	too_much
}

@test "--uncompressed-max allows more, and less" {
	run_mlx 0 verify --uncompressed-max=1G zeros.zst
	run_mlx 0 --uncompressed-max 600M verify zeros.stream.zst
	run_mlx 14 verify --uncompressed-max=1M image.zst
	[[ $stderr == *"image.zst holds more than 1048576 bytes when it is uncompressed, which is the limit of --uncompressed-max"* ]]
	run_mlx 0 verify --uncompressed-max=1M image
	local bad
	for bad in 0 '' x 1KB -1; do
		run_mlx 2 verify "--uncompressed-max=$bad" image.zst
		error_is usage
		[[ $stderr == *"--uncompressed-max: "* ]]
	done
}

@test "a larger file may hold as many times more" {
	{ random 2000000 && head -c 400000000 /dev/zero; } | zstd -q >larger.zst
	run_mlx 0 inspect larger.zst
	json_is .stream.bytes 402000000
	run_mlx 0 inspect - < <(cat larger.zst)
	rm larger.zst
}

@test "as many records as a file may hold cost no memory" {
	local file
	for file in records.zst records.stream.zst; do
		costs 0 inspect "$file"
		costs 0 inspect -s "$file"
		json_is '.records | length' 10000
		costs 0 inspect --map "$file"
		costs 0 inspect --svg /dev/null "$file"
		costs 0 inspect -x 5000000 "$file"
		costs 0 verify "$file"
		costs 0 diff "$file" records.zst
		costs 9 diff stream "$file"
		costs 0 extract -o /dev/null "$file"
		costs 0 extract -r 9000000 -o /dev/null "$file"
	done
	costs 0 pack -d image -o /dev/null records.stream.zst
}

@test "the headers of a member do not fill the memory" {
	local file
	for file in holes longname pax global; do
		costs 8 inspect "$file.zst"
		error_is damaged
		costs 8 verify "$file.zst"
		costs 8 extract -o out "$file.zst"
	done
}

@test "a document of a thousand values a KiB is none" {
	local file
	for file in objects arrays numbers deep; do
		costs 2 compat image "$file.json"
		error_is usage
		[[ $stderr == *"$file.json: more values than a document has"* ]]
		costs 2 pack -d "$file.json" -o out stream
	done
	costs 8 compat image keys.json
}

@test "two documents of thousands of devices are not compared pair by pair" {
	"$MLX" status -c --sysroot "$SYSROOT" | jq -c '.devices = ([.devices[] | select(.kind == "vf")][0] |
		del(.arcs, .users, .holder, .warnings) | [range(1025) as $i | .])' >many.json
	costs 2 compat many.json many.json
	error_is usage
	[[ $stderr == *"1025 and 1025 devices are more than 1048576 pairs"* ]]
	costs 0 compat image many.json
}

@test "a temporary file leaves a tenth of its file system free" {
	[ "$(id -u)" -eq 0 ] || skip "mounts a file system"
	unshare -m true 2>/dev/null || skip "no mount namespace can be made"
	mkdir -p small
	# shellcheck disable=SC2016 # for the inner shell
	run --separate-stderr unshare -m bash -c 'mount -t tmpfs -o size=40m tmpfs small && head -c 33000000 /dev/zero >small/other &&
		cat bare | TMPDIR=small "$1" inspect -s - >/dev/null &&
		cat image | TMPDIR=small "$1" inspect -s -' _ "$MLX"
	[ "$status" -eq 1 ]
	error_is no_space
	[[ $stderr == *"does not fit into a temporary file: small would be more than 90 % full"* ]]
	[[ $(json .error.hint) == *TMPDIR=* ]]
}

@test "extract copies nothing into temporary files" {
	TMPDIR=/nowhere run_mlx 0 extract -o out image.zst
	cmp out stream
	TMPDIR=/nowhere run_mlx 0 extract --overwrite -o out - < <(cat image)
	cmp out stream
	TMPDIR=/nowhere run_mlx 0 extract --overwrite -r 2 -o out - < <(cat stream)
	tail -c 300000 stream | cmp - out
	TMPDIR=/nowhere run_mlx 0 extract --overwrite -r 0 -o out - < <(cat bare)
	cmp out bare
	TMPDIR=/nowhere run_mlx 2 extract --overwrite -r 3 -o out - < <(cat stream)
	[[ $stderr == *"there is no record 3 in standard input, which has 3"* ]]
	cmp out bare
	rm out
}

@test "what is copied into a temporary file has no name, and ends with the process" {
	mkdir -p spool
	mkfifo pipe
	TMPDIR=spool "$MLX" inspect -s - <pipe >/dev/null 2>&1 3>&- 4>&- &
	local reader=$! file=''
	exec 7>pipe
	head -c 2000000 stream >&7
	for _ in {1..200}; do
		file=$(find "/proc/$reader/fd" -lname '*/spool/*' | head -n 1)
		[ -z "$file" ] || [ "$(stat -Lc %s "$file")" -lt 1000000 ] || break
		sleep 0.05
	done
	[ "$(stat -Lc '%h %a' "$file")" = "0 600" ]
	[ -z "$(ls -A spool)" ]
	# ... nor does it get one.
	run ln -L "$file" spool/stolen
	[ "$status" -ne 0 ]
	kill -KILL "$reader"
	exec 7>&-
	wait "$reader" || true
	[ -z "$(ls -A spool)" ]
	rm pipe
}
