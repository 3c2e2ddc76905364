# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scripts in this folder, which run in a VM without bats.

mlx=$MLXMIGCTL_BUILD/src/mlxmigctl

# hold DEVICE...: until release
hold() {
	"$mlx" hold -c "$@" >/dev/shm/held &
	holder=$!
	await --pid "$holder" text /dev/shm/held
}

# release: fails unless the holder ends well
release() {
	kill "$holder"
	wait "$holder"
}
