#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Another user's processes that look like holders of a device, and are none.

load ../helpers
load ../lab

setup_file() {
	"$MLX" bind -c "$VF0" "$VF1"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
}
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

teardown() {
	end_other
	release
}

# pose: twenty processes of the user nobody, until end_other: each of four names with each of five sets of files, of which none is one of
# VF0 or VF1 that is open; each says that it is a guest's VMM, and libvirt's
pose() {
	local dir=$BATS_TEST_TMPDIR/poses
	mkdir -m 777 "$dir"
	chmod 755 "$BATS_TEST_TMPDIR"
	setpriv --reuid=65534 --regid=65534 --clear-groups python3 - "$dir" "$VF0" "$(group_of "$VF0")" 3>&- 4>&- <<-'END' &
		import ctypes, mmap, os, sys, time
		directory, device, node = sys.argv[1:]
		libc = ctypes.CDLL(None)
		mark = f"mlxmigctl-hold:{device}"
		end, _ = os.pipe()
		os.set_inheritable(end, True)
		os.makedirs(f"{directory}/vfio/devices")
		os.mkfifo(f"{directory}/vfio/devices/vfio0")
		paths = [node, "/dev/iommu"] + [f"/dev/vfio/devices/{name}" for name in
		                               (os.listdir("/dev/vfio/devices") if os.path.isdir("/dev/vfio/devices") else [])]
		def by_path():
		    return [os.open(path, os.O_PATH) for path in paths if os.path.exists(path)]
		def by_path_twice():
		    return [os.open(f"/proc/self/fd/{fd}", os.O_PATH) for fd in by_path()]
		def container():
		    return [os.open("/dev/vfio/vfio", os.O_RDWR)]
		def look_alikes():
		    open(f"{directory}/{os.path.basename(node)}", "w").close()
		    return [os.open(f"{directory}/vfio/devices/vfio0", os.O_RDWR), os.open(f"{directory}/{os.path.basename(node)}", os.O_RDWR)]
		def mapping():
		    fd = os.open(f"{directory}/anon_inode:[vfio-device]", os.O_RDWR | os.O_CREAT)
		    os.ftruncate(fd, 4096)
		    global kept
		    kept = mmap.mmap(fd, 4096)
		    return [fd]
		def become(name, files):
		    fds = files() + [os.memfd_create(mark)]
		    if files is mapping:
		        libc.prctl(15, name.encode()) # PR_SET_NAME
		        open(f"{directory}/ready-{name}-{files.__name__}", "w").close()
		        os.read(end, 1)
		        os._exit(0)
		    for fd in fds:
		        os.set_inheritable(fd, True)
		    os.dup2(end, 0)
		    os.execv(f"{directory}/{name}", [name, "-c", f"touch {directory}/ready-{name}-{files.__name__}; read x", "-name", "guest=victim",
		                                  "-object", "file=/var/lib/libvirt/qemu/domain-1-victim/master-key.aes"])
		for name in "mlxmigctl-hold", "mlxmigctl", "qemu-system-x86_64", "vmm":
		    os.symlink("/bin/dash", f"{directory}/{name}")
		    for files in by_path, by_path_twice, container, look_alikes, mapping:
		        if not os.fork():
		            os.close(_)
		            become(name, files)
		while sum(name.startswith("ready-") for name in os.listdir(directory)) < 20:
		    time.sleep(0.05)
		open(f"{directory}/all-ready", "w").close()
		time.sleep(300)
	END
	other_pid=$!
	await --pid $other_pid exists "$dir/all-ready"
}

# what_counts: of a document of status, all that a holder can change
what_counts() {
	run_mlx 0 status "$VF0" "$VF1"
	json '[(.devices[] | {device, in_use, in_use_reason, holder, holders, can_migrate, reasons}), .processes, .warnings] | tojson'
}

@test "twenty processes that pose as holders of a free device change nothing" {
	local before
	before=$(what_counts)
	[[ $before == *'"in_use":false'* ]]
	pose
	diff <(echo "$before") <(what_counts)
	run_mlx 0 save "$VF0" "$BATS_TEST_TMPDIR/state"
	json_is '[.access, .fresh]' '["opened",true]'
	run_mlx 0 reset "$VF0"
	hold "$VF0"
	release
	run_mlx 0 unbind "$VF0"
	run_mlx 0 bind "$VF0"
	kill -0 "$other_pid"
}

@test "twenty processes that pose as holders of a device that is held change nothing" {
	local before
	hold --state STOP "$VF0"
	before=$(what_counts)
	[[ $before == *'"kind":"hold"'* ]]
	pose
	diff <(echo "$before") <(what_counts)
	run_mlx 0 save "$VF0" "$BATS_TEST_TMPDIR/state"
	json_is '[.access, .lender.pid]' "[\"borrowed\",$HOLD_PID]"
	run_mlx 0 load "$VF0" "$BATS_TEST_TMPDIR/state"
	run_mlx 5 unbind "$VF0"
	error_is busy
	# The end of hold resets what was loaded, since nobody else has it.
	release
	run_mlx 0 state "$VF0"
	json_is '[.access, .state]' '["opened","RUNNING"]'
}

@test "only root writes who holds a device" {
	hold "$VF0"
	[ "$(stat -c %U:%a /run/mlxmigctl)" = root:755 ]
	[ "$(stat -c %U:%a "/run/mlxmigctl/$VF0.hold")" = root:644 ]
	release
	# One that others can write is nobody's word.
	ln -s /bin/sleep "$BATS_TEST_TMPDIR/mlxmigctl-hold"
	bash -c 'exec 9<>"$1" && exec "$2" 60' _ "$(group_of "$VF0")" "$BATS_TEST_TMPDIR/mlxmigctl-hold" 3>&- 4>&- &
	other_pid=$!
	await program $other_pid mlxmigctl-hold
	printf 'pid %d\nstart %d\n' "$other_pid" "$(cut -d' ' -f22 "/proc/$other_pid/stat")" >"/run/mlxmigctl/$VF0.hold"
	chmod 666 "/run/mlxmigctl/$VF0.hold"
	run_mlx 0 status "$VF0"
	json_is '.devices[0].holder | [.kind, .pid]' "[\"other\",$other_pid]"
	chmod 644 "/run/mlxmigctl/$VF0.hold"
	run_mlx 0 status "$VF0"
	json_is '.devices[0].holder | [.kind, .pid]' "[\"hold\",$other_pid]"
	rm "/run/mlxmigctl/$VF0.hold"
}

# open_millions: six processes of the user nobody with 100,000 files each, until end_other
open_millions() {
	local ready=$BATS_TEST_TMPDIR/ready
	mkdir -m 777 "$ready"
	prlimit --nofile=100100 setpriv --reuid=65534 --regid=65534 --clear-groups python3 - "$ready" 3>&- 4>&- <<-'END' &
		import ctypes, os, sys, time
		libc = ctypes.CDLL(None)
		for fd in range(100, 100100):
		    os.dup2(1, fd)
		for i in range(5):
		    if not os.fork():
		        libc.prctl(1, 9) # PR_SET_PDEATHSIG
		        time.sleep(300)
		        os._exit(0)
		open(f"{sys.argv[1]}/ready", "w").close()
		time.sleep(300)
	END
	other_pid=$!
	await --pid $other_pid exists "$ready/ready"
}

@test "a user with millions of open files: each command ends, and knows what can be known" {
	hold "$VF0"
	chmod 755 "$BATS_TEST_TMPDIR"
	open_millions
	run_mlx 0 status "$VF0" "$VF1"
	json_is '.devices[0] | [.in_use, .holder.kind, .holder.pid, (.holders[] | .pid)]' "[true,\"hold\",$HOLD_PID,$HOLD_PID]"
	json_is '.devices[1] | [.in_use, .in_use_reason]' '[false,null]'
	run_mlx 5 unbind "$VF0"
	error_is busy
	run_mlx 0 unbind --none "$VF1"
	echo 1 >"$sys/devices/$VF1/enable"
	run_mlx 0 bind "$VF1"
	run_mlx 0 status "$VF1"
	json_is '.devices[0] | [.in_use, .holder]' '[null,null]'
	[[ $(json '.devices[0].in_use_reason') == *"the host's processes have more files open than can be looked at in the time that is taken for it" ]]
	run_mlx 0 unbind --none "$VF1"
	echo 0 >"$sys/devices/$VF1/enable"
	run_mlx 0 bind "$VF1"
}
