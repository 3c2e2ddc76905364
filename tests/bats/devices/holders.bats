#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Which process has a device open, by whatever it has it open; and that no command waits in the kernel without end.

load ../helpers
load ../lab
load ../trees

setup_file() {
	VFS=$(cat "$sys/devices/$PF/sriov_numvfs")
	export VFS
	"$MLX" bind -c "$VF0" "$VF1"
}
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

setup() { run_dir=$BATS_TEST_TMPDIR; }
teardown() {
	end_other
	[ -e "$sys/devices/$VF0" ] || make_vfs "$VFS"
}

# keep_in_thread leader|private|uring: a process, other_pid, that has VF0 open, but whose first thread has ended, or by a thread that does not
# share its files, or by files of io_uring alone
keep_in_thread() {
	python3 - "$1" "$VF0" "$(group_of "$VF0")" "$run_dir/ready-$1" 3>&- 4>&- <<-'END' &
		import ctypes, fcntl, os, struct, sys, threading, time
		kind, device, node, ready = sys.argv[1:]
		libc = ctypes.CDLL(None)
		def keep():
		    if kind == "private" and libc.unshare(0x400): # CLONE_FILES
		        return
		    container, group = os.open("/dev/vfio/vfio", os.O_RDWR), os.open(node, os.O_RDWR)
		    fcntl.ioctl(group, 0x3b68, struct.pack("i", container)) # VFIO_GROUP_SET_CONTAINER
		    fcntl.ioctl(container, 0x3b66, 3) # VFIO_SET_IOMMU: type 1, version 2
		    files = container, group, libc.ioctl(group, 0x3b6a, device.encode()) # VFIO_GROUP_GET_DEVICE_FD
		    if kind == "uring":
		        ring = libc.syscall(425, 4, ctypes.create_string_buffer(120)) # io_uring_setup
		        if libc.syscall(427, ring, 2, (ctypes.c_int * 3)(*files), 3): # io_uring_register
		            return
		        for fd in files:
		            os.close(fd)
		    if files[2] >= 0:
		        open(ready, "w").close()
		    time.sleep(300)
		if kind == "uring":
		    keep()
		    sys.exit("io_uring")
		thread = threading.Thread(target=keep)
		thread.start()
		if kind == "leader":
		    while not os.path.exists(ready):
		        time.sleep(0.05)
		    libc.syscall(60, 0) # exit: of this thread
		thread.join()
	END
	other_pid=$!
	await --pid $other_pid exists "$run_dir/ready-$1"
}

# only_in_thread: VF0 is in use by other_pid, and borrowed from its thread where the kernel can do that
only_in_thread() {
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .in_use_reason, .holder.pid, (.holders[] | .pid, .via, .certain)]' \
		"[true,null,$other_pid,$other_pid,\"group\",true]"
	if [ "$(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -1)" = 6.9 ]; then
		device "$VF0" '[.can_migrate, .migration.state]' '[true,"RUNNING"]'
		run_mlx 0 state "$VF0"
		json_is '[.access, .state, .lender.pid]' "[\"borrowed\",\"RUNNING\",$other_pid]"
		run_mlx 0 step --live "$VF0" STOP RUNNING
	else
		[[ $(json '.devices[0].reasons[0]') == "its migration features were not read: the device cannot be borrowed from python3 (pid $other_pid): only its thread "*", and this kernel borrows from whole processes" ]]
		run_mlx 5 step --live "$VF0" STOP
		error_is busy
		json_is .error.hint "end process $other_pid, or use Linux 6.9 or later"
	fi
	nothing_takes_it
}

# keep PART: a process, other_pid, that has nothing of VF0 but that
keep() {
	keep-part "$VF0" "$1" "$run_dir/ready-$1" 3>&- 4>&- &
	other_pid=$!
	await --pid $other_pid exists "$run_dir/ready-$1"
}

# nothing_takes_it: each command that would open, move or unbind VF0 refuses, at once, and its holder has it as before
nothing_takes_it() {
	local command
	for command in "unbind $VF0" "unbind --force $VF1 $VF0" "unbind --none $VF0" "bind -d vfio-pci $VF0" \
		"hold $VF0" "save $VF0 $run_dir/vf.mig" "reset $VF0"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 30 "$MLX" $command
		[ "$status" -eq 5 ] || printf '%s\n' "$command: $status" "$stderr"
		[ "$status" -eq 5 ]
		error_is busy
	done
	[ "$(driver_of "$VF0")" = mlx5_vfio_pci ]
	[ "$(driver_of "$VF1")" = mlx5_vfio_pci ]
	kill -0 "$other_pid"
}

@test "a process that has the device's own file alone is found" {
	keep device
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid, (.holders[] | .pid, .via)]' "[true,$other_pid,$other_pid,\"device\"]"
	nothing_takes_it
}

@test "a mapping of the BAR, and no file" {
	keep mapping
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid, (.holders[] | .pid, .via, .fd, .certain)]' \
		"[true,$other_pid,$other_pid,\"mapping\",null,false]"
	[[ $(json '.devices[0].in_use_reason') == "keep-part (pid $other_pid) has a VFIO device open, perhaps this one"* ]]
	nothing_takes_it
}

@test "a file on its way through a socket: no process has it, and it is not free" {
	keep socket
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder, .holders]' '[null,null,[]]'
	[[ $(json '.devices[0].in_use_reason') == "its PCI function is enabled, but no process that has it open was found" ]]
	nothing_takes_it
	end_other
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .in_use_reason]' '[false,null]'
}

@test "a process whose first thread has ended" {
	keep_in_thread leader
	only_in_thread
}

@test "a thread that does not share the files of its process" {
	keep_in_thread private
	only_in_thread
}

@test "files of io_uring alone: no process is named, and the hint names what it can be" {
	keep_in_thread uring
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder]' '[null,null]'
	nothing_takes_it
	run_mlx 5 unbind "$VF0"
	[[ $(json .error.hint) == *"a file descriptor in a socket, a file registered with io_uring, or a mapping of its memory" ]]
}

@test "a group's node of another name, as in a jail" {
	local node=$run_dir/vfio40
	cp -a "$(group_of "$VF0")" "$node"
	python3 - "$node" "$VF0" "$run_dir/ready" 3>&- 4>&- <<-'END' &
		import ctypes, fcntl, os, struct, sys, time
		node, device, ready = sys.argv[1:]
		container, group = os.open("/dev/vfio/vfio", os.O_RDWR), os.open(node, os.O_RDWR)
		fcntl.ioctl(group, 0x3b68, struct.pack("i", container)) # VFIO_GROUP_SET_CONTAINER
		fcntl.ioctl(container, 0x3b66, 3) # VFIO_SET_IOMMU: type 1, version 2
		ctypes.CDLL(None).ioctl(group, 0x3b6a, device.encode()) >= 0 or sys.exit("VFIO_GROUP_GET_DEVICE_FD")
		open(ready, "w").close()
		time.sleep(300)
	END
	other_pid=$!
	await --pid $other_pid exists "$run_dir/ready"
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid, (.holders[] | .pid, .via, .certain)]' "[true,$other_pid,$other_pid,\"group\",true]"
	nothing_takes_it
	rm "$node"
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid]' "[true,$other_pid]"
}

@test "a group that is open without the device: it may be opened at any moment, and it is not unbound" {
	open_elsewhere "$VF0"
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid]' "[null,$other_pid]"
	[[ $(json '.devices[0].in_use_reason') == "sleep (pid $other_pid) has its IOMMU group "*" open, but not the device" ]]
	nothing_takes_it
}

@test "a function that was enabled by hand: free, with a warning" {
	run_mlx 0 unbind --none "$VF0"
	echo 1 >"$sys/devices/$VF0/enable"
	run_mlx 0 bind "$VF0"
	json_is .warnings '[]'
	run_mlx 0 status "$VF0"
	device "$VF0" .in_use null
	run_mlx 0 unbind --none "$VF0"
	json_is '.warnings | length' 1
	[[ $(json '.warnings[0]') == "$VF0: its PCI function was enabled"*"although no process has it open" ]]
	echo 0 >"$sys/devices/$VF0/enable"
	run_mlx 0 bind "$VF0"
	run_mlx 0 status "$VF0"
	device "$VF0" .in_use false
}

@test "without the device's node in /dev, what /proc and sysfs show decides" {
	local group
	group=$(group_of "$VF0")
	unshare -m bash -c 'mount -t tmpfs none /dev/vfio && exec "$@"' _ "$MLX" unbind -c "$VF0"
	[ "$(driver_of "$VF0")" = mlx5_core ]
	run_mlx 0 bind "$VF0"
	keep socket
	run --separate-stderr unshare -m bash -c 'mount -t tmpfs none /dev/vfio && exec "$@"' _ timeout 30 "$MLX" unbind -c "$VF0"
	[ "$status" -eq 5 ]
	[ "$(driver_of "$VF0")" = mlx5_vfio_pci ]
}

# every_command DEVICE: none waits, whatever it says
every_command() {
	local command
	for command in "status" "status $1" "status --probe $1" "bind $1" "unbind $1" "unbind --force --none $1" "caps $1" \
		"state $1" "step $1 STOP" "save $1 $run_dir/x.mig" "load $1 $run_dir/none.mig" "reset $1" "conform $1" \
		"dirty $1" "hold $1 -- true" "compat $1 $1"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout -s KILL 40 "$MLX" $command
		[ "$status" -ne 137 ] || echo "waits: $command"
		[ "$status" -ne 137 ]
	done
}

@test "beside an unbind that waits, no command does" {
	local stuck
	keep group
	echo "$VF0" >"$sys/drivers/mlx5_vfio_pci/unbind" 3>&- 4>&- &
	stuck=$!
	await stack $stuck vfio_unregister_group_dev
	every_command "$VF0"
	run_mlx 5 bind "$VF0"
	error_is busy
	[[ $stderr == *"is open in keep-part (pid $other_pid)"* ]]
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .holder.pid]' "[true,$other_pid]"
	kill -0 $stuck
	end_other
	wait $stuck
	run_mlx 0 bind "$VF0"
}

@test "an unbind that waits for a file on its way through a socket: no process is named, and bind refuses" {
	local stuck
	keep socket
	echo "$VF0" >"$sys/drivers/mlx5_vfio_pci/unbind" 3>&- 4>&- &
	stuck=$!
	await stack $stuck vfio_unregister_group_dev
	run_mlx 0 status "$VF0"
	device "$VF0" '[.in_use, .driver]' '[null,null]'
	run_mlx 5 bind "$VF0"
	error_is busy
	[[ $stderr == *"the kernel is still changing its driver, or the number of VFs, for another process"* ]]
	end_other
	wait $stuck
	run_mlx 0 bind "$VF0"
}

@test "beside a sriov_numvfs=0 that waits, no command does" {
	local stuck
	keep socket
	bash -c 'echo 0 >"$1"' _ "$sys/devices/$PF/sriov_numvfs" 3>&- 4>&- &
	stuck=$!
	await stack $stuck vfio_unregister_group_dev
	every_command "$VF0"
	every_command "$PF"
	run_mlx 0 status
	device "$PF" '.num_vfs | type' number
	kill -0 $stuck
	end_other
	wait $stuck
	make_vfs "$VFS"
	run_mlx 0 bind "$VF0" "$VF1"
}
