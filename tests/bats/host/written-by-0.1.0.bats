# SPDX-License-Identifier: GPL-2.0-or-later
# What version 0.1.0 has written (tests/fixtures/0.1.0) is read by this one, with the same findings.

load ../helpers

setup() { cd "$top_dir/tests/fixtures/0.1.0" || return; }

# digest_of FILE: as verify finds it, which must be good
digest_of() { "$MLX" verify -c "$1" | jq -re 'select(.good == 1) | .files[0].stream.xxh3_128'; }

@test "images and a stream of 0.1.0 are good, and have the digests that it told" {
	[ "$(digest_of image)" = "$(jq -r .xxh3_128 save.json)" ]
	[ "$(digest_of image.zst)" = "$(jq -r .xxh3_128 save-raw.json)" ]
	[ "$(digest_of stream)" = "$(jq -r .xxh3_128 save-raw.json)" ]
}

@test "inspect finds in an image of 0.1.0 all that 0.1.0 found in it" {
	"$MLX" inspect -c image | jq -e --slurpfile old inspect.json 'contains($old[0])'
	"$MLX" verify -c image stream | jq -e --slurpfile old verify.json \
		'(.files | map(del(.duration_ns))) as $now | [$old[0].files[] | del(.duration_ns)] | inside($now)'
}

@test "extract takes 0.1.0's stream out of its image, and pack makes an image of it again" {
	"$MLX" extract -c -o "$BATS_TEST_TMPDIR/stream" image.zst
	cmp "$BATS_TEST_TMPDIR/stream" stream
	"$MLX" extract -c --device -o "$BATS_TEST_TMPDIR/device.json" image
	local device
	for device in image image.zst inspect.json "$BATS_TEST_TMPDIR/device.json"; do
		"$MLX" pack -c --overwrite --device="$device" -o "$BATS_TEST_TMPDIR/image" stream
		"$MLX" diff -c "$BATS_TEST_TMPDIR/image" stream | jq -e .same
	done
}

@test "compat holds documents and images of 0.1.0 against each other" {
	local source
	for source in image image.zst inspect.json; do
		"$MLX" compat -c "$source" status.json | jq -e '.fit == "yes" and .target.devices == 2'
	done
	"$MLX" compat -c status.json inspect.json | jq -e '.fit == "yes"'
}
