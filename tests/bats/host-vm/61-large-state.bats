# SPDX-License-Identifier: GPL-2.0-or-later
# A state of 1 GiB: as one image, which needs the memory, and in chunks, which do not. Each has a VM of its own.

load ../helpers

@test "a state of 1 GiB goes from one VF into another" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=1073741824 --prop evolve-us=0 --mem 4096 --timeout 300 \
		tests/bats/host-vm/large-state
}

@test "in chunks it goes through a VM with less memory than that, and takes 128 MiB of it" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=1073741824 --prop in-chunks=on --prop evolve-us=0 --mem 768 --timeout 300 \
		tests/bats/host-vm/state-in-chunks 131072 --raw
}
