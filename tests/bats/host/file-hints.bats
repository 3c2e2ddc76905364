# SPDX-License-Identifier: GPL-2.0-or-later
# What the commands on files say of files that are not what they should be, and whether their hints lead on: each is carried out.

load ../helpers
load ../streams
load ../trees

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# hint_is WORDS: the hint of the error in $output
hint_is() { [ "$(json .error.hint)" = "$1" ] || { json .error.hint; return 1; }; }

# carried_out: the commands in the hint, after its first words; NEW is a good image then
carried_out() {
	local hint
	hint=$(json .error.hint)
	rm -f NEW
	PATH=$MLXMIGCTL_BUILD/src:$PATH bash -c "${hint#*: }" >told || return
	[ ! -e NEW ] || cmp NEW "${1:-image}"
	[ "$(jq -c '[.files[] | [.good, .kind]]' told)" = '[[true,"image"]]' ]
}

# piped COMMAND...: with the file $1 on a pipe
piped() {
	local file=$1
	shift
	run --separate-stderr bash -c 'cat "$1" | "$2" "${@:3}" -' piped "$file" "$MLX" "$@"
}

@test "an image that asks zstd for more memory is not damaged: the hint uncompresses it" {
	plant two-port
	# A window of 128 MiB is asked for where the size is not known.
	zstd -q -f -1 --long=27 -c <image >long.zst
	run_mlx 14 verify long.zst
	error_is cannot_be_judged
	[[ $stderr == *"long.zst asks for 134217728 bytes of memory to be uncompressed"* && $stderr != *"save the state again"* ]]
	hint_is 'uncompress it first: zstd -dc --long=31 long.zst >NEW; mlxmigctl verify NEW'
	json_is '.result | [.damaged, .unjudged]' '[0,1]'
	json_is '.result.files[0] | [.good, .kind, .looks_like, .compressed, .stream, .damage]' '[null,"unknown",null,true,null,null]'
	carried_out
	piped long.zst verify
	[ "$status" -eq 14 ]
	hint_is 'uncompress it first: zstd -dc --long=31 | mlxmigctl verify -'
	run_mlx 14 inspect long.zst
	json_is '.result | [.kind, .compressed, .complete, .stream]' '["unknown",true,null,null]'
	on 14 load --bare 0000:3b:00.4 long.zst
	# In a later frame, behind some of an image and behind a stream.
	{ head -c 1000000 image | zstd -q && tail -c +1000001 image | zstd -q -1 --long=27; } >late.zst
	run_mlx 14 verify late.zst
	json_is '.result.files[0] | [.good, .damage]' '[null,null]'
	carried_out
	{ head -c 1000 stream | zstd -q && tail -c +1001 stream | zstd -q -1 --long=27; } >late.zst
	run_mlx 14 verify late.zst
	run_mlx 14 extract -o never late.zst
	[ ! -e never ]
}

@test "bytes that stand before a compressed image are found as those before another one" {
	plant two-port
	local n
	{ echo "Welcome to host1, authorised use only" && cat image.zst; } >banner
	{ head -c 5000 /dev/zero && cat image.zst; } >zeros
	{ noise 100000 1 && zstd -q -c stream; } >noisy
	for n in banner:38 zeros:5000 noisy:100000; do
		run_mlx 8 verify "${n%:*}"
		error_is damaged
		[[ $stderr == *"${n#*:} bytes that do not belong to it stand before what is compressed with zstd"* ]]
		json_is '.result.files[0] | [.good, .damage.where]' '[false,"before what is compressed"]'
		hint_is "remove them, and verify what is left: tail -c +$((${n#*:} + 1)) ${n%:*} >NEW; mlxmigctl verify NEW"
		on 8 load --bare 0000:3b:00.4 "${n%:*}"
		run_mlx 8 pack -d image -o never "${n%:*}"
		run_mlx 8 inspect "${n%:*}"
		run_mlx 8 extract -o never "${n%:*}"
		[ ! -e never ]
	done
	run_mlx 8 verify banner
	carried_out image.zst
	piped banner verify
	[ "$status" -eq 8 ]
	hint_is 'remove them, and verify what is left: tail -c +39 | mlxmigctl verify -'
	# The magic number alone is none of a frame.
	{ echo text && printf '\050\265\057\375\377\377\377\377' && random 5000; } >other
	run_mlx 14 verify other
	# Where the beginning itself was lost nothing can be found: the hint names it, and not pack.
	{ head -c 65536 /dev/zero && tail -c +65537 image.zst; } >lost
	run_mlx 14 verify lost
	hint_is 'copy the file anew from where it was saved: its first 65536 bytes are zeros'
	random 5000 >opaque
	run_mlx 14 verify opaque
	[[ $stderr == *"check that it is the right file"* && $stderr != *pack* ]]
}

@test "pack makes no image of text, wherever it stands, and none of JSON" {
	local f
	noise 300000 1 >text
	jq -n '[range(2000)]' >json
	cp "$top_dir/README" readme
	zstd -q -f text
	for f in text json readme text.zst; do
		run_mlx 14 pack -d image -o never $f
		error_is cannot_be_judged
		[[ $stderr == *"it looks like text"* ]]
		[ ! -e never ]
	done
	# An image behind text is a damaged image all the same.
	{ cat text && cat image; } >behind
	run_mlx 8 pack -d image -o never behind
}

@test "an image that pack made of content without records is loaded with --bare only" {
	plant two-port
	random 100000 >opaque
	run_mlx 0 pack --overwrite -d image -o opaque.mig opaque
	run_mlx 0 pack --overwrite --zstd -d image -o opaque.mig.zst opaque
	local f
	for f in opaque.mig opaque.mig.zst; do
		run_mlx 0 verify $f
		json_is '.files[0] | [.good, .kind, .contents_checked, (.checks | map(.good))]' '[true,"image",false,[true,true,true,null]]'
		run_mlx 0 verify -t $f
		[[ $output == "file: $f: good (framing not applicable, digests good, contents not checked), image"* ]]
		on 14 load 0000:3b:00.4 $f
		error_is cannot_be_judged
		[[ $stderr == *"is an image that pack made of content without records"* ]]
		hint_is 'check that this is the right file; if it is the state of a device like 0000:3b:00.4, load it with --bare'
		on 14 step 0000:3b:00.4 STOP RESUMING=$f STOP
		on 14 hold --load $f 0000:3b:00.7
		on 2 load --bare --force 0000:3b:00.4 $f # would open the device now
		[[ $stderr == *"--sysroot do not go together"* ]]
	done
	# What save wrote came from a device, and records show what they are.
	"$MKIMAGE" 0 0 <opaque >saved.mig
	run_mlx 0 verify saved.mig
	json_is '.files[0] | [.good, .contents_checked]' '[true,true]'
	on 2 load --force 0000:3b:00.4 saved.mig
	run_mlx 0 pack --overwrite -d image -o records.mig stream
	run_mlx 0 verify records.mig
	json_is '.files[0] | [.good, .contents_checked]' '[true,true]'
	on 2 load --force 0000:3b:00.4 records.mig
}

@test "hints take file names as a shell does, and standard input as what it is" {
	local name
	for name in "two words" "it's" '-x' '$HOME'; do
		{ echo banner && cat image; } >"./$name"
		run_mlx 8 verify -- "$name"
		carried_out
		cat image image >"./$name"
		run_mlx 8 verify -- "$name"
		carried_out
	done
	run_mlx 8 verify -- -x
	hint_is 'take the first one alone: head -c 5311488 ./-x >NEW; mlxmigctl verify NEW'
	zstd -q -c image.zst >twice.zst
	run_mlx 14 verify twice.zst
	hint_is 'uncompress it once: zstd -dc twice.zst >NEW; mlxmigctl verify NEW'
	carried_out image.zst
	piped twice.zst verify
	hint_is 'uncompress it once: zstd -dc | mlxmigctl verify -'
	# Carried out in the pipe it came through.
	name=$(json .error.hint)
	PATH=$MLXMIGCTL_BUILD/src:$PATH bash -c "cat twice.zst | ${name#*: }" >told
	[ "$(jq .good told)" = 1 ]
	cp image 'two words'
	run_mlx 2 extract -r 99 -o never 'two words'
	hint_is "records are numbered from 0 on: mlxmigctl inspect -t 'two words' lists them"
	[ ! -e never ]
}

@test "hints of a wrong command line name the command or what leads on" {
	run_mlx 2 verify .
	hint_is "name a file in it"
	run_mlx 2 verify - -
	hint_is "name it once: mlxmigctl verify - FILE..."
	run_mlx 2 pack -d image --precopy=1G -o never stream
	hint_is "name a number of bytes up to 5300056"
	run_mlx 2 pack -d stream -o never stream
	hint_is "name a device.json, what mlxmigctl inspect printed, or an image: --device=FILE"
	run_mlx 2 verify -j 0 image
	hint_is "see mlxmigctl verify --help"
	run_mlx 2 pack --device=image --precopy=x stream
	hint_is "see mlxmigctl pack --help"
	[ ! -e never ]
}

@test "what follows an image is named with the byte at which the image ends" {
	local f end
	end=$(stat -c %s image)
	cat image image >two
	{ cat image && head -c 9216 /dev/zero && cat image; } >padded
	zstd -q -f two -o two-in-one.zst
	cat image.zst image.zst >two.zst
	for f in two padded two-in-one.zst two.zst; do
		run_mlx 8 verify $f
		[[ $stderr == *"the image ends at byte $end"*", and another image follows"* && $stderr != *"save the state again"* ]]
		json_is '.result.files[0].damage | [.check, .member, .where]' '["structure",null,"behind manifest.json, the last member"]'
		carried_out
		piped $f verify
		[ "$status" -eq 8 ]
		json_is .result.files[0].damage.member null
	done
	run_mlx 8 verify padded
	hint_is "take the first one alone: head -c $end padded >NEW; mlxmigctl verify NEW"
	run_mlx 8 verify two.zst
	hint_is "take the first one alone: zstd -dc two.zst | head -c $end >NEW; mlxmigctl verify NEW"
	{ cat image && echo more; } >more
	{ cat image && head -c 2000000 /dev/zero; } >zeros
	{ cat image && cat stream; } >stream-behind
	for f in more zeros stream-behind; do
		run_mlx 8 verify $f
		hint_is "take the image alone: head -c $end $f >NEW; mlxmigctl verify NEW"
		[[ $stderr != *"another image"* ]]
		carried_out
		run_mlx 8 inspect $f
		hint_is "take the image alone: head -c $end $f >NEW; mlxmigctl verify NEW"
	done
}

@test "inspect calls nothing checked that has no digests, and nothing firmware data that is not known" {
	gzip -c image >image.gz
	piped image.gz inspect -t
	[ "$status" -eq 0 ]
	[[ $output == *"checked: no, it has no digests"* && $output != *"firmware data"* ]]
	run_mlx 0 inspect -t "$top_dir/README"
	[[ $output == *"(unknown)"*"looks like: text"* && $output != *"firmware data"* ]]
	piped stream inspect
	json_is '[.checked, .complete, .stream.xxh3_128]' "[false,true,\"$(xxhsum -H2 <stream | cut -d' ' -f1)\"]"
	piped image inspect
	json_is '[.checked, .complete]' '[true,true]'
	run_mlx 0 inspect -t bare
	[[ $output == *"(unknown)"* ]]
}

@test "extract writes nothing of a file of another kind, and says what is not known; diff names it too" {
	noise 300000 1 >text
	head -c 5000 /dev/zero >zeros
	local f
	for f in text zeros "$top_dir/README"; do
		run_mlx 14 extract -o never "$f"
		error_is cannot_be_judged
		[ ! -e never ]
	done
	run_mlx 0 extract --overwrite -o out bare
	json_is '[.kind, .checked]' '["unknown",false]'
	cmp out bare
	run_mlx 0 extract --overwrite -o out stream
	json_is .kind stream
	run_mlx 9 diff bare stream
	json_is '[.a.kind, .b.kind]' '["unknown","stream"]'
	run_mlx 9 diff image bare
	json_is '[.a.kind, .b.kind]' '["image","unknown"]'
}

@test "what is compressed twice is unknown, and what cannot be read is not judged" {
	zstd -q -c image.zst >twice.zst
	run_mlx 14 verify twice.zst
	json_is '.result.files[0] | [.good, .kind, .looks_like, .compressed]' '[null,"unknown","zstd",true]'
	run_mlx 14 verify -t twice.zst
	[[ $output == "file: twice.zst: cannot be judged, unknown, compressed"* ]]
	run_mlx 14 inspect twice.zst
	json_is '.result | [.kind, .looks_like, .compressed]' '["unknown","zstd",true]'
	run_mlx 3 verify -t nothing
	[[ $output == "file: nothing: could not be read in "* ]]
	run_mlx 3 verify nothing
	json_is '.result | [.unread, .files[0].good]' '[1,null]'
	run_mlx 2 verify .
	json_is '.result.files[0].good' null
	# Damage is judged.
	: >empty
	run_mlx 8 verify empty
	json_is '.result.files[0].good' false
}

@test "an image that was sent in text mode is named so" {
	local f
	sed 's/$/\r/' image >crlf
	head -c 20000 image | sed 's/$/\r/' >short
	for f in crlf short; do
		run_mlx 8 verify $f
		[[ $stderr == *"$f was sent in text mode: CR LF stands in it where LF was"* && $stderr != *axattr* ]]
		hint_is "copy it anew from where it was saved, in binary mode"
		json_is '.result.files[0].damage | [.member, .where]' '[null,"in all of the file"]'
	done
	# Another damaged header is no such thing, and has no words of a library's.
	cp image header
	put header 513 x
	run_mlx 8 verify header
	[[ $stderr == *"header is damaged, at its beginning: what stands there is no part of a tar"* ]]
	cp image.zst data
	put data 100000 "$(noise 2000 1)"
	run_mlx 8 verify data
	[[ $stderr == *"data: the compressed data are damaged, at byte "*" of the file or before"* && $stderr != *[Zz]std* ]]
}

@test "a file that is cut, empty or of one byte is copied anew first, and what there is of it is said" {
	plant two-port
	local f again="copy the file anew from where it was saved, or save the state again"
	: >empty
	printf x >one
	head -c 600 image >head
	for f in empty one head; do
		run_mlx 8 verify $f
		hint_is "$again"
		run_mlx 8 inspect $f
		hint_is "$again"
	done
	# Inside of the first member, and behind it: verify, inspect and load agree.
	again="copy the image anew from where it was saved, or save the state again"
	head -c 500000 image >cut
	for f in "verify cut" "inspect cut" "--sysroot $SYSROOT load 0000:3b:00.4 cut"; do
		# shellcheck disable=SC2086
		run_mlx 8 $f
		hint_is "no member of the stream in it is good; the first 495904 bytes are there, unchecked: $again"
	done
	tail -c +4097 cut | cmp - <(head -c 495904 stream)
	head -c 4096 image >none
	for f in "verify none" "--sysroot $SYSROOT load 0000:3b:00.4 none"; do
		# shellcheck disable=SC2086
		run_mlx 8 $f
		hint_is "no member of the stream in it is good: $again"
	done
	head -c 3000000 image >cut
	for f in "verify cut" "--sysroot $SYSROOT load 0000:3b:00.4 cut"; do
		# shellcheck disable=SC2086
		run_mlx 8 $f
		hint_is "the stream is good up to byte 1000000 (1 member), which is not enough to load it: $again"
	done
}

@test "a tar of the oldest format is an archive without an image, whatever its members are called" {
	local name
	for name in vf0 state.img a; do
		echo hello >$name
		tar --format=v7 -cf v7.tar $name
		run_mlx 8 verify v7.tar
		[[ $stderr == *"v7.tar is an archive, but not an image: it begins with $name"* && $stderr != *lacks* ]]
		json_is '.result.files[0] | [.kind, .checks.framing.good]' '["image",null]'
		hint_is "if an image is in that archive, extract it (tar -xf), and name the image"
	done
	# With an image's members in it, it is one that was packed again.
	rm -rf members && mkdir members && tar -xf image -C members
	for name in . device.json; do
		tar --format=v7 -cf v7.tar -C members $name state manifest.json
		run_mlx 8 verify v7.tar
		[[ $(json .error.hint) == *"mlxmigctl pack"*"device.json is taken as it is, unchecked" ]]
	done
}

@test "a character device is refused: it has no end" {
	local command
	for command in verify inspect extract "pack -d image" "diff image" "compat image"; do
		# shellcheck disable=SC2086
		run timeout 20 "$MLX" $command /dev/zero
		[ "$status" -eq 2 ]
		[[ $output == *"/dev/zero is a character device, not a file, a pipe or a socket"* ]]
	done
	run --separate-stderr timeout 20 bash -c "'$MLX' verify - </dev/urandom"
	[ "$status" -eq 2 ]
	[[ $stderr == *"standard input is a character device"* ]]
	# This one ends, and is what programs without an input have.
	run_mlx 8 verify /dev/null
	[[ $stderr == *"/dev/null is empty"* ]]
}

@test "a limit of a file's size is named, and not the space" {
	run --separate-stderr bash -c "ulimit -f 8; '$MLX' diff image.zst image.zst | cat"
	[[ $stderr == *"raise the limit of a file's size (ulimit -f)"* && $stderr != *TMPDIR* ]]
	run --separate-stderr bash -c "ulimit -f 8; '$MLX' inspect -s image.zst | cat"
	[[ $stderr == *"(ulimit -f)"* && $stderr != *TMPDIR* ]]
}
