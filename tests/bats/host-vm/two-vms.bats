# SPDX-License-Identifier: GPL-2.0-or-later
# From one machine to another: a state that is saved in a VM is loaded in a VM that was started afterwards, where
# nothing is known of it but the image's bytes.

load ../helpers

@test "an image saved in VM A loads in a VM B" {
	local share=$BATS_TEST_TMPDIR/share
	mkdir "$share"
	cd "$top_dir"
	tests/lab/run --vfs 2 --share "$share" tests/bats/host-vm/vm-a
	[ "$(stat -c %a "$share/image")" = 600 ]
	[ -s "$share/digest" ]
	tests/lab/run --vfs 2 --share "$share" tests/bats/host-vm/vm-b
}
