# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of the device model: read the log, and send firmware commands by hand.
# Loaded after helpers, and brings lab along: `load ../model`.

load ../lab

run_dir=/dev/shm/model

# rescan_pf: the kernel looks at the PF as if for the first time
rescan_pf() {
	echo 1 >"$sys/devices/$PF/remove"
	echo 1 >"$sys/rescan"
	[ "$(driver_of "$PF")" = mlx5_core ]
}

# mark_log NAME, complaints_since NAME: fails when the kernel log holds a warning or worse after the mark ('': the boot)
# about PCI, the IOMMU, mlx5 or VFIO, or has lost the mark. That the IOMMU knows no PASIDs 6.1 says at every boot.
mark_log() { echo "lab mark $1" >/dev/kmsg; }
complaints_since() {
	local lines
	lines=$(dmesg -x | sed -n "${1:+/lab mark $1\$/,\$}p")
	[ -n "$lines" ] || { echo "no mark $1 in the kernel log"; return 1; }
	lines=$(printf '%s\n' "$lines" | grep -E '^[a-z]+ *:(emerg|alert|crit|err|warn) ' |
		grep -Ei 'mlx5|vfio|0000:01:|DMAR|iommu|sriov' | grep -vE 'taints kernel|verification failed|Scalable Mode not enabled') || return 0
	echo "$lines"
	return 1
}

# until_logged MARK TEXT SECONDS: the kernel has said so since the mark
until_logged() {
	local i
	for ((i = 0; i < 5 * $3; i++)); do
		! dmesg | sed -n "/lab mark $1\$/,\$p" | grep -q "$2" || return 0
		sleep 0.2
	done
	dmesg | tail -n 40
	return 1
}

# until_moved DEVICE GENERATION: the VF has come past it
until_moved() { labvf "$1" past generation "$2"; }

# save_stream DEVICE: what the driver gives for it, into $run_dir/stream
save_stream() { migdrive dev "$1" set STOP_COPY save "$run_dir/stream"; }

# last_refusal OPCODE ENDING: the last command that the firmware refused was such a one, and its line ends so (a regular expression)
last_refusal() {
	local last
	last=$(lab-prop get last-refusal)
	[[ $last =~ "op=$1 ".*$2$ ]] && return
	echo "refused last: $last; expected op=$1 $2"
	return 1
}

# raw HEX...: a command of the PF's driver (or of RAW_DEVICE's), through its debugfs; fails when the firmware refuses it.
# Forks and loops are what costs time here: dd alone is needed, since debugfs wants the command in one write.
raw() {
	local cmd=/sys/kernel/debug/mlx5/${RAW_DEVICE:-$PF}/cmd hex zeros
	printf -v hex %s "$@"
	printf -v zeros %064d 0
	hex+=${zeros:${#hex} < 64 ? ${#hex} : 64}
	printf %b "${hex//??/\\x&}" >"$run_dir/raw"
	dd if="$run_dir/raw" of="$cmd/in" bs=64k conv=notrunc status=none
	echo 64 >"$cmd/out_len"
	echo go >"$cmd/run" 2>/dev/null
}

# accepted OPCODE OP_MOD VHCA [FLAGS [REST]]: hex digits, 4 each, REST any number
accepted() { raw "$1" 00000000 "$2" "${4:-0000}" "$3" 00000000 "${5:-}"; }

# answer_bytes N: the first bytes of the last answer, in hex, into $answer
answer_bytes() {
	answer=$(od -An -v -w64 -tx1 -N "$1" "/sys/kernel/debug/mlx5/${RAW_DEVICE:-$PF}/cmd/out")
	answer=${answer// /}
}

# refused STATUS SYNDROME and the same: the firmware answers just that
refused() {
	local want="status=$1 syndrome=$2" answer got
	shift 2
	if accepted "$@"; then
		echo "$*: accepted, $want expected"
		return 1
	fi
	answer_bytes 8
	printf -v got 'status=0x%x syndrome=0x%x' "0x${answer:0:2}" "0x${answer:8}"
	[ "$got" = "$want" ] && return
	echo "$*: $got, $want expected"
	return 1
}

# key_and_size KEY SIZE: the end of SAVE and LOAD: address 0, the key's 8 hex digits, the size in hex
key_and_size() { printf '%016x%s%08x' 0 "$1" "0x$2"; }
refused_save() { refused 0x5 "$1" 0118 0000 0011 0000 "$(key_and_size "$2" "$3")"; }
refused_load() { refused 0x5 "$1" 0119 0000 0011 0000 "$(key_and_size "$2" "$3")"; }

# answer_id: the 24-bit number that a command has answered, 6 hex digits
answer_id() {
	local answer
	answer_bytes 12
	printf %s "${answer:18}"
}

make_pd() { raw 0800 && answer_id; }

# put OFFSET HEX: into the bytes that hex stands for
put() { hex=${hex:0:$1 * 2}$2${hex:$1 * 2 + ${#2}}; }

# mkey_command PD RIGHTS LENGTH [ADDRESS]: into hex, the command that makes a memory key over that many bytes of the page
# at ADDRESS (0), which nobody will touch; RIGHTS 900 is local write, 500 local read
mkey_command() {
	printf -v hex '%0576d' 0
	put 0 0200
	put 16 "00000$2"	# the key's context starts here: rights, list of pages
	put 28 "00$1"
	put 40 "$(printf %016x "$3")"
	put 72 0000000c	# pages of 2^12
	put 96 00000001	# one pair of pages in the list, which is at 272
	put 272 "$(printf %016x "${4:-0}")"
}

# make_mkey and the same: gives the key, 8 hex digits
make_mkey() {
	local hex
	mkey_command "$@"
	raw "$hex" && printf '%s00' "$(answer_id)"
}
