# SPDX-License-Identifier: GPL-2.0-or-later
# caps, state and reset: which devices they do not open, and why, on captured hosts.

load ../helpers
load ../trees

@test "a PF is no VF" {
	plant two-port
	local command
	for command in caps state reset; do
		on 4 "$command" 0000:3b:00.0
		error_is not_a_vf
		[[ $stderr == *"such as 0000:3b:00.0/vf0" ]]
	done
}

@test "a VF of mlx5_core is on the wrong driver" {
	plant two-port
	on 4 caps 0000:3b:00.2
	error_is wrong_driver
	[[ $stderr == *mlx5_core* ]]
	json_is .error.hint "bind it to the variant driver: mlxmigctl bind 0000:3b:00.2"
	on 4 state ens1f0v0
	error_is wrong_driver
	json_is .error.device 0000:3b:00.2
}

@test "a VF without a driver is not bound" {
	plant two-port
	on 4 state 0000:3b:00.6
	error_is not_bound
	json_is .error.hint "bind it first: mlxmigctl bind 0000:3b:00.6"
}

@test "a device of another make is not mlx5's" {
	plant two-port
	on 4 caps 0000:05:00.0
	error_is not_mlx5
}

@test "without an IOMMU nothing is opened" {
	plant no-iommu
	on 4 caps 0000:01:00.1
	error_is no_iommu
	[[ $stderr == *intel_iommu=on* ]]
}

@test "a device in use is not changed, with who uses it, and how it might be" {
	plant two-port
	on 5 step 0000:3b:00.5 stop
	error_is busy
	[[ $stderr == *"qemu-system-x86 (pid 777)"*"--live"* ]]
	on 5 reset 0000:3b:00.5
	[[ $stderr == *"qemu-system-x86 (pid 777)"* && $stderr != *"--live"* ]]
}

@test "nothing of another root is opened or borrowed" {
	plant two-port
	local name
	for name in 0000:3b:00.4 0000:3b:00.7 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001; do
		on 2 caps "$name"
		error_is usage
	done
}

@test "one device at a time, and one there must be" {
	run_mlx 2 caps
	error_is usage
	run_mlx 2 state 3b:00.2 3b:00.3
	error_is usage
	run_mlx 2 reset
	error_is usage
}

@test "caps --rate takes a number of bytes" {
	local bad
	for bad in 0 '' fast -1 1.5G; do
		run_mlx 2 caps "--rate=$bad" 0000:3b:00.2
		error_is usage
		[[ $stderr == *"--rate: "* ]]
	done
}
