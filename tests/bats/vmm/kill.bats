#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# QEMUs that are killed while they migrate.

load ../helpers
load ../lab
load ../faults
load ../vmm

run_dir=/dev/shm/vmm

setup_file() {
	"$MLX" bind -c "$VF0" "$VF1"
	mkdir -p $run_dir
}

teardown_file() {
	rm -rf $run_dir
	"$MLX" unbind -c "$VF0" "$VF1"
}

teardown() { end_vmms; }

# works DEVICE: it is bound, free, and can be walked through all that a save needs
works() {
	local ahead=(set PRE_COPY)
	! old_kernel || ahead=()
	[ "$(driver_of "$1")" = mlx5_vfio_pci ]
	migdrive dev "$1" "${ahead[@]}" set STOP_COPY save $run_dir/stream set STOP set RUNNING
}

# source_goes_on: after its destination was killed a runs, or has sent all; its device follows it
source_goes_on() {
	local answer
	for _ in {1..300}; do
		answer=$(to_vmm a query-migrate)
		[[ ! $answer =~ \"status\":\"(failed|completed)\" ]] || break
	done
	echo "the migration is ${BASH_REMATCH[1]:-not at its end: $answer}"
	to_vmm a cont
	grows "$VF0"
	labvf "$VF0" check 31
}

@test "vmm: either side of a migration is killed at any moment, and both devices work" {
	local seed i victim moment times fresh
	times=$(often 20)
	seed=$(seed)
	echo "# SEED=$seed" >&3
	RANDOM=$seed
	for ((i = 0; i < times; i++)); do
		fresh=${vmm_pid[a]:-fresh}
		[ "$fresh" != fresh ] || begin_vmm a "$VF0"
		begin_vmm b "$VF1" -incoming unix:/run/vmm/way
		vmm_answers a b
		if [ "$fresh" = fresh ]; then
			patiently a
			labvf "$VF0" fill 31
		fi
		to_vmm a migrate '{"uri":"unix:/run/vmm/way"}'
		victim=$((RANDOM % 2)) moment=$((RANDOM % 600))
		sleep "$(printf '0.%03d' $moment)"
		echo "$i: $victim killed after $moment ms"
		if [ $victim -eq 0 ]; then
			kill_vmm a
			works "$VF0"
			# If it has not got everything it ends by itself.
			kill_vmm b
		else
			kill_vmm b
			source_goes_on
		fi
		works "$VF1"
	done
	end_vmms
	run_mlx 0 save --precopy=auto "$VF0" $run_dir/image
	run_mlx 0 load "$VF1" $run_dir/image
}
