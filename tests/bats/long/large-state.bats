# SPDX-License-Identifier: GPL-2.0-or-later
# More state than one SAVE can take. It has a VM of its own, so this runs on the host.

load ../helpers

@test "a state of 4.5 GiB goes through a VM of 768 MiB in chunks, and takes 128 MiB of it" {
	cd "$top_dir"
	tests/lab/run --vfs 2 --prop state-size=4831838208 --prop in-chunks=on --prop evolve-us=0 --mem 768 --timeout 1200 \
		tests/bats/host-vm/state-in-chunks 131072
}
