#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bind and unbind beside each other, beside other programs, and killed: the device ends where the last command that succeeded has
# taken it, or where it was.

load ../helpers
load ../lab

setup_file() {
	VFS=$(cat "$sys/devices/$PF/sriov_numvfs")
	export VFS
	modprobe mlx5_vfio_pci
	modprobe vfio-pci
}

setup() {
	run_dir=$BATS_TEST_TMPDIR
	put_back
}

teardown() {
	[ -z "${LOOP:-}" ] || kill "$LOOP" 2>/dev/null || true
	put_back
}

# put_back: VF0 is on mlx5_core
put_back() {
	[ -e "$sys/devices/$VF0" ] || make_vfs "$VFS"
	[ "$(driver_of "$VF0")" != mlx5_core ] || [ "$(override_of "$VF0")" != '(null)' ] || return 0
	put_on mlx5_core "$VF0"
	echo >"$sys/devices/$VF0/driver_override"
}

override_of() { cat "$sys/devices/$1/driver_override"; }

# place: its driver and override
place() { echo "$(driver_of "$VF0") $(override_of "$VF0")"; }

no_tool() { ! pgrep -x mlxmigctl >/dev/null; }

# until_idle: no process of the tool is there any more
until_idle() {
	local i
	for ((i = 0; i < 600; i++)); do
		no_tool && return
		sleep 0.05
	done
	return 1
}

# start NUMBER COMMAND: in the background, its output in files
start() {
	local number=$1
	shift
	"$MLX" "$@" >"$run_dir/out$number" 2>"$run_dir/err$number" 3>&- 4>&- &
	pids[number]=$! commands[number]=$*
}

# succeeded NUMBER: it has ended well. On the debug kernel a bind can take longer than another one waits for it, which is then repeated.
succeeded() {
	wait "${pids[$1]}" && return
	# shellcheck disable=SC2086
	! debug_kernel || ! grep -q 'is changing its driver$' "$run_dir/err$1" || ! "$MLX" ${commands[$1]} || return 0
	cat "$run_dir/err$1"
	return 1
}

@test "two binds at once: both succeed, and it is bound" {
	local pids=() commands=() i
	for ((i = 0; i < 6; i++)); do
		start 1 bind "$VF0"
		start 2 bind "$VF0"
		succeeded 1
		succeeded 2
		[ "$(place)" = "mlx5_vfio_pci mlx5_vfio_pci" ]
		run_mlx 0 unbind "$VF0"
	done
}

@test "bind and unbind at once: whole is the one or the other" {
	local pids=() commands=() i
	for ((i = 0; i < 6; i++)); do
		start 1 bind "$VF0"
		start 2 unbind "$VF0"
		succeeded 1
		succeeded 2
		case $(place) in
		"mlx5_vfio_pci mlx5_vfio_pci" | "mlx5_core (null)") ;;
		*) place && false ;;
		esac
	done
}

@test "a bind that would wait too long for another says which one is faster" {
	mkdir -p /run/mlxmigctl
	flock /run/mlxmigctl/"$VF0".bind sh -c 'printf 4711 >"$1" && exec sleep 60' _ "/run/mlxmigctl/$VF0.bind" 3>&- 4>&- &
	LOOP=$!
	await text "/run/mlxmigctl/$VF0.bind"
	run_mlx 5 bind "$VF0"
	error_is busy
	[[ $stderr == *"another mlxmigctl (pid 4711) is changing its driver"* ]]
	[ "$(place)" = "mlx5_core (null)" ]
	pkill -P "$LOOP"
}

@test "killed at any moment: it is taken back, or bound" {
	local pids=() commands=() i
	for ((i = 0; i < 10; i++)); do
		start 1 bind "$VF0"
		sleep "0.$(printf %03d $((RANDOM % 400)))"
		kill -KILL "${pids[1]}" 2>/dev/null || true
		wait "${pids[1]}" || true
		until_idle
		case $(place) in
		"mlx5_vfio_pci mlx5_vfio_pci" | "mlx5_core (null)") ;;
		*) place && false ;;
		esac
		put_back
	done
}

@test "a program that writes driver_override in between: bound, or back where it was, and the refusal names it" {
	local i status before refused=0
	bash -c 'while :; do echo vfio-pci >"$1"; echo >"$1"; done' _ "$sys/devices/$VF0/driver_override" 2>/dev/null 3>&- 4>&- &
	LOOP=$!
	for ((i = 0; i < 6; i++)); do
		status=0 before=$(driver_of "$VF0")
		"$MLX" bind -c "$VF0" >"$run_dir/out" 2>"$run_dir/err" || status=$?
		case $status:$(driver_of "$VF0") in
		0:mlx5_vfio_pci) ;;
		# The loop may have kept it from mlx5_core beforehand.
		5:mlx5_core | 5:"$before")
			refused=1
			grep -q 'another program has set its driver_override' "$run_dir/err"
			;;
		5:vfio-pci)
			refused=1
			grep -qE 'vfio-pci' "$run_dir/err"
			;;
		*) echo "$status $(place) $(cat "$run_dir/err")" && false ;;
		esac
		put_on mlx5_core "$VF0" 2>/dev/null || true
	done
	echo "refused: $refused"
	kill "$LOOP"
	wait "$LOOP" || true
}

@test "VFs that come and go under it: no command waits, and the next ones work" {
	local i status
	bash -c 'while :; do echo 0 >"$1"; echo "$2" >"$1"; done' _ "$sys/devices/$PF/sriov_numvfs" "$VFS" 3>&- 4>&- &
	LOOP=$!
	for ((i = 0; i < 6; i++)); do
		status=0
		timeout -s KILL 60 "$MLX" bind -c "$VF0" >"$run_dir/out" 2>"$run_dir/err" || status=$?
		# 4: while it comes or goes its PF is not shown
		[[ $status =~ ^[01345]$ ]] || cat "$run_dir/err"
		[[ $status =~ ^[01345]$ ]]
	done
	kill "$LOOP"
	wait "$LOOP" || true
	make_vfs "$VFS"
	run_mlx 0 bind "$VF0"
	run_mlx 0 unbind "$VF0"
}

@test "a driver that matches by new_id takes it neither on bind nor on unbind" {
	local id
	id="15b3 $(sed s/0x// "$sys/devices/$VF0/device")"
	echo "$id" >"$sys/drivers/vfio-pci/new_id"
	run_mlx 0 bind "$VF0"
	[ "$(place)" = "mlx5_vfio_pci mlx5_vfio_pci" ]
	run_mlx 0 unbind "$VF0"
	echo "$id" >"$sys/drivers/vfio-pci/remove_id"
	[ "$(place)" = "mlx5_core (null)" ]
}

# Both wait without another program, which would be too slow.
# until_driver DRIVER: VF0 has it; until_free DRIVER: VF0 has it no longer
until_driver() { until [ "$sys/devices/$VF0/driver" -ef "$sys/drivers/$1" ]; do kill -0 "$pid" || return; done; }
until_free() { while [ "$sys/devices/$VF0/driver" -ef "$sys/drivers/$1" ]; do kill -0 "$pid" || return; done; }

# find_child: into $child, of $pid, and another than $killed. The debug kernel has no /proc/PID/task/TID/children.
find_child() {
	local last fields
	read -r _ _ _ _ last </proc/loadavg
	for ((child = pid + 1; child <= last; child++)); do
		{ read -ra fields <"/proc/$child/stat"; } 2>/dev/null || continue
		[ "${fields[3]}" != "$pid" ] || [ "$child" = "${killed:-}" ] || return 0
	done
	return 1
}

# end_child: the child of $pid is killed, as by the kernel's OOM killer
end_child() {
	local child
	until find_child; do kill -0 "$pid"; done
	killed=$child
	kill -KILL "$child"
}

# is_true DEVICE: the document in result.devices has it where it is, and trouble where that is not mlx5_core
is_true() {
	local override
	override=$(override_of "$1")
	[ "$override" != '(null)' ] || override=''
	jq -e --arg device "$1" --arg driver "$(driver_of "$1")" --arg override "$override" \
		'.result.devices[] | select(.device == $device) | (.driver // "") == $driver and (.driver_override // "") == $override and
		.changed == false and (.trouble != null) == ($driver != "mlx5_core" or $override != "")' "$run_dir/out"
}

@test "the child that changes the driver is killed: all of them go back, and the document is true" {
	local pid ended=0 vf
	"$MLX" bind -c "$VF0" "$VF1" >"$run_dir/out" 2>"$run_dir/err" 3>&- 4>&- &
	pid=$!
	until_driver mlx5_vfio_pci
	end_child
	wait "$pid" || ended=$?
	cat "$run_dir/out"
	[ "$ended" -eq 1 ]
	jq -e '.error | .code == "io" and (.message | test("was killed")) and (.hint | test("repeat the command"))' "$run_dir/out"
	jq -e '.result.devices[0] | .rolled_back and .trouble == null and .driver == "mlx5_core" and .driver_override == null' "$run_dir/out"
	for vf in "$VF0" "$VF1"; do
		is_true "$vf"
		[ "$(driver_of "$vf") $(override_of "$vf")" = "mlx5_core (null)" ]
	done
	[ -z "$(ls -A /run/mlxmigctl)" ]
	run_mlx 0 bind "$VF0"
}

@test "the child of an unbind is killed: the driver of VFIO has them again" {
	local pid ended=0
	run_mlx 0 bind "$VF0" "$VF1"
	"$MLX" unbind -c "$VF0" "$VF1" >"$run_dir/out" 2>"$run_dir/err" 3>&- 4>&- &
	pid=$!
	until_free mlx5_vfio_pci
	end_child
	wait "$pid" || ended=$?
	[ "$ended" -eq 1 ]
	jq -e '[.result.devices[] | .driver, .driver_override, .changed, .trouble] == ["mlx5_vfio_pci", "mlx5_vfio_pci", false, null,
		"mlx5_vfio_pci", "mlx5_vfio_pci", false, null]' "$run_dir/out"
	[ "$(place)" = "mlx5_vfio_pci mlx5_vfio_pci" ]
	run_mlx 0 unbind "$VF0" "$VF1"
}

@test "the child that puts back is killed too: the document has where each device is" {
	local pid ended=0 vf
	"$MLX" bind -c "$VF0" "$VF1" >"$run_dir/out" 2>"$run_dir/err" 3>&- 4>&- &
	pid=$!
	until_free mlx5_core
	end_child
	end_child
	wait "$pid" || ended=$?
	cat "$run_dir/out"
	[ "$ended" -eq 1 ]
	for vf in "$VF0" "$VF1"; do is_true "$vf"; done
	run_mlx 0 unbind "$VF0" "$VF1"
	[ "$(place)" = "mlx5_core (null)" ]
}

@test "a signal that comes when all is done is ignored: what is reported is what the shell sees" {
	local pid ended=0
	# A pipe that takes no more bytes keeps bind where it prints its document.
	full_pipe "$run_dir/full"
	"$MLX" bind -c "$VF0" >"$run_dir/full" 2>"$run_dir/err" 3>&- 4>&- &
	pid=$!
	until_driver mlx5_vfio_pci
	sleep 1
	kill -TERM "$pid"
	sleep 0.3
	head -c 65536 <&9 >/dev/null
	wait "$pid" || ended=$?
	read -r output <&9
	exec 9>&-
	[ "$ended" -eq 0 ]
	json_is '.devices[0] | [.driver, .changed]' '["mlx5_vfio_pci",true]'
	[ "$(place)" = "mlx5_vfio_pci mlx5_vfio_pci" ]
}

@test "a module that is removed beside it: the refusal names that" {
	local i status refused=0
	bash -c 'while :; do rmmod mlx5_vfio_pci; done' 2>/dev/null 3>&- 4>&- &
	LOOP=$!
	for ((i = 0; i < 6; i++)); do
		status=0
		"$MLX" bind -c "$VF0" >"$run_dir/out" 2>"$run_dir/err" || status=$?
		cat "$run_dir/err"
		case $status:$(place) in
		# The second: it was removed when it was bound already.
		"0:mlx5_vfio_pci mlx5_vfio_pci" | "0: mlx5_vfio_pci") ;;
		"5:mlx5_core (null)")
			refused=1
			grep -q 'the driver mlx5_vfio_pci was unloaded meanwhile' "$run_dir/err"
			grep -q 'try again' "$run_dir/err"
			;;
		# It was gone before modprobe had ended.
		"4:mlx5_core (null)") ;;
		*) place && false ;;
		esac
		"$MLX" unbind -c "$VF0" >/dev/null
	done
	kill "$LOOP"
	wait "$LOOP" || true
	modprobe mlx5_vfio_pci
	[ "$refused" -eq 1 ]
}
