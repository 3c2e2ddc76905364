# SPDX-License-Identifier: GPL-2.0-or-later
# What a file is that is no whole image: damaged images, files of other programs, content that cannot be judged.

load ../helpers
load ../streams
load ../trees

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# refused STATUS FILE WORDS: load, with --bare too, refuses it before it would open the device
refused() {
	local bare
	for bare in '' --bare; do
		# shellcheck disable=SC2086
		on "$1" load $bare 0000:3b:00.4 "$2"
		[[ $stderr == *"$3"* ]] || { echo "$stderr"; return 1; }
	done
}

# damaged_image FILE WORDS: verify, inspect and load say so
damaged_image() {
	run_mlx 8 verify "$1"
	error_is damaged
	[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
	json_is '.result.files[0] | [.good, .kind, .stream, .checks.structure.good, .damage.check]' '[false,"image",null,false,"structure"]'
	run_mlx 8 inspect "$1"
	json_is '.result | [.kind, .complete]' '["image",false]'
	run --separate-stderr bash -c "'$MLX' verify - <'$1'"
	[ "$status" -eq 8 ]
	run --separate-stderr bash -c "cat '$1' | '$MLX' verify -"
	[ "$status" -eq 8 ]
	json_is '.result.files[0] | [.kind, .damage.check]' '["image","structure"]'
	refused 8 "$1" "is a damaged image"
	run_mlx 8 extract -o never "$1"
	run_mlx 8 pack -d image -o never "$1"
	run_mlx 8 diff "$1" stream
	[ ! -e never ]
}

@test "an image whose first 4 KiB were zeroed is damaged, and no bare stream" {
	plant two-port
	{ head -c 4096 /dev/zero && tail -c +4097 image; } >zeroed
	damaged_image zeroed "is a damaged image: its beginning is lost, and the first header in it is that of state/0000000"
	run_mlx 8 verify -t zeroed
	grep -q '^damage: somewhere before the header of state/0000000' <<<"$output"
}

@test "an image that begins with 4 KiB of noise, or lost its beginning, is damaged" {
	plant two-port
	{ random 4096 && tail -c +4097 image; } >noisy
	damaged_image noisy "its beginning is lost"
	tail -c +2000001 image >tail-of-it
	damaged_image tail-of-it "the first header in it is that of state/0000000"
	{ head -c 4096 /dev/zero && tail -c +4097 image; } | zstd -q >zeroed.zst
	damaged_image zeroed.zst "its beginning is lost"
}

@test "an image with a line of text before it is damaged, and the hint makes it whole" {
	plant two-port
	local hint
	{ echo 'Connection to host closed.' && cat image; } >with-line
	damaged_image with-line "27 bytes that do not belong to it stand before its first header"
	run --separate-stderr bash -c "cat with-line | '$MLX' --sysroot '$SYSROOT' load --bare 0000:3b:00.4 -"
	[ "$status" -eq 8 ]
	run_mlx 8 verify with-line
	hint=$(json .error.hint)
	[[ $hint == *'tail -c +28 with-line >NEW; mlxmigctl verify NEW' ]]
	tail -c +28 with-line >new
	cmp new image
	# A header that lies over two blocks of what is read.
	{ head -c 261900 /dev/zero | tr '\0' x && cat image; } >far
	damaged_image far "261900 bytes that do not belong to it"
}

@test "a name in a stream is no header: only one with a right checksum makes it an image" {
	random 200000 >opaque
	put opaque 51457 ustar
	put opaque 51200 device.json
	run_mlx 14 verify opaque
	json_is '.result.files[0] | [.good, .kind]' '[null,"unknown"]'
}

@test "content that cannot be judged has an exit status of its own, and is never good" {
	plant two-port
	random 100000 >opaque
	run_mlx 14 verify opaque
	error_is cannot_be_judged
	json_is '.result | [.good, .damaged, .unread, .unjudged]' '[0,0,0,1]'
	json_is '.result.files[0] | [.good, .kind, .looks_like, .contents_checked, .error.code]' '[null,"unknown",null,null,"cannot_be_judged"]'
	run_mlx 14 verify -t opaque
	[[ $output == "file: opaque: cannot be judged, unknown, "* ]]
	run_mlx 0 inspect opaque
	json_is '[.kind, .looks_like, .complete]' '["unknown",null,null]'
	on 14 load 0000:3b:00.4 opaque
	error_is cannot_be_judged
	json_is .error.hint 'check that this is the right file; if it is the state of a device like 0000:3b:00.4, load it with --bare'
	on 14 load --force 0000:3b:00.4 opaque
	on 14 step 0000:3b:00.4 STOP RESUMING=opaque STOP
	run --separate-stderr bash -c "cat opaque | '$MLX' --sysroot '$SYSROOT' load 0000:3b:00.4 -"
	[ "$status" -eq 14 ]
	# It would be opened now.
	on 2 load --bare 0000:3b:00.4 opaque
	[[ $stderr == *"--sysroot do not go together"* ]]
	on 2 step --bare 0000:3b:00.4 STOP RESUMING=opaque STOP
	on 14 hold --load opaque 0000:3b:00.7
	on 2 hold --bare --load opaque 0000:3b:00.7
	[[ $stderr == *"--sysroot do not go together"* ]]
}

@test "damage speaks before a file that cannot be read, and that before one that cannot be judged" {
	random 1000 >opaque
	flipped image 3000000
	run_mlx 8 verify opaque nothing flipped image
	error_is damaged
	json_is '.result | [.good, .damaged, .unread, .unjudged]' '[1,1,1,1]'
	run_mlx 3 verify opaque nothing image
	error_is no_such_file
	run_mlx 14 verify image opaque opaque
	[[ $stderr == *"2 of 3 files cannot be judged; the first one: opaque"* ]]
}

# looks NAME WORDS: of the file x
looks() {
	run_mlx 14 verify x
	json_is '.result.files[0] | [.good, .looks_like]' "[null,\"$1\"]"
	[[ $stderr == *"it looks like $2"* && $stderr != *"save the state again"* ]] || { echo "$stderr"; return 1; }
	run_mlx 0 inspect x
	json_is '[.kind, .looks_like]' "[\"unknown\",\"$1\"]"
	on 14 load 0000:3b:00.4 x
	[[ $stderr != *--bare* ]] || { echo "$stderr"; return 1; }
}

@test "verify, inspect and load name what content looks like" {
	plant two-port
	local magic
	cp /etc/passwd x && looks text text
	head -c 3000000 /dev/zero >x && looks zeros "nothing but zeros"
	gzip -c image >x && looks gzip "gzip data"
	bzip2 -c bare >x && looks bzip2 "bzip2 data"
	xz -0 -c image >x && looks xz "xz data"
	{ printf '\004\042\115\030' && random 1000; } >x && looks lz4 "lz4 data"
	{ printf '\211LZO\000\r\n\032\n' && random 1000; } >x && looks lzop "lzop data"
	{ printf 'PK\003\004' && random 1000; } >x && looks zip "zip data"
	zstd -q -c image | zstd -q >x
	run_mlx 14 verify x
	[[ $stderr == *"is compressed with zstd twice"* ]]
	{ printf 'age-encryption.%s/v1\n-> X25519 abc\n' org && random 1000; } >x && looks age "a file encrypted by age"
	openssl enc -aes-256-cbc -pbkdf2 -k secret -in bare -out x && looks openssl "a file encrypted by OpenSSL"
	{ printf 'QEVM\000\000\000\003\007\000\000\000\016pc-i440fx' && random 1000; } >x && looks qemu_migration "a QEMU migration stream"
	{ printf 'LibvirtQemudSave\002\000\000\000' && random 1000; } >x && looks libvirt_save "a libvirt save file"
	{ printf 'LibvirtQemudPart\002\000\000\000' && random 1000; } >x && looks libvirt_save_partial "a libvirt save file that was not completed"
	cp "$MLX" x && looks elf "an ELF file"
}

@test "a file of zeros is not loaded, whatever the options" {
	plant two-port
	head -c 600000 /dev/zero >zeros
	refused 14 zeros "nothing but zeros"
	zstd -q -f zeros
	refused 14 zeros.zst "nothing but zeros"
	run --separate-stderr bash -c "head -c 5000 zeros | '$MLX' --sysroot '$SYSROOT' load 0000:3b:00.4 -"
	[ "$status" -eq 14 ]
	run_mlx 14 pack -d image -o never zeros
	[ ! -e never ]
	# Other content may begin so.
	{ cat zeros && random 1000; } >opaque
	on 2 load --bare 0000:3b:00.4 opaque
}

@test "a compressed file of another program is refused where its bytes would be taken for a stream" {
	gzip -c image >image.gz
	run_mlx 14 extract -o never image.gz
	[[ $stderr == *"uncompress it first"* ]]
	run_mlx 14 pack -d image -o never image.gz
	run_mlx 14 diff image.gz image
	run_mlx 14 compat image.gz image
	[ ! -e never ]
}

@test "a stream of NVIDIA's mlx5_vfmig is named, and refused by its name" {
	plant two-port
	{ header 64 0 18515 && le $((0x564d4947)) 4 && random 60 && header 16 0 18498 && random 16 && header 100 0 18517 && random 100; } >vfmig
	run_mlx 14 verify vfmig
	json_is '.result.files[0] | [.good, .kind, .looks_like]' '[null,"unknown","mlx5_vfmig"]'
	run_mlx 0 inspect vfmig
	json_is '[.kind, .looks_like, .records]' '["unknown","mlx5_vfmig",[]]'
	run_mlx 0 inspect -t vfmig
	grep -qx "looks like: a stream of NVIDIA's mlx5_vfmig" <<<"$output"
	refused 14 vfmig "a stream of NVIDIA's mlx5_vfmig"
	run_mlx 14 pack -d image -o never vfmig
	# Of the same tag without the magic nothing is known but that no driver takes it.
	{ header 64 0 18515 && random 64; } >odd
	run_mlx 8 verify odd
}

@test "a stream of Intel's xe is named, and refused by its name, though it begins like a record" {
	plant two-port
	{ le $((0x0101)) 8 && le 0 8 && le 16 8 && le $((0xf0010001)) 4 && le $((0xe20b)) 4 && le $((0xf0020001)) 4 && le 4 4 && random 5000; } >xe
	run_mlx 14 verify xe
	json_is '.result.files[0] | [.good, .kind, .looks_like]' '[null,"unknown","xe"]'
	run_mlx 0 inspect xe
	json_is '[.kind, .looks_like]' '["unknown","xe"]'
	refused 14 xe "a stream of Intel's xe driver"
	# Firmware data of 257 bytes, which a driver takes, is not that.
	{ header 257 0 0 && random 257; } >records
	run_mlx 0 verify records
}

@test "zstd around a bare stream is read like any other, in one frame or several" {
	plant two-port
	local f
	zstd -q -f stream -o stream.zst
	{ head -c 1000000 stream | zstd -q && tail -c +1000001 stream | zstd -q; } >frames.zst
	{ printf 'P*M\030\004\0\0\0' && le 77 4 && cat stream.zst; } >skip.zst
	for f in stream.zst frames.zst skip.zst; do
		run_mlx 0 verify $f
		json_is '.files[0] | [.good, .kind, .compressed, .stream.count, .stream.bytes]' '[true,"stream",true,3,5300056]'
		json_is '.files[0].stream.xxh3_128' "$(xxhsum -H2 <stream | cut -d' ' -f1)"
		run_mlx 0 inspect $f
		json_is '[.kind, .compressed, .stream.count]' '["stream",true,3]'
		run_mlx 0 extract --overwrite -o out $f
		cmp out stream
		run_mlx 0 diff $f stream
		run_mlx 0 pack --overwrite -d image -o out.mig $f
		run_mlx 0 diff out.mig stream
		on 2 load 0000:3b:00.4 $f # would open the device now
	done
	head -c -100 stream.zst >cut.zst
	run_mlx 8 verify cut.zst
	{ cat stream.zst && echo garbage; } >behind.zst
	run_mlx 8 verify behind.zst
	[[ $stderr == *"something follows what is compressed"* ]]
	on 8 load --bare 0000:3b:00.4 behind.zst
	random 100000 | zstd -q >opaque.zst
	run_mlx 14 verify opaque.zst
	json_is '.result.files[0] | [.good, .kind, .compressed]' '[null,"unknown",true]'
}

@test "an image that another tar has packed again gets a hint that works" {
	local hint form
	rm -rf repacked && mkdir repacked && tar -xf image -C repacked
	for form in gnu pax ustar; do
		tar --format=$form -cf again.tar -C repacked device.json state manifest.json
		run_mlx 8 verify again.tar
		[[ $stderr == *"device.json has no digest"* && $stderr != *"save the state again"* ]]
		hint=$(json .error.hint)
		[[ $hint == *"mlxmigctl pack"* ]]
		tar --format=$form -cf again.tar -C repacked .
		run_mlx 8 verify again.tar
		[[ $(json .error.hint) == "$hint" ]]
		run_mlx 8 inspect again.tar
		[[ $(json .error.hint) == "$hint" ]]
	done
	tar --zstd -cf again.tar -C repacked manifest.json state device.json
	run_mlx 8 verify again.tar
	[[ $(json .error.hint) == "$hint" ]]
	# As the hint has it.
	mkdir -p anew && tar -xf again.tar -C anew
	run --separate-stderr bash -c "cd anew && cat state/* | '$MLX' pack -d device.json -o ../anew.mig - && cd .."
	[ "$status" -eq 0 ]
	json_is .stream.xxh3_128 "$(jq -r .xxh3_128 anew/manifest.json)"
	run_mlx 0 verify anew.mig
	run_mlx 0 diff anew.mig image
	# One digest that is lost is damage, and no such thing.
	cp image one && put one "$(grep -abo SCHILY image | head -1 | cut -d: -f1)" X
	run_mlx 8 verify one
	[[ $stderr != *"pack"* ]]
}

@test "an image of which only the archive's end is missing gets that hint too" {
	head -c -1024 image >no-end
	run_mlx 8 verify no-end
	[[ $(json .error.hint) == *"mlxmigctl pack"* && $stderr != *"save the state again"* ]]
	json_is '.result.files[0].damage | [.member, .where]' '[null,"behind manifest.json, the last member"]'
	rm -rf anew && mkdir anew && tar -xf no-end -C anew
	cat anew/state/* | cmp - stream
}

@test "damage is told as narrowly as the digests allow" {
	local at
	flipped image 3000000
	run_mlx 8 verify flipped
	json_is .result.files[0].damage.where 'somewhere in bytes 1000000 to 5194303 of the stream; record 1 or 2'
	[[ $stderr == *"there is damage somewhere in bytes 1000000 to 5194303 of the stream; record 1 or 2"* ]]
	flipped image 500000
	run_mlx 8 verify flipped
	json_is .result.files[0].damage.where 'somewhere in bytes 0 to 999999 of the stream; record 0 or 1'
	at=$(grep -abo '"members"' image | tail -1 | cut -d: -f1)
	flipped image "$at"
	run_mlx 8 verify flipped
	json_is .result.files[0].damage.where 'somewhere in manifest.json; none was found in the stream'
	flipped image 1600
	run_mlx 8 verify flipped
	[[ $(json .result.files[0].damage.where) == 'somewhere in device.json; '*'which was not read' ]]
}

@test "an archive that stores an image as it is, is named as that archive, and a tar of one as a tar" {
	random 100000 >state
	"$MKIMAGE" 50000 0 <state >kept.mig
	{ printf '\x04\x22\x4d\x18'; random 7; cat kept.mig; } >stored.lz4
	run_mlx 14 verify stored.lz4
	json_is '.result.files[0] | [.good, .kind, .looks_like]' '[null,"unknown","lz4"]'
	tar -cf outer.tar kept.mig
	run_mlx 8 verify outer.tar
	[[ $(json '.result.files[0].error.hint') == "if an image is in that archive, extract it"* ]]
}

@test "pack takes no file of another program" {
	printf '\177ELF%0100000d' 0 >elf
	printf 'QEVM\0\0\0\3%0100000d' 0 >qemu
	tar -xf kept.mig device.json
	for name in elf qemu; do
		run_mlx 14 pack -d device.json -o packed.mig "$name"
		error_is cannot_be_judged
		[ ! -e packed.mig ]
	done
}
