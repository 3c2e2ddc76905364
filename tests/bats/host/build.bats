# SPDX-License-Identifier: GPL-2.0-or-later
# What make says and installs.

load ../helpers

# As from a shell, whatever make runs this.
make() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u MAKEOVERRIDES make "$@"; }

@test "make install puts README and COPYING among the documents" {
	run -0 make -C "$MLXMIGCTL_BUILD" install DESTDIR="$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	cmp "$(find . -path '*/doc/mlxmigctl/README')" "$top_dir/README"
	cmp "$(find . -path '*/doc/mlxmigctl/COPYING')" "$top_dir/COPYING"
}

@test "the archive of objects is made without a warning" {
	local flags
	flags=$(sed -n 's/^ARFLAGS = //p' "$MLXMIGCTL_BUILD/Makefile")
	run ar "$flags" "$BATS_TEST_TMPDIR/a.a" "$MLXMIGCTL_BUILD"/src/*.o
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "make -C kmod without headers says what is missing, and where it comes from" {
	run make -C "$top_dir/kmod" KDIR="$BATS_TEST_TMPDIR"
	[ "$status" -ne 0 ]
	[[ $output == *"no kernel headers in $BATS_TEST_TMPDIR"* ]]
	[[ $output == *"linux-headers-$(uname -r)"* && $output == *KDIR=* ]]
}
