# SPDX-License-Identifier: GPL-2.0-or-later
# save and load as far as they go without a device: what must be refused before one is touched.

load ../helpers

setup_file() {
	export SYSROOT=$BATS_FILE_TMPDIR/root
	"$top_dir/tests/fixtures/sysfs/plant" "$top_dir/tests/fixtures/sysfs/two-port.tree" "$SYSROOT"
}

setup() { mkdir "$BATS_TEST_TMPDIR/here" && cd "$BATS_TEST_TMPDIR/here" || return; }

# A VF of the captured host, and its PF: no device is behind them.
vf=0000:3b:00.4 pf=0000:3b:00.0
captured() { run_mlx "$1" --sysroot "$SYSROOT" "${@:2}"; }

@test "save wants a file" {
	run_mlx 2 save $vf
	error_is usage
	[[ $stderr == *"the file to save into is missing"* ]]
}

@test "save takes several devices with --dir only" {
	run_mlx 2 save $vf 0000:3b:00.5 file
	error_is usage
	[[ $stderr == *"--dir DIR DEVICE"* ]]
}

@test "save --raw is not compressed" {
	run_mlx 2 save --raw --zstd $vf file
	error_is usage
}

@test "save --zstd takes levels 1 to 19" {
	local level
	for level in 0 20 -1 fast ''; do
		run_mlx 2 save "--zstd=$level" $vf file
		error_is usage
		[[ $stderr == *"1 to 19"* ]]
	done
}

@test "save --precopy and its limits take what makes sense" {
	local bad
	for bad in --precopy=never --precopy= --precopy-dirty= --precopy-dirty=1KB --precopy-dirty=-1 --precopy-rounds=0 \
		--precopy-rounds=101 --precopy-rounds=x --precopy-time=0 --precopy-time=1.5 --precopy-time=86401; do
		run_mlx 2 save "$bad" $vf file
		error_is usage
		[[ $stderr == *"${bad%%=*}: "* ]]
	done
	captured 3 save --precopy=auto --precopy-dirty 64k --precopy-rounds 100 --precopy-time 1 0000:99:00.0 file
	error_is no_such_device
}

@test "--then takes a state in which a device may rest" {
	local state
	for state in RESUMING STOP_COPY PRE_COPY ERROR nonsense ''; do
		run_mlx 2 save "--then=$state" $vf file
		error_is usage
		run_mlx 2 load "--then=$state" $vf file
		error_is usage
		[[ $stderr == *RUNNING_P2P* ]]
	done
}

@test "no such device" {
	captured 3 save 0000:99:00.0 file
	error_is no_such_device
	captured 3 load 0000:99:00.0 file
	error_is no_such_device
	[ ! -e file ]
}

@test "operands in the wrong order are told of" {
	local verb
	: >here
	for verb in save load; do
		captured 3 $verb vf0.mig $vf
		error_is no_such_device
		json_is .error.hint "the device comes first: mlxmigctl $verb $vf vf0.mig"
		captured 3 $verb here ens1f0v0
		json_is .error.hint "the device comes first: mlxmigctl $verb ens1f0v0 here"
		captured 3 $verb - 3b:1f.7
		json_is .error.hint "the device comes first: mlxmigctl $verb 3b:1f.7 -"
		# one of them wrong is not both in the wrong place
		captured 3 $verb 0000:99:00.0 $vf
		[[ $stderr != *"comes first"* ]]
		captured 3 $verb vf0.mig other.mig
		[[ $stderr != *"comes first"* ]]
		captured 3 $verb ens1f0v9 $vf
		[[ $stderr != *"comes first"* ]]
	done
	[ ! -e vf0.mig ]
}

@test "a PF does not migrate" {
	captured 4 save $pf file
	error_is not_a_vf
	captured 4 load $pf file
	error_is not_a_vf
}

@test "an existing file stays" {
	echo mine >file
	captured 1 save $vf file
	error_is exists
	[ "$(cat file)" = mine ]
	[ "$(ls -A)" = file ]
}

@test "a symbolic link is not followed, not even with --overwrite" {
	echo mine >file
	ln -s file link
	captured 1 save --overwrite $vf link
	error_is exists
	[[ $stderr == *"symbolic link"* ]]
	[ "$(cat file)" = mine ]
}

@test "a folder is no file, and a missing one is told" {
	captured 2 save $vf .
	error_is usage
	captured 3 save $vf nowhere/file
	error_is no_such_file
	captured 3 save --dir nowhere $vf
	error_is no_such_file
}

@test "--dir names files by what is in them" {
	captured 3 save --dir nowhere $vf
	[[ $stderr == *"nowhere/$vf.mig: "* ]]
	captured 3 save --dir nowhere --zstd $vf
	[[ $stderr == *"nowhere/$vf.mig.zst: "* ]]
	captured 3 save --dir nowhere --raw $vf
	[[ $stderr == *"nowhere/$vf.stream: "* ]]
}

@test "a failed save leaves no file behind" {
	run "$MLX" --sysroot "$SYSROOT" save $vf file
	[ "$status" -ne 0 ]
	[ -z "$(ls -A)" ]
}

@test "a save to stdout tells its failure on stderr, in one line" {
	run --separate-stderr "$MLX" --sysroot "$SYSROOT" save 0000:99:00.0 -
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	[ "$(jq -r .error.code <<<"$stderr")" = no_such_device ]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "load: a missing, an empty and a senseless file" {
	captured 3 load $vf missing
	error_is no_such_file
	: >empty
	captured 8 load $vf empty
	error_is damaged
	echo hello >short
	captured 8 load $vf short
	error_is damaged
	json_is .error.hint "is it a saved state, and whole? mlxmigctl verify short tells; if it was, save it again"
	mkdir some && tar -cf other.tar some
	captured 8 load $vf other.tar
	error_is damaged
	[[ $stderr == *"not an image"*"hint: if an image is in that archive, extract it"* ]]
	captured 8 load $vf - <short
	[[ $stderr == *"mlxmigctl verify FILE tells that of a file"* ]]
	captured 2 load $vf .
	error_is usage
}

@test "load: a bare stream that ends too early" {
	# a record of 8 bytes (STOP_COPY_SIZE), then one of 16 bytes of which 4 are there
	printf '\x08\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x10\0\0\0\0\0\0\0' >cut
	printf '\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0abcd' >>cut
	captured 8 load $vf cut
	error_is damaged
}

@test "load reads a pipe too" {
	: >empty
	run --separate-stderr bash -c "cat empty | '$MLX' --sysroot '$SYSROOT' load $vf -"
	[ "$status" -eq 8 ]
	error_is damaged
}

@test "load: an image of another kind of device wants --force" {
	local other=$BATS_TEST_TMPDIR/root
	seq 1 10000 | "$MLXMIGCTL_BUILD/tests/unit/mkimage" 0 0 >image
	run_mlx 2 --sysroot "$SYSROOT" load $vf image # it fits, and would be loaded now
	[[ $stderr == *"--sysroot do not go together"* ]]
	cp -a "$SYSROOT" "$other"
	chmod u+w "$other/sys/bus/pci/devices/$vf/device"
	echo 0x1018 >"$other/sys/bus/pci/devices/$vf/device"
	run_mlx 8 --sysroot "$other" load $vf image
	error_is incompatible
	[[ $stderr == *"device_id is 101e there and 1018 here"* ]]
	run_mlx 2 --sysroot "$other" load --force $vf image
}

@test "load: progress tells the last of the verification, in bytes of the stream" {
	seq 1 1000000 | head -c 5000000 >bare
	"$MLXMIGCTL_BUILD/tests/unit/mkimage" 0 0 <bare >image
	run --separate-stderr "$MLX" --sysroot "$SYSROOT" --progress=json load --force $vf image
	[ "$(sed -n '/progress/p' <<<"$stderr" | tail -n 1 | jq -c '[.phase, .bytes, .total_bytes]')" = '["verify",5000000,null]' ]
	run --separate-stderr "$MLX" --sysroot "$SYSROOT" --progress=json load $vf bare
	[ "$(sed -n '/progress/p' <<<"$stderr" | tail -n 1 | jq -c '[.phase, .bytes, .total_bytes]')" = '["verify",5000000,5000000]' ]
}

@test "an error of load names the device, whatever is wrong with the file" {
	: >empty
	seq 1 10000 >text
	head -c 8192 /dev/zero >zeros
	local file
	for file in nothing . empty zeros text; do
		run --separate-stderr "$MLX" --sysroot "$SYSROOT" load $vf "$file"
		[ "$status" -ne 0 ]
		json_is .error.device $vf
		[[ $stderr == "mlxmigctl: $vf: "* ]]
	done
}
