#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The software ConnectX: stock mlx5_core on it, the contents of a VF, the firmware's rules, faults by order.

load ../helpers
load ../model

setup_file() {
	modprobe mlx5_vfio_pci
	cp "$sys/devices/$PF/sriov_numvfs" "$BATS_FILE_TMPDIR/vfs"
	mkdir -p "$run_dir"
}

teardown_file() {
	fault ""
	put_on "" "$VF0" "$VF1"
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	[ "$(cat "$BATS_FILE_TMPDIR/vfs")" = 0 ] || cat "$BATS_FILE_TMPDIR/vfs" >"$sys/devices/$PF/sriov_numvfs"
	rm -rf "$run_dir"
}

setup() { rm -f "$run_dir"/*; }

teardown() {
	fault ""
	finish || true
	lab-prop set cmd-delay-us 0
	lab-prop set save-bandwidth 0
	lab-prop set load-bandwidth 0
}

@test "model: stock mlx5_core has the PF and, by autoprobe, the VFs" {
	[ "$(driver_of "$PF")" = mlx5_core ]
	make_vfs 2
	[ "$(driver_of "$VF0")" = mlx5_core ]
	[ "$(driver_of "$VF1")" = mlx5_core ]
	[ "$(readlink "$sys/devices/$VF0/iommu_group")" != "$(readlink "$sys/devices/$VF1/iommu_group")" ]
	[ "$(cat "$sys/devices/$PF/device")" = 0x1021 ]
	[ "$(cat "$sys/devices/$VF0/device")" = 0x101e ]
}

@test "model: nothing to complain of since the boot" {
	complaints_since ''
}

@test "model: VFs come and go without a complaint" {
	mark_log vfs
	make_vfs 4
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	[ ! -e "$sys/devices/$VF0" ]
	make_vfs 2
	complaints_since vfs
}

@test "model: a VF goes from mlx5_core to mlx5_vfio_pci and back without a complaint" {
	mark_log bind
	for driver in mlx5_vfio_pci "" mlx5_vfio_pci ""; do
		put_on "$driver" "$VF0"
		[ "$(driver_of "$VF0")" = "${driver:-mlx5_core}" ]
	done
	complaints_since bind
}

@test "model: the PF's driver goes, with VFs there, and comes back without a complaint" {
	mark_log pf
	echo "$PF" >"$sys/drivers/mlx5_core/unbind"
	[ ! -e "$sys/devices/$VF0" ]
	echo "$PF" >"$sys/drivers/mlx5_core/bind"
	make_vfs 2
	complaints_since pf
}

@test "model: devlink tells firmware version and PSID, as the properties have them" {
	lab-prop set fw-version 28.43.2026
	lab-prop set psid LAB_0000000001
	rebind_pf
	run devlink -j dev info "pci/$PF"
	json_is '.info[].versions.fixed["fw.psid"]' LAB_0000000001
	json_is '.info[].versions.running["fw.version"]' 28.43.2026
	json_is '.info[].versions.stored["fw.version"]' 28.43.2026
	lab-prop set fw-version 28.41.1000
	lab-prop set psid MT_0000000838
	rebind_pf
	make_vfs 2
	run devlink -j dev info "pci/$PF"
	json_is '.info[].versions.running["fw.version"]' 28.41.1000
	run ! lab-prop set fw-version 28.41
}

@test "model: the number of VFs can be changed while there are none" {
	run ! lab-prop set num-vfs 3
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	lab-prop set num-vfs 3
	rescan_pf
	[ "$(cat "$sys/devices/$PF/sriov_totalvfs")" = 3 ]
	make_vfs 3
	lab-prop get num-vfs | grep -qx 3
	echo 0 >"$sys/devices/$PF/sriov_numvfs"
	lab-prop set num-vfs 64
	rescan_pf
	[ "$(cat "$sys/devices/$PF/sriov_totalvfs")" = 64 ]
	make_vfs 2
}

@test "model: without a capability the VF cannot migrate" {
	if ! old_kernel; then
		lab-prop set migratable off
		put_on mlx5_vfio_pci "$VF0"
		lab-prop set migratable on
		migdrive dev "$VF0" fail ENOTTY flags 0
	fi
	lab-prop set migration off
	rebind_pf
	lab-prop set migration on
	make_vfs 2 0
	put_on mlx5_vfio_pci "$VF0"
	migdrive dev "$VF0" fail ENOTTY flags 0
	rebind_pf
	make_vfs 2 0
	put_on mlx5_vfio_pci "$VF0" "$VF1"
	migdrive dev "$VF0" state RUNNING
}

@test "model: the state evolves while the VF runs and stands while it is suspended" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set STOP touch "$run_dir/stopped" \
		await "$run_dir/on" set RUNNING touch "$run_dir/running" await "$run_dir/end"
	before=$(labvf "$VF0" get generation)
	first=$(labvf "$VF0" get digest)
	until_moved "$VF0" "$before"
	[ "$(labvf "$VF0" get digest)" != "$first" ]
	touch "$run_dir/go"
	until_there "$run_dir/stopped"
	[ "$(labvf "$VF0" get suspended)" = 3 ]
	before=$(labvf "$VF0" get generation)
	first=$(labvf "$VF0" get digest)
	sleep 0.5
	[ "$(labvf "$VF0" get generation)" = "$before" ]
	[ "$(labvf "$VF0" get digest)" = "$first" ]
	touch "$run_dir/on"
	until_there "$run_dir/running"
	until_moved "$VF0" "$before"
	finish
}

@test "model: a suspended VF drops writes and counts them" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set STOP touch "$run_dir/stopped" \
		await "$run_dir/end"
	labvf "$VF0" fill 5
	labvf "$VF0" set scratch3 0x1234
	touch "$run_dir/go"
	until_there "$run_dir/stopped"
	labvf "$VF0" poke 0x100 ffffffff
	labvf "$VF0" set scratch3 0
	labvf "$VF0" check 5
	[ "$(labvf "$VF0" get scratch3)" = 0x1234 ]
	[ "$(labvf "$VF0" get dropped)" -ge 2 ]
	finish
}

@test "model: a function level reset wipes the state" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set STOP reset touch "$run_dir/reset" \
		await "$run_dir/end"
	labvf "$VF0" fill 6
	labvf "$VF0" set scratch0 99
	resets=$(labvf "$VF0" get resets)
	touch "$run_dir/go"
	until_there "$run_dir/reset"
	[ "$(labvf "$VF0" get resets)" = $((resets + 1)) ]
	[ "$(labvf "$VF0" get scratch0)" = 0x0 ]
	[ "$(labvf "$VF0" get suspended)" = 0 ]
	run labvf "$VF0" check 6
	[ "$status" -eq 9 ]
	finish
}

@test "model: the last close wipes the state" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/end"
	labvf "$VF0" fill 7
	labvf "$VF0" check 7
	resets=$(labvf "$VF0" get resets)
	finish
	run labvf "$VF0" check 7
	[ "$status" -eq 9 ]
	# One for the close, one for the open that looks.
	[ "$(labvf "$VF0" get resets)" -ge $((resets + 2)) ]
}

@test "model: the whole state arrives in another VF, and evolves on from there" {
	background dev "$VF0" dev "$VF1" dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" \
		set STOP_COPY save "$run_dir/stream" dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP \
		touch "$run_dir/loaded" await "$run_dir/on" set RUNNING touch "$run_dir/running" await "$run_dir/end"
	labvf "$VF0" fill 8
	labvf "$VF0" set scratch7 0xfeedface
	[ "$(labvf "$VF0" get digest)" != "$(labvf "$VF1" get digest)" ]
	touch "$run_dir/go"
	until_there "$run_dir/loaded"
	[ "$(labvf "$VF0" get digest)" = "$(labvf "$VF1" get digest)" ]
	[ "$(labvf "$VF0" get generation)" = "$(labvf "$VF1" get generation)" ]
	[ "$(labvf "$VF1" get scratch7)" = 0xfeedface ]
	[ "$(labvf "$VF1" get loads)" -ge 1 ]
	labvf "$VF1" check 8
	touch "$run_dir/on"
	until_there "$run_dir/running"
	until_moved "$VF1" "$(labvf "$VF0" get generation)"
	[ "$(labvf "$VF0" get digest)" != "$(labvf "$VF1" get digest)" ]
	labvf "$VF1" check 8
	finish
}

@test "model: an image holds its bytes, not a recipe for them" {
	save_stream "$VF0"
	size=$(stat -c %s "$run_dir/stream")
	[ "$size" -gt $((4 << 20)) ]
	packed=$(gzip -1 -c "$run_dir/stream" | wc -c)
	[ "$packed" -gt $((size * 99 / 100)) ]
}

@test "model: one flipped bit anywhere in the image is refused, with a syndrome" {
	lab-prop set state-size $((128 << 10))
	save_stream "$VF0"
	size=$(stat -c %s "$run_dir/stream")
	# The image starts after the records' heads: its magic, its checksum, the first page, the middle, the last byte.
	for at in 40 80 96 104 112 5000 $((size / 2)) $((size - 1)); do
		flip "$run_dir/stream" "$at"
		migdrive dev "$VF1" set RESUMING fail EINVAL write "$run_dir/stream" 0 0 0
		flip "$run_dir/stream" "$at"
		last_refusal 0x119 "status=0x3 syndrome=0x1ab03[0-8]"
	done
	migdrive dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP
	lab-prop set state-size $((4 << 20))
}

@test "model: an image of a state of another size is refused" {
	lab-prop set state-size $((1 << 20))
	save_stream "$VF0"
	lab-prop set state-size $((4 << 20))
	migdrive dev "$VF1" set RESUMING fail EINVAL write "$run_dir/stream" 0 0 0
	last_refusal 0x119 "status=0x3 syndrome=0x1ab035"
}

@test "model: the order of suspend, resume, save and load is the firmware's" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/end"
	refused 0x9 0x1ab010 0115 0001 0011	# suspend the responder first
	refused 0x9 0x1ab011 0116 0001 0011	# resume what runs
	refused 0x9 0x1ab011 0116 0000 0011
	refused 0x3 0x2c9bb0 0118 0000 0011	# save what runs
	refused 0x3 0x2c9bb0 0119 0000 0011
	accepted 0115 0000 0011
	refused 0x9 0x1ab010 0115 0000 0011	# suspend the initiator twice
	refused 0x3 0x2c9bb0 0118 0000 0011	# half suspended
	accepted 0115 0001 0011
	refused 0x9 0x1ab011 0116 0001 0011	# resume the initiator first
	refused 0x3 0x1ab014 0118 0000 0011 8000	# an increment of nothing
	refused 0x3 0x1ab013 0118 0000 0011 4000	# track what stands
	accepted 0116 0000 0011
	accepted 0116 0001 0011
	refused 0x5 0x1ab003 0115 0000 00ff	# no such VHCA
	refused 0x3 0x1ab004 0115 0007 0011
	refused 0x2 0x1ab001 0fff 0000 0000
	finish
}

@test "model: a VF that the PF's driver has disabled is no VHCA" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/end"
	accepted 0105 0000 0001
	refused 0x5 0x1ab003 0115 0000 0011
	refused 0x5 0x1ab003 0117 0000 0011
	accepted 0104 0000 0001
	accepted 0115 0000 0011
	finish
}

@test "model: a suspended VF does nothing for its own driver before the resume" {
	put_on "" "$VF0"
	RAW_DEVICE=$VF0 raw 010a
	before=$(lab-prop get log | grep -c 'fn=1 op=0x10a ')
	accepted 0115 0000 0011	# the initiator alone: to fetch a command and to answer it is DMA of its own
	RAW_DEVICE=$VF0 run_dir=$BATS_TEST_TMPDIR raw 010a 3>&- 4>&- &
	own=$!
	sleep 0.5
	accepted 0115 0001 0011
	accepted 0116 0000 0011
	sleep 0.5
	kill -0 $own
	[ "$(lab-prop get log | grep -c 'fn=1 op=0x10a ')" = "$before" ]
	accepted 0116 0001 0011
	wait $own
	[ "$(lab-prop get log | grep -c 'fn=1 op=0x10a ')" = $((before + 1)) ]
	put_on mlx5_vfio_pci "$VF0"
}

@test "model: domains and memory keys of the PF are counted" {
	before=$(lab-prop get objects)
	[[ $before =~ ^pds=([0-9]+)\ mkeys=([0-9]+)$ ]]
	pds=${BASH_REMATCH[1]} mkeys=${BASH_REMATCH[2]}
	pd=$(make_pd)
	[ "$(lab-prop get objects)" = "pds=$((pds + 1)) mkeys=$mkeys" ]
	key=$(make_mkey "$pd" 900 4096)
	[ "$(lab-prop get objects)" = "pds=$((pds + 1)) mkeys=$((mkeys + 1))" ]
	accepted 0202 0000 0000 00"${key:0:6}"
	accepted 0801 0000 0000 00"$pd"
	[ "$(lab-prop get objects)" = "$before" ]
	migdrive dev "$VF0" set STOP_COPY save "$run_dir/stream" dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP
	migdrive dev "$VF0" set STOP_COPY read 1000 dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 1000
	[ "$(lab-prop get objects)" = "$before" ]
}

@test "model: a memory key whose list does not hold pages is refused" {
	before=$(lab-prop get objects)
	pd=$(make_pd)
	for address in 0x1 0x800 0x7fffffff800; do
		mkey_command "$pd" 900 4096 $address
		run ! raw "$hex"
		answer_bytes 8
		[ "$answer" = 03000000001ab024 ]
	done
	accepted 0801 0000 0000 00"$pd"
	[ "$(lab-prop get objects)" = "$before" ]
}

@test "model: a memory key that is missing, too short or without the right is refused" {
	background dev "$VF0" touch "$run_dir/ready" await "$run_dir/go" set STOP touch "$run_dir/stopped" \
		await "$run_dir/end"
	touch "$run_dir/go"
	until_there "$run_dir/stopped"
	pd=$(make_pd)
	writable=$(make_mkey "$pd" 900 4096)
	readable=$(make_mkey "$pd" 500 4096)
	refused_save 0x1ab020 0bad0000 1000	# no such key
	refused_save 0x1ab021 "$writable" 2000
	refused_save 0x1ab022 "$readable" 1000
	refused_load 0x1ab020 0bad0000 1000
	refused_load 0x1ab021 "$readable" 2000
	refused_load 0x1ab022 "$writable" 1000
	refused 0x3 0x1ab015 0118 0000 0011 0000 "$(key_and_size "$writable" 1000)"	# less than QUERY asks for
	accepted 0202 0000 0000 00"${writable:0:6}"
	refused_save 0x1ab020 "$writable" 1000	# destroyed
	refused 0x9 0x1ab026 0801 0000 0000 00"$pd"	# a domain in use
	accepted 0202 0000 0000 00"${readable:0:6}"
	accepted 0801 0000 0000 00"$pd"
	finish
}

@test "fault: the n-th command of an opcode fails with the status and syndrome ordered" {
	fault "op=0x118,nth=2,status=0x9,syndrome=0x123456"
	migdrive dev "$VF0" set STOP_COPY save "$run_dir/stream"
	[ "$(lab-prop get fault-hits)" = 0 ]
	run migdrive dev "$VF0" set STOP_COPY save "$run_dir/stream"
	[ "$status" -ne 0 ]
	[ "$(lab-prop get fault-hits)" = 1 ]
	lab-prop get log | grep -q 'op=0x118 .*status=0x9 syndrome=0x123456'
	migdrive dev "$VF0" set STOP_COPY save "$run_dir/stream"
	run ! fault "op=0x118,nonsense=1"
}

@test "fault: several at once, on one VF only, several times" {
	fault "op=0x115,vf=1,count=2,status=0x3;op=0x117,vf=1,status=0x1"
	migdrive dev "$VF0" set STOP
	[ "$(lab-prop get fault-hits)" = 0 ]
	migdrive dev "$VF1" fail EINVAL set STOP fail EINVAL set STOP set STOP fail EIO set STOP_COPY
	[ "$(lab-prop get fault-hits)" = 3 ]
}

@test "fault: a command that hangs answers late" {
	fault "op=0x115,hang=2"
	took=$(migdrive dev "$VF0" time set STOP time | tail -n 1)
	[ "$took" -ge 1900 ]
	[ "$(lab-prop get fault-hits)" = 1 ]
	fault ""
	took=$(migdrive dev "$VF0" time set STOP time | tail -n 1)
	[ "$took" -lt "$(slowly 1500)" ]
}

@test "fault: data corrupted on its way out or in does not get into a VF" {
	fault "op=0x118,corrupt=100000"
	save_stream "$VF0"
	[ "$(lab-prop get fault-hits)" = 1 ]
	migdrive dev "$VF1" set RESUMING fail EINVAL write "$run_dir/stream" 0 0 0
	fault "op=0x119,corrupt=4202559"
	save_stream "$VF0"
	migdrive dev "$VF1" set RESUMING fail EINVAL write "$run_dir/stream" 0 0 0
	[ "$(lab-prop get fault-hits)" = 1 ]
	last_refusal 0x119 "status=0x3 syndrome=0x1ab033"
	fault ""
	migdrive dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP
}

@test "fault: SAVE and QUERY lie about their sizes" {
	fault "op=0x118,status=0,image=0x12345678,next=0xabcdef01;op=0x117,umem=0xfedcba98,remaining=0x123456789abcdef0"
	accepted 0118 0000 0011
	answer_bytes 16
	[ "$answer" = 000000000000000012345678abcdef01 ]
	accepted 0117 0000 0011
	answer_bytes 32
	[[ $answer == 00000000*fedcba98*123456789abcdef0* ]]
	[ "$(lab-prop get fault-hits)" = 2 ]
	fault "op=0x118,image=1000"
	save_stream "$VF0"
	lab-prop get log | grep -q 'op=0x118 .*status=0x0'
}

@test "property: every command can be delayed" {
	lab-prop set cmd-delay-us 300000
	took=$(migdrive dev "$VF0" time set STOP time | tail -n 1)
	[ "$took" -ge 550 ]
}

@test "property: save and load have a bandwidth" {
	lab-prop set save-bandwidth $((4 << 20))
	lab-prop set load-bandwidth $((2 << 20))
	mapfile -t took < <(migdrive dev "$VF0" set STOP time set STOP_COPY save "$run_dir/stream" time \
		set STOP set RESUMING time write "$run_dir/stream" 0 0 0 time)
	echo "${took[*]}"
	[ "${took[1]}" -ge 950 ]
	[ "${took[3]}" -ge 1950 ]
}

@test "property: the state's size holds from the next reset on" {
	lab-prop set state-size $((64 << 20))
	[ "$(labvf "$VF0" get state_size)" = $((64 << 20)) ]
	save_stream "$VF0"
	[ "$(stat -c %s "$run_dir/stream")" -gt $((64 << 20)) ]
	migdrive dev "$VF1" set RESUMING write "$run_dir/stream" 0 0 0 set STOP
	lab-prop set state-size $((4 << 20))
	[ "$(labvf "$VF0" get state_size)" = $((4 << 20)) ]
	run ! lab-prop set state-size $((9 << 30))
}

@test "property: a state that one save cannot take is there in chunks" {
	lab-prop set state-size $((8 << 30))
	[ "$(labvf "$VF0" get state_size)" = $((8 << 30)) ]
	lab-prop set state-size $((4 << 20))
	refused 0x8 0x1ab017 0117 0000 0011
	refused 0x3 0x1ab005 0117 0000 0011 4000	# in chunks: not without the capability
	lab-prop set in-chunks on
	accepted 0117 0000 0011 4000
	lab-prop set in-chunks off
	answer_bytes 32
	# The next chunk's memory, and the whole: a head, and 2097152 pages of 4104 bytes.
	[ "$answer" = 0000000000000000000000000000000000100000000000000000000201000040 ]
	[ "$(labvf "$VF0" get state_size)" = $((4 << 20)) ]
}
