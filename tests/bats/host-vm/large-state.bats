# SPDX-License-Identifier: GPL-2.0-or-later
# A large state: as one image, which needs the memory, and in chunks, which do not. Each has a VM of its own. tests/bats/long has a
# larger one.

load ../helpers

@test "a state of 512 MiB goes from one VF into another" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=$((512 << 20)) --prop evolve-us=0 --mem 2304 --timeout 300 tests/bats/host-vm/large-state
}

@test "in chunks it goes through a VM with less memory than that, and takes 128 MiB of it" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=$((640 << 20)) --prop in-chunks=on --prop evolve-us=0 --mem 640 --timeout 300 \
		tests/bats/host-vm/state-in-chunks 131072 --raw
}
