#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# QEMU migrates a guest with a VF: the driver and a client that nobody here wrote.

load ../helpers
load ../lab
load ../vmm

setup_file() { "$MLX" bind -c "$VF0" "$VF1"; }
teardown_file() { "$MLX" unbind -c "$VF0" "$VF1"; }
teardown() { end_vmms; }

@test "vmm: a guest goes to a file and out of it, its device to another VF, and both go on" {
	local file=$BATS_TEST_TMPDIR/guest digest generation
	start_vmm a "$VF0"
	bios_ready a
	labvf "$VF0" fill 11
	patiently a
	migrate a "file:$file"
	[ "$(to_vmm a query-migrate | jq .vfio.transferred)" -gt 4194304 ]
	digest=$(labvf "$VF0" get digest)
	start_vmm b "$VF1" -incoming defer -S
	arrive b "file:$file"
	vmm_is b paused
	labvf "$VF1" check 11
	[ "$(labvf "$VF1" get digest)" = "$digest" ]
	to_vmm a cont
	to_vmm b cont
	local device
	for device in "$VF0" "$VF1"; do
		generation=$(labvf "$device" get generation)
		[ "$(labvf "$device" get suspended)" -eq 0 ]
		[ "$(labvf "$device" get generation)" -gt "$generation" ]
	done
	end_vmm a b
}

@test "vmm: a guest that runs goes to another QEMU" {
	begin_vmm a "$VF0"
	begin_vmm b "$VF1" -incoming "unix:/run/vmm/way"
	vmm_answers a b
	bios_ready a
	labvf "$VF0" fill 12
	patiently a
	migrate a unix:/run/vmm/way
	vmm_is a postmigrate
	vmm_is b running
	labvf "$VF1" check 12
	[ "$(labvf "$VF0" get suspended)" -eq 3 ]
	[ "$(labvf "$VF1" get suspended)" -eq 0 ]
	end_vmm a b
}

@test "vmm: a guest that runs is copied beforehand, and goes on when that is cancelled" {
	! old_kernel || skip "6.1 has no PRE_COPY"
	start_vmm a "$VF0"
	bios_ready a
	labvf "$VF0" fill 13
	# So slow that it does not come to its end.
	to_vmm a migrate-set-parameters '{"max-bandwidth":100000}' >/dev/null
	to_vmm a migrate "{\"uri\":\"file:$BATS_TEST_TMPDIR/guest\"}" >/dev/null
	to_vmm a query-migrate until status active >/dev/null
	state_of "$VF0" PRE_COPY
	to_vmm a migrate_cancel >/dev/null
	to_vmm a query-migrate until status cancelled >/dev/null
	state_of "$VF0" RUNNING
	vmm_is a running
	labvf "$VF0" check 13
	to_vmm a migrate-set-parameters '{"max-bandwidth":1000000000}' >/dev/null
	patiently a
	migrate a "file:$BATS_TEST_TMPDIR/guest"
	state_of "$VF0" STOP
	end_vmm a
}

@test "vmm: a damaged state is refused, and its device is as good as new" {
	local file=$BATS_TEST_TMPDIR/guest
	start_vmm a "$VF0"
	patiently a
	to_vmm a stop >/dev/null
	migrate a "file:$file"
	end_vmm a
	# What is in the middle is the device's.
	flip "$file" $(($(stat -c %s "$file") / 2))
	start_vmm b "$VF1" -incoming defer
	arrive b "file:$file"
	wait "${vmm_pid[b]}" && return 1
	unset "vmm_pid[b]"
	grep -q 'load of migration failed' "$BATS_TEST_TMPDIR/b.log"
	start_vmm b "$VF1"
	labvf "$VF1" fill 14
	labvf "$VF1" check 14
	end_vmm b
}
