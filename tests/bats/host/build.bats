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

@test "the unit that is installed is one that systemd takes, and starts the program that is" {
	grep -q '^#define HAVE_LIBSYSTEMD' "$MLXMIGCTL_BUILD/config.h" || skip "built without libsystemd"
	local root=$BATS_TEST_TMPDIR unit program
	run -0 make -C "$MLXMIGCTL_BUILD" install DESTDIR="$root"
	unit=$(find "$root" -name 'mlxmigctl-hold@.service')
	program=$(sed -n 's/^ExecStart=\([^ ]*\) hold .*/\1/p' "$unit")
	[ -x "$root/$program" ]
	sed -i "s,^ExecStart=,&$root," "$unit"
	run systemd-analyze verify --man=no "$unit"
	[ -z "$output" ]
	[ "$status" -eq 0 ]
}

@test "the unit confines the holder: systemd finds an exposure of at most 3.0" {
	local unit=$BATS_TEST_TMPDIR/mlxmigctl-hold@vf.service
	make -C "$MLXMIGCTL_BUILD" systemd/mlxmigctl-hold@.service
	cp "$MLXMIGCTL_BUILD/systemd/mlxmigctl-hold@.service" "$unit"
	run systemd-analyze security --offline=true --no-pager --threshold=30 "$unit"
	[ "$status" -eq 0 ]
	[[ $output == *"Overall exposure level for mlxmigctl-hold@vf.service: "[0-3].* ]]
}

# setting VARIABLE: as the build has it
setting() { sed -n "s/^$1 = *//p" "$MLXMIGCTL_BUILD/Makefile"; }

@test "the program is built hardened: PIE, full RELRO, stack protector, checked calls" {
	run -0 "$MLXMIGCTL_BUILD/config.status" --config
	[[ $output != *--disable-hardening* ]] || skip "built without it"
	[[ " $(setting SAN_CFLAGS) $(setting CFLAGS) " != *" -fsanitize="* ]] || skip "built for the sanitizers"
	[[ $(setting CFLAGS) != *" --coverage"* ]] || skip "built for its coverage"
	run -0 readelf -W -h -l -d "$MLX"
	[[ $output =~ Type:\ +DYN\ .*Position-Independent ]]
	[[ $output == *GNU_RELRO* && $output == *BIND_NOW* ]]
	run -0 readelf -W --dyn-syms "$MLX"
	[[ $output == *" __stack_chk_fail@"* ]]
	[[ " $(setting CFLAGS) " == *" -O0 "* ]] || [[ $output =~ \ __[a-z]+_chk@ ]]
}

# packed INTO [VARIABLE=VALUE]...: the folders that make dist puts into the archive as they are, as a list
packed() {
	mkdir "$1"
	make -C "$MLXMIGCTL_BUILD" dist-hook distdir="$1" "${@:2}" >&2
	(cd "$1" && find . -type f -o -type l | cut -c 3- | sort)
}

@test "the archive has all the sources, and nothing that was built among them" {
	local into=$BATS_TEST_TMPDIR in_place=$BATS_TEST_TMPDIR/in-place program
	packed "$into/1" >"$into/files"
	grep -qx kmod/Makefile "$into/files"
	if [ -e "$top_dir/.git" ]; then
		git -C "$top_dir" ls-files -co --exclude-standard .ci kmod tests | sort | diff - "$into/files"
	fi
	mkdir "$in_place"
	(cd "$top_dir" && tar -cf - --exclude='./build*' --exclude=./.git .) | tar -xf - -C "$in_place"
	chmod -R u+w "$in_place"
	cd "$in_place"
	mkdir -p tests/unit/.deps
	touch kmod/{fsm.o,.fsm.o.cmd,mlx5-vfio-pci.{ko,mod,mod.c},Module.symvers,modules.order} \
		tests/unit/{.dirstamp,.deps/mkimage.Po,mkimage.o,test_migration.{o,log,trs}} tests/lab/labmodel.so
	for program in tests/unit/{mkimage,test_*.c} tests/bench/{bareloop,pumpcost,dataspeed}; do touch "${program%.c}"; done
	packed "$into/2" srcdir="$in_place" | diff "$into/files" -
}

@test "make -C kmod without headers says what is missing, and where it comes from" {
	run make -C "$top_dir/kmod" KDIR="$BATS_TEST_TMPDIR"
	[ "$status" -ne 0 ]
	[[ $output == *"no kernel headers in $BATS_TEST_TMPDIR"* ]]
	[[ $output == *"linux-headers-$(uname -r)"* && $output == *KDIR=* ]]
}
