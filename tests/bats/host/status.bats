# SPDX-License-Identifier: GPL-2.0-or-later
# What status makes of captured hosts.

load ../helpers
load ../trees

@test "status lists each mlx5 PF and then its VFs, and nothing else" {
	plant two-port
	on 0 status
	json_is .schema mlxmigctl.status/1
	json_is '[.devices[] | .device + " " + .kind]' '["0000:3b:00.0 pf","0000:3b:00.2 vf","0000:3b:00.3 vf","0000:3b:00.4 vf","0000:3b:00.5 vf","0000:3b:00.1 pf","0000:3b:00.6 vf","0000:3b:00.7 vf","0000:3b:01.0 vf","0000:5e:00.0 pf"]'
}

@test "status tells the relation of PF and VF and the VF's number" {
	plant two-port
	on 0 status
	device 0000:3b:00.5 '[.pf, .vf_number, .num_vfs]' '["0000:3b:00.0",3,null]'
	device 0000:3b:01.0 '[.pf, .vf_number]' '["0000:3b:00.1",2]'
	device 0000:3b:00.0 '[.pf, .vf_number, .num_vfs, .total_vfs]' '[null,null,4,16]'
}

@test "status tells identity, driver, override, group, cdev and node" {
	plant two-port
	on 0 status 3b:00.4
	json_is '.devices[0] | [.vendor_id, .device_id, .subsystem_vendor_id, .subsystem_id, .revision]' '["15b3","101e","15b3","0041",0]'
	json_is '.devices[0] | [.driver, .driver_override, .iommu_group, .cdev, .numa_node]' '["mlx5_vfio_pci","mlx5_vfio_pci",42,"vfio0",0]'
	on 0 status 3b:00.6 3b:00.7
	device 0000:3b:00.6 '[.driver, .driver_override, .cdev]' '[null,null,null]'
	# A kernel without cdevs has the vfio-dev, but no device number of it.
	device 0000:3b:00.7 '[.driver, .cdev]' '["vfio-pci",null]'
}

@test "status tells netdevs and RDMA devices, without the representors" {
	plant two-port
	on 0 status 3b:00.0 3b:00.2
	device 0000:3b:00.0 '[.netdevs, .rdma_devices]' '[["ens1f0np0"],["mlx5_0"]]'
	device 0000:3b:00.2 '[.netdevs, .rdma_devices]' '[["ens1f0v0"],["mlx5_2"]]'
}

@test "status tells who has a device open, by group and by cdev" {
	plant two-port
	on 0 status
	device 0000:3b:00.4 '[.in_use, .holder]' '[true,{"kind":"hold","pid":4242,"name":"mlxmigctl-hold"}]'
	device 0000:3b:00.5 '[.in_use, .holder]' '[true,{"kind":"other","pid":777,"name":"qemu-system-x86"}]'
	device 0000:3b:00.6 '[.in_use, .holder]' '[false,null]'
}

@test "status tells everybody who has a device open, its holder first" {
	plant two-port
	on 0 status
	device 0000:3b:00.4 '[.holders[] | .kind, .pid, .name, .command, .via, .fd, .iommufd]' \
		'["hold",4242,"mlxmigctl-hold","mlxmigctl","cdev",7,true,"other",5001,"mlxmigctl","mlxmigctl","cdev",3,false]'
	device 0000:3b:00.6 .holders '[]'
}

@test "status tells that a holder was killed, as long as its trace is there" {
	local trace
	plant two-port
	mkdir -p "$SYSROOT/run/mlxmigctl"
	for trace in 0000:3b:00.7 0000:3b:00.4; do
		printf 'pid 3000\nstart 17\n' >"$SYSROOT/run/mlxmigctl/$trace.hold"
	done
	on 0 status
	json_is '.warnings | sort' '["0000:3b:00.4: mlxmigctl hold (pid 3000) was killed before mlxmigctl-hold (pid 4242) took the device; what it held is lost","0000:3b:00.7: mlxmigctl hold (pid 3000) was killed; the kernel has reset the device, and what it held is lost"]'
	# nothing is taken away in another root
	[ -e "$SYSROOT/run/mlxmigctl/0000:3b:00.4.hold" ]
	on 0 status -t
	[[ $output == *$'\nwarning: 0000:3b:00.7: mlxmigctl hold (pid 3000) was killed;'* ]]
	# one that is still there may be about to open it
	mkdir "$SYSROOT/proc/3000"
	echo "3000 (mlxmigctl) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 17 0 0" >"$SYSROOT/proc/3000/stat"
	on 0 status
	json_is .warnings '[]'
}

@test "a killed holder's trace is not reported of a VF that no driver of VFIO has any more" {
	local vf
	plant two-port
	mkdir -p "$SYSROOT/run/mlxmigctl"
	for vf in 0000:3b:00.2 0000:3b:00.6 0000:3b:00.7; do
		printf 'pid 3000\nstart 17\n' >"$SYSROOT/run/mlxmigctl/$vf.hold"
	done
	on 0 status 3b:00.2 3b:00.6 3b:00.7
	json_is '[.warnings[] | .[:12]]' '["0000:3b:00.7"]'
}

@test "a group that is open without the device: whether it is in use is not known, and why" {
	plant two-port
	echo 0 >"$SYSROOT/sys/bus/pci/devices/0000:3b:00.5/enable"
	on 0 status 3b:00.5
	device 0000:3b:00.5 '[.in_use, .in_use_reason, .holder.pid]' \
		'[null,"qemu-system-x86 (pid 777) has its IOMMU group 43 open, but not the device",777]'
	json_is '.processes[0].devices' '["0000:3b:00.5"]'
	on 0 status -t 3b:00.5
	[[ $output == *'note: IN_USE "-": '* ]]
	on 5 unbind 3b:00.5
	json_is .error.message "0000:3b:00.5: qemu-system-x86 (pid 777) has its IOMMU group 43 open, but not the device"
}

@test "status tells user, guest and libvirt's domain of a holder" {
	plant two-port
	on 0 status 3b:00.5 3b:00.4
	device 0000:3b:00.5 '.holders[0] | [.pid, .command, .uid, .user, .guest, .domain, .via]' \
		'[777,"/usr/bin/qemu-system-x86_64",64055,"libvirt-qemu","web,1","web,1","group"]'
	device 0000:3b:00.4 '.holders[0] | [.uid, .user, .guest, .domain]' '[0,"root",null,null]'
	printf 'qemu\0-name\0by-hand,process=x\0' >"$SYSROOT/proc/777/cmdline"
	rm "$SYSROOT/etc/passwd"
	on 0 status 3b:00.5
	device 0000:3b:00.5 '.holders[0] | [.uid, .user, .guest, .domain]' '[64055,null,"by-hand",null]'
	# Nothing of a process but its name and its files: it may have ended meanwhile.
	rm "$SYSROOT"/proc/777/{cmdline,status}
	on 0 status 3b:00.5
	device 0000:3b:00.5 '.holders[0] | [.pid, .name, .command, .uid, .user, .guest]' '[777,"qemu-system-x86",null,null,null,null]'
}

@test "status lists the processes, those with an iommufd alone too" {
	plant two-port
	on 0 status
	json_is '[.processes[] | [.pid, .name, .iommufd, .devices]]' \
		'[[777,"qemu-system-x86",false,["0000:3b:00.5"]],[900,"cloud-hyperviso",true,[]],[4242,"mlxmigctl-hold",true,["0000:3b:00.4"]],[5001,"mlxmigctl",false,["0000:3b:00.4"]]]'
	on 0 status -t
	[[ $output =~ PID\ +NAME\ +USER\ +GUEST\ +IOMMUFD\ +DEVICES ]]
	[[ $output =~ 777\ +qemu-system-x86\ +libvirt-qemu\ +web,1\ +-\ +0000:3b:00.5 ]]
	[[ $output =~ 900\ +cloud-hyperviso\ +4711\ +-\ +yes\ +- ]]
}

@test "a group is open for each of its devices, and held for those of which a marker says so" {
	plant two-port
	local link
	for link in "$SYSROOT"/sys/bus/pci/devices/0000:3b:00.[23]/iommu_group; do
		ln -sfn ../../../../kernel/iommu_groups/43 "$link"
	done
	echo mlxmigctl-hold >"$SYSROOT/proc/777/comm"
	echo "777 (mlxmigctl-hold) S 1 777 777 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1300 0 0" >"$SYSROOT/proc/777/stat"
	printf 'pid 777\nstart 1300\n' >"$SYSROOT/run/mlxmigctl/0000:3b:00.3.hold"
	on 0 status
	json_is '[.devices[] | select(.iommu_group == 43) | [.device, .holder.kind, (.holders[] | .pid, .kind, .via)]]' \
		'[["0000:3b:00.2","other",777,"other","group"],["0000:3b:00.3","hold",777,"hold","group"],["0000:3b:00.5","other",777,"other","group"]]'
	json_is '.processes[] | select(.pid == 777).devices' '["0000:3b:00.2","0000:3b:00.3","0000:3b:00.5"]'
}

# in_thread THREAD FILE...: process 777 has these files in the table of that thread alone
in_thread() {
	local thread=$SYSROOT/proc/777/task/$1 file
	shift
	mkdir -p "$thread/fd"
	for file; do mv "$SYSROOT/proc/777/fd/$file" "$thread/fd"; done
}

@test "files that a thread does not share with its process are found" {
	plant two-port
	in_thread 778 31 32 33
	on 0 status 3b:00.5
	device 0000:3b:00.5 '[.in_use, .holder.pid, (.holders[] | .pid, .via, .fd, .certain)]' '[true,777,777,"group",32,true]'
	json_is '[.processes[] | select(.pid == 777).devices[]]' '["0000:3b:00.5"]'
	on 5 unbind 3b:00.5
	json_is .error.message "0000:3b:00.5 is open in qemu-system-x86 (pid 777)"
	# It is not open then, whatever files exist.
	echo 0 >"$SYSROOT/sys/bus/pci/devices/0000:3b:00.5/enable"
	on 0 status 3b:00.5
	device 0000:3b:00.5 .in_use false
}

@test "a thread's own file of the device alone, by its name and without it" {
	plant two-port
	in_thread 778 33
	rm "$SYSROOT/proc/777/fd/32"
	in_thread 779 31
	on 0 status 3b:00.5
	device 0000:3b:00.5 '[.in_use, .holder.pid, (.holders[] | .via, .certain)]' '[true,777,"device",false]'
	mkdir -p "$SYSROOT/proc/777/task/778/fdinfo"
	printf 'pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:3a/0000:3b:00.5\n' >"$SYSROOT/proc/777/task/778/fdinfo/33"
	on 0 status 3b:00.5
	device 0000:3b:00.5 '[.in_use, .holder.pid, (.holders[] | .via, .certain)]' '[true,777,"device",true]'
}

@test "a process whose first thread has ended is found by another one's files" {
	plant two-port
	in_thread 778 0 31 32 33
	on 0 status 3b:00.5
	device 0000:3b:00.5 '[.in_use, .in_use_reason, .holder.pid]' '[true,null,777]'
}

@test "status says why a device cannot migrate" {
	plant two-port
	on 0 status
	device 0000:3b:00.0 '[.can_migrate, .reasons]' '[false,["it is a physical function: its VFs migrate"]]'
	device 0000:3b:00.2 '[.can_migrate, .reasons]' '[false,["its driver mlx5_core is not one of VFIO"]]'
	device 0000:3b:00.6 '[.can_migrate, .reasons]' '[false,["it is bound to no driver"]]'
	device 0000:3b:00.7 '[.can_migrate, .reasons[0]]' '[false,"vfio-pci offers no migration"]'
}

@test "status tells which firmware command failed last, also of a VMM's device" {
	plant two-port
	on 0 status
	device 0000:3b:00.5 '.firmware_failure | [.command, .opcode, .op_mod, .status, .status_name, .syndrome, .errno, .time_unix_ns, .number]' \
		'["SAVE_VHCA_STATE","0x118","0x0","0x9","bad resource state","0x2c9bb0",22,1795370463000000000,1]'
	device 0000:3b:00.4 .firmware_failure null
	device 0000:3b:00.0 .firmware_failure null
}

@test "status says what it did not look at" {
	plant two-port
	on 0 status --probe
	device 0000:3b:00.4 '[.can_migrate, .migration, .migration_reason]' '[null,null,"a captured host has no devices to open"]'
	device 0000:3b:00.4 '[.migratable, .migratable_reason]' '[null,"devlink of a captured host cannot be asked"]'
}

@test "a host without an IOMMU" {
	plant no-iommu
	on 0 status
	device 0000:01:00.2 '[.iommu_group, .can_migrate, .reasons]' '[null,false,["it is in no IOMMU group","it is bound to no driver"]]'
	device 0000:01:00.1 '[.numa_node, .vf_number]' '[null,0]'
}

@test "a VF whose PF is not mlx5_core's cannot migrate" {
	plant half-iommu
	on 0 status 02:00.1
	json_is '.devices[0] | [.can_migrate, .reasons]' '[false,["its PF 0000:02:00.0 is bound to vfio-pci, not to mlx5_core"]]'
}

@test "a device is found by address, netdev, RDMA device and PF/vfN" {
	plant two-port
	local name
	for name in 0000:3b:00.3 3b:00.3 3B:00.3 ens1f0v1 mlx5_3 0000:3b:00.0/vf1 3b:00.0/vf1 ens1f0np0/vf1 mlx5_0/vf1 /sys/bus/pci/devices/0000:3b:00.3; do
		on 0 status "$name"
		json_is '[.devices[].device]' '["0000:3b:00.3"]'
	done
}

@test "any other device of VFIO is found by address, UUID and path" {
	plant two-port
	local uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
	for name in "$uuid" "/sys/bus/mdev/devices/$uuid"; do
		on 0 status "$name"
		json_is '.devices[0] | [.device, .kind, .iommu_group, .vendor_id]' "[\"$uuid\",\"other\",60,null]"
	done
	on 0 status 06:00.0
	json_is '.devices[0] | [.device, .kind, .cdev, .vendor_id]' '["0000:06:00.0","other","vfio3","8086"]'
}

@test "no such device" {
	plant two-port
	local name
	for name in 3b:00.9 ff:00.0 nope0 ens1f0np0/vf4 ens1f0np0/vf /sys/bus/pci/devices/nope 83b8f4f2-0000-0000-0000-000000000000 "" "a b" ../.. / //; do
		on 3 status "$name"
		error_is no_such_device
		json_is .error.device "$([ -n "$name" ] && echo "$name" || echo null)"
	done
}

@test "PF/vfN names what the PF has" {
	plant two-port
	on 3 status ens1f0np0/vf4
	json_is .error.message "0000:3b:00.0 has no VF 4: it has 4 VFs"
	on 2 status ens1f0v0/vf0
	error_is usage
}

@test "not mlx5's, and nothing of VFIO" {
	plant two-port
	local name
	for name in 05:00.0 eno1 04:00.0 enp4s0 5f:00.0; do
		on 4 status "$name"
		error_is not_mlx5
	done
}

@test "a representor is not taken for the PF" {
	plant two-port
	on 3 status pf0vf1
	error_is no_such_device
	json_is .error.hint "name the VF itself: 0000:3b:00.0/vfN"
}

@test "a device named twice" {
	plant two-port
	on 2 status ens1f0v0 3b:00.2
	error_is usage
	json_is .error.device 0000:3b:00.2
}

@test "a root that is none" {
	run_mlx 3 --sysroot "$BATS_TEST_TMPDIR/nope" status
	error_is no_such_file
	mkdir "$BATS_TEST_TMPDIR/empty"
	run_mlx 3 --sysroot "$BATS_TEST_TMPDIR/empty" status
	error_is no_such_file
}

@test "the root of the running host is no device" {
	local name
	for name in / /. /sys/..; do
		run_mlx 3 state "$name"
		error_is no_such_device
		json_is .error.device "$name"
	done
}

@test "a domain above ffff, as a VMD has it" {
	sed 's/0000:5e:00\.0/10001:5e:00.0/g' "$top_dir/tests/fixtures/sysfs/two-port.tree" >"$BATS_TEST_TMPDIR/vmd.tree"
	"$top_dir/tests/fixtures/sysfs/plant" "$BATS_TEST_TMPDIR/vmd.tree" "$BATS_TEST_TMPDIR/vmd"
	SYSROOT=$BATS_TEST_TMPDIR/vmd
	on 0 status
	json_is '.devices[-1].device' 10001:5e:00.0
	on 0 status 10001:5e:00.0
	json_is '[.devices[] | .device, .kind]' '["10001:5e:00.0","pf"]'
	on 3 status 0001:5e:00.0
	error_is no_such_device
}

@test "status -t is a table of the same" {
	plant two-port
	on 0 status -t
	[ "${#lines[@]}" -eq 20 ]
	[[ ${lines[0]} =~ ^DEVICE\ +KIND\ +VF_NUMBER\ +DRIVER ]]
	[[ ${lines[4]} =~ ^0000:3b:00.4\ +vf\ +2\ +mlx5_vfio_pci\ +42\ .*\ yes\  ]]
}

@test "a host without an mlx5 adapter is told of in words; the document's list is empty" {
	plant two-port
	rm -r "$SYSROOT"/sys/bus/pci/devices/*
	on 0 status
	json_is '[.devices, [.processes[].pid]]' '[[],[900,4242]]'
	on 0 status -t
	[ "${lines[0]}" = "devices: none: this host has no function of an mlx5 adapter" ]
}

@test "the running host is read without privilege" {
	run_mlx 0 status
	json_is .schema mlxmigctl.status/1
	json_is '.devices | type' array
}
