# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of what happens to a device while somebody has it and its data file open: each event at each step.
# Loaded after faults: `load ../events`. $run_dir/stream is a good stream.

# shellcheck disable=SC2034 # for who loads this
events=(flr rmmod unbind numvfs pf aer fatal)
all_steps=(RUNNING RUNNING_P2P STOP STOP_COPY RESUMING)
# SAVING: PRE_COPY, and the firmware is at work on the first SAVE.
! old_kernel && all_steps+=(PRE_COPY PRE_COPY_P2P SAVING)

# events_begin, events_end: for setup_file and teardown_file
events_begin() {
	modprobe mlx5_vfio_pci
	mkdir -p "$run_dir"
	small_states
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	save_stream "$VF0"
}

events_end() {
	usual_states
	put_on "" "$VF0" "$VF1"
	rm -rf "$run_dir"
}

# steps_to STEP: sets state and before, what leads there, and uses and gone: what its data file gives, and no longer gives
steps_to() {
	state=$1 uses=() gone=()
	case $1 in
	RUNNING) before=() ;;
	RUNNING_P2P | STOP) before=(set "$1") ;;
	RESUMING)
		before=(set RESUMING write "$run_dir/stream" 0 0 5000)
		uses=(write "$run_dir/stream" 0 5000 1000)
		gone=(fail ENODEV zeros 1)
		;;
	SAVING)
		fault op=0x118,nth=1,hang=1.5
		state=PRE_COPY
		before=(set PRE_COPY)
		uses=(read 1)
		gone=(fail ENODEV read 1 poll 0x2009)
		;;
	*)
		before=(set "$1" pollin read 100)
		uses=(read 1)
		gone=(fail ENODEV read 1 poll 0x2009)
		;;
	esac
}

# event_at EVENT STEP: the device is in that step when it happens; everything is as it was at the end
event_at() {
	local state before uses gone
	echo "event $1 at $2"
	rm -f "$run_dir"/{ready,go,on,dropped,end}
	steps_to "$2"
	case $1 in
	flr) resets_it ;;
	rmmod) refused_while_open ;;
	unbind)
		waits_for_it "$sys/drivers/mlx5_vfio_pci/unbind" "$VF0"
		put_on mlx5_vfio_pci "$VF0"
		;;
	numvfs)
		waits_for_it "$sys/devices/$PF/sriov_numvfs" 0
		vfs_return
		;;
	pf)
		waits_for_it "$sys/drivers/mlx5_core/unbind" "$PF"
		echo "$PF" >"$sys/drivers/mlx5_core/bind"
		vfs_return
		;;
	aer | fatal) loses_the_pf "$1" "$2" ;;
	esac
	fault ""
	# A whole save and load, on whatever is there now.
	migdrive dev "$VF0" set STOP_COPY save "$run_dir/again" dev "$VF1" set RESUMING write "$run_dir/again" 0 0 0 set STOP set RUNNING
}

vfs_return() {
	make_vfs 4 0
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

resets_it() {
	background dev "$VF0" "${before[@]}" touch "$run_dir/ready" await "$run_dir/go" "${gone[@]}" state RUNNING set STOP_COPY \
		read 1000 set RUNNING
	echo 1 >"$sys/devices/$VF0/reset"
	finish
}

refused_while_open() {
	background dev "$VF0" "${before[@]}" touch "$run_dir/ready" await "$run_dir/go" state "$state" "${uses[@]}" dropdev "${gone[@]}" \
		touch "$run_dir/dropped" await "$run_dir/end" "${gone[@]}"
	run ! rmmod mlx5_vfio_pci
	touch "$run_dir/go"
	until_there "$run_dir/dropped"
	# The data file alone keeps it, too.
	[ ${#gone[@]} -eq 0 ] || run ! rmmod mlx5_vfio_pci
	finish
	without_driver "$VF0"
	without_driver "$VF1"
	rmmod mlx5_vfio_pci
	modprobe mlx5_vfio_pci
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

# waits_for_it FILE TEXT: writing TEXT to FILE takes the VF from the driver, and waits until it is closed
waits_for_it() {
	local writer
	background dev "$VF0" "${before[@]}" touch "$run_dir/ready" await "$run_dir/go" state "$state" "${uses[@]}" dropdev "${gone[@]}" \
		touch "$run_dir/dropped" await "$run_dir/end" "${gone[@]}"
	echo "$2" >"$1" 3>&- 4>&- &
	writer=$!
	await stack $writer vfio_unregister_group_dev
	touch "$run_dir/go"
	until_there "$run_dir/dropped"
	wait $writer
	finish
}

# loses_the_pf EVENT STEP: the PF goes, and comes back by itself. What did not run has lost what it was about.
loses_the_pf() {
	local ends=(state ERROR fail EINVAL set RUNNING) mark=event-$1-$2
	[ "$2" != RUNNING ] || ends=(state RUNNING)
	background dev "$VF0" "${before[@]}" touch "$run_dir/ready" await "$run_dir/go" "${gone[@]}" "${ends[@]}" reset \
		state RUNNING set STOP_COPY read 1000 set RUNNING
	# The bus recovers only if every function on it has a driver.
	put_on mlx5_vfio_pci "$VF2" "$VF3"
	mark_log "$mark"
	if [ "$1" = aer ]; then
		lab-prop aer pf0 COMP_TIME
		until_logged "$mark" "AER: device recovery successful" 30
	else
		lab-prop set fw-fatal on
		until_logged "$mark" "mlx5_core $PF: health recovery succeeded" 30
	fi
	finish
	# mlx5_core recovers once in a minute, but from its binding on it counts anew.
	rebind_pf
	vfs_return
}
