# SPDX-License-Identifier: GPL-2.0-or-later
# save --precopy: most of the state is read while the device runs, and what is loaded is what the device was frozen with.

load ../helpers
load ../lab
load ../transfer

offers_precopy() {
	run_mlx 0 caps $VF0
	[ "$(json .migration.pre_copy)" = true ]
}

setup_file() {
	# a state that never stands still for as long as a round takes
	lab-prop set evolve-us 1000
	run_mlx 0 bind $VF0 $VF1
	if offers_precopy; then export PRECOPY=1; fi
}

only_with_precopy() { [ -n "${PRECOPY:-}" ] || skip "the driver offers no pre-copy"; }

teardown_file() {
	run_mlx 0 unbind $VF0 $VF1
	lab-prop set evolve-us 10000
}

setup() {
	hold $VF0 $VF1
	cd "$BATS_TEST_TMPDIR"
	mkdir out
}

# restless: so quick that the firmware is never asked at a moment when nothing is dirty
restless() {
	release
	lab-prop set evolve-us 10
	hold $VF0 $VF1
}

teardown() {
	lab-prop set save-bandwidth 0
	lab-prop set evolve-us 1000
	release
}

# runs_on DEVICE: as if nothing had been saved: it is tracked no more, too
runs_on() { runs "$1" && [ "$(labvf "$1" get tracking)" -eq 0 ]; }

# frozen_alike: the source stands in STOP, and the target has just what it has
frozen_alike() {
	[ "$(labvf $VF0 get suspended)" -eq 3 ]
	[ "$(labvf $VF0 get digest)" = "$(labvf $VF1 get digest)" ]
}

@test "precopy: what is loaded is what the source was frozen with, and the image tells the phases" {
	only_with_precopy
	labvf $VF0 fill 7
	run_mlx 0 save --precopy --then STOP $VF0 out/image
	json_is '[.saved, .from, .state, .records.complete, .warnings]' '[true,"RUNNING","STOP",true,[]]'
	json_is '[.arcs[].to]' '["PRE_COPY","PRE_COPY_P2P","STOP_COPY","STOP"]'
	json_is '.precopy | [.ended_by, .limits.dirty_bytes, .limits.rounds, .limits.time_ns, .initial_bytes_left]' \
		'["dirty",1048576,10,30000000000,0]'
	json_is '.precopy | .rounds[0].initial_bytes > 4194304 and .rounds[0].bytes >= .rounds[0].initial_bytes' true
	json_is '(.precopy.rounds | map(.bytes) | add) == .phases.pre_copy.bytes
		and .phases.pre_copy.bytes + .phases.stop_copy.bytes == .bytes' true
	json_is '.phases.pre_copy.bytes > 4194304 and .phases.stop_copy.bytes < 4194304 and .records.count >= 3' true
	json_is '[.stopped.arcs[].to]' '["PRE_COPY_P2P","STOP_COPY"]'
	# the driver counts the firmware's images, the tool what it reads
	! ours || [ "$(json .records.firmware_bytes)" -eq "$(awk '/^save_(pre|stop)_copy_bytes:/ { sum += $2 } END { print sum }' \
		"/sys/kernel/debug/mlx5-vfio-pci/$VF0/status")" ]
	json_is '.stopped | .duration_ns == .arcs_ns + .read_ns + .other_ns and .bytes_per_second > 0' true
	json_is '.stopped.bytes == .phases.stop_copy.bytes and .stopped.duration_ns < .duration_ns' true
	run_mlx 0 inspect out/image
	json_is '[.members[].phase] | (index("pre_copy") == 0) and (unique == ["pre_copy","stop_copy"]) and (sort == .)' true
	json_is '(.manifest.precopy.rounds | map(.bytes) | add) == .phases.pre_copy.bytes
		and .manifest.stopped.bytes == .phases.stop_copy.bytes' true
	run_mlx 0 load $VF1 out/image
	json_is '[.contents, .records.complete, .warnings]' '["loaded",true,[]]'
	json_is '.phases | .pre_copy.duration_ns > 0 and .stop_copy.duration_ns > 0' true
	frozen_alike
	labvf $VF1 check 7
}

# bats test_tags=asan
@test "precopy: through a pipe, without an image; progress tells the rounds" {
	only_with_precopy
	"$MLX" save --progress=json --raw --precopy --then STOP $VF0 - 2>saved | "$MLX" load -c $VF1 - >loaded
	jq -se '.[-1].phases | .pre_copy.bytes > .stop_copy.bytes' saved
	jq -se 'map(select(.phase == "pre_copy")) | (.[0].round == 1) and all(.total_bytes == .initial_bytes + .dirty_bytes)' saved
	jq -se 'map(select(.phase == "stop_copy")) | length > 0 and all(.round == null and .dirty_bytes == null)' saved
	jq -e '.format == "stream" and (.warnings | any(test("cut between two records")))' loaded
	frozen_alike
}

# cut_stream STREAM: without its last record, the final state
cut_stream() {
	python3 -c 'import struct, sys
d = open(sys.argv[1], "rb").read()
at = last = 0
while at < len(d):
    last, at = at, at + 16 + struct.unpack_from("<Q", d, at)[0]
sys.stdout.buffer.write(d[:last])' "$1"
}

@test "precopy: a part of another state in the device is named, and the same command succeeds" {
	only_with_precopy
	run_mlx 0 save --raw --precopy $VF0 out/stream
	run_mlx 0 save $VF0 out/other
	run_mlx 0 pack --device out/other -o out/image out/stream
	cut_stream out/stream >out/cut
	local file
	for file in stream image; do
		run_mlx 0 load $VF1 out/cut
		run_mlx 7 load $VF1 out/$file
		error_is transition_refused
		json_is .result.contents lost
		[[ $(json .error.hint) == *"a part of another state"*"repeat the command once"* ]]
		run_mlx 0 load $VF1 out/$file
		json_is .contents loaded
	done
}

@test "precopy: a stream that was cut does not run: its end is named" {
	only_with_precopy
	run_mlx 0 save --raw --precopy --then STOP $VF0 out/stream
	cut_stream out/stream >out/cut
	run_mlx 7 load --then RUNNING $VF1 out/cut
	error_is transition_refused
	[[ $(json .error.hint) == *"cut between two records"*"load the whole of it"* ]]
}

@test "precopy: rounds and time end it, though the device never rests" {
	only_with_precopy
	restless
	run_mlx 0 save --precopy-dirty 0 --precopy-rounds 3 $VF0 out/rounds
	json_is '.precopy | [.ended_by, .limits.dirty_bytes, (.rounds | length), .dirty_bytes_left > 0]' '["rounds",0,3,true]'
	json_is '.precopy.rounds[1:] | all(.initial_bytes == 0 and .dirty_bytes > 0 and .bytes > 0)' true
	lab-prop set save-bandwidth 3500000
	run_mlx 0 save --precopy-dirty 0 --precopy-rounds 100 --precopy-time 1 $VF0 out/time
	json_is '.precopy | [.ended_by, .duration_ns >= 1000000000, .duration_ns < 10000000000]' '["time",true,true]'
	runs_on $VF0
}

# bats test_tags=asan,ours
@test "precopy: a firmware that does not track the device; all is saved while it stands still, with a warning" {
	only_with_precopy
	fault op=0x118,nth=1,status=0x9
	run_mlx 0 save --precopy $VF0 out/untracked
	json_is '[.state, .phases.pre_copy.bytes, (.phases.stop_copy.bytes > 4194304)]' '["RUNNING",24,true]'
	json_is '.warnings | length == 1 and (.[0] | test("saved nothing while it ran"))' true
	fault ""
	run_mlx 0 load $VF1 out/untracked
}

@test "precopy --dir: all are pre-copied before any is brought to P2P, and all are there before any stops" {
	only_with_precopy
	local order='' op mod
	run_mlx 0 save --precopy --dir out $VF0 $VF1
	json_is '[.devices[] | .state, .precopy.ended_by]' '["RUNNING","dirty","RUNNING","dirty"]'
	# from the last suspend back: responders, initiators; op_mod 0 of SUSPEND is the initiator
	while read -r op mod; do
		[[ $op == op=0x115 ]] && order+="${mod#op_mod=0x} "
		[[ $op == op=0x118 ]] && order+="save "
	done < <(lab-prop get log | grep -oE 'op=0x11[58] op_mod=0x[01]')
	[[ $order == *"save save "*"0 0 1 save 1 save " || $order == *"save save "*"0 0 1 1 save save " ]]
	runs_on $VF0
	runs_on $VF1
}

# bats test_tags=asan
@test "precopy: a signal in the middle of it; the device runs on, and no file is there" {
	only_with_precopy
	local status=0 pid
	restless
	lab-prop set save-bandwidth 4000000
	"$MLX" save --progress=json --precopy-dirty 0 --precopy-rounds 100 --precopy-time 60 $VF0 out/image >document 2>words 3>&- 4>&- &
	pid=$!
	await --pid "$pid" text words
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	jq -e '.error.code == "interrupted" and .result.saved == false and .result.state == "RUNNING"' document
	jq -e '[.result.arcs[] | .to] == ["PRE_COPY","RUNNING"] and .result.stopped == null and .result.stopped_ns == null' document
	nothing_in out
	lab-prop set save-bandwidth 0
	runs_on $VF0
}

# bats test_tags=asan
@test "precopy: a device that stands still is saved without, and a lost session is begun anew" {
	only_with_precopy
	run_mlx 0 step $VF0 STOP
	run_mlx 0 save --precopy $VF0 out/still
	json_is '[.state, .precopy, (.warnings | length)]' '["STOP",null,1]'
	run_mlx 0 save --precopy=auto $VF0 out/auto
	json_is '[.precopy, .warnings]' '[null,[]]'
	run_mlx 0 step $VF0 PRE_COPY
	run_mlx 0 save --precopy $VF0 out/lost
	json_is '[.from, .state, .precopy.ended_by]' '["PRE_COPY","RUNNING","dirty"]'
	run_mlx 0 step $VF0 RUNNING_P2P
	run_mlx 0 save --precopy $VF0 out/p2p
	json_is '[.state, .arcs[0].to, .phases.pre_copy.bytes > 4194304]' '["RUNNING_P2P","PRE_COPY_P2P",true]'
}

# The format of Linux 6.1 has none, whatever the firmware can do.
without_precopy() {
	local format=/sys/module/mlx5_vfio_pci/parameters/stream_format
	release
	if [ -e $format ]; then
		echo "$1" >$format
	elif [ -n "${PRECOPY:-}" ]; then
		skip "this driver always offers pre-copy"
	fi
	run_mlx 0 unbind $VF0
	run_mlx 0 bind $VF0
}

# bats test_tags=asan
@test "precopy: where the driver offers none it is refused, and with auto passed over" {
	without_precopy bare
	run_mlx 4 save --precopy $VF0 out/image
	error_is not_supported
	[[ $stderr == *"--precopy=auto"* ]]
	nothing_in out
	run_mlx 0 save --precopy=auto $VF0 out/image
	json_is '[.saved, .precopy, (.warnings[] | test("nobody had the device open")), (.stopped.arcs | length)]' '[true,null,true,3]'
	without_precopy records
}
