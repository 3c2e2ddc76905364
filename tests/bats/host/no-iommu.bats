# SPDX-License-Identifier: GPL-2.0-or-later
# Groups that VFIO made without an IOMMU, on captured hosts: they are named as what they are, and refused.

load ../helpers
load ../trees

# plant_no_iommu: the host without an IOMMU on which VFIO's unsafe mode has given its second VF a group
plant_no_iommu() {
	local vf
	plant no-iommu
	vf=$SYSROOT/sys/bus/pci/devices/0000:01:00.2
	ln -s ../../../bus/pci/drivers/vfio-pci "$vf/driver"
	ln -s ../../../kernel/iommu_groups/3 "$vf/iommu_group"
	mkdir -p "$vf/vfio-dev/vfio0" "$SYSROOT/sys/kernel/iommu_groups/3/devices" "$SYSROOT/sys/class/vfio/noiommu-3"
	echo vfio-noiommu >"$SYSROOT/sys/kernel/iommu_groups/3/name"
	echo 243:0 >"$SYSROOT/sys/class/vfio/noiommu-3/dev"
}

@test "status names a no-IOMMU group, and it is a reason against migration" {
	plant_no_iommu
	on 0 status
	device 0000:01:00.2 '[.iommu_group, .no_iommu, .can_migrate]' '[3,true,false]'
	device 0000:01:00.2 '.reasons[0]' "its group 3 is a no-IOMMU group: nothing confines what it writes to memory"
	device 0000:01:00.1 '[.iommu_group, .no_iommu]' '[null,false]'
	plant two-port
	on 0 status
	json_is '[.devices[].no_iommu] | unique' '[false]'
}

@test "a device of a no-IOMMU group is not opened, and not bound to a driver of VFIO" {
	plant_no_iommu
	local command
	for command in state caps reset 'step 01:00.2 STOP' 'bind 01:00.2'; do
		[[ $command == *\ * ]] || command+=' 01:00.2'
		# shellcheck disable=SC2086 # it is several words
		on 4 $command
		error_is no_iommu
		[[ $(json .error.message) == *"0000:01:00.2 is in the no-IOMMU group 3 (/dev/vfio/noiommu-3)"* ]]
		[[ $(json .error.hint) == *"enable_unsafe_noiommu_mode"* ]]
	done
	# It may be taken from there.
	on 2 unbind 01:00.2
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
}

@test "a no-IOMMU group of another device is no IOMMU of the host" {
	plant_no_iommu
	on 4 bind 01:00.1
	error_is no_iommu
	[[ $(json .error.hint) == "switch the IOMMU on"* ]]
}

@test "without its node, as a kernel without groups has it, the group is known by its name" {
	plant_no_iommu
	rm -r "$SYSROOT/sys/class/vfio"
	on 0 status 01:00.2
	json_is '.devices[0].no_iommu' true
	# VFIO calls the groups of mediated devices so too, whose IOMMU it emulates.
	plant two-port
	mkdir -p "$SYSROOT/sys/kernel/iommu_groups/60"
	echo vfio-noiommu >"$SYSROOT/sys/kernel/iommu_groups/60/name"
	on 0 status 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
	json_is '.devices[0].no_iommu' false
}

@test "a PF without VFs: the hint makes some, or switches SR-IOV on" {
	plant two-port
	on 4 bind 5e:00.0
	error_is not_a_vf
	[[ $(json .error.hint) == "it has no VFs yet: echo NUMBER > /sys/bus/pci/devices/0000:5e:00.0/sriov_numvfs makes up to 8"* ]]
	rm "$SYSROOT/sys/bus/pci/devices/0000:5e:00.0/sriov_totalvfs"
	on 4 state 5e:00.0
	[[ $(json .error.hint) == *"mlxconfig -d 0000:5e:00.0 set SRIOV_EN=1"* ]]
}

@test "a captured host is not opened and not changed: the hint does not send to the help" {
	plant two-port
	on 2 unbind 3b:00.7
	json_is .error.hint "run it on that host itself, without --sysroot"
	on 2 state 3b:00.7
	json_is .error.hint "leave --sysroot out, on the host that has the device"
}
