#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bind and unbind: to the variant driver and back, all or none.

load ../helpers
load ../lab
load ../trees

setup_file() {
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	echo 4 >"$sys/devices/$PF/sriov_numvfs"
}

teardown_file() {
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	echo 2 >"$sys/devices/$PF/sriov_numvfs"
}

# Each test begins and ends with all VFs at mlx5_core.
teardown() {
	release || true
	end_other
	fault ''
	echo 1 >"$sys/devices/$PF/sriov_drivers_autoprobe"
	"$MLX" unbind -c "$VF0" "$VF1" "$VF2" "$VF3" >/dev/null
}

# Not modprobe -r: it takes along what the driver alone needed, mlx5_core.
forget_driver() {
	[ ! -e /sys/module/mlx5_vfio_pci ] || rmmod mlx5_vfio_pci
}

override_of() { cat "$sys/devices/$1/driver_override"; }

# is_at DEVICE DRIVER OVERRIDE
is_at() {
	[ "$(driver_of "$1")" = "$2" ] && [ "$(override_of "$1")" = "$3" ] && return
	echo "$1 is at '$(driver_of "$1")', override '$(override_of "$1")'; expected '$2', '$3'"
	return 1
}

@test "bind loads the driver and binds; unbind gives back" {
	forget_driver
	[ ! -e $sys/drivers/mlx5_vfio_pci ]
	run_mlx 0 bind "$VF0"
	json_is .schema mlxmigctl.bind/1
	device "$VF0" '[.driver_before, .driver_override_before, .driver, .driver_override, .changed, .rolled_back]' \
		'["mlx5_core",null,"mlx5_vfio_pci","mlx5_vfio_pci",true,false]'
	[ "$(json '.devices[0].duration_ns')" -gt 0 ]
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	run_mlx 0 unbind "$VF0"
	json_is .schema mlxmigctl.unbind/1
	device "$VF0" '[.driver_before, .driver, .driver_override, .changed]' '["mlx5_vfio_pci","mlx5_core",null,true]'
	is_at "$VF0" mlx5_core '(null)'
}

@test "what is there already is no change" {
	run_mlx 0 unbind "$VF0"
	device "$VF0" '[.driver, .changed]' '["mlx5_core",false]'
	run_mlx 0 bind "$VF0"
	run_mlx 0 bind "$VF0" "$VF1"
	device "$VF0" '[.driver, .changed]' '["mlx5_vfio_pci",false]'
	device "$VF1" '[.driver, .changed]' '["mlx5_vfio_pci",true]'
}

# bats test_tags=asan
@test "the override keeps a device with its driver until unbind" {
	run_mlx 0 bind "$VF0"
	echo "$VF0" >$sys/drivers/mlx5_vfio_pci/unbind
	echo "$VF0" >$sys/drivers_probe
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	run_mlx 0 unbind "$VF0"
	# An override that is in the way is cleared, and the driver keeps the device.
	echo mlx5_vfio_pci >"$sys/devices/$VF0/driver_override"
	run_mlx 0 unbind "$VF0"
	device "$VF0" '[.driver_before, .driver_override_before, .driver_override, .changed]' '["mlx5_core","mlx5_vfio_pci",null,true]'
	is_at "$VF0" mlx5_core '(null)'
}

@test "devices that the host does not probe by itself are bound and given back" {
	echo 0 >"$sys/devices/$PF/sriov_drivers_autoprobe"
	run_mlx 0 bind "$VF0"
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	run_mlx 0 unbind "$VF0"
	is_at "$VF0" mlx5_core '(null)'
}

@test "from no driver, and to none" {
	run_mlx 0 unbind --none "$VF0"
	device "$VF0" '[.driver_before, .driver, .changed]' '["mlx5_core",null,true]'
	is_at "$VF0" '' '(null)'
	run_mlx 4 state "$VF0"
	error_is not_bound
	run_mlx 0 bind "$VF0"
	device "$VF0" '[.driver_before, .driver]' '[null,"mlx5_vfio_pci"]'
	run_mlx 0 unbind --none "$VF0"
	is_at "$VF0" '' '(null)'
}

@test "--driver: vfio-pci, and from there" {
	run_mlx 0 bind --driver vfio-pci "$VF0" "$VF1"
	is_at "$VF0" vfio-pci vfio-pci
	run_mlx 0 bind "$VF0"
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	run_mlx 0 unbind --driver vfio-pci "$VF0"
	is_at "$VF0" vfio-pci '(null)'
}

# bats test_tags=asan
@test "a driver that does not exist: nothing is touched" {
	run_mlx 4 bind --driver nope_vfio_pci "$VF0"
	error_is no_driver
	[[ $stderr == *"nope_vfio_pci not found"* ]]
	[[ $stderr == *"check the name"* ]]
	is_at "$VF0" mlx5_core '(null)'
}

# bats test_tags=asan
@test "a module that the kernel does not trust: Secure Boot is named" {
	forget_driver
	# No lab has Secure Boot: these are modprobe's words there.
	printf '#!/bin/sh\necho "modprobe: ERROR: could not insert '\''mlx5_vfio_pci'\'': Key was rejected by service" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/modprobe"
	chmod +x "$BATS_TEST_TMPDIR/modprobe"
	mount --bind "$BATS_TEST_TMPDIR/modprobe" /sbin/modprobe
	run --separate-stderr "$MLX" bind "$VF0"
	umount /sbin/modprobe
	[ "$status" -eq 4 ]
	error_is no_driver
	[[ $stderr == *"Secure Boot"* ]]
	is_at "$VF0" mlx5_core '(null)'
}

@test "a driver that does not take the device: it is put back, and the kernel's reason told" {
	run_mlx 1 bind --driver pcieport "$VF0"
	error_is io
	json_is .error.device "$VF0"
	json_is .error.errno 19
	json_is '.result.devices[0] | [.driver, .changed, .rolled_back, .trouble]' '["mlx5_core",false,true,null]'
	is_at "$VF0" mlx5_core '(null)'
}

# bats test_tags=asan
@test "all or none: when the third fails, the first two go back" {
	run_mlx 0 bind "$VF0" "$VF1" "$VF2"
	run_mlx 0 unbind --none "$VF1"
	echo vfio-pci >"$sys/devices/$VF1/driver_override"
	# The firmware lets mlx5_core start on the first two, not on the third.
	fault 'op=0x102,vf=2,count=0,status=0x9,syndrome=0xabcdef'
	run_mlx 1 unbind "$VF0" "$VF1" "$VF2" "$VF3"
	fault ''
	error_is io
	json_is .error.device "$VF2"
	json_is '[.result.devices[] | .rolled_back]' '[true,true,true,false]'
	json_is '[.result.devices[] | .changed] | unique' '[false]'
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	is_at "$VF1" '' vfio-pci
	is_at "$VF2" mlx5_vfio_pci mlx5_vfio_pci
	is_at "$VF3" mlx5_core '(null)'
}

@test "a signal takes all of them back" {
	local pid ended=0 vf i
	"$MLX" bind -c "$VF0" "$VF1" "$VF2" "$VF3" >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- 4>&- &
	pid=$!
	for ((i = 0; i < 100000; i++)); do
		[ "$(driver_of "$VF0")" != mlx5_vfio_pci ] || break
		kill -0 "$pid"
	done
	kill -TERM "$pid"
	wait "$pid" || ended=$?
	[ "$ended" -eq 143 ]
	output=$(cat "$BATS_TEST_TMPDIR/out")
	json_is .error.code interrupted
	json_is '.result.devices[0] | [.changed, .rolled_back]' '[false,true]'
	for vf in "$VF0" "$VF1" "$VF2" "$VF3"; do is_at "$vf" mlx5_core '(null)'; done
}

@test "a device that is open is not unbound" {
	run_mlx 0 bind "$VF0" "$VF1"
	hold "$VF0"
	run_mlx 5 unbind "$VF1" "$VF0"
	error_is busy
	json_is .error.device "$VF0"
	[[ $stderr == *"mlxmigctl-hold (pid $HOLD_PID)"* ]]
	is_at "$VF1" mlx5_vfio_pci mlx5_vfio_pci
	release
	open_elsewhere "$VF1"
	run_mlx 5 unbind --force "$VF0" "$VF1"
	error_is busy
	[[ $stderr == *"sleep (pid $other_pid)"* ]]
	is_at "$VF0" mlx5_vfio_pci mlx5_vfio_pci
	end_other
	run_mlx 0 unbind "$VF0" "$VF1"
}

@test "a PF, what is not mlx5's, what is not there, what is named twice" {
	run_mlx 4 bind "$VF0" "$PF"
	error_is not_a_vf
	run_mlx 4 bind "$VF0" 00:00.0
	error_is not_mlx5
	run_mlx 3 bind "$VF0" 01:1f.7
	error_is no_such_device
	run_mlx 3 bind "$PF/vf4"
	error_is no_such_device
	run_mlx 2 bind "$VF0" "$PF/vf0"
	error_is usage
	is_at "$VF0" mlx5_core '(null)'
}

@test "without the right to" {
	install -m 755 "$MLX" /tmp/mlxmigctl-bind
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/mlxmigctl-bind bind "$VF0"
	rm /tmp/mlxmigctl-bind
	[ "$status" -eq 6 ]
	error_is permission
	is_at "$VF0" mlx5_core '(null)'
}

@test "bind warns of a device in the VF's IOMMU group that stays with the host" {
	local group ret=0
	group=$(realpath "$sys/devices/$VF0/iommu_group")/devices
	put_on mlx5_core "$VF0" "$VF1"
	# The lab isolates its VFs: sysfs is made to show two of them in one group.
	mount -t tmpfs group "$group"
	ln -s "$sys/devices/$VF0" "$sys/devices/$VF1" "$group"
	run_mlx 0 bind "$VF0" || ret=1
	json_is '[.warnings[]]' "[\"$VF1 shares IOMMU group $(basename "$(dirname "$group")") with $VF0 and is used by the host's driver mlx5_core, so VFIO cannot open $VF0: unbind the other device, or bind it to a driver of VFIO\"]" || ret=1
	[[ $stderr == "mlxmigctl: warning: $VF1 shares"* ]] || ret=1
	run_mlx 0 status "$VF0" || ret=1
	json_is '.devices[0] | [.iommu_group_members, .iommu_group_obstacle]' "[[\"$VF0\",\"$VF1\"],\"$VF1\"]" || ret=1
	run_mlx 0 bind "$VF0" "$VF1" && json_is .warnings '[]' || ret=1
	run_mlx 0 unbind "$VF0" "$VF1" && json_is .warnings '[]' || ret=1
	umount "$group"
	return "$ret"
}

@test "a stray driver_override is named, and bind and unbind end it" {
	put_on mlx5_vfio_pcii "$VF2"
	[ -z "$(driver_of "$VF2")" ]
	run_mlx 0 status "$VF2"
	[[ $(json '.devices[0].reasons[1]') == "its driver_override \"mlx5_vfio_pcii\" keeps all other drivers away:"* ]]
	run_mlx 0 bind "$VF2"
	json_is '.devices[0] | [.driver, .driver_override]' '["mlx5_vfio_pci","mlx5_vfio_pci"]'
	put_on mlx5_vfio_pcii "$VF2"
	run_mlx 0 unbind "$VF2"
	json_is '.devices[0] | [.driver, .driver_override]' '["mlx5_core",null]'
}
