#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the driver tells of itself in debugfs, and by tracepoints.

load ../helpers
load ../lab

debug=/sys/kernel/debug/mlx5-vfio-pci
run_dir=/dev/shm/observe

setup_file() {
	modprobe mlx5_vfio_pci
	mkdir -p $run_dir
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" set STOP_COPY save $run_dir/stream
}

teardown_file() {
	fault ""
	put_on "" "$VF0"
	rm -rf $run_dir
}

setup() { rm -f $run_dir/{ready,go,end}; }

teardown() {
	[ -z "${BACKGROUND:-}" ] || finish || true
	release || true
	fault ""
}

# look DEVICE: its status becomes the array `is`
look() {
	local line lines
	mapfile -t lines <"$debug/$1/status"
	declare -gA is=()
	for line in "${lines[@]}"; do
		is[${line%%: *}]=${line#*: }
	done
}

# shows KEY VALUE...: of the last look
shows() {
	while [ $# -gt 0 ]; do
		if [ "${is[$1]-missing}" != "$2" ]; then
			echo "$1 is ${is[$1]-missing}, expected $2"
			return 1
		fi
		shift 2
	done
}

# until_true COMMAND...: for at most 20 seconds
until_true() {
	local i
	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	cat "$BATS_TEST_TMPDIR/background"
	return 1
}

@test "debugfs: a VF's files come and go with its binding, and are root's" {
	[ "$(stat -c %a "$debug/$VF0/status" "$debug/$VF0/failures" | sort -u)" = 400 ]
	put_on "" "$VF0"
	[ ! -e "$debug/$VF0" ]
	put_on mlx5_vfio_pci "$VF0"
	look "$VF0"
	shows device "$VF0" migratable yes vf 0 vhca_id 0x11 open no state none pf_attached yes arc none failures 0 arcs 0 \
		cap_migration yes cap_migration_multi_load yes cap_migration_tracking_state yes
	[ -z "${is[failure_command]-}" ]
}

@test "debugfs: of a VF that cannot migrate it says why" {
	! old_kernel || skip "on Linux 6.1 the firmware alone says so"
	put_on "" "$VF0"
	lab-prop set migratable off
	put_on mlx5_vfio_pci "$VF0"
	lab-prop set migratable on
	look "$VF0"
	shows migratable no cap_migration yes cap_migratable no state missing
	[[ ${is[reason]} == *"not been made migratable"* ]]
	put_on mlx5_vfio_pci "$VF0"
	look "$VF0"
	shows migratable yes cap_migratable yes
}

@test "debugfs: the SAVE that ends tracking is not counted as a save's" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	fault op=0x118,nth=2,image=4096
	migdrive dev "$VF0" set PRE_COPY append $run_dir/copy set RUNNING
	fault ""
	look "$VF0"
	shows save_session ended save_pre_copy_images 1 save_stop_copy_images 0 save_stop_copy_bytes 0
	rm $run_dir/copy
	put_on mlx5_vfio_pci "$VF0"
}

@test "debugfs: the state follows, and bytes and times of a save and a load" {
	local size
	size=$(($(stat -c %s $run_dir/stream) - 40))
	lab-prop set cmd-delay-us 20000
	background dev "$VF0" set STOP_COPY save $run_dir/copy touch $run_dir/ready await $run_dir/go set STOP \
		set RESUMING write $run_dir/stream 0 0 0 set STOP
	look "$VF0"
	shows state STOP_COPY open yes save_session open saves 1 loads 0 load_session none
	finish
	lab-prop set cmd-delay-us 0
	look "$VF0"
	# The arcs up to STOP_COPY, to STOP, to RESUMING and to STOP.
	shows state none open no save_session ended load_session ended saves 1 loads 1 arcs 6 arcs_failed 0 failures 0 resets 1 \
		save_stop_copy_images 1 save_stop_copy_bytes "$size" load_images 1 load_bytes "$size" save_pre_copy_bytes 0
	for way in save_stop_copy load; do
		[ "${is[${way}_firmware_ns]}" -ge 20000000 ]
		[ "${is[${way}_firmware_ns]}" -lt "${is[${way%%_*}_session_ns]}" ]
	done
}

@test "debugfs: a command that the firmware refused, in full" {
	local before after
	put_on mlx5_vfio_pci "$VF0"
	before=$(date +%s%N)
	fault "op=0x118,nth=1,status=0x9,syndrome=0x2c9bb0"
	migdrive dev "$VF0" fail EINVAL set STOP_COPY state STOP
	after=$(date +%s%N)
	look "$VF0"
	shows failures 1 arcs 2 arcs_failed 1 failure_command SAVE_VHCA_STATE failure_opcode 0x118 failure_op_mod 0x0 \
		failure_status 0x9 failure_status_name "bad resource state" failure_syndrome 0x2c9bb0 failure_errno 22
	[ "${is[failure_time_ns]}" -gt "$before" ]
	[ "${is[failure_time_ns]}" -lt "$after" ]
	fault "op=0x119,nth=1,status=0x6,syndrome=0x77"
	migdrive dev "$VF0" set RESUMING fail EBUSY write $run_dir/stream 0 0 0
	look "$VF0"
	shows failures 2 failure_command LOAD_VHCA_STATE failure_status_name "resource busy" failure_syndrome 0x77 failure_errno 16 \
		load_images 0 load_bytes 0
}

@test "debugfs: of an arc whose undoing fails as well the cause is told, and both are listed" {
	local lines
	put_on mlx5_vfio_pci "$VF0"
	fault "op=0x115,nth=1,status=0x6,syndrome=0x11;op=0x116,nth=1,status=0x1,syndrome=0x12"
	background dev "$VF0" fail EBUSY set RUNNING_P2P touch $run_dir/ready await $run_dir/go reset
	look "$VF0"
	shows state ERROR failures 2 failure_command SUSPEND_VHCA failure_op_mod 0x0 failure_syndrome 0x11
	mapfile -t lines <"$debug/$VF0/failures"
	[[ ${lines[0]} == "# number arc time_ns command"* ]]
	[[ ${lines[1]} == "1 1 "[0-9]*" SUSPEND_VHCA 0x115 0x0 0x6 0x11 16 resource busy" ]]
	[[ ${lines[2]} == "2 1 "[0-9]*" RESUME_VHCA 0x116 0x1 0x1 0x12 5 internal error" ]]
	[ ${#lines[@]} -eq 3 ]
	finish
}

@test "debugfs: the last 16 failures are kept" {
	! old_kernel || skip "Linux 6.1 has no MIG_DATA_SIZE, which does nothing but ask the firmware"
	local lines i steps=()
	put_on mlx5_vfio_pci "$VF0"
	for ((i = 0; i < 20; i++)); do
		steps+=(fail EIO size)
	done
	fault "op=0x117,nth=1,count=20,status=0x1"
	migdrive dev "$VF0" "${steps[@]}" size
	mapfile -t lines <"$debug/$VF0/failures"
	[ ${#lines[@]} -eq 17 ]
	[[ ${lines[1]} == "5 0 "*" QUERY_VHCA_MIGRATION_STATE "* ]]
	[[ ${lines[16]} == "20 0 "* ]]
	look "$VF0"
	shows failures 20
}

is_in_arc() {
	look "$VF0"
	[ "${is[arc]}" = "$1" ]
}

@test "debugfs: it can be read while the firmware hangs" {
	local begin
	put_on mlx5_vfio_pci "$VF0"
	fault op=0x115,nth=1,hang=3
	migdrive dev "$VF0" set RUNNING_P2P touch $run_dir/ready await $run_dir/go \
		>"$BATS_TEST_TMPDIR/background" 2>&1 3>&- 4>&- &
	BACKGROUND=$!
	until_true is_in_arc "RUNNING > RUNNING_P2P"
	begin=${EPOCHREALTIME//[!0-9]/}
	look "$VF0"
	mapfile -t <"$debug/$VF0/failures"
	[ $((${EPOCHREALTIME//[!0-9]/} - begin)) -lt "$(slowly 1000000)" ]
	shows arc "RUNNING > RUNNING_P2P" state RUNNING open yes
	[ "${is[arc_ns]}" -gt 0 ]
	[ ! -e $run_dir/ready ]
	until_there $run_dir/ready
	look "$VF0"
	shows arc none state RUNNING_P2P arcs 1
	finish
}

@test "debugfs: a file that is open over the unbinding is EIO, and keeps the module" {
	local reader
	exec 7<"$debug/$VF0/status"
	put_on "" "$VF0"
	run ! cat <&7
	[[ $output == *"Input/output error"* ]]
	run ! rmmod mlx5_vfio_pci
	exec 7<&-
	rmmod mlx5_vfio_pci
	[ ! -e $debug ]
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0"
	# Readers that never stop, while the files go and come.
	while :; do cat $debug/*/* || :; done >/dev/null 2>&1 3>&- 4>&- &
	reader=$!
	for _ in 1 2 3 4 5; do
		put_on mlx5_vfio_pci "$VF0"
	done
	kill $reader
	wait $reader || [ $? -eq 143 ]
	look "$VF0"
	shows migratable yes
}

# refused_is FILTER WANTED: of the failure in the document in output
refused_is() { json_is ".error.firmware_failure | $1" "$2"; }

@test "debugfs: what was saved while the VF ran is told apart" {
	! old_kernel || skip "this kernel has no PRE_COPY"
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" set PRE_COPY append $run_dir/both set STOP_COPY append $run_dir/both set RUNNING
	look "$VF0"
	shows saves 1 save_session ended save_pre_copy_images 1 failures 0
	[ "${is[save_stop_copy_images]}" -ge 1 ]
	# The stream has besides the images their heads and STOP_COPY_SIZE.
	[ "$((is[save_pre_copy_bytes] + is[save_stop_copy_bytes]))" -eq $(($(stat -c %s $run_dir/both) - 24 -
		16 * (is[save_pre_copy_images] + is[save_stop_copy_images]))) ]
}

# traced EVENT WORDS: the trace has such a line
traced() {
	grep -q " $1: device=$VF0 $2" $run_dir/trace && return
	echo "no $1 with $2"
	cat $run_dir/trace
	return 1
}

@test "tracepoints: arcs, commands, sessions" {
	local events=/sys/kernel/tracing/events/mlx5_vfio_pci size
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	put_on mlx5_vfio_pci "$VF0"
	size=$(($(stat -c %s $run_dir/stream) - 40))
	echo 1 >$events/enable
	echo >/sys/kernel/tracing/trace
	fault "op=0x116,nth=1,status=0x9,syndrome=0x2c9bb0"
	migdrive dev "$VF0" set STOP_COPY save $run_dir/copy set STOP fail EINVAL set RUNNING \
		set RESUMING write $run_dir/stream 0 0 0 set STOP
	echo 'command == "LOAD_VHCA_STATE"' >$events/command/filter
	echo 0 >$events/enable
	cat /sys/kernel/tracing/trace >$run_dir/trace
	traced arc "from=RUNNING to=RUNNING_P2P now=RUNNING_P2P errno=0 ns=[1-9]"
	traced arc "from=STOP to=STOP_COPY now=STOP_COPY errno=0 ns=[1-9]"
	traced arc "from=STOP to=RUNNING_P2P now=STOP errno=22 ns=[1-9]"
	traced command "command=SAVE_VHCA_STATE opcode=0x118 op_mod=0x0 status=0x0 syndrome=0x0 errno=0 ns=[1-9]"
	traced command "command=RESUME_VHCA opcode=0x116 op_mod=0x0 status=0x9 syndrome=0x2c9bb0 errno=22 ns=[1-9]"
	traced session_begin "way=save"
	traced image "part=save_stop_copy bytes=$size ns=[1-9]"
	traced session_end "way=save ns=[1-9]"
	traced session_begin "way=load"
	traced image "part=load bytes=$size ns=[1-9]"
	traced session_end "way=load ns=[1-9]"
}

@test "the tool: the cause of a refused arc is quoted, also by state afterwards" {
	put_on mlx5_vfio_pci "$VF0"
	hold "$VF0"
	run_mlx 0 state "$VF0"
	json_is .firmware_failure null
	# What is released after it is refused as well.
	fault "op=0x118,nth=1,status=0x9,syndrome=0x2c9bb0;op=0x801,nth=1,status=0x1"
	run_mlx 7 step "$VF0" stop_copy
	error_is transition_refused
	[[ $stderr == *"left it in STOP: Invalid argument; the firmware refused SAVE_VHCA_STATE: bad resource state (0x9), syndrome 0x2c9bb0"* ]]
	refused_is '[.command, .opcode, .status, .syndrome, .errno, .number, .time_unix_ns > 1700000000000000000]' \
		'["SAVE_VHCA_STATE","0x118","0x9","0x2c9bb0",22,1,true]'
	run_mlx 0 state "$VF0"
	json_is '[.state, .firmware_failure.command, .firmware_failure.syndrome]' '["STOP","SAVE_VHCA_STATE","0x2c9bb0"]'
	run_mlx 0 state -t "$VF0"
	[[ $output == *0x2c9bb0* && $output =~ firmware_failure.time:\ 20[0-9-]+T[0-9:]+Z && $output != *_ns* ]]
	release
}

@test "the tool: an older failure is not quoted for an arc that the driver refuses by itself" {
	hold "$VF0"
	run_mlx 0 step "$VF0" resuming
	run_mlx 7 step "$VF0" stop
	json_is .error.firmware_failure null
	[[ $stderr != *firmware* ]]
	run_mlx 0 state "$VF0"
	json_is .firmware_failure.command SAVE_VHCA_STATE
	release
}

@test "the tool: a state that the firmware refuses is told with its reason" {
	run_mlx 0 save "$VF0" $run_dir/image
	fault "op=0x119,nth=1,status=0x6,syndrome=0x77"
	run_mlx 7 load "$VF0" $run_dir/image
	[[ $stderr == *"refused the state"*"; the firmware refused LOAD_VHCA_STATE: resource busy (0x6), syndrome 0x77"* ]]
	refused_is '[.command, .number]' '["LOAD_VHCA_STATE",3]'
}

@test "the tool: without debugfs the kernel log is quoted, and state knows of nothing" {
	umount /sys/kernel/debug
	fault "op=0x115,nth=1,status=0x9,syndrome=0x2c9bb0"
	run_mlx 7 step "$VF0" stop
	[[ $stderr == *"the firmware refused SUSPEND_VHCA: bad resource state (0x9), syndrome 0x2c9bb0"* ]]
	refused_is '[.command, .number, .time_unix_ns]' '["SUSPEND_VHCA",null,null]'
	run_mlx 0 state "$VF0"
	mount -t debugfs debug /sys/kernel/debug
	json_is .firmware_failure null
}
