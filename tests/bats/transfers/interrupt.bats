# SPDX-License-Identifier: GPL-2.0-or-later
# Signals in the middle of save and load: the device works, and nothing lies under the final name.

load ../helpers
load ../transfer

KILLS=$(often 20)

setup_file() {
	run_mlx 0 bind $VF0 $VF1
	save_images
}

teardown_file() {
	run_mlx 0 unbind $VF0 $VF1
}

# make_out: a folder where files can be made without a name. 6.1's overlayfs, the VM's root, cannot do that.
make_out() {
	old_kernel || { mkdir out; return; }
	rm -rf /dev/shm/out
	mkdir /dev/shm/out
	ln -s /dev/shm/out out
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	make_out
	hold $VF0 $VF1
	labvf $VF0 fill 5
	labvf $VF1 fill 99
	# a pipe that nothing ever comes out of: sleeping without a program
	mkfifo never
	exec 9<>never
}

teardown() {
	lab-prop set save-bandwidth 0
	lab-prop set load-bandwidth 0
	exec 9>&-
	release
}

nap() { read -rt "$1" -u 9 || true; }

# kill_after SECONDS SIGNAL COMMAND...: exit status in status, output in document
kill_after() {
	status=0
	timeout --foreground --preserve-status -s "$2" "$1" "${@:3}" >document 2>words || status=$?
}

# kill_still DEVICE SIGNAL COMMAND...: as kill_after, shortly after the command has stopped the device
kill_still() {
	local killer
	rm -f pid
	{
		await text pid
		labvf "$1" await suspended 3
		nap 0.3
		kill -s "$2" "$(cat pid)"
	} 3>&- 4>&- &
	killer=$!
	status=0
	bash -c 'echo $$ >pid; exec "$@"' - "${@:3}" >document 2>words || status=$?
	kill $killer 2>/dev/null || true
	wait $killer || true
}

@test "SIGINT and SIGTERM while the firmware saves: back to where it was, and no file" {
	local sig
	lab-prop set save-bandwidth 600000
	for sig in INT TERM; do
		kill_still $VF0 $sig "$MLX" save $VF0 out/image
		[ "$status" -eq $((128 + $(kill -l $sig))) ]
		[ "$(jq -r '.error.code, .result.saved, .result.state' document | tr '\n' ' ')" = "interrupted false RUNNING " ]
		told $sig
		nothing_in out
		state_is $VF0 RUNNING
		[ "$(labvf $VF0 get suspended)" -eq 0 ]
		labvf $VF0 check 5
	done
}

@test "SIGTERM while nobody reads the pipe that a save fills" {
	kill_still $VF0 TERM "$MLX" save $VF0 never
	[ "$status" -eq 143 ]
	told TERM
	state_is $VF0 RUNNING
	labvf $VF0 check 5
}

@test "SIGINT while the pipe that a load reads gives no more: reset, and the contents are lost" {
	local resets
	resets=$(labvf $VF1 get resets)
	kill_still $VF1 INT "$MLX" load $VF1 - < <(head -c 3000000 "$IMAGES/stream" && nap 8 3>&-)
	[ "$status" -eq 130 ]
	told INT
	[ "$(jq -r '.result.contents, .result.state' document | tr '\n' ' ')" = "lost RUNNING " ]
	[ "$(labvf $VF1 get resets)" -gt "$resets" ]
	state_is $VF1 RUNNING
	run_mlx 0 load $VF1 "$IMAGES/image"
	has_the_state $VF1
}

@test "SIGINT while a load waits for the beginning of its pipe: nothing is touched" {
	local resets
	resets=$(labvf $VF1 get resets)
	kill_after 2 INT "$MLX" load $VF1 - < <(head -c 3000000 "$IMAGES/image" && nap 5 3>&-)
	[ "$status" -eq 130 ]
	[ "$(labvf $VF1 get resets)" = "$resets" ]
	state_is $VF1 RUNNING
	labvf $VF1 check 99
}

@test "SIGTERM while the firmware loads" {
	lab-prop set load-bandwidth 600000
	kill_still $VF1 TERM "$MLX" load $VF1 "$IMAGES/image"
	lab-prop set load-bandwidth 0
	[ "$status" -eq 143 ]
	[ "$(jq -r '.error.code, .result.contents, .result.state' document | tr '\n' ' ')" = "interrupted lost RUNNING " ]
	told TERM
	state_is $VF1 RUNNING
	run_mlx 0 load $VF1 "$IMAGES/image"
	has_the_state $VF1
}

@test "SIGTERM between two arcs: the way back, and no file" {
	lab-prop set cmd-delay-us 700000
	kill_after 1 TERM "$MLX" save $VF0 out/image
	lab-prop set cmd-delay-us 0
	[ "$status" -eq 143 ]
	nothing_in out
	state_is $VF0 RUNNING
	labvf $VF0 check 5
}

# killed_at SECONDS COMMAND...: SIGKILL after that time; killed tells whether it was still there, and a failure is one
killed_at() {
	local pid st=0
	"${@:2}" >document 2>words 3>&- 4>&- 9>&- &
	pid=$!
	nap "$1"
	kill -KILL $pid 2>/dev/null || true
	wait $pid || st=$?
	case $st in
	0) killed=0 ;;
	137) killed=1 ;;
	*)
		cat words >&2
		return 1
		;;
	esac
}

# answers DEVICE: it is there, in a state, and not in ERROR; by one program, since it is asked often
answers() {
	local said
	said=$("$MLX" state "$1" 3>&- 4>&- 9>&-)
	[[ $said == *'"state":'* && $said != *'"ERROR"'* ]]
}

# told SIGNAL: the failure names the signal, and no errno
told() {
	jq -e ".error.errno == null and .error.signal == $(kill -l "$1")" document
}

# moment I: of the i-th kill, spread over the whole of it and a little random
moment() { printf '%d.%03d' 0 $(($1 * 700 / KILLS + RANDOM % 60)); }

# bats test_tags=sigkill
@test "SIGKILL at random moments of a save" {
	local i cut=0 seed=${SEED:-$RANDOM}
	echo "# seed $seed" >&3
	RANDOM=$seed
	lab-prop set save-bandwidth 10000000
	for ((i = 0; i < KILLS; i++)); do
		killed_at "$(moment $i)" "$MLX" save $VF0 out/image
		answers $VF0
		cut=$((cut + killed))
		# it may have died right after the file got its name: the file is whole then
		[ "$killed" -eq 1 ] || [ -e out/image ]
		if [ -e out/image ]; then
			run_mlx 0 verify out/image
			rm out/image
		fi
		nothing_in out
	done
	echo "# $cut of $KILLS were in time" >&3
	[ "$cut" -ge $((KILLS / 3)) ]
	lab-prop set save-bandwidth 0
	run_mlx 0 save --then RUNNING $VF0 out/image
	state_is $VF0 RUNNING
	[ "$(labvf $VF0 get suspended)" -eq 0 ]
	labvf $VF0 check 5
	run_mlx 0 load $VF1 out/image
	labvf $VF1 check 5
}

# loads_again: whatever the last load left, the next one succeeds
loads_again() {
	lab-prop set load-bandwidth 0
	run_mlx 0 load $VF1 "$IMAGES/image"
	has_the_state $VF1
	lab-prop set load-bandwidth 10000000
}

# bats test_tags=sigkill
@test "SIGKILL at random moments of a load" {
	local i cut=0 seed=${SEED:-$RANDOM}
	echo "# seed $seed" >&3
	RANDOM=$seed
	lab-prop set load-bandwidth 10000000
	for ((i = 0; i < KILLS; i++)); do
		killed_at "$(moment $i)" "$MLX" load $VF1 "$IMAGES/image"
		answers $VF1
		cut=$((cut + killed))
		((i % 7 != 6)) || loads_again
	done
	echo "# $cut of $KILLS were in time" >&3
	[ "$cut" -ge $((KILLS / 3)) ]
	lab-prop set load-bandwidth 0
	run_mlx 0 load --then RUNNING $VF1 "$IMAGES/image"
	labvf $VF1 check 11
	state_is $VF1 RUNNING
	[ "$(labvf $VF1 get suspended)" -eq 0 ]
}

# bats test_tags=sigkill
@test "SIGKILL of save and load on a free device" {
	release
	killed_at 0.4 "$MLX" save $VF0 out/image
	answers $VF0
	nothing_in out || run_mlx 0 verify out/image
	killed_at 0.4 "$MLX" load $VF1 "$IMAGES/image"
	answers $VF1
	run_mlx 0 save --overwrite $VF0 out/image
	run_mlx 0 load $VF1 out/image
}
