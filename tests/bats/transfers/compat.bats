# SPDX-License-Identifier: GPL-2.0-or-later
# compat says of real devices what load will say.

load ../helpers
load ../lab
load ../transfer

setup_file() {
	run_mlx 0 bind $VF0 $VF1
	save_images
}

teardown_file() {
	run_mlx 0 unbind $VF0 $VF1
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	hold $VF1
}

teardown() {
	[ -z "${other_firmware:-}" ] || lab-prop set fw-version 28.41.1000
	[ -z "${bare:-}" ] || echo records >/sys/module/mlx5_vfio_pci/parameters/stream_format
	release
}

# agree: what compat says of IMAGE and VF1 is what load says
agree() {
	local facts
	run_mlx "$1" compat "$2" $VF1
	json_is '.pairs | length' 1
	facts=$(json '.pairs[0] | [.fit, .facts] | tojson')
	run_mlx 0 load --force $VF1 "$2"
	json_is '[.identity_fit, .identity]' "$facts"
}

@test "compat: an image fits another VF of the adapter, and load agrees" {
	run_mlx 0 compat "$IMAGES/image" $VF1
	json_is '[.fit, .target.kind, .pairs[0].source, .pairs[0].target, .pairs[0].facts]' "[\"yes\",\"device\",\"$VF0\",\"$VF1\",[]]"
	agree 0 "$IMAGES/image"
}

# bats test_tags=asan
@test "compat: of a free device it is not known what it offers, unless it is opened" {
	release
	run_mlx 0 compat "$IMAGES/image" $VF1
	json_is '[.fit, (.pairs[0].facts[] | .fact, .target)]' '["warns","features",null]'
	run_mlx 0 compat --probe "$IMAGES/image" $VF1
	json_is .fit yes
	hold $VF1
}

@test "compat: nothing is disturbed" {
	labvf $VF1 fill 99
	run_mlx 0 compat --probe "$IMAGES/image" $VF1
	labvf $VF1 check 99
	state_is $VF1 RUNNING
}

@test "compat: the status of this host, by a pipe" {
	run --separate-stderr bash -c "'$MLX' status | '$MLX' compat '$IMAGES/image' -"
	json_is '[.fit, .source.kind, .target.kind]' '["yes","image","document"]'
	json_is "[.pairs[] | select(.target == \"$VF1\") | .fit]" '["yes"]'
	json_is '[.pairs[] | select(.fit == "forbids")]' '[]'
}

# bats test_tags=asan
@test "compat: other firmware and another board forbid, and load agrees" {
	"$MLXMIGCTL_BUILD/tests/unit/mkimage" 0 0 <"$IMAGES/stream" >other # of MT_0000000834
	agree 8 other
	other_firmware=1
	lab-prop set fw-version 28.42.2000
	agree 8 "$IMAGES/image"
	run_mlx 8 compat "$IMAGES/image" $VF1
	json_is '.pairs[0].facts[] | [.fact, .fit, .source, .target]' '["fw_version","forbids","28.41.1000","28.42.2000"]'
}

@test "compat: the driver reads both forms of the stream, whatever it writes" {
	bare=1
	echo bare >/sys/module/mlx5_vfio_pci/parameters/stream_format
	run_mlx 0 status $VF1
	json_is '.devices[0].stream_formats | [.writes, .reads]' '["bare",["records","bare"]]'
	run_mlx 0 compat "$IMAGES/image" $VF1
	json_is '[.pairs[0].facts[].fact] - ["features"]' '[]'
}
