#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# step: arc by arc, and what happens when the firmware refuses one (wrong states: host/step.bats).

load ../helpers

# SUSPEND_VHCA and RESUME_VHCA; "bad resource state" and "internal error" of the firmware
SUSPEND=0x115 RESUME=0x116 BAD_STATE=0x9 INTERNAL=0x1

setup_file() { "$MLX" bind -c "$VF0" "$VF1"; }
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }

teardown() {
	fault ""
	release || true
}

# arcs_are ARC...: those in the document (or in a failure's result), as FROM>TO
arcs_are() {
	local got
	got=$(jq -r '[(.arcs // .result.arcs)[] | .from + ">" + .to] | join(" ")' <<<"$output")
	[ "$got" = "$*" ] && return
	printf 'the arcs are %s\nexpected     %s\n' "$got" "$*"
	return 1
}

@test "a walk goes arc by arc, and each has its time" {
	hold "$VF0"
	run_mlx 0 step "$VF0" stop_copy
	json_is '[.schema, .from, .state]' '["mlxmigctl.step/1","RUNNING","STOP_COPY"]'
	arcs_are "RUNNING>RUNNING_P2P" "RUNNING_P2P>STOP" "STOP>STOP_COPY"
	json_is '[.arcs[] | .duration_ns > 0 and .errno == null] | all' true
	run_mlx 0 state "$VF0"
	json_is .state STOP_COPY
	run_mlx 0 step "$VF0" RUNNING
	arcs_are "STOP_COPY>STOP" "STOP>RUNNING_P2P" "RUNNING_P2P>RUNNING"
}

@test "every arc of a device without pre-copy is walked, and the device follows" {
	hold "$VF0"
	run_mlx 0 step "$VF0" running_p2p
	[ "$(labvf "$VF0" get suspended)" -eq 1 ]
	run_mlx 0 step "$VF0" stop
	[ "$(labvf "$VF0" get suspended)" -eq 3 ]
	run_mlx 0 step "$VF0" stop_copy stop running_p2p
	arcs_are "STOP>STOP_COPY" "STOP_COPY>STOP" "STOP>RUNNING_P2P"
	[ "$(labvf "$VF0" get suspended)" -eq 1 ]
	run_mlx 0 step "$VF0" running
	[ "$(labvf "$VF0" get suspended)" -eq 0 ]
	run_mlx 0 step "$VF0" resuming
	arcs_are "RUNNING>RUNNING_P2P" "RUNNING_P2P>STOP" "STOP>RESUMING"
	run_mlx 0 reset "$VF0"
}

@test "the arcs of pre-copy, where the driver has it" {
	hold "$VF0"
	run_mlx 0 caps "$VF0"
	[ "$(jq .migration.pre_copy <<<"$output")" = true ] || skip "the driver has no pre-copy"
	run_mlx 0 step "$VF0" pre_copy pre_copy_p2p pre_copy stop_copy running
	arcs_are "RUNNING>PRE_COPY" "PRE_COPY>PRE_COPY_P2P" "PRE_COPY_P2P>PRE_COPY" "PRE_COPY>PRE_COPY_P2P" \
		"PRE_COPY_P2P>STOP_COPY" "STOP_COPY>STOP" "STOP>RUNNING_P2P" "RUNNING_P2P>RUNNING"
}

@test "several states in one walk; the one that it is in is no arc" {
	hold "$VF0"
	run_mlx 0 step "$VF0" running stop stop running
	arcs_are "RUNNING>RUNNING_P2P" "RUNNING_P2P>STOP" "STOP>RUNNING_P2P" "RUNNING_P2P>RUNNING"
	run_mlx 0 step "$VF0" running
	json_is .arcs '[]'
}

@test "the arcs as a table" {
	hold "$VF0"
	run_mlx 0 step -t "$VF0" running_p2p running
	[[ ${lines[0]} == FROM*TO*DURATION*ERRNO ]]
	[[ ${lines[1]} =~ ^RUNNING\ +RUNNING_P2P\ +[0-9.]+\ [um]s\ +-$ ]]
}

@test "a data fd is closed, and that is said" {
	hold "$VF0"
	run_mlx 0 step "$VF0" stop_copy
	json_is '[.warnings[] | test("data fd")]' '[true]'
	run_mlx 0 step "$VF0" stop
	json_is .warnings '[]'
}

# bats test_tags=asan
@test "RESUMING without data is left by a reset, or refused" {
	hold "$VF0"
	run_mlx 0 step "$VF0" resuming
	run --separate-stderr "$MLX" step "$VF0" stop
	if [ "$status" -ne 0 ]; then
		[ "$status" -eq 7 ]
		error_is transition_refused
		json_is .result.state RESUMING
		[[ $(json .error.hint) == *"mlxmigctl reset $VF0" ]]
	fi
	run_mlx 0 reset "$VF0"
	json_is .state RUNNING
}

@test "on a free device nothing is kept, and that is said" {
	run_mlx 0 step "$VF0" stop
	json_is '[.access, .fresh, .kept, (.warnings[0] | test("hold"))]' '["opened",true,false,true]'
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
}

@test "a state that the device lacks is refused before anything is done" {
	hold "$VF0"
	run_mlx 0 caps "$VF0"
	if [ "$(json .migration.pre_copy)" = true ]; then
		run_mlx 7 step "$VF0" stop_copy pre_copy
		error_is transition_refused
	else
		run_mlx 4 step "$VF0" stop pre_copy
		error_is not_supported
	fi
	json_is .result.arcs '[]'
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
}

@test "a refused arc: the errno, the firmware's words, and where the device is" {
	hold "$VF0"
	fault "op=$SUSPEND,nth=1,status=$BAD_STATE,syndrome=0x2c9bb0"
	run_mlx 7 step "$VF0" stop
	error_is transition_refused
	arcs_are "RUNNING>RUNNING_P2P"
	json_is '[.result.state, .error.device, .result.arcs[0].errno == .error.errno and .error.errno > 0]' "[\"RUNNING\",\"$VF0\",true]"
	[[ $stderr == *"RUNNING > RUNNING_P2P was refused, which left it in RUNNING"* ]]
	[[ $stderr == *"; the firmware refused SUSPEND_VHCA: bad resource state (0x9), syndrome 0x2c9bb0"* ]]
	json_is '.error.firmware_failure | [.command, .opcode, .op_mod, .status, .status_name, .syndrome, .errno]' \
		'["SUSPEND_VHCA","0x115","0x0","0x9","bad resource state","0x2c9bb0",22]'
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
	[ "$(labvf "$VF0" get suspended)" -eq 0 ]
	fault ""
	run_mlx 0 step "$VF0" stop
}

@test "an arc that is refused on the way leaves the device at the last state reached" {
	hold "$VF0"
	fault "op=$SUSPEND,nth=2,status=$BAD_STATE"
	run_mlx 7 step "$VF0" stop_copy
	error_is transition_refused
	arcs_are "RUNNING>RUNNING_P2P" "RUNNING_P2P>STOP"
	json_is '.result | [.arcs[0].errno, .state]' '[null,"RUNNING_P2P"]'
	run_mlx 0 state "$VF0"
	json_is .state RUNNING_P2P
	[ "$(labvf "$VF0" get suspended)" -eq 1 ]
	fault ""
	run_mlx 0 step "$VF0" running
}

@test "a refused way back: STOP stays STOP" {
	hold "$VF0"
	run_mlx 0 step "$VF0" stop
	fault "op=$RESUME,nth=1,status=$BAD_STATE"
	run_mlx 7 step "$VF0" running
	error_is transition_refused
	json_is .result.state STOP
	fault ""
	run_mlx 0 step "$VF0" running
}

# bats test_tags=asan
@test "ERROR is reached when the firmware refuses an arc and its undo; a reset ends it" {
	hold "$VF0"
	fault "op=$SUSPEND,nth=1,status=$INTERNAL;op=$RESUME,nth=1,status=$INTERNAL"
	run_mlx 7 step "$VF0" stop
	json_is '[.error.code, .result.state]' '["device_in_error","ERROR"]'
	arcs_are "RUNNING>RUNNING_P2P"
	[[ $stderr == *"mlxmigctl reset"* ]]
	fault ""
	run_mlx 0 state "$VF0"
	json_is .state ERROR
	run_mlx 7 step "$VF0" running
	error_is device_in_error
	run_mlx 0 caps "$VF0"
	json_is .state ERROR
	run_mlx 0 reset "$VF0"
	json_is '[.from, .state]' '["ERROR","RUNNING"]'
	run_mlx 0 step "$VF0" stop running
}

@test "ERROR ends with the holder" {
	hold "$VF0"
	fault "op=$SUSPEND,nth=1,status=$INTERNAL;op=$RESUME,nth=1,status=$INTERNAL"
	run_mlx 7 step "$VF0" stop
	fault ""
	release
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
}

@test "a slow command shows in the arc's time" {
	hold "$VF0"
	fault "op=$SUSPEND,nth=2,hang=1"
	run_mlx 0 step "$VF0" stop
	json_is '.arcs[1].duration_ns >= 1000000000 and .arcs[0].duration_ns < 1000000000' true
}

@test "one device's fault is not the other's" {
	hold "$VF0" "$VF1"
	fault "op=$SUSPEND,nth=1,status=$BAD_STATE,vf=0"
	run_mlx 0 step "$VF1" stop
	run_mlx 7 step "$VF0" stop
}

@test "step with files: what is saved is what save saves, and what is loaded is that" {
	local dir=$BATS_TEST_TMPDIR
	hold "$VF0" "$VF1"
	labvf "$VF0" fill 5
	run_mlx 0 step "$VF0" stop STOP_COPY="$dir/a" stop
	json_is '[.files[] | .does, .done, .format, .phases.stop_copy.members > 0, .records.complete]' '["save",true,"image",true,true]'
	json_is '[.arcs[].to]' '["RUNNING_P2P","STOP","STOP_COPY","STOP"]'
	[ "$(stat -c %a "$dir/a")" = 600 ]
	run_mlx 0 save --then stop "$VF0" "$dir/b"
	run_mlx 0 diff "$dir/a" "$dir/b"
	run_mlx 0 step "$VF1" RESUMING="$dir/a" stop
	json_is '[.files[] | .does, .done, .identity_fit, .xxh3_128 != null]' '["load",true,"yes",true]'
	labvf "$VF1" check 5
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	[ "$(tar -xOf "$dir/a" manifest.json | jq .fresh)" = false ]
}

# bats test_tags=asan
@test "step with files: a whole migration in one walk, through a file that it writes itself" {
	local file=$BATS_TEST_TMPDIR/image states=(STOP_COPY="$BATS_TEST_TMPDIR/image")
	old_kernel || states=(PRE_COPY="$file" PRE_COPY_P2P STOP_COPY)
	hold "$VF0"
	labvf "$VF0" fill 6
	run_mlx 0 step "$VF0" "${states[@]}" stop RESUMING="$file" stop running
	json_is '[.files[] | .does, .done]' '["save",true,"load",true]'
	json_is '.files[0].xxh3_128 == .files[1].xxh3_128' true
	json_is '[.state, .lost, .warnings]' '["RUNNING",false,[]]'
	old_kernel || json_is '.files[0].phases.pre_copy.bytes > 4000000' true
	labvf "$VF0" check 6
	run_mlx 0 verify "$file"
}

@test "step with files: from one device to another by a pipe, as bare streams" {
	hold "$VF0" "$VF1"
	labvf "$VF0" fill 7
	"$MLX" step --raw "$VF0" STOP_COPY=- stop 2>"$BATS_TEST_TMPDIR/said" | "$MLX" step -c "$VF1" RESUMING=- stop running >"$BATS_TEST_TMPDIR/document"
	output=$(tail -n 1 "$BATS_TEST_TMPDIR/said")
	json_is '[.schema, .state, .files[0].format]' '["mlxmigctl.step/1","STOP","stream"]'
	labvf "$VF1" check 7
}

@test "step --check-with: a file is checked before the walk, and what the walk writes itself is not" {
	local dir=$BATS_TEST_TMPDIR
	hold "$VF0"
	labvf "$VF0" fill 8
	run_mlx 0 step "$VF0" STOP_COPY="$dir/a" running
	run_mlx 9 step --check-with false "$VF0" RESUMING="$dir/a" stop
	error_is not_trusted
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
	run_mlx 0 step --check-with 'cat >/dev/null' "$VF0" RESUMING="$dir/a" stop running
	json_is '.files[0] | [.done, .checked_with]' '[true,"cat >/dev/null"]'
	labvf "$VF0" check 8
	run_mlx 2 step --check-with true "$VF0" STOP_COPY="$dir/b" stop RESUMING="$dir/b" stop
	[[ $stderr == *"is written by an earlier step"* ]]
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
}

# bats test_tags=asan
@test "step with files: what fails leaves no file, and the device where it was" {
	local dir=$BATS_TEST_TMPDIR
	hold "$VF0"
	fault "op=0x118,nth=1,status=$INTERNAL"
	run_mlx 7 step "$VF0" stop STOP_COPY="$dir/a" stop
	fault ""
	json_is '[.result.state, .result.lost]' '["RUNNING",false]'
	[ ! -e "$dir/a" ]
	run_mlx 0 step --zstd "$VF0" STOP_COPY="$dir/b" running
	run_mlx 1 step "$VF0" STOP_COPY="$dir/b" running
	error_is exists
	run_mlx 0 state "$VF0"
	json_is .state RUNNING
	# What is no state is not tried, and what the firmware does not take ends in a reset.
	head -c 1000 "$dir/b" >"$dir/cut"
	run_mlx 8 step "$VF0" stop RESUMING="$dir/cut" stop
	fault "op=0x119,nth=1,status=$INTERNAL"
	run_mlx 7 step "$VF0" RESUMING="$dir/b" stop
	fault ""
	json_is '[.result.state, .result.lost, .result.files[0].done]' '["RUNNING",true,false]'
}
