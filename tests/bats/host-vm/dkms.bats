# SPDX-License-Identifier: GPL-2.0-or-later
# The driver as DKMS installs it: into a tree of its own, for the lab's kernel, which then boots with it.

load ../helpers

setup_file() {
	[ "$(id -u)" = 0 ] || skip "dkms installs for root alone"
	cd "$top_dir" || return
	local vmlinuz headers
	export root kernel=${MLXMIGCTL_KERNEL:-6.12} release
	eval "$(tests/lab/build --print --kernel "$kernel" --driver none | grep -E '^(release|vmlinuz)=')"
	headers=${vmlinuz%/boot/*}/usr/src/linux-headers-$release
	# Always the same directory, which the compiler's cache looks at
	root=${vmlinuz%/kernel/*}/dkms
	exec 8>"${root%/*}/locks/dkms"
	flock 8
	rm -rf "$root"
	mkdir -p "$root"/{dkms,src,"lib/modules/$release"}
	# Without these a key would be made in the host's own folder.
	export mok_signing_key=$root/mok.key mok_certificate=$root/mok.pub sign_file=$headers/scripts/sign-file
	export dkms_arguments="KVER=$release DKMS_SOURCE=$root/src"
	export dkms_flags="--dkmstree $root/dkms --sourcetree $root/src --installtree $root/lib/modules \
		--kernelsourcedir $headers --no-depmod"
	# The installed module must not depend on what was built beside the sources.
	cp -r kmod "$root/kmod"
	# shellcheck disable=SC2086
	make -C "$root/kmod" dkms-install $dkms_arguments DKMS_FLAGS="$dkms_flags"
	depmod -b "$root" "$release"
}

teardown_file() { [ -z "${root:-}" ] || rm -rf "$root"; }

# installed: the module, which dkms compresses as the modules are that the machine itself may have of this kernel
installed() { find "$root/lib/modules/$release/updates/dkms" -name 'mlx5-vfio-pci.ko*'; }

@test "make dkms-install puts a signed module where modprobe looks, with the alias that libvirt wants" {
	local module
	module=$(installed)
	[ -s "$module" ]
	[ "$(modinfo -F vermagic "$module" | cut -d' ' -f1)" = "$release" ]
	[ "$(modinfo -F signer "$module")" = "DKMS module signing key" ]
	grep -q '^alias vfio_pci:v000015B3d0000101Esv\*sd\*bc\*sc\*i\* mlx5_vfio_pci$' "$root/lib/modules/$release/modules.alias"
}

@test "a kernel boots with the module that DKMS has installed" {
	local module
	module=$(installed)
	cd "$top_dir" || return
	# shellcheck disable=SC2016
	run tests/lab/run --kernel "$kernel" --driver "$module" bash -c '
		set -e
		grep "vfio_pci:v000015B3d0000101E" "/lib/modules/$(uname -r)/modules.alias"
		modinfo -F signer mlx5_vfio_pci
		modprobe mlx5_vfio_pci
		echo 0000:01:00.1 >/sys/bus/pci/devices/0000:01:00.1/driver/unbind
		echo mlx5_vfio_pci >/sys/bus/pci/devices/0000:01:00.1/driver_override
		echo 0000:01:00.1 >/sys/bus/pci/drivers_probe
		migdrive dev 0000:01:00.1 set STOP_COPY read 1000 set RUNNING && echo migrates'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *mlx5_vfio_pci*"DKMS module signing key"*migrates* ]]
}

@test "make dkms-install again replaces it; make dkms-remove leaves nothing" {
	# Other sources of the same version, which are built sooner
	cat >"$root/kmod/other.c" <<-'END'
		#include <linux/module.h>
		MODULE_DESCRIPTION("another one");
		MODULE_LICENSE("GPL");
	END
	printf '%s\n' 'obj-m := mlx5-vfio-pci.o' 'mlx5-vfio-pci-y := other.o' >"$root/kmod/Kbuild"
	# shellcheck disable=SC2086
	make -C "$root/kmod" dkms-install $dkms_arguments DKMS_FLAGS="$dkms_flags"
	[ "$(modinfo -F description "$(installed)")" = "another one" ]
	# shellcheck disable=SC2086
	make -C "$root/kmod" dkms-remove $dkms_arguments DKMS_FLAGS="$dkms_flags"
	[ -z "$(find "$root/dkms" "$root/src" -mindepth 1)" ]
	[ -z "$(find "$root/lib/modules" -name '*.ko*')" ]
}
