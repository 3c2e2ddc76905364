# SPDX-License-Identifier: GPL-2.0-or-later
# A host that is merely full, of three sizes. Each has a VM of its own.

load ../helpers

# full_host MIB: the whole of it in a VM with so much memory
full_host() {
	cd "$top_dir"
	tests/lab/run --kernel "${MLXMIGCTL_KERNEL:-6.12}" --vfs 2 --prop evolve-us=0 --mem "$1" --timeout 200 tests/bats/host-vm/full-host
}

@test "full host of 1 GiB: a state is saved and loaded, and what is too much is refused" { full_host 1024; }

# bats test_tags=more
@test "full host of 2 GiB" { full_host 2048; }

# bats test_tags=more
@test "full host of 4 GiB" { full_host 4096; }
