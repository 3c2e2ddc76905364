# SPDX-License-Identifier: GPL-2.0-or-later
# What a function is, on captured hosts: VFs without their PF, shared IOMMU groups, functions that cannot be read, lost VFs, scalable
# functions, ports of an eswitch, stray overrides.

load ../helpers
load ../trees

devices() { echo "$SYSROOT/sys/bus/pci/devices"; }

@test "a VF that was given to a guest is a VF whose PF is elsewhere" {
	plant guest
	on 0 status
	json_is '[.devices[] | [.device, .kind, .pf, .vf_number]]' \
		'[["0000:00:05.0","vf",null,null],["0000:00:06.0","vf",null,null],["0000:00:07.0","pf",null,null],["0000:00:08.0","vf",null,null]]'
	for vf in 0000:00:05.0 0000:00:06.0 0000:00:08.0; do
		device "$vf" '[.can_migrate, .reasons]' \
			'[false,["it is a virtual function whose PF is not on this host: it is migrated by the host that has the PF"]]'
	done
}

@test "each id of a VF is known as one, and no other" {
	local id
	plant guest
	for id in 1012 1014 1016 1018 101a 101c 101e a2d3; do
		echo "0x$id" >"$(devices)/0000:00:06.0/device"
		on 0 status 00:06.0
		device 0000:00:06.0 '[.kind, .device_id]' "[\"vf\",\"$id\"]"
	done
	# A PF of a guest, which is found by its driver.
	ln -s ../../drivers/mlx5_core "$(devices)/0000:00:06.0/driver"
	for id in 1011 1013 1017 101b 101d 1021 1023 a2d2 a2d6 a2dc; do
		echo "0x$id" >"$(devices)/0000:00:06.0/device"
		on 0 status 00:06.0
		device 0000:00:06.0 '[.kind, .device_id]' "[\"pf\",\"$id\"]"
	done
}

@test "a function with the id of a VF that can have VFs is a PF" {
	plant guest
	echo 4 >"$(devices)/0000:00:05.0/sriov_totalvfs"
	on 0 status 00:05.0
	device 0000:00:05.0 '[.kind, .total_vfs, .num_vfs]' '["pf",4,0]'
}

@test "a VF whose PF is elsewhere is refused by what migrates, with where to go" {
	local name
	plant guest
	for name in 00:05.0 enp0s5 mlx5_0 00:06.0 00:08.0; do
		on 4 bind "$name"
		error_is not_migratable
		[[ $(json .error.message) == *"is a virtual function whose PF is not on this host" ]]
		json_is .error.hint "run mlxmigctl on the host that has the PF, such as this guest's hypervisor: migration is done there"
	done
	for name in 00:05.0 00:08.0; do
		on 4 caps "$name"
		error_is not_migratable
		json_is .error.device "0000:$name"
		on 4 save "$name" "$BATS_TEST_TMPDIR/vf.mig"
		error_is not_migratable
		[[ $(json .error.hint) == *"migration is done there" ]]
	done
	[ ! -e "$BATS_TEST_TMPDIR/vf.mig" ]
	on 2 status 00:05.0/vf0
	json_is .error.hint "name the VF itself: its PF is not on this host"
}

@test "a VF whose PF is elsewhere goes to any other driver, and back" {
	plant guest
	# What is left to refuse is that this host is a captured one.
	on 2 bind -d vfio-pci 00:08.0
	on 2 unbind 00:08.0
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
	# Its group is asked for before.
	on 4 bind -d vfio-pci 00:06.0
	error_is no_iommu
}

@test "status names what shares an IOMMU group, and what is in the way" {
	plant shared-group
	on 0 status
	device 0000:01:00.1 '[.iommu_group_members, .iommu_group_obstacle]' '[["0000:01:00.0","0000:01:00.1"],"0000:01:00.0"]'
	device 0000:01:00.1 .reasons "[\"0000:01:00.0 shares IOMMU group 7 with it and is used by the host's driver mlx5_core\"]"
	device 0000:01:00.2 '[.iommu_group_members, .iommu_group_obstacle, .can_migrate]' \
		'[["0000:00:01.0","0000:01:00.2","0000:02:00.0","0000:02:00.1","0000:02:00.2"],"0000:02:00.0",false]'
	device 0000:01:00.2 .reasons "[\"0000:02:00.0 shares IOMMU group 8 with it and is used by the host's driver igb\"]"
	device 0000:01:00.3 '[.iommu_group_obstacle, (.reasons | length)]' '["0000:01:00.4",2]'
	device 0000:01:00.5 '[.iommu_group_members, .iommu_group_obstacle, .can_migrate]' \
		'[["0000:01:00.5","0000:03:00.0","0000:03:00.1"],null,null]'
	# A PF is not opened.
	device 0000:01:00.0 '[.iommu_group_obstacle, .reasons]' '[null,["it is a physical function: its VFs migrate"]]'
}

@test "status does not guess who shares a group that it cannot read" {
	plant two-port
	on 0 status 3b:00.4
	device 0000:3b:00.4 '[has("iommu_group_members", "iommu_group_obstacle"), .iommu_group_members, .iommu_group_obstacle]' \
		'[true,true,null,null]'
}

@test "bind warns of what keeps VFIO from the group, before anything else" {
	plant shared-group
	on 2 bind 01:00.1
	[[ $stderr == "mlxmigctl: warning: 0000:01:00.0 shares IOMMU group 7 with 0000:01:00.1 and is used by the host's driver mlx5_core, so VFIO cannot open 0000:01:00.1: switch ACS on "*$'\n'*"captured host"* ]]
	on 2 bind 01:00.2
	[[ $stderr == *"warning: 0000:02:00.0 shares IOMMU group 8"*"driver igb, so VFIO cannot open 0000:01:00.2: unbind the other device, or bind it to a driver of VFIO"* ]]
	[ "$(grep -c warning: <<<"$stderr")" -eq 1 ]
}

@test "bind does not warn of a neighbour that goes with the VF, nor unbind of any" {
	plant shared-group
	on 2 bind 01:00.3
	[[ $stderr == *"warning: 0000:01:00.4 shares IOMMU group 9"* ]]
	on 2 bind 01:00.3 01:00.4
	[[ $stderr != *warning* ]]
	on 2 bind 01:00.5
	[[ $stderr != *warning* ]]
	on 2 unbind 01:00.2
	[[ $stderr != *warning* ]]
}

# spoilt WARNING: status lists the other devices, with that warning; a named one depends on none of it
spoilt() {
	on 0 status
	json_is .warnings "[\"$1\"]"
	json_is '.devices | length' "${2:-9}"
	on 0 status 3b:00.4
	json_is '[.warnings, (.devices | length)]' '[[],1]'
	on 5 unbind 3b:00.5
	error_is busy
	on 0 status -t
	[[ $output == *$'\n'"warning: $1"* ]]
}

@test "a function whose vendor is missing is skipped with a warning" {
	plant two-port
	rm "$(devices)/0000:3b:00.2/vendor"
	spoilt "the PCI function 0000:3b:00.2 was skipped: vendor: No such file or directory"
	on 1 status 3b:00.2
	error_is io
	json_is .error.message "the PCI function 0000:3b:00.2 cannot be read: vendor: No such file or directory"
	on 1 status ens1f0np0/vf0
	json_is .error.message "the PCI function 0000:3b:00.2 cannot be read: vendor: No such file or directory"
}

@test "a function whose attribute is a directory is skipped with a warning" {
	plant two-port
	rm "$(devices)/0000:3b:00.6/device"
	mkdir "$(devices)/0000:3b:00.6/device"
	spoilt "the PCI function 0000:3b:00.6 was skipped: device: Is a directory"
}

@test "a function whose attribute cannot be read is skipped with a warning, whatever its vendor" {
	plant two-port
	rm "$(devices)/0000:05:00.0/vendor"
	mkfifo "$(devices)/0000:05:00.0/vendor"
	spoilt "the PCI function 0000:05:00.0 was skipped: vendor: Invalid argument" 10
	on 1 status eno1
	error_is io
}

@test "a function that goes away under the scan is skipped with a warning" {
	plant two-port
	ln -s ../../../devices/pci0000:7e/0000:7f:00.0 "$(devices)/0000:7f:00.0"
	spoilt "the PCI function 0000:7f:00.0 was skipped: it was removed while it was read" 10
	on 3 status 7f:00.0
	error_is no_such_device
}

@test "an entry that is no PCI address, and an attribute that is no number, end nothing" {
	plant two-port
	mkdir "$(devices)/nonsense"
	spoilt "the PCI function nonsense was skipped: its name is no PCI address" 10
	rmdir "$(devices)/nonsense"
	echo what >"$(devices)/0000:3b:00.7/device"
	spoilt "the PCI function 0000:3b:00.7 was skipped: device: Invalid argument"
}

@test "what a function can do without may be missing, or a directory" {
	local name
	plant two-port
	for name in subsystem_vendor subsystem_device class revision irq resource numa_node modalias driver_override iommu_group; do
		rm "$(devices)/0000:3b:00.2/$name"
	done
	mkdir "$(devices)/0000:3b:00.2/numa_node" "$(devices)/0000:3b:00.2/driver_override" "$(devices)/0000:3b:00.2/revision"
	on 0 status
	json_is .warnings '[]'
	device 0000:3b:00.2 '[.vendor_id, .device_id, .driver, .iommu_group, .numa_node, .driver_override]' '["15b3","101e","mlx5_core",null,null,null]'
}

@test "VFs are counted by their links" {
	plant two-port
	rm "$(devices)"/*/sriov_numvfs
	on 0 status
	json_is '[.devices[] | select(.kind == "pf").num_vfs]' '[4,3,0]'
	rm "$(devices)/0000:3b:00.0/virtfn1"
	on 0 status
	device 0000:3b:00.0 .num_vfs 3
	device 0000:3b:00.5 .vf_number 3
	# A pipe without a writer: a read of it waits.
	mkfifo "$(devices)/0000:3b:00.0/sriov_numvfs"
	on 0 status 3b:00.0
	device 0000:3b:00.0 .num_vfs 3
}

@test "PF/vfN beyond what is there: how to have more, by what is there" {
	plant two-port
	on 3 status ens1f0np0/vf4
	json_is .error.hint "name one from vf0 to vf3: the kernel makes more, up to 16, only after all VFs of this PF have been removed, which ends every use of them"
	on 3 status ens1f1np1/vf9
	[[ $(json .error.hint) == "name one from vf0 to vf2: "*", which ends every use of them" ]]
	[[ $(json .error.hint) != *echo* ]]
	on 3 status ens1f0np0/vf16
	json_is .error.hint "name one from vf0 to vf15: this PF can have 16 VFs at most"
	on 3 status 5e:00.0/vf0
	json_is .error.hint "up to 8 can be made: echo NUMBER > /sys/bus/pci/devices/0000:5e:00.0/sriov_numvfs"
	on 3 status 5e:00.0/vf99999999999
	error_is no_such_device
}

@test "a PF that shows no SR-IOV: in a guest its hypervisor hides it, else it may be either" {
	local both on_hypervisor="run mlxmigctl on this guest's hypervisor, which hides the PF's SR-IOV from the guest"
	both="on a host, switch SR-IOV on in its firmware (mlxconfig -d 0000:00:07.0 set SRIOV_EN=1 NUM_OF_VFS=8), and reboot; in a guest, whose hypervisor hides SR-IOV, run mlxmigctl on that hypervisor"
	plant guest
	on 3 status enp0s7/vf0
	json_is .error.hint "$both"
	on 4 bind enp0s7
	json_is .error.hint "$both"
	printf 'processor\t: 0\nflags\t\t: fpu vme hypervisors lahf_lm\n' >"$SYSROOT/proc/cpuinfo"
	on 3 status enp0s7/vf0
	json_is .error.hint "$both"
	printf 'processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n' >"$SYSROOT/proc/cpuinfo"
	on 3 status enp0s7/vf0
	json_is .error.hint "$on_hypervisor"
	on 4 bind enp0s7
	json_is .error.hint "$on_hypervisor"
	# Xen's control domain has such a processor too, and the hardware.
	mkdir -p "$SYSROOT/proc/xen"
	echo control_d >"$SYSROOT/proc/xen/capabilities"
	on 3 status enp0s7/vf0
	json_is .error.hint "$both"
	rm "$SYSROOT/proc/xen/capabilities" "$SYSROOT/proc/cpuinfo"
	mkdir -p "$SYSROOT/proc/device-tree/hypervisor"
	on 3 status enp0s7/vf0
	json_is .error.hint "$on_hypervisor"
}

@test "a PF whose firmware offers no VFs, in a guest or not" {
	plant guest
	echo 0 >"$(devices)/0000:00:07.0/sriov_totalvfs"
	on 3 status enp0s7/vf0
	[[ $(json .error.hint) == "its firmware offers no VFs: switch SR-IOV on in its firmware (mlxconfig -d 0000:00:07.0 "* ]]
}

@test "without id tables, the PF of a VF is listed whatever driver it has" {
	local driver
	plant two-port
	rm -r "$SYSROOT/lib/modules" "$(devices)"/0000:3b:00.0/{net,infiniband}
	for driver in vfio-pci '' pci-stub; do
		rm "$(devices)/0000:3b:00.0/driver"
		ln -s "../../../../bus/pci/drivers/${driver:-none}" "$(devices)/0000:3b:00.0/driver"
		[ -n "$driver" ] || rm "$(devices)/0000:3b:00.0/driver"
		on 0 status
		device 0000:3b:00.0 '[.kind, .num_vfs]' '["pf",4]'
		device 0000:3b:00.4 '[.vf_number, .can_migrate, .reasons]' \
			"[2,false,[\"its PF 0000:3b:00.0 is bound to ${driver:-no driver}, not to mlx5_core\"]]"
		on 0 status 3b:00.0/vf2
		[ -n "$driver" ] || ln -s x "$(devices)/0000:3b:00.0/driver"
	done
	# What no VF leads to is not guessed.
	json_is '.devices | length' 1
	on 0 status
	json_is '[.devices[].device] | index("0000:5e:00.0")' null
}

@test "a VF that is being added or removed, which shows no PF, is known by its address" {
	plant two-port
	rm "$(devices)/0000:3b:00.4/physfn" "$(devices)/0000:3b:00.0/virtfn2"
	rm "$(devices)/0000:3b:01.0/physfn" "$(devices)/0000:3b:00.1/virtfn2"
	echo 2 | tee "$(devices)/0000:3b:00.0/sriov_offset" >"$(devices)/0000:5e:00.0/sriov_offset"
	echo 1 | tee "$(devices)/0000:3b:00.0/sriov_stride" >"$(devices)/0000:5e:00.0/sriov_stride"
	on 0 status
	device 0000:3b:00.4 '[.kind, .pf, .vf_number, .can_migrate]' '["vf","0000:3b:00.0",2,null]'
	[[ $output != *"not on this host"* ]]
	# Beyond the last one that the PF can have, and between two of them, there is none.
	echo 6 >"$(devices)/0000:3b:00.0/sriov_totalvfs"
	on 0 status
	device 0000:3b:01.0 '[.pf, .vf_number]' '[null,null]'
	echo 3 >"$(devices)/0000:3b:00.0/sriov_stride"
	on 0 status
	device 0000:3b:00.4 .reasons '["it is a virtual function whose PF is not on this host: it is migrated by the host that has the PF"]'
}

@test "a virtfn link that leads nowhere is named, with what to do" {
	plant two-port
	rm -r "$(devices)/0000:3b:00.3"
	for name in ens1f0np0/vf1 3b:00.0/vf1; do
		on 3 bind "$name"
		error_is no_such_device
		json_is .error.message "virtfn1 of 0000:3b:00.0 leads to 0000:3b:00.3, which is not on the PCI bus"
		[[ $(json .error.hint) == "try again when no VFs of this PF are being made or removed; if the link stays, "* ]]
	done
	on 0 status
	json_is .warnings '[]'
	device 0000:3b:00.4 .vf_number 2
}

@test "a scalable function, its netdev and its RDMA device are named as such" {
	local name
	plant dpu
	for name in enp3s0f0s88 mlx5_5; do
		on 4 status "$name"
		error_is not_a_vf
		json_is .error.message "$name belongs to the scalable function mlx5_core.sf.2 (sfnum 88) of 0000:03:00.0, and VFIO does not migrate these"
	done
	for name in mlx5_core.sf.2 /sys/bus/auxiliary/devices/mlx5_core.sf.2; do
		on 4 bind "$name"
		error_is not_a_vf
		json_is .error.message "mlx5_core.sf.2 is a scalable function (sfnum 88) of 0000:03:00.0, and VFIO does not migrate these"
	done
	on 4 caps mlx5_core.sf.3
	json_is .error.message "mlx5_core.sf.3 is a scalable function (sfnum unknown) of 0000:03:00.0, and VFIO does not migrate these"
	on 3 status mlx5_core.sf.4
	error_is no_such_device
	on 4 status enp3s0f0s88/vf0
	error_is not_a_vf
}

@test "a DPU's ports of other functions are no netdevs of its PF" {
	plant dpu
	on 0 status
	json_is '[.devices[] | [.device, .netdevs]]' '[["0000:03:00.0",["enp3s0f0np0"]]]'
	for name in pf0hpf eth4; do
		on 3 status "$name"
		error_is no_such_device
		json_is .error.message "$name is a port of the eswitch of 0000:03:00.0, not a device"
		[[ $(json .error.hint) == "run mlxmigctl on the host of that PF"* ]]
	done
	on 3 status en3f0pf0sf2
	json_is .error.hint "name a VF: VFIO does not migrate scalable functions"
	for name in eth5 eth6; do
		on 3 status "$name"
		[[ $(json .error.hint) == "run mlxmigctl on the host of that VF"* ]]
	done
}

@test "a stray driver_override that keeps a VF from its driver is a reason" {
	plant two-port
	echo mlx5_vfio_pcii >"$(devices)/0000:3b:00.6/driver_override"
	on 0 status
	device 0000:3b:00.6 .reasons '["it is bound to no driver","its driver_override \"mlx5_vfio_pcii\" keeps all other drivers away: mlxmigctl bind 0000:3b:00.6 sets it anew, mlxmigctl unbind clears it"]'
	device 0000:3b:00.7 .reasons '["vfio-pci offers no migration","its driver_override \"vfio-pci\" keeps all other drivers away: mlxmigctl bind 0000:3b:00.7 sets it anew, mlxmigctl unbind clears it"]'
	# What bind sets is not stray, nor what does not keep the VF where it is.
	echo mlx5_vfio_pci >"$(devices)/0000:3b:00.6/driver_override"
	echo vfio-pci >"$(devices)/0000:3b:00.2/driver_override"
	on 0 status
	device 0000:3b:00.6 .reasons '["it is bound to no driver"]'
	device 0000:3b:00.2 .reasons '["its driver mlx5_core is not one of VFIO"]'
	echo mlx5_core >"$(devices)/0000:3b:00.2/driver_override"
	on 0 status 3b:00.2
	json_is '.devices[0].reasons | length' 2
}
