# SPDX-License-Identifier: GPL-2.0-or-later
# What bind and unbind refuse, on captured hosts: nothing is touched there.

load ../helpers
load ../trees

@test "bind refuses a PF" {
	plant two-port
	local name
	for name in 3b:00.0 ens1f0np0 mlx5_1; do
		on 4 bind "$name"
		error_is not_a_vf
	done
	on 4 unbind 3b:00.0
	error_is not_a_vf
}

@test "bind refuses what is not mlx5's" {
	plant two-port
	local name
	for name in eno1 04:00.0 06:00.0 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001; do
		on 4 bind "$name"
		error_is not_mlx5
	done
}

@test "bind refuses no such device" {
	plant two-port
	on 3 bind 3b:00.2 3b:1f.7
	error_is no_such_device
	json_is .error.device 3b:1f.7
}

@test "bind refuses a VF whose netdev is up" {
	plant two-port
	on 5 bind ens1f0v0
	error_is netdev_in_use
	json_is .error.message "its netdev ens1f0v0 is up"
	json_is .error.hint "ip link set ens1f0v0 down, or use --force"
	json_is .error.device 0000:3b:00.2
}

@test "bind refuses a VF whose netdev carries an address" {
	plant two-port
	on 5 bind ens1f0v1
	error_is netdev_in_use
	json_is .error.message "its netdev ens1f0v1 carries the address 2001:db8::42"
	json_is .error.hint "ip address flush dev ens1f0v1, or use --force"
}

@test "bind refuses a VF whose netdev is in a bond" {
	plant two-port
	on 5 bind ens1f1v2
	error_is netdev_in_use
	json_is .error.message "its netdev ens1f1v2 belongs to bond0"
	json_is .error.hint "ip link set ens1f1v2 nomaster, or use --force"
}

@test "one refusal stops all of them" {
	plant two-port
	on 5 bind 3b:00.6 ens1f0v0
	error_is netdev_in_use
	json_is .error.device 0000:3b:00.2
}

@test "bind --force takes a netdev that is in use, and no more than that" {
	plant two-port
	# What is left to refuse is that this host is a captured one.
	on 2 bind --force ens1f0v0 ens1f0v1 ens1f1v2
	error_is usage
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
	on 4 bind --force 3b:00.0
	error_is not_a_vf
	on 5 unbind --force 3b:00.5
	error_is busy
}

@test "a VF that is open stays where it is" {
	plant two-port
	on 5 unbind 3b:00.5
	error_is busy
	json_is .error.message "0000:3b:00.5 is open in qemu-system-x86 (pid 777)"
	on 5 unbind 3b:00.4
	error_is busy
	json_is .error.message "0000:3b:00.4 is open in mlxmigctl-hold (pid 4242)"
	on 5 bind -d vfio-pci 3b:00.4
	error_is busy
}

@test "bind without an IOMMU group" {
	plant no-iommu
	on 4 bind 01:00.1
	error_is no_iommu
	[[ $stderr == *intel_iommu=on* ]]
	plant half-iommu
	on 4 bind 01:00.1
	error_is no_iommu
	[[ $stderr == *"leaves this device out"* ]]
}

@test "unbind needs no IOMMU group" {
	plant no-iommu
	on 2 unbind 01:00.2
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
}

@test "the options' usage" {
	plant two-port
	on 2 bind
	error_is usage
	on 2 bind --driver ../x 3b:00.6
	error_is usage
	on 2 bind --driver "" 3b:00.6
	error_is usage
	on 2 unbind --none --driver vfio-pci 3b:00.6
	error_is usage
	on 2 bind 3b:00.6 0000:3b:00.6
	error_is usage
}
