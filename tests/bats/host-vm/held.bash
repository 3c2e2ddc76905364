# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scripts in this folder, which run in a VM without bats.

mlx=$MLXMIGCTL_BUILD/src/mlxmigctl

# hold DEVICE...: until release
hold() {
	local i
	"$mlx" hold -c "$@" >/dev/shm/held &
	holder=$!
	for ((i = 0; i < 600; i++)); do
		[ ! -s /dev/shm/held ] || return 0
		kill -0 "$holder" || break
		sleep 0.1
	done
	echo "hold $*: not ready" >&2
	return 1
}

# release: fails unless the holder ends well
release() {
	kill "$holder"
	wait "$holder"
}
