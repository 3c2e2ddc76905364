# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A memory cgroup in the lab's VM, for tests of what is charged to whom.
# Loaded with `load ../cgroup`.

# make_cgroup NAME: into $cgroup
make_cgroup() {
	cgroup=/sys/fs/cgroup/$1
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$cgroup"
}

# in_cgroup COMMAND...: takes the place of the shell it is called in, which is to be one in the background or in brackets
in_cgroup() {
	echo "$BASHPID" >"$cgroup/cgroup.procs"
	exec "$@"
}

# cgroup_charged: bytes of the kernel's memory
cgroup_charged() { sed -n 's/^kernel //p' "$cgroup/memory.stat"; }
