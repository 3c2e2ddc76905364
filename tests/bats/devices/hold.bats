#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# hold keeps devices open, and the other commands borrow them from it.

load ../helpers
load ../lab
load ../transfer

setup_file() {
	"$MLX" bind -c "$VF0" "$VF1"
	save_images
}
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

teardown() {
	fault ''
	release || true
	end_other
	[ -d /run/mlxmigctl ] || rm -f /run/mlxmigctl
	echo flr >"$sys/devices/$VF0/reset_method"
}

# free_again DEVICE: nobody holds it, and it runs
free_again() {
	run_mlx 0 state "$1"
	json_is '[.access, .state]' '["opened","RUNNING"]'
}

@test "hold says who it is and what it holds, once it does" {
	hold "$VF0" "$VF1"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '[.schema, .pid] + [.devices[] | .device, .access, .fresh, .driver, .state]' \
		"[\"mlxmigctl.hold/1\",$HOLD_PID,\"$VF0\",\"opened\",true,\"mlx5_vfio_pci\",\"RUNNING\",\"$VF1\",\"opened\",true,\"mlx5_vfio_pci\",\"RUNNING\"]"
	[ "$(cat "/proc/$HOLD_PID/comm")" = mlxmigctl-hold ]
	# what it tells the others, for whom a group's file says too little
	local vf
	for vf in "$VF0" "$VF1"; do
		[[ $(<"/run/mlxmigctl/$vf.hold") == "pid $HOLD_PID"$'\n'"start "* ]]
	done
	release
}

@test "hold -t says its number first" {
	"$MLX" hold -t "$VF0" >"$BATS_TEST_TMPDIR/hold.json" 3>&- 4>&- &
	HOLD_PID=$!
	await --pid $HOLD_PID text "$BATS_TEST_TMPDIR/hold.json"
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/hold.json")" = "pid: $HOLD_PID" ]
}

@test "commands borrow a held device, and none of them resets it" {
	hold "$VF0"
	local resets
	resets=$(labvf "$VF0" get resets)
	run_mlx 0 state "$VF0"
	json_is '[.access, .fresh, .state]' '["borrowed",false,"RUNNING"]'
	run_mlx 0 caps "$VF0"
	json_is .access borrowed
	run_mlx 0 step "$VF0" stop
	json_is '[.access, .fresh, .kept, .warnings]' '["borrowed",false,true,[]]'
	run_mlx 0 state "$VF0"
	json_is .state STOP
	[ "$(labvf "$VF0" get resets)" -eq "$resets" ]
}

@test "a held device goes on between commands, and stands still in STOP" {
	hold "$VF0"
	local first second
	first=$(labvf "$VF0" get generation)
	run_mlx 0 state "$VF0"
	second=$(labvf "$VF0" get generation)
	[ "$second" -gt "$first" ]
	run_mlx 0 step "$VF0" stop
	first=$(labvf "$VF0" get generation)
	[ "$first" -ge "$second" ]
	# longer than it takes to come to the next one
	sleep 0.1
	[ "$(labvf "$VF0" get generation)" -eq "$first" ]
	run_mlx 0 step "$VF0" running
	labvf "$VF0" past generation "$first"
}

@test "what was written into a held device stays until the holder ends" {
	hold "$VF0"
	labvf "$VF0" fill 7
	run_mlx 0 step "$VF0" stop running
	labvf "$VF0" check 7
	release
	run -9 labvf "$VF0" check 7
}

@test "several devices are held at once, each with a state of its own" {
	hold "$VF0" "$VF1"
	run_mlx 0 step "$VF1" stop
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
	run_mlx 0 state "$VF1"
	json_is .state STOP
	release
	run_mlx 0 state "$VF1"
	json_is '[.state, .access]' '["RUNNING","opened"]'
}

@test "a held device cannot be held twice, and then nothing is" {
	hold "$VF0"
	run_mlx 5 hold "$VF1" "$VF0"
	json_is '[.error.code, .error.device]' "[\"busy\",\"$VF0\"]"
	[[ $stderr == *"mlxmigctl hold (pid $HOLD_PID)"* ]]
	run_mlx 0 state "$VF1"
	json_is .access opened
	run_mlx 0 state "$VF0"
	json_is .access borrowed
}

@test "a device that cannot be opened leaves none held" {
	run_mlx 4 hold "$VF1" "$PF"
	error_is not_a_vf
	run_mlx 0 state "$VF1"
	json_is .access opened
}

@test "hold --state takes every device there before it says that it holds them" {
	hold --state stop "$VF0" "$VF1"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '[.devices[] | .device, .state, .loaded, .arcs[-1].to, .warnings]' \
		"[\"$VF0\",\"STOP\",null,\"STOP\",[],\"$VF1\",\"STOP\",null,\"STOP\",[]]"
	state_is "$VF0" STOP
	state_is "$VF1" STOP
	[ "$(labvf "$VF0" get suspended)" -ne 0 ]
	release
	free_again "$VF0"
}

# bats test_tags=asan
@test "hold --state: the data file of a session is nobody's, and it says so" {
	hold --state stop_copy "$VF0"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[] | [.state, (.warnings[] | test("data fd"))]' '["STOP_COPY",true]'
	release
}

# bats test_tags=asan
@test "hold --state: one device that cannot go there leaves none held" {
	fault "op=0x115,vf=1,status=0x3"
	run_mlx 7 hold --state STOP "$VF0" "$VF1"
	error_is transition_refused
	json_is .error.device "$VF1"
	fault ''
	free_again "$VF0"
	free_again "$VF1"
	# and one that no driver offers moves none
	run_mlx 4 hold --state STOP "$VF0" "$PF"
	free_again "$VF0"
}

@test "hold --load: the device has the state when it says that it is held, and stands still" {
	hold --load "$IMAGES/image" "$VF0"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[] | [.state, .arcs[-1].to, .warnings, .loaded.file, .loaded.format, .loaded.identity_fit]' \
		"[\"STOP\",\"STOP\",[],\"$IMAGES/image\",\"image\",\"yes\"]"
	[ "$(json '.devices[].loaded.xxh3_128')" = "$(tar -xOf "$IMAGES/image" manifest.json | jq -r .xxh3_128)" ]
	[ "$(json '.devices[].loaded.bytes')" -eq "$(stat -c %s "$IMAGES/stream")" ]
	has_the_state "$VF0"
	state_is "$VF0" STOP
	run_mlx 0 step "$VF0" running
	labvf "$VF0" check 11
	release
	run -9 labvf "$VF0" check 11
	free_again "$VF0"
}

@test "hold --load - --state RUNNING: from a pipe, and it goes on; not ready before its end" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 7<>"$BATS_TEST_TMPDIR/pipe"
	"$MLX" hold -c --load - --state running "$VF0" <"$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/hold.json" 7<&- 3>&- 4>&- &
	HOLD_PID=$!
	head -c 100000 "$IMAGES/image" >&7
	# All that was there has been read.
	await stack "$HOLD_PID" pipe_read
	[ ! -s "$BATS_TEST_TMPDIR/hold.json" ]
	tail -c +100001 "$IMAGES/image" >&7
	exec 7>&-
	await --pid $HOLD_PID text "$BATS_TEST_TMPDIR/hold.json"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[] | [.state, .loaded.file, .loaded.file_bytes]' '["RUNNING","-",null]'
	labvf "$VF0" check 11
	runs "$VF0"
}

# bats test_tags=asan
@test "hold --load: a damaged image is refused before the device is touched" {
	local before resets
	before=$(labvf "$VF0" get resets)
	resets=$(labvf "$VF0" get resets)
	cp "$IMAGES/image" "$BATS_TEST_TMPDIR/damaged"
	flip "$BATS_TEST_TMPDIR/damaged" "$(in_second "$IMAGES/image")"
	run_mlx 8 hold --load "$BATS_TEST_TMPDIR/damaged" "$VF0"
	error_is damaged
	# each of these looks opens it, and nothing else did
	[ $(($(labvf "$VF0" get resets) - resets)) -eq $((resets - before)) ]
	# and what the firmware refuses leaves none held
	fault "op=0x119,status=0x3"
	run_mlx 7 hold --load "$IMAGES/image" "$VF0"
	error_is transition_refused
	fault ''
	free_again "$VF0"
}

@test "hold --load --check-with: the device is opened only when the command accepts the file" {
	run_mlx 9 hold --load "$IMAGES/image" --check-with false "$VF0"
	error_is not_trusted
	free_again "$VF0"
	hold --load "$IMAGES/image" --check-with 'cat >/dev/null' "$VF0"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[] | [.state, .loaded.checked_with]' '["STOP","cat >/dev/null"]'
	has_the_state "$VF0"
}

@test "systemd is told when all devices are held and in their state, and when it ends" {
	fault "op=0x115,vf=1,hang=1"
	python3 - "$BATS_TEST_TMPDIR/socket" "$MLX" "$VF0" "$VF1" >"$BATS_TEST_TMPDIR/told" 3>&- 4>&- <<-'END' &
		import socket, subprocess, sys
		messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		messages.bind(sys.argv[1])
		told = ""
		while "STOPPING=1" not in told:
		    told = messages.recv(4096).decode()
		    print(told.replace("\n", " "))
		    for device in sys.argv[3:] if "READY=1" in told else []:
		        state = subprocess.run([sys.argv[2], "state", "-t", device], capture_output=True, text=True)
		        print([line for line in state.stdout.splitlines() if line[:6] in ("state:", "access")], flush=True)
	END
	other_pid=$!
	await --pid $other_pid exists "$BATS_TEST_TMPDIR/socket"
	hold_with env NOTIFY_SOCKET="$BATS_TEST_TMPDIR/socket" -- --state stop "$VF0" "$VF1"
	for _ in {1..300}; do [ "$(wc -l <"$BATS_TEST_TMPDIR/told")" -lt 3 ] || break; sleep 0.1; done
	release
	wait "$other_pid"
	unset other_pid
	diff - "$BATS_TEST_TMPDIR/told" <<-'END'
		READY=1 STATUS=2 devices are held
		['access: borrowed', 'state: STOP']
		['access: borrowed', 'state: STOP']
		STOPPING=1
	END
}

@test "a device that another program has open is busy, with its name and number" {
	local group
	group=$(group_of "$VF0")
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	bash -c "exec 9<>$group; echo \$\$ >$BATS_TEST_TMPDIR/there; read -r -t 60 <>$BATS_TEST_TMPDIR/fifo" 3>&- 4>&- &
	other_pid=$!
	await --pid $other_pid text "$BATS_TEST_TMPDIR/there"
	run_mlx 5 state "$VF0"
	error_is busy
	[[ $stderr == *"is open in bash (pid $other_pid), which does not have the device open"* ]]
	run_mlx 5 hold "$VF1" "$VF0"
	run_mlx 5 reset "$VF0"
	kill "$other_pid"
}

@test "SIGTERM, SIGINT and SIGHUP end it well" {
	local signal
	for signal in TERM INT HUP; do
		hold_with env --default-signal=INT -- "$VF0"
		kill "-$signal" "$HOLD_PID"
		wait "$HOLD_PID"
		unset HOLD_PID
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/hold.json")" -eq 1 ]
	[ ! -s "$BATS_TEST_TMPDIR/hold.err" ]
}

@test "a holder that is killed leaves a device that is free and reset" {
	hold "$VF0"
	run_mlx 0 step "$VF0" stop
	kill -KILL "$HOLD_PID"
	wait "$HOLD_PID" || [ "$?" -eq 137 ]
	local killed=$HOLD_PID
	unset HOLD_PID
	run_mlx 0 status "$VF0"
	json_is '.warnings[]' "$VF0: mlxmigctl hold (pid $killed) was killed; the kernel has reset the device, and what it held is lost"
	run_mlx 0 state "$VF0"
	json_is '[.access, .state]' '["opened","RUNNING"]'
	json_is '.warnings[]' "mlxmigctl hold (pid $killed) was killed; the kernel has reset the device, and what it held is lost"
	# once
	run_mlx 0 state "$VF0"
	json_is .warnings '[]'
	nothing_in /run/mlxmigctl
}

# bats test_tags=asan
@test "that a holder was killed is not reported once the device has left its driver" {
	hold "$VF0"
	kill -KILL "$HOLD_PID"
	wait "$HOLD_PID" || true
	unset HOLD_PID
	run_mlx 0 status "$VF0"
	json_is '.warnings | length' 1
	run_mlx 0 unbind "$VF0"
	run_mlx 0 status "$VF0"
	json_is .warnings '[]'
	run_mlx 0 bind "$VF0"
	run_mlx 0 state "$VF0"
	json_is .warnings '[]'
}

@test "each command tells that a holder was killed" {
	local command
	for command in caps reset step save; do
		hold "$VF0"
		kill -KILL "$HOLD_PID"
		wait "$HOLD_PID" || true
		cd "$BATS_TEST_TMPDIR"
		case $command in
		save*) run_mlx 0 save "$VF0" out ;;
		step*) run_mlx 0 step "$VF0" stop ;;
		*) run_mlx 0 "$command" "$VF0" ;;
		esac
		[[ $(json '.warnings[0]') == "mlxmigctl hold (pid $HOLD_PID) was killed;"* ]]
	done
	hold "$VF0"
	kill -KILL "$HOLD_PID"
	wait "$HOLD_PID" || true
	hold --load "$IMAGES/image" "$VF0"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '.devices[].warnings | length' 1
}

@test "at the end each device is reset that does not run, whatever it is in" {
	local state
	for state in stop resuming pre_copy; do
		[[ $state != pre_copy ]] || ! old_kernel || continue
		hold "$VF0" "$VF1"
		run_mlx 0 step "$VF0" "$state"
		local resets running
		resets=$(labvf "$VF0" get resets)
		running=$(labvf "$VF1" get resets)
		release
		# one more than the last close makes of the other
		[ $(($(labvf "$VF0" get resets) - resets)) -eq $(($(labvf "$VF1" get resets) - running + 1)) ]
		[ ! -s "$BATS_TEST_TMPDIR/hold.err" ]
	done
}

# bats test_tags=asan
@test "where no marker can be written nothing is held; where it is lost a device may have been loaded, and is reset at the end" {
	local before noted
	hold "$VF0"
	before=$(labvf "$VF0" get resets)
	release
	noted=$(($(labvf "$VF0" get resets) - before))
	rm -rf /run/mlxmigctl
	echo >/run/mlxmigctl
	run_mlx 1 hold "$VF0"
	[[ $(json .error.message) == "cannot announce that $VF0 is held: /run/mlxmigctl/$VF0.hold"* ]]
	free_again "$VF0"
	rm /run/mlxmigctl
	hold "$VF0"
	rm -r /run/mlxmigctl
	run_mlx 5 load "$VF0" "$IMAGES/image"
	error_is busy
	before=$(labvf "$VF0" get resets)
	release
	[ $(($(labvf "$VF0" get resets) - before)) -eq $((noted + 1)) ]
	[ ! -s "$BATS_TEST_TMPDIR/hold.err" ]
}

@test "a holder that ends lends nothing any more" {
	hold --state stop "$VF0" "$VF1"
	kill -TERM "$HOLD_PID"
	# a process that has ended keeps its last name until it is waited for
	await program "$HOLD_PID" mlxmigctl
	# busy or free, as it is just then
	run timeout 120 "$MLX" step -c "$VF1" stop
	[[ $output != *'"borrowed"'* ]]
	wait "$HOLD_PID"
	unset HOLD_PID
	[ ! -s "$BATS_TEST_TMPDIR/hold.err" ]
	free_again "$VF0"
	free_again "$VF1"
}

# bats test_tags=asan
@test "without a reset it is walked to RUNNING at the end, but with no loaded state" {
	hold --state stop "$VF0"
	echo >"$sys/devices/$VF0/reset_method"
	release
	[ ! -s "$BATS_TEST_TMPDIR/hold.err" ]
	[ "$(labvf "$VF0" get suspended)" -eq 0 ]
	echo flr >"$sys/devices/$VF0/reset_method"

	# a state that another command has loaded, too
	hold "$VF0"
	run_mlx 0 load "$VF0" "$IMAGES/image"
	echo >"$sys/devices/$VF0/reset_method"
	kill -TERM "$HOLD_PID"
	wait "$HOLD_PID" || status=$?
	unset HOLD_PID
	[ "$status" -eq 4 ]
	[[ $(cat "$BATS_TEST_TMPDIR/hold.err") == "mlxmigctl: warning: $VF0: "*"offers a reset; it is left in STOP, perhaps with a state that was loaded into it" ]]
	# The next open resumes it.
	[ "$(labvf "$VF0" get suspended)" -eq 0 ]
}

@test "another user's command is not let near a held device" {
	hold "$VF0"
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$MLX" state "$VF0"
	[ "$status" -eq 6 ]
	error_is permission
}

@test "SR-IOV goes off when the holder ends, not before" {
	hold "$VF0"
	(echo 0 >"$sys/devices/$PF/sriov_numvfs") 3>&- 4>&- &
	other_pid=$!
	await stack "$other_pid" vfio_unregister_group_dev
	[ -e "$sys/devices/$VF0" ]
	release
	wait "$other_pid"
	[ ! -e "$sys/devices/$VF0" ]
	run_mlx 3 state "$VF0"
	error_is no_such_device
	echo 2 >"$sys/devices/$PF/sriov_numvfs"
	run_mlx 0 bind "$VF0" "$VF1"
}
