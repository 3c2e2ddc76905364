# SPDX-License-Identifier: GPL-2.0-or-later
# A state of 1 GiB. It has a VM of its own, since it needs the memory.

load ../helpers

@test "a state of 1 GiB goes from one VF into another" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=1073741824 --prop evolve-us=0 --mem 4096 --timeout 300 \
		tests/bats/host-vm/large-state
}
