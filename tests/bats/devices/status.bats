#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# status on real devices: what is known without disturbing them, and what is only read when it may be.

load ../helpers
load ../lab
load ../trees

setup_file() { "$MLX" bind -c "$VF0"; }
teardown_file() { "$MLX" unbind -c "$VF0"; }

teardown() {
	release || true
	end_other
	lab-prop set migration true
}

@test "status knows the PF and its VFs, and asks devlink for the firmware" {
	run_mlx 0 status
	json_is '[.devices[] | .kind + (.vf_number | tostring)] | .[0:3]' '["pfnull","vf0","vf1"]'
	device "$PF" '[.vendor_id, .device_id, .driver, .num_vfs]' '["15b3","1021","mlx5_core",2]'
	device "$VF1" '[.vendor_id, .device_id, .driver, .driver_override, .pf]' "[\"15b3\",\"101e\",\"mlx5_core\",null,\"$PF\"]"
	json_is '[.devices[] | .fw_version, .psid] | unique' '["28.41.1000","MT_0000000838"]'
	local group
	group=$(group_of "$VF1")
	device "$VF1" .iommu_group "${group##*/}"
}

@test "status follows the firmware's version" {
	lab-prop set fw-version 28.43.2026
	run_mlx 0 status "$VF1"
	lab-prop set fw-version 28.41.1000
	device "$VF1" .fw_version 28.43.2026
}

@test "migratable is unknown without an eswitch, and status says so" {
	run_mlx 0 status "$VF0"
	device "$VF0" .migratable null
	[[ $(json .devices[0].migratable_reason) == *eswitch* ]]
}

@test "a free device is not opened, and so not reset" {
	local before
	before=$(labvf "$VF0" get resets)
	labvf "$VF0" get resets >/dev/null
	local step=$(($(labvf "$VF0" get resets) - before))
	# Two looks make that many resets, and a status between them none.
	before=$(labvf "$VF0" get resets)
	run_mlx 0 status
	device "$VF0" '[.in_use, .migration, .can_migrate]' '[false,null,null]'
	[[ $(json ".devices[] | select(.device == \"$VF0\").migration_reason") == *--probe* ]]
	labvf "$VF0" get resets >/dev/null
	[ "$(($(labvf "$VF0" get resets) - before))" -eq "$step" ]
	run_mlx 0 status -t
	[[ ${lines[-1]} == "note: a free device is not asked for its state"* ]]
}

@test "status --probe opens a free device, says so, and finds that it can migrate" {
	run_mlx 0 status --probe "$PF" "$VF0" "$VF1"
	device "$VF0" '.migration | [.access, .fresh, .offered, .stop_copy, .p2p, .state]' '["opened",true,true,true,true,"RUNNING"]'
	device "$VF0" '[.can_migrate, .reasons]' '[true,[]]'
	if old_kernel; then
		device "$VF0" .migration.stop_copy_bytes null
	else
		[ "$(json ".devices[] | select(.device == \"$VF0\").migration.stop_copy_bytes")" -gt 4194304 ]
	fi
	device "$VF1" '[.migration, .migration_reason, .can_migrate]' '[null,"no driver of VFIO has it",false]'
	device "$PF" '[.migration, .can_migrate]' '[null,false]'
}

@test "a held device is borrowed, and its state told" {
	hold "$VF0"
	local resets via=group
	[ ! -c /dev/iommu ] || via=cdev
	resets=$(labvf "$VF0" get resets)
	run_mlx 0 step "$VF0" stop
	run_mlx 0 status
	device "$VF0" '[.in_use, (.holder | .kind, .pid, .name)]' "[true,\"hold\",$HOLD_PID,\"mlxmigctl-hold\"]"
	device "$VF0" '.holders[] | [.kind, .pid, .command, .uid, .user, .guest, .via]' "[\"hold\",$HOLD_PID,\"$MLX\",0,\"root\",null,\"$via\"]"
	device "$VF0" '.migration | [.access, .fresh, .offered, .state, .stop_copy_bytes]' '["borrowed",false,true,"STOP",null]'
	device "$VF0" .can_migrate true
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
}

# bats test_tags=asan
@test "a device of which somebody else has but the group open tells its holder and no more" {
	open_elsewhere "$VF0"
	run_mlx 0 status --probe "$VF0"
	device "$VF0" '[.in_use, (.holder | .kind, .pid, .name)]' "[null,\"other\",$other_pid,\"sleep\"]"
	device "$VF0" .migration null
	json_is '.devices[0].migration_reason' "sleep (pid $other_pid) has its IOMMU group $(group_of "$VF0" | grep -o '[0-9]*$') open, but not the device"
	json_is '.devices[0] | .reasons == ["its migration features were not read: " + .in_use_reason]' true
	device "$VF0" '.holders[] | [.kind, .command, .via, .fd]' '["other","vmm","group",9]'
	end_other
	run_mlx 0 status "$VF0"
	device "$VF0" .in_use false
}

# bats test_tags=asan
@test "who has borrowed a device is told after its holder" {
	hold "$VF0"
	local fd via
	run_mlx 0 status "$VF0"
	read -r fd via < <(json '.devices[0].holders[0] | "\(.fd) \(.via)"')
	python3 - "$HOLD_PID" "$fd" "$BATS_TEST_TMPDIR/there" 3>&- 4>&- <<-'END' &
		import ctypes, os, sys, time
		holder, fd = int(sys.argv[1]), int(sys.argv[2])
		ctypes.CDLL(None).syscall(438, os.pidfd_open(holder), fd, 0) # pidfd_getfd
		open(sys.argv[3], "w").close()
		time.sleep(60)
	END
	other_pid=$!
	await --pid $other_pid exists "$BATS_TEST_TMPDIR/there"
	run_mlx 0 status
	device "$VF0" '[.holder.pid, (.holders[] | .pid, .kind, .via)]' "[$HOLD_PID,$HOLD_PID,\"hold\",\"$via\",$other_pid,\"other\",\"$via\"]"
	json_is ".processes[] | select(.pid == $other_pid).devices" "[\"$VF0\"]"
}

@test "a file is known by its number, whatever its name and whether it is still there" {
	local group folder=$BATS_TEST_TMPDIR/vfio
	group=$(group_of "$VF0")
	mkdir "$folder"
	mknod "$folder/${group##*/}" c 1 3
	bash -c 'exec 9<>"$1" && exec sleep 60' _ "$folder/${group##*/}" 3>&- 4>&- &
	other_pid=$!
	await program $other_pid sleep
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holders]' '[false,[]]'
	end_other
	rm "$folder/${group##*/}"
	cp -a "$group" "$folder"
	bash -c 'exec 9<>"$1" && rm "$1" && exec sleep 60' _ "$folder/${group##*/}" 3>&- 4>&- &
	other_pid=$!
	await --pid $other_pid gone "$folder/${group##*/}"
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holders[].pid]' "[null,$other_pid]"
}

@test "without the right to look into processes, a device that is enabled may be in use, another one is not" {
	local as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/mlxmigctl-status)
	install -m 755 "$MLX" /tmp/mlxmigctl-status
	run --separate-stderr "${as_nobody[@]}" status "$VF0"
	[ "$status" -eq 0 ]
	device "$VF0" '[.in_use, .holder, .fw_version]' '[false,null,"28.41.1000"]'
	hold "$VF0"
	run --separate-stderr "${as_nobody[@]}" status "$VF0"
	rm /tmp/mlxmigctl-status
	[ "$status" -eq 0 ]
	device "$VF0" '[.in_use, .holder]' '[null,null]'
	[[ $(json '.devices[0].in_use_reason') == *"not every process can be looked into" ]]
}

# bats test_tags=asan
@test "firmware without migration: the driver has it, and it cannot migrate" {
	run_mlx 0 unbind "$VF0"
	firmware_migrates off
	run_mlx 0 bind "$VF0"
	run_mlx 0 status --probe "$VF0"
	firmware_migrates on
	device "$VF0" '[.driver, .migration.offered, .can_migrate]' '["mlx5_vfio_pci",false,false]'
	device "$VF0" '.reasons | length' 1
	run_mlx 0 unbind "$VF0"
	run_mlx 0 bind "$VF0"
	run_mlx 0 status --probe "$VF0"
	device "$VF0" .can_migrate true
}

@test "on plain vfio-pci it cannot migrate" {
	run_mlx 0 bind --driver vfio-pci "$VF0"
	run_mlx 0 status --probe "$VF0"
	device "$VF0" '[.driver, .migration.offered, .can_migrate]' '["vfio-pci",false,false]'
	[[ $(json '.devices[0].reasons[]') == *"vfio-pci offers no migration"* ]]
	run_mlx 0 bind "$VF0"
}

@test "a captured host reads as the host itself, but for what only devices and devlink tell" {
	local filter='[.devices[] | del(.fw_version, .psid, .migratable_reason, .migration_reason, .reasons)]' host
	"$top_dir/tests/fixtures/sysfs/capture" >"$BATS_TEST_TMPDIR/host.tree"
	"$top_dir/tests/fixtures/sysfs/plant" "$BATS_TEST_TMPDIR/host.tree" "$BATS_TEST_TMPDIR/root"
	run_mlx 0 status
	host=$(json "$filter")
	run_mlx 0 --sysroot "$BATS_TEST_TMPDIR/root" status
	diff <(jq . <<<"$host") <(json "$filter" | jq .)
	[ "$(jq length <<<"$host")" -eq 3 ]
}

@test "an alternative name of a netdev works wherever its name does" {
	local longest pf over=$BATS_TEST_TMPDIR/over
	longest=$(printf 'alternative-name-%.0s' {1..7})12345678
	# The lab's functions have no netdevs. lo is a netdev of the kernel's, and sysfs is made to show it below the PF.
	pf=$(realpath "$sys/devices/$PF")
	mkdir "$over"
	mount -t tmpfs over "$over"
	mkdir -p "$over/upper/net/lo" "$over/work"
	mount -t overlay -o "lowerdir=${pf//:/\\:},upperdir=$over/upper,workdir=$over/work" over "$pf"
	ip link property add dev lo altname lan0 altname "$longest"
	local name ret=0
	for name in lan0 "$longest" lo; do
		run_mlx 0 status "$name" && json_is '[.devices[].device]' "[\"$PF\"]" || ret=1
		run_mlx 0 status "$name/vf1" && json_is '[.devices[].device]' "[\"$VF1\"]" || ret=1
	done
	run_mlx 3 status lan1 && error_is no_such_device || ret=1
	run_mlx 3 status "${longest}9" || ret=1
	ip link property del dev lo altname lan0 altname "$longest"
	umount "$pf" "$over"
	run_mlx 3 status lan0 && error_is no_such_device || ret=1
	return "$ret"
}
