#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What keeps a device from its driver or from being opened: each cause has its own message and hint, and all of them can be undone.

load ../helpers
load ../lab
load ../trees

conf=/etc/modprobe.d/mlxmigctl-test.conf

setup() { without_all; }

teardown() {
	release || true
	end_other
	rm -f "$conf"
	[ ! -e "$BATS_TEST_TMPDIR/module" ] || cp "$BATS_TEST_TMPDIR/module" "$(module_file)"
	! mountpoint -q /sys/module/mlx5_core/taint || umount /sys/module/mlx5_core/taint
	"$MLX" unbind -c "$VF0" >/dev/null || true
}

# without_all: the variant driver is not loaded, and no device is open
without_all() {
	"$MLX" unbind -c "$VF0" "$VF1" >/dev/null
	[ ! -e /sys/module/mlx5_vfio_pci ] || rmmod mlx5_vfio_pci
}

module_file() { modinfo -n mlx5_vfio_pci; }

# refused STATUS CODE MESSAGE HINT COMMAND...: the command fails so; both texts are parts
refused() {
	local want=$1 code=$2 message=$3 hint=$4
	shift 4
	run --separate-stderr timeout 60 "$@"
	[ "$status" -eq "$want" ] && error_is "$code" && [[ $(json .error.message) == *"$message"* ]] &&
		[[ $(json .error.hint) == *"$hint"* ]] && return
	printf '%s\n' "exit status $status" "$output" "$stderr"
	return 1
}

# rewrite_module PYTHON: the module's file with the bytes in d changed by a statement
rewrite_module() {
	local file
	file=$(module_file)
	cp "$file" "$BATS_TEST_TMPDIR/module"
	python3 - "$file" <<-END
		import re, sys
		d = open(sys.argv[1], "rb").read()
		before = d
		$1
		d != before or sys.exit("nothing changed")
		open(sys.argv[1], "wb").write(d)
	END
}

@test "modprobe.d has the module installed by /bin/true or /bin/false: the line and its file are named" {
	local command
	for command in /bin/true /bin/false 'exit 3'; do
		echo "install mlx5-vfio-pci $command" >"$conf"
		refused 4 no_driver "\"install mlx5-vfio-pci $command\" in $conf" "remove that line from $conf" "$MLX" bind "$VF0"
		[ "$(driver_of "$VF0")" = mlx5_core ]
	done
	rm "$conf"
	run_mlx 0 bind "$VF0"
}

@test "modprobe.d keeps from it what the driver needs, or calls it off" {
	rmmod vfio_pci 2>/dev/null || true
	rmmod vfio_pci_core
	echo 'install vfio_pci_core /bin/true' >"$conf"
	refused 4 no_driver "\"install vfio_pci_core /bin/true\" in $conf" "remove that line" "$MLX" bind "$VF0"
	echo 'alias mlx5_vfio_pci off' >"$conf"
	refused 4 no_driver "\"alias mlx5_vfio_pci off\" in $conf" "remove that line" "$MLX" bind "$VF0"
	# By its name modprobe loads a module whatever a blacklist says.
	echo 'blacklist mlx5_vfio_pci' >"$conf"
	run_mlx 0 bind "$VF0"
}

@test "an install line that loads the driver, and fails afterwards, is no obstacle" {
	echo 'install mlx5_vfio_pci /sbin/modprobe --ignore-install mlx5_vfio_pci; /bin/false' >"$conf"
	run_mlx 0 bind "$VF0"
	[ "$(driver_of "$VF0")" = mlx5_vfio_pci ]
	run_mlx 0 unbind "$VF0"
	rmmod vfio_pci 2>/dev/null || true
	echo 'install vfio_pci /sbin/modprobe --ignore-install vfio_pci && exit 3' >"$conf"
	run_mlx 0 bind --driver vfio-pci "$VF0"
	[ "$(driver_of "$VF0")" = vfio-pci ]
}

@test "a module's file that is empty, or cut: it is named" {
	local file
	file=$(module_file)
	cp "$file" "$BATS_TEST_TMPDIR/module"
	: >"$file"
	refused 4 no_driver "the file $file is empty" "install that module again" "$MLX" bind "$VF0"
	head -c 20000 "$BATS_TEST_TMPDIR/module" >"$file"
	refused 4 no_driver "the file $file is cut short" "install that module again" "$MLX" bind "$VF0"
	head -c -200 "$BATS_TEST_TMPDIR/module" >"$file"
	refused 4 no_driver "the file $file is cut short" "install that module again" "$MLX" bind "$VF0"
	[ "$(driver_of "$VF0")" = mlx5_core ]
	cp "$BATS_TEST_TMPDIR/module" "$file"
	run_mlx 0 bind "$VF0"
}

@test "no room for the locks: the place is named" {
	local inside=(unshare --mount sh -c 'mkdir -p /run/mlxmigctl && mount -t tmpfs -o nr_inodes=1 none /run/mlxmigctl && exec "$@"' -)
	refused 1 no_space /run/mlxmigctl/ "on the file system of /run/mlxmigctl" "${inside[@]}" "$MLX" bind "$VF0"
	# The directory itself cannot be made.
	inside=(unshare --mount sh -c 'mount -t tmpfs -o nr_inodes=1 none /run && exec "$@"' -)
	refused 1 no_space /run/mlxmigctl "on the file system of /run/mlxmigctl" "${inside[@]}" "$MLX" bind "$VF0"
	[ "$(driver_of "$VF0")" = mlx5_core ]
}

@test "a driver that is none of VFIO takes it: bind warns of that" {
	modprobe virtio-pci
	run_mlx 0 bind --driver virtio-pci "$VF0"
	[ "$(driver_of "$VF0")" = virtio-pci ]
	[[ $(json '.warnings[0]') == "$VF0: virtio-pci is no driver of VFIO: "* && $stderr == *"warning: $VF0: virtio-pci"* ]]
	run_mlx 0 bind --driver mlx5_core "$VF0"
	[[ $(json '.warnings[0]') == *"mlx5_core is no driver of VFIO"* ]]
	run_mlx 0 bind --driver vfio-pci "$VF0"
	json_is .warnings '[]'
}

@test "a driver is named as sysfs spells it" {
	refused 4 no_driver "there is no driver mlx5-vfio-pci: it is called mlx5_vfio_pci" "--driver mlx5_vfio_pci" \
		"$MLX" bind --driver mlx5-vfio-pci "$VF0"
	refused 4 no_driver "it is called vfio-pci" "--driver vfio-pci" "$MLX" bind --driver vfio_pci "$VF0"
	refused 4 no_driver "is no driver of PCI devices" "name a driver of VFIO" "$MLX" bind --driver vfio_iommu_type1 "$VF0"
}

@test "a module of another kernel, of other versions, with an unknown symbol" {
	# Of the release modprobe and the kernel say nothing where symbols have versions.
	rewrite_module 'd = re.sub(rb"(vermagic=[^\0]*)mod_unload", rb"\1mod_loaded", d)'
	refused 4 no_driver "Exec format error; the module was built for another kernel" "dkms autoinstall" "$MLX" bind "$VF0"
	cp "$BATS_TEST_TMPDIR/module" "$(module_file)"
	# The lab's own kernel has no versions of symbols.
	if ! debug_kernel; then
		rewrite_module 'd = re.sub(rb"[\s\S]{8}(mlx5_vf_get_core_dev\0{20})", lambda m: b"U" * 8 + m[1], d)'
		refused 4 no_driver "Invalid argument; the module was built for another kernel" "dkms autoinstall" "$MLX" bind "$VF0"
	fi
	cp "$BATS_TEST_TMPDIR/module" "$(module_file)"
	rewrite_module 'd = d.replace(b"\0mlx5_vf_get_core_dev\0", b"\0mlx5_vf_get_core_deX\0")'
	refused 4 no_driver "Unknown symbol" "dkms autoinstall" "$MLX" bind "$VF0"
	# Another vendor's mlx5_core explains it. What tells it apart is planted.
	echo OE >"$BATS_TEST_TMPDIR/taint"
	mount --bind "$BATS_TEST_TMPDIR/taint" /sys/module/mlx5_core/taint
	refused 4 no_driver "not the kernel's own (out of tree), but another vendor's" '"Another vendor'"'"'s mlx5_core" in kmod/README' "$MLX" bind "$VF0"
	umount /sys/module/mlx5_core/taint
	cp "$BATS_TEST_TMPDIR/module" "$(module_file)"
	run_mlx 0 bind "$VF0"
}

@test "root without CAP_SYS_MODULE, as in a container, is sent to the host" {
	refused 6 permission "this root has no CAP_SYS_MODULE" "modprobe mlx5_vfio_pci" \
		setpriv --bounding-set -sys_module --inh-caps -sys_module "$MLX" bind "$VF0"
}

@test "sysfs is mounted read-only" {
	local inside=(unshare --mount sh -c 'mount -o remount,bind,ro /sys && exec "$@"' -)
	refused 6 permission "sysfs is mounted read-only" "a container whose /sys is writable" "${inside[@]}" "$MLX" bind "$VF0"
	run_mlx 0 bind "$VF0"
	refused 6 permission "sysfs is mounted read-only" "a container whose /sys is writable" "${inside[@]}" "$MLX" unbind "$VF0"
	run --separate-stderr "${inside[@]}" "$MLX" status "$VF0"
	device "$VF0" .driver mlx5_vfio_pci
}

# fill_dev COMMANDS [OPTIONS]: inside is a prefix that gives a command a /dev/vfio of its own, mounted so, which COMMANDS fill
fill_dev() { inside=(unshare --mount sh -c "mount -t tmpfs -o ${2:-dev} tmpfs /dev/vfio && $1 && exec \"\$@\"" -); }

@test "a device node is missing, stale, or none" {
	local group number inside container='mknod /dev/vfio/vfio c 10 196'
	run_mlx 0 bind "$VF0"
	run_mlx 0 state "$VF0"
	group=$(group_of "$VF0")
	number=$(cat "/sys/class/vfio/${group##*/}/dev")
	fill_dev "$container"
	refused 4 no_vfio "$group is missing, though the kernel has the device ($number)" "mknod -m 600 $group c ${number/:/ }" \
		"${inside[@]}" "$MLX" state "$VF0"
	fill_dev true
	refused 4 no_vfio "/dev/vfio/vfio is missing, though the kernel has the device (10:196)" "mknod -m 600 /dev/vfio/vfio c 10 196" \
		"${inside[@]}" "$MLX" state "$VF0"
	# /dev/null would be opened, and asked for its IOMMU group.
	fill_dev "$container && mknod $group c 1 3"
	refused 4 no_vfio "$group is stale: it is the node of device 1:3, and the kernel's is $number" "rm $group && mknod" \
		"${inside[@]}" "$MLX" state "$VF0"
	fill_dev "$container && touch $group"
	refused 4 no_vfio "$group is no device node" "rm $group && mknod" "${inside[@]}" "$MLX" state "$VF0"
	fill_dev "$container" nodev
	refused 6 permission "/dev/vfio/vfio: Permission denied" "no nodev where" "${inside[@]}" "$MLX" state "$VF0"
	fill_dev "$container && mknod $group c ${number/:/ }"
	run --separate-stderr "${inside[@]}" "$MLX" state "$VF0"
	json_is .state RUNNING
}

# bats test_tags=asan
@test "devlink of the PF is in another network namespace: status and save say what that takes away" {
	run_mlx 0 bind "$VF0"
	run --separate-stderr unshare --net "$MLX" status "$PF" "$VF0"
	device "$PF" '[.driver, .fw_version, .psid]' '["mlx5_core",null,null]'
	device "$VF0" '[.migratable, .fw_version]' '[null,null]'
	[[ $(json '.devices[1].migratable_reason') == "its PF's devlink is in another network namespace: run this command in that one"* ]]
	hold "$VF0"
	run --separate-stderr unshare --net "$MLX" save "$VF0" "$BATS_TEST_TMPDIR/vf.mig"
	[ "$status" -eq 0 ]
	json_is '.warnings | length' 1
	[[ $(json '.warnings[0]') == "the image has no firmware version and no PSID in it, "*"another network namespace"* ]]
	run_mlx 0 inspect "$BATS_TEST_TMPDIR/vf.mig"
	run_mlx 0 save "$VF0" "$BATS_TEST_TMPDIR/known.mig"
	json_is .warnings '[]'
	# There is nothing in a bare stream for it.
	run --separate-stderr unshare --net "$MLX" save --raw "$VF0" "$BATS_TEST_TMPDIR/vf.stream"
	json_is .warnings '[]'
	run --separate-stderr unshare --net "$MLX" step "$VF0" "STOP_COPY=$BATS_TEST_TMPDIR/step.mig" RUNNING
	[ "$status" -eq 0 ]
	[[ $(json '.files[0].warnings[0]') == "the image has no firmware version"* ]]
}

# bats test_tags=asan
@test "a process has the group open, and no device of it" {
	run_mlx 0 bind "$VF0"
	open_elsewhere "$VF0"
	refused 5 busy "is open in sleep (pid $other_pid), which does not have the device open" \
		"if it stays so, end process $other_pid" "$MLX" state "$VF0"
	refused 5 busy "does not have the device open" "end process $other_pid" "$MLX" save "$VF0" "$BATS_TEST_TMPDIR/vf.mig"
	refused 5 busy "does not have the device open" "end process $other_pid" "$MLX" hold "$VF0"
	end_other
	run_mlx 0 state "$VF0"
}

@test "a PF that has no VFs yet: how they are made" {
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	refused 4 not_a_vf "$PF is a physical function" "echo NUMBER > /sys/bus/pci/devices/$PF/sriov_numvfs" "$MLX" bind "$PF"
	make_vfs 2
	refused 4 not_a_vf "$PF is a physical function" "name one, such as $PF/vf0" "$MLX" bind "$PF"
}
