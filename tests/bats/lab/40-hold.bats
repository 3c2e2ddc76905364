#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# hold keeps devices open, and the other commands borrow them from it.

load ../helpers
load ../lab

setup_file() { "$MLX" bind -c "$VF0" "$VF1"; }
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

teardown() {
	release || true
	end_other
}

@test "hold says who it is and what it holds, once it does" {
	hold "$VF0" "$VF1"
	output=$(cat "$BATS_TEST_TMPDIR/hold.json")
	json_is '[.schema, .pid] + [.devices[] | .device, .access, .fresh, .driver, .state]' \
		"[\"mlxmigctl.hold/1\",$HOLD_PID,\"$VF0\",\"opened\",true,\"mlx5_vfio_pci\",\"RUNNING\",\"$VF1\",\"opened\",true,\"mlx5_vfio_pci\",\"RUNNING\"]"
	[ "$(cat "/proc/$HOLD_PID/comm")" = mlxmigctl-hold ]
	# what it tells the others, for whom a group's file says too little
	local fds
	fds=$(readlink /proc/"$HOLD_PID"/fd/* | grep ^/memfd: | sort | tr '\n' ' ')
	[ "$fds" = "/memfd:mlxmigctl-hold:$VF0 (deleted) /memfd:mlxmigctl-hold:$VF1 (deleted) " ]
	release
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
	sleep 0.5
	[ "$(labvf "$VF0" get generation)" -eq "$first" ]
	run_mlx 0 step "$VF0" running
	sleep 0.5
	[ "$(labvf "$VF0" get generation)" -gt "$first" ]
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

@test "a device that another program has open is busy, with its name and number" {
	local group
	group=$(group_of "$VF0")
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	bash -c "exec 9<>$group; echo \$\$ >$BATS_TEST_TMPDIR/there; read -r -t 60 <>$BATS_TEST_TMPDIR/fifo" 3>&- 4>&- &
	other_pid=$!
	for _ in {1..100}; do [ -s "$BATS_TEST_TMPDIR/there" ] && break; sleep 0.1; done
	run_mlx 5 state "$VF0"
	error_is busy
	[[ $stderr == *"in use by bash (pid $other_pid)"* ]]
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
	unset HOLD_PID
	run_mlx 0 state "$VF0"
	json_is '[.access, .state]' '["opened","RUNNING"]'
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
	sleep 2
	kill -0 "$other_pid"
	[ -e "$sys/devices/$VF0" ]
	release
	wait "$other_pid"
	[ ! -e "$sys/devices/$VF0" ]
	run_mlx 3 state "$VF0"
	error_is no_such_device
	echo 2 >"$sys/devices/$PF/sriov_numvfs"
	run_mlx 0 bind "$VF0" "$VF1"
}
