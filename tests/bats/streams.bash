# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of images and bare streams that no device has: made by tests/unit/mkimage, which writes as save does.
# Loaded after helpers: `load ../streams`.

MKIMAGE=$MLXMIGCTL_BUILD/tests/unit/mkimage

# le NUMBER BYTES: little-endian
le() {
	local number=$1 i byte text=''
	for ((i = 0; i < $2; i++, number >>= 8)); do
		printf -v byte '\\x%02x' $((number & 255))
		text+=$byte
	done
	printf %b "$text"
}

# header SIZE FLAGS TAG
header() { le "$1" 8 && le "$2" 4 && le "$3" 4; }

# noise BYTES FROM: numbers from FROM on, one a line
noise() { seq "$2" 99999999 | head -c "$1"; }

# random BYTES: always the same, and like nothing that is known
random() { openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c "$1"; }

# put FILE OFFSET TEXT: writes it over what is there
put() { printf %s "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }

# flipped FILE OFFSET: one bit, in a copy called flipped
flipped() {
	cp "$1" flipped
	flip flipped "$2" 4
}

# make_streams: here, the stream of a driver from Linux 6.3 on (24 + 16 + 5,000,000 + 16 + 300,000 bytes), a bare one, and
# the first in an image, and in a compressed one
make_streams() {
	{
		header 8 1 1 && le 5000000 8
		header 5000000 0 0 && noise 5000000 1
		header 300000 0 0 && noise 300000 2
	} >stream
	random 100000 >bare
	"$MKIMAGE" 1000000 0 <stream >image
	"$MKIMAGE" 1000000 3 <stream >image.zst
}
