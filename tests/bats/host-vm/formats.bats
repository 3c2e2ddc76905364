# SPDX-License-Identifier: GPL-2.0-or-later
# One state, two kernels, two drivers, two formats of the stream: what is saved by any can be loaded by the others. The
# kernel's own driver is the control. On 6.1 it writes and reads bare images; from 6.2 on records.

load ../helpers

# visit KERNEL STEP...: in a VM of that kernel
visit() {
	local kernel=$1 modules_dir
	shift
	cd "$top_dir" || return
	eval "$(tests/lab/build --print --kernel "$kernel" --driver intree | grep ^modules_dir=)"
	tests/lab/run --kernel "$kernel" --vfs 2 --share "$BATS_FILE_TMPDIR" \
		tests/bats/host-vm/formats "$modules_dir/updates/mlx5-vfio-pci.ko" "$@"
}

# stream_of NAME: how its stream begins
stream_of() { bsdtar -xOf "$BATS_FILE_TMPDIR/$1" 'state/00000000-*' | od -A n -t u8 -N 8 | tr -d ' '; }

@test "6.1: the driver and the kernel's own load what the other has saved" {
	visit 6.1 intree save 61-intree ours load 61-intree save 61-ours load 61-ours bare save 61-bare intree load 61-bare refuse 61-ours
	# A record of 8 bytes comes first, or the image at once.
	[ "$(stream_of 61-ours)" = 8 ]
	[ "$(stream_of 61-bare)" != 8 ]
	[ "$(stream_of 61-intree)" != 8 ]
}

@test "6.12: it loads what 6.1 has saved, and exchanges with the kernel's own" {
	visit 6.12 ours load 61-ours load 61-bare load 61-intree save 612-ours intree load 612-ours load 61-ours \
		save 612-intree refuse 61-bare ours load 612-intree
	[ "$(stream_of 612-ours)" = 8 ]
}

@test "6.1: it loads what 6.12 has saved" {
	visit 6.1 ours load 612-ours load 612-intree
}
