#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# conform finds what is wrong with a driver: faults that are planted in ours, one at a time, and those of the kernel's own.

load ../helpers

# The checks that must fail, and no others, by the names of the patches in ../../fixtures/planted
declare -gA caught=(
	[ended-reads]="data/saving-left data/saving-left-early data/second-session precopy/left reset/STOP_COPY reset/PRE_COPY reset/PRE_COPY_P2P"
	[no-load]="transfer/round transfer/garbage"
	[p2p]="arc/*/RUNNING_P2P arc/RUNNING_P2P/* reset/RUNNING_P2P arc/PRE_COPY_P2P/* precopy/info-p2p reset/PRE_COPY_P2P"
	[stopped-info]="precopy/info-stopped precopy/info-stop-copy"
	[truncated]="transfer/empty transfer/cut transfer/half"
)

# patched NAME ARGUMENT...: a copy of the driver's sources, by patch(1)
patched() { patch -s -d "$folder" -p1 --fuzz=0 --no-backup-if-mismatch "${@:2}" <"tests/fixtures/planted/$1.patch"; }

# plant NAME: build the driver with that patch into $BATS_FILE_TMPDIR/results/NAME.ko
plant() {
	patched "$1"
	make -s -C "$headers" M="$folder" modules
	cp "$folder/mlx5-vfio-pci.ko" "$BATS_FILE_TMPDIR/results/$1.ko"
	patched "$1" --reverse
}

# take_over DIRECTORY: what was built there, into $folder, so that only what a patch changes is compiled anew. What kbuild notes has the
# directory's name at that time in it, and files that are older than what they were made of would be made again.
take_over() {
	local was file
	cp -a "$1" "$folder"
	was=$(sed -nE 's,^(saved)?cmd_(.*)/main\.o := .*,\2,p' "$folder/.main.o.cmd")
	[ -n "$was" ]
	grep -rlIF "$was" "$folder" | while read -r file; do
		sed "s,$was,$folder,g" "$file" >"$BATS_FILE_TMPDIR/renamed"
		touch -r "$file" "$BATS_FILE_TMPDIR/renamed"
		cp -p "$BATS_FILE_TMPDIR/renamed" "$file"
	done
}

setup_file() {
	cd "$top_dir" || return
	local release vmlinuz driver_dir headers name folder=$BATS_FILE_TMPDIR/kmod
	export kernel=${MLXMIGCTL_KERNEL:-6.12}
	eval "$(tests/lab/build --print --kernel "$kernel" --driver ours | grep -E '^(release|vmlinuz|driver_dir)=')"
	headers=${vmlinuz%/boot/*}/usr/src/linux-headers-$release
	mkdir "$BATS_FILE_TMPDIR/results"
	take_over "$driver_dir"
	for name in "${!caught[@]}"; do
		plant "$name"
	done
	cat >"$BATS_FILE_TMPDIR/results/run" <<-'END'
		modprobe mlx5_vfio_pci
		for name in "$@"; do
			rmmod mlx5_vfio_pci
			insmod "/results/$name.ko"
			mlxmigctl bind -c 0000:01:00.1 >/dev/null
			mlxmigctl conform -c 0000:01:00.1 >"/results/$name.json"
			echo "$?" >"/results/$name.status"
			mlxmigctl unbind -c 0000:01:00.1 >/dev/null
		done
	END
	tests/lab/run --kernel "$kernel" --timeout 280 --share "$BATS_FILE_TMPDIR/results" sh /results/run "${!caught[@]}"
}

# only_caught NAME: of a driver with that fault, just what is said above fails
only_caught() {
	local check pattern known
	# Linux 6.1 has no PRE_COPY.
	[[ $kernel != 6.1 ]] || caught[$1]=$(tr ' ' '\n' <<<"${caught[$1]}" | grep -vi 'pre_*copy')
	output=$(cat "$BATS_FILE_TMPDIR/results/$1.json")
	[ "$(cat "$BATS_FILE_TMPDIR/results/$1.status")" -eq 9 ]
	for pattern in ${caught[$1]}; do
		[ -n "$(failed "$pattern")" ] || { echo "$pattern has not failed"; return 1; }
	done
	while read -r check; do
		known=''
		for pattern in ${caught[$1]}; do
			# shellcheck disable=SC2053 # a pattern
			[[ $check != $pattern ]] || known=1
		done
		[ -n "$known" ] || { echo "$check has failed too"; return 1; }
	done < <(failed '*')
}

# failed PATTERN: the checks of such a name that have failed
failed() {
	local check
	jq -r '.checks[] | select(.result == "fail").name' <<<"$output" | while read -r check; do
		# shellcheck disable=SC2053 # a pattern
		[[ $check != $1 ]] || echo "$check"
	done
}

@test "conform: a session's data fd that lives on is found" { only_caught ended-reads; }

@test "conform: a state that is not loaded is found" { only_caught no-load; }

@test "conform: a state that is told wrongly is found" { only_caught p2p; }

@test "conform: a question that is answered where it has no answer is found" {
	[[ $kernel != 6.1 ]] || skip "6.1 has no PRE_COPY"
	only_caught stopped-info
}

@test "conform: a truncated state that is taken is found" { only_caught truncated; }
