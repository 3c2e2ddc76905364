# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of save and load. Loaded after helpers: `load ../transfer`.

# save_images: of a VF0 that holds pattern 11 and stands still, an image and a bare stream ($IMAGES/image, stream), and
# the digest of its state. For setup_file.
save_images() {
	export IMAGES=$BATS_FILE_TMPDIR
	BATS_TEST_TMPDIR=$IMAGES hold "$VF0"
	labvf "$VF0" fill 11
	run_mlx 0 save --then STOP "$VF0" "$IMAGES/image"
	run_mlx 0 save --raw "$VF0" "$IMAGES/stream"
	labvf "$VF0" get digest >"$IMAGES/digest"
	release
}

# has_the_state DEVICE: all of it, as it was when it was saved
has_the_state() {
	labvf "$1" check 11
	[ "$(labvf "$1" get digest)" = "$(cat "$IMAGES/digest")" ]
}

# in_second IMAGE: a byte that is in the data of its second member
in_second() {
	local block
	block=$(tar -tRf "$1" | sed -n 's,^block \([0-9]*\): state/00000001-.*,\1,p')
	echo $((block * 512 + 5000))
}

# state_is DEVICE STATE
state_is() {
	run_mlx 0 state "$1"
	json_is .state "$2"
}

# runs DEVICE: it is in RUNNING, and nothing of it is suspended
runs() { state_is "$1" RUNNING && [ "$(labvf "$1" get suspended)" -eq 0 ]; }

# nothing_in FOLDER
nothing_in() { [ -z "$(ls -A "$1")" ]; }
