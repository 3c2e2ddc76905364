# SPDX-License-Identifier: GPL-2.0-or-later
# VFs that are in use without VFIO, on captured hosts: what bind and unbind refuse, and what status reports.

load ../helpers
load ../trees

setup() { plant users; }

# refused CODE MESSAGE HINT DEVICE: bind and unbind refuse DEVICE so
refused() {
	local command
	for command in bind "unbind --none"; do
		# shellcheck disable=SC2086 # a command and its option
		on 5 $command "$4"
		error_is "$1" || return 1
		json_is .error.message "$2" || return 1
		json_is .error.hint "$3" || return 1
		json_is .error.device "$4" || return 1
	done
}

# taken [OPTION] DEVICE...: bind refuses only that this host is a captured one
taken() {
	on 2 bind "$@"
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
}

# users_are DEVICE WANTED: what status has of it: an array of arrays of kind, name, through, file, pid, process
users_are() {
	on 0 status "$1"
	json_is '[.users[] | [.kind, .name, .through, .file, .pid, .process]]' "$2" || return 1
	json_is '[.users[].device] | unique | tostring' "$([ "$2" = '[]' ] && echo '[]' || echo "[\"$1\"]")"
}

shut_down="end that process first, or, where it is a VMM, shut its guest down: the kernel would wait for it, also with --force"

@test "vDPA: vhost-vdpa-N is open" {
	users_are 0000:3b:00.2 '[["vdpa","vdpa0",null,"vhost-vdpa-0",4300,"qemu-system-x86"]]'
	refused busy "its vDPA device vdpa0 is open (vhost-vdpa-0) in qemu-system-x86 (pid 4300)" "$shut_down" 0000:3b:00.2
	on 5 bind --force 3b:00.2
	error_is busy
	on 5 unbind --force --none 3b:00.2
	error_is busy
}

@test "vDPA: a virtio netdev is up" {
	users_are 0000:3b:00.3 '[["vdpa","vdpa1","eth3",null,null,null]]'
	refused busy "the netdev eth3 of its vDPA device vdpa1 is up" "ip link set eth3 down" 0000:3b:00.3
	on 5 bind --force 3b:00.3
	error_is busy
}

# empty_net VDPA: the virtio netdevs of that vDPA device are in another network namespace
empty_net() { rm -r "$SYSROOT/sys/bus/vdpa/devices/$1"/virtio*/net/*; }

@test "vDPA: a virtio netdev that is in another network namespace" {
	local words="the netdev of its vDPA device vdpa1 is in another network namespace"
	empty_net vdpa1
	users_are 0000:3b:00.3 '[["vdpa","vdpa1",null,null,null,null]]'
	json_is '.users[0].message' "$words"
	refused busy "$words" "return its netdev from that namespace" 0000:3b:00.3
	on 5 bind --force 3b:00.3
	error_is busy
}

@test "vDPA: of two devices of a VF, one that is free does not hide the other's netdev" {
	empty_net vdpa3
	users_are 0000:3b:00.4 '[["vdpa","vdpa3",null,null,null,null]]'
	on 5 bind --force 3b:00.4
	error_is busy
}

@test "vDPA: a virtio device that has no netdev is no obstacle" {
	rm -r "$SYSROOT"/sys/bus/vdpa/devices/vdpa1/virtio3/net
	users_are 0000:3b:00.3 '[]'
	taken 3b:00.3
}

@test "vDPA: a device that is not in use is no obstacle" {
	users_are 0000:3b:00.4 '[]'
	taken 3b:00.4
}

@test "vDPA: a device is not in use for what has the file of another open" {
	rm "$SYSROOT/proc/4300/fd/21"
	ln -s /dev/vhost-vdpa-02 "$SYSROOT/proc/4300/fd/21"
	users_are 0000:3b:00.2 '[]'
	taken 3b:00.2
	# The file of a scalable function of the PF is no VF's.
	on 0 status
	json_is '[.users[] | select(.name == "vdpa9")] | length' 0
}

@test "RDMA: uverbsN is open, each process counts once" {
	users_are 0000:3b:00.5 '[["rdma","mlx5_3",null,"uverbs3",990,"ib_write_bw"],["rdma","mlx5_3",null,"uverbs3",4301,"container"]]'
	refused busy "its RDMA device mlx5_3 is open (uverbs3) in ib_write_bw (pid 990)" \
		"end that process, or use --force; mlxmigctl status 0000:3b:00.5 reports 1 more use of it" 0000:3b:00.5
	taken --force 3b:00.5
}

@test "RDMA: umadN is open" {
	users_are 0000:3b:00.6 '[["rdma","mlx5_4",null,"umad4",811,"opensm"]]'
	refused busy "its RDMA device mlx5_4 is open (umad4) in opensm (pid 811)" "end that process, or use --force" 0000:3b:00.6
	taken --force 3b:00.6
}

@test "RDMA: a file that a thread does not share with its process" {
	mkdir -p "$SYSROOT/proc/811/task/812/fd"
	mv "$SYSROOT"/proc/811/fd/* "$SYSROOT/proc/811/task/812/fd"
	ln -s /dev/null "$SYSROOT/proc/811/fd/0"
	users_are 0000:3b:00.6 '[["rdma","mlx5_4",null,"umad4",811,"opensm"]]'
}

@test "RDMA: a device that no process has open is no obstacle" {
	users_are 0000:3b:00.7 '[]'
	taken 3b:00.7
}

@test "a netdev that is up through a VLAN" {
	users_are 0000:3b:01.0 '[["netdev","ens1v6","ens1v6.100",null,null,null]]'
	refused netdev_in_use "its netdev ens1v6 is in use through ens1v6.100, which is up" "ip link set ens1v6.100 down, or use --force" 0000:3b:01.0
	taken --force 3b:01.0
}

@test "a netdev that is in use through a VLAN in a bridge" {
	users_are 0000:3b:01.1 '[["netdev","ens1v7","ens1v7.7",null,null,null]]'
	refused netdev_in_use "its netdev ens1v7 is in use through ens1v7.7, which belongs to br0" "ip link set ens1v7.7 nomaster, or use --force" 0000:3b:01.1
	taken --force 3b:01.1
}

@test "a netdev that is up through a macvlan on a VLAN" {
	users_are 0000:3b:01.2 '[["netdev","ens1v8","macvlan8",null,null,null]]'
	refused netdev_in_use "its netdev ens1v8 is in use through macvlan8, which is up" "ip link set macvlan8 down, or use --force" 0000:3b:01.2
}

@test "a netdev whose child carries an address" {
	mkdir -p "$SYSROOT/proc/net"
	echo "fe800000000000000000000000000001 0b 40 20 80 ens1v11.1" >"$SYSROOT/proc/net/if_inet6"
	refused netdev_in_use "its netdev ens1v11 is in use through ens1v11.1, which carries the address fe80::1" \
		"ip address flush dev ens1v11.1, or use --force" 0000:3b:01.5
}

@test "a netdev that is up through a P_Key child of sysfs" {
	users_are 0000:3b:01.3 '[["netdev","ibp59v9","ibp59v9.8001",null,null,null]]'
	refused netdev_in_use "its netdev ibp59v9 is in use through ibp59v9.8001, which is up" "ip link set ibp59v9.8001 down, or use --force" 0000:3b:01.3
	taken --force 3b:01.3
}

@test "a netdev that is up through a P_Key child of ip(8)" {
	users_are 0000:3b:01.4 '[["netdev","ibp59v10","pkey10",null,null,null]]'
	refused netdev_in_use "its netdev ibp59v10 is in use through pkey10, which is up" "ip link set pkey10 down, or use --force" 0000:3b:01.4
}

@test "children that are down are no obstacle, nor what is no child" {
	users_are 0000:3b:01.5 '[]'
	taken 3b:01.5
}

@test "a bond port is one use, and a VLAN on it another" {
	users_are 0000:3b:01.6 '[["netdev","ens1v12","bond0",null,null,null],["netdev","ens1v12","ens1v12.5",null,null,null]]'
	refused netdev_in_use "its netdev ens1v12 belongs to bond0" \
		"ip link set ens1v12 nomaster, or use --force; mlxmigctl status 0000:3b:01.6 reports 1 more use of it" 0000:3b:01.6
}

# master_of NETDEV MASTER [DRIVER]: NETDEV of the VF 0000:00:05.0 belongs to MASTER, which is a device's with that driver
master_of() {
	local dir=$SYSROOT/sys/devices/vmbus/net/$2
	mkdir -p "$dir" "$SYSROOT/sys/bus/vmbus/drivers/${3:-none}"
	echo 0x1003 >"$dir/flags"
	ln -sfn "../../devices/vmbus/net/$2" "$SYSROOT/sys/class/net/$2"
	if [ -n "${3:-}" ]; then
		mkdir "$SYSROOT/sys/devices/vmbus/$2"
		ln -s "../../../bus/vmbus/drivers/$3" "$SYSROOT/sys/devices/vmbus/$2/driver"
		ln -s "../../$2" "$dir/device"
	fi
	echo 0x1802 >"$SYSROOT/sys/bus/pci/devices/0000:00:05.0/net/$1/flags"
	ln -sfn "../../../../../../devices/vmbus/net/$2" "$SYSROOT/sys/bus/pci/devices/0000:00:05.0/net/$1/master"
	ln -sfn ../../../../kernel/iommu_groups/9 "$SYSROOT/sys/bus/pci/devices/0000:00:05.0/iommu_group"
}

@test "a netdev that the driver of another device has joined to its own: no command parts them" {
	local driver
	for driver in hv_netvsc virtio_net; do
		plant guest
		master_of enp0s5 eth0 "$driver"
		on 5 bind --driver vfio-pci 00:05.0
		error_is netdev_in_use
		json_is .error.message "its netdev enp0s5 belongs to eth0 by that one's driver $driver"
		json_is .error.hint "use --force: no command separates enp0s5 from eth0"
		on 2 bind --force --driver vfio-pci 00:05.0
		rm -r "$SYSROOT"
	done
	# A bond is no device's.
	plant guest
	master_of enp0s5 bond0
	on 5 bind --driver vfio-pci 00:05.0
	json_is .error.hint "ip link set enp0s5 nomaster, or use --force"
}

@test "what --force does not help against is named first" {
	users_are 0000:3b:01.7 '[["vdpa","vdpa13",null,"vhost-vdpa-13",4302,"qemu-system-x86"],["rdma","mlx5_13",null,"uverbs13",812,"dpdk-testpmd"],["netdev","ens1v13",null,null,null,null]]'
	refused busy "its vDPA device vdpa13 is open (vhost-vdpa-13) in qemu-system-x86 (pid 4302)" \
		"$shut_down; mlxmigctl status 0000:3b:01.7 reports 2 more uses of it" 0000:3b:01.7
	on 5 bind --force 3b:01.7
	json_is .error.hint "$shut_down"
	json_is .error.message "its vDPA device vdpa13 is open (vhost-vdpa-13) in qemu-system-x86 (pid 4302)"
}

@test "one that is in use stops all of them" {
	on 5 bind 3b:00.4 3b:00.7 3b:00.2
	json_is .error.device 0000:3b:00.2
	on 5 bind --force 3b:00.5 3b:01.0 3b:00.3
	json_is .error.device 0000:3b:00.3
}

@test "a VF that is with its driver already is left there, in use or not" {
	on 2 unbind 3b:00.2
	json_is .error.message "a captured host cannot be changed: leave --sysroot out"
}

@test "status reports the users of all VFs, and none of a PF" {
	on 0 status
	json_is '[.users[].device] | map(select(. == "0000:3b:00.0")) | length' 0
	json_is '.users | length' 15
	on 0 status -t
	[[ $output == *"DEVICE        USER"* ]]
	[[ $output == *"0000:3b:00.2  its vDPA device vdpa0 is open (vhost-vdpa-0) in qemu-system-x86 (pid 4300)"* ]]
	on 0 status 3b:00.4
	json_is .users '[]'
	on 0 status -t 3b:00.4
	[[ $output != *USER* ]]
}
