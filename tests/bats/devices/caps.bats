#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# caps and state, and the ways in which a device is not one that they can open (more of them: host/caps.bats).

load ../helpers
load ../lab

setup_file() { "$MLX" bind -c "$VF0" "$VF1"; }
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }
teardown() { release || true; }

@test "caps tells everything that a VF's driver offers" {
	local size
	size=$(labvf "$VF0" get state_size)
	run_mlx 0 caps "$VF0"
	json_is '[.schema, .device, .driver, .access, .fresh, .state]' \
		"[\"mlxmigctl.caps/1\",\"$VF0\",\"mlx5_vfio_pci\",\"opened\",true,\"RUNNING\"]"
	json_is '.migration | [.offered, .reason, .stop_copy, .p2p, .old_protocol]' '[true,null,true,true,false]'
	json_is '.migration | (.states | index("RUNNING_P2P") != null and index("ERROR") == null)
		and (.flags % 2 == 1) == .stop_copy and ((.flags / 2 | floor) % 2 == 1) == .p2p
		and ((.flags / 4 | floor) % 2 == 1) == .pre_copy' true
	json_is '.features | [.migration, .mig_device_state]' '[["get"],["get","set"]]'
	json_is '.vfio | .reset and (.flags | index("pci") != null) and .regions >= 9 and .irqs >= 5' true
	if old_kernel; then
		json_is '[.features.mig_data_size, .stop_copy_bytes, .migration.pre_copy]' '[[],null,false]'
	else
		json_is .features.mig_data_size '["get"]'
		json_is ".stop_copy_bytes >= $size and .stop_copy_bytes <= $size + 1048576" true
	fi
}

@test "caps estimates for how long a save would stop the device, where the rate is said" {
	if old_kernel; then
		run_mlx 0 caps --rate 1M "$VF0"
		json_is '.stopped_estimate | [.duration_ns, (.reason | test("how large"))]' '[null,true]'
		return
	fi
	run_mlx 0 caps "$VF0"
	json_is '.stopped_estimate | [.duration_ns, .bytes_per_second, .rate_from, (.reason | test("--rate"))]' '[null,null,null,true]'
	json_is .measured '{"load_bytes_per_second":null,"save_bytes_per_second":null}'
	run_mlx 0 caps --rate 1M "$VF0"
	json_is '.stopped_estimate.duration_ns == (.stop_copy_bytes / 1048576 * 1000000000 | floor)' true
	json_is '.stopped_estimate | [.bytes_per_second, .rate_from, .reason]' '[1048576,"option",null]'
}

# bats test_tags=asan
@test "caps takes the rate that the driver has measured, and the one that is said before it" {
	lab-prop set save-bandwidth 20000000
	lab-prop set load-bandwidth 10000000
	run_mlx 0 save "$VF0" "$BATS_TEST_TMPDIR/image"
	run_mlx 0 load "$VF0" "$BATS_TEST_TMPDIR/image"
	lab-prop set save-bandwidth 0
	lab-prop set load-bandwidth 0
	run_mlx 0 caps "$VF0"
	json_is '.measured.save_bytes_per_second | . > 1000000 and . <= 20000000' true
	json_is '.measured.load_bytes_per_second | . > 1000000 and . <= 10000000' true
	if old_kernel; then
		json_is '.stopped_estimate | [.duration_ns, .rate_from]' '[null,"driver"]'
	else
		json_is '(.stopped_estimate | [.rate_from, .reason]) == ["driver", null]
			and .stopped_estimate.bytes_per_second == .measured.save_bytes_per_second
			and .stopped_estimate.duration_ns > 200000000' true
	fi
	run_mlx 0 caps --rate 1M "$VF0"
	json_is '.stopped_estimate | [.bytes_per_second, .rate_from]' '[1048576,"option"]'
	umount -l /sys/kernel/debug
	run_mlx 0 caps "$VF0"
	mount -t debugfs debugfs /sys/kernel/debug
	json_is '[.stopped_estimate.rate_from, .measured.load_bytes_per_second]' '[null,null]'
}

@test "caps -t: in words, with what the estimate counts on" {
	run_mlx 0 caps -t --rate 1M "$VF0"
	[[ $output == "device: $VF0, opened, and so reset, for this"$'\ndriver: mlx5_vfio_pci\nmigration: offered\n'* ]]
	grep -q '^states: .*RUNNING_P2P' <<<"$output"
	grep -qE '^mig_device_state +get,set$' <<<"$output"
	# Without MIG_DATA_SIZE nothing is known of the size.
	old_kernel || grep -qE '^a save stops it for: 4\.[0-9]+ s, about, without pre-copy, at .*a second, which was given$' <<<"$output"
	! old_kernel || grep -q '^a save stops it for: a time that is not known: ' <<<"$output"
}

@test "a device is found by its PF and number too" {
	run_mlx 0 state "$PF/vf1"
	json_is .device "$VF1"
}

@test "a free device is opened, and so in RUNNING" {
	run_mlx 0 state "$VF0"
	json_is '[.schema, .state, .fresh]' '["mlxmigctl.state/1","RUNNING",true]'
}

@test "a device without any driver is not bound" {
	without_driver "$VF1"
	run_mlx 4 state "$VF1"
	error_is not_bound
	[[ $stderr == *"mlxmigctl bind"* ]]
	put_on mlx5_vfio_pci "$VF1"
}

@test "a driver of the host is named" {
	put_on mlx5_core "$VF1"
	run_mlx 4 caps "$VF1"
	error_is wrong_driver
	[[ $stderr == *"bound to mlx5_core"* ]]
	put_on mlx5_vfio_pci "$VF1"
}

@test "plain vfio-pci is opened, and cannot migrate" {
	modprobe vfio-pci
	put_on vfio-pci "$VF1"
	run_mlx 4 state "$VF1"
	error_is wrong_driver
	[[ $stderr == *"plain vfio-pci"* ]]
	run_mlx 4 step "$VF1" stop
	run_mlx 0 caps "$VF1"
	json_is '.migration | [.offered, .flags, .states, .old_protocol, (.reason | test("plain vfio-pci"))]' \
		'[false,0,[],false,true]'
	json_is '[.state, .stop_copy_bytes]' '[null,null]'
	run_mlx 0 reset "$VF1"
	json_is '[.from, .state]' '[null,null]'
	hold "$VF1"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[0] | [.driver, .state]' '["vfio-pci",null]'
	release
	put_on mlx5_vfio_pci "$VF1"
}

# bats test_tags=asan
@test "firmware that cannot migrate is told apart from the wrong driver" {
	firmware_migrates off
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	run_mlx 4 state "$VF1"
	error_is not_migratable
	run_mlx 0 caps "$VF1"
	json_is '.migration | .offered or (.reason | test("mlx5_vfio_pci offers no migration") | not)' false
	firmware_migrates on
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	run_mlx 0 state "$VF1"
}

# bats test_tags=asan
@test "VFIO that is missing is named" {
	# Without the one, where the kernel has it, the tool takes the other.
	[ ! -e /dev/iommu ] || mv /dev/iommu /dev/vfio/iommu
	mv /dev/vfio/vfio /dev/vfio/away
	run_mlx 4 state "$VF0"
	mv /dev/vfio/away /dev/vfio/vfio
	[ ! -e /dev/vfio/iommu ] || mv /dev/vfio/iommu /dev/iommu
	error_is no_vfio
	[[ $stderr == *"/dev/vfio/vfio is missing, though the kernel has the device"* ]]
	run_mlx 0 state "$VF0"
}

# bats test_tags=asan
@test "an IOMMU that does not isolate interrupts is named, and the way out" {
	local by=vfio_iommu_type1 switch
	[ ! -e /dev/iommu ] || [ ! -d /dev/vfio/devices ] || by=iommufd
	switch=/sys/module/$by/parameters/allow_unsafe_interrupts
	echo N >$switch
	run_mlx 6 state "$VF0"
	echo Y >$switch
	error_is permission
	[[ $stderr == *"interrupt remapping"*"$by with allow_unsafe_interrupts"* ]]
	run_mlx 0 state "$VF0"
}

@test "without the right to open it" {
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$MLX" state "$VF0"
	[ "$status" -eq 6 ]
	error_is permission
	[[ $stderr == *root* ]]
}
