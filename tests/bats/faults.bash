# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of what goes wrong, of which the ordinary run takes a sample and `tests/all --long` all.
# Loaded after helpers: `load ../faults`.

load ../model

# seed: of a sample, another one each time, which the run tells so that SEED= takes the same again
seed() { echo "${SEED:-$RANDOM}"; }

# firmware_patience MS: mlx5_core waits that long for the PF's firmware, from now on
firmware_patience() { firmware_has cmd-timeout-ms="$1"; }

# small_states, usual_states: for VFs from their next reset on
small_states() { lab-prop set state-size 81920; }
usual_states() { lab-prop set state-size 4194304; }

# faults_begin, faults_end: for setup_file and teardown_file
faults_begin() {
	modprobe mlx5_vfio_pci
	mkdir -p "$run_dir"
	small_states
	firmware_patience 2000
	put_on mlx5_vfio_pci "$VF0" "$VF1"
}

faults_end() {
	local filter=/sys/kernel/debug/dma-api/driver_filter
	fault ""
	usual_states
	# What the driver leaks on purpose stays mapped, and dma-debug warns of that when the PF is unbound.
	[ ! -e $filter ] || [[ $(dmesg) != *"bytes of memory that the firmware does not release"* ]] || echo none >$filter
	firmware_has cmd-timeout-ms=60000 log-cmd-slots=5
	rm -rf "$run_dir"
}
