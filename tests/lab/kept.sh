# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what is set here is used in run and vm.sh, and the other way round
# The VM that tests/lab/run --keep leaves behind. Sourced by run after vm.sh.
#
# There is one for each user and TMPDIR. keeper owns its QEMU; the folder $tmp, besides what a fresh VM's has, holds
#   options        what it was started with, of which another run must want the same
#   arguments      QEMU's, for keeper
#   keeper, qemu   process ids
#   jobs.in        a FIFO to the VM: the path of a command's file for init-run
#   used           a FIFO to keeper: for how many seconds it waits for the next word
#   busy           there while a command runs: a VM that still has it afterwards is not used again
# FIFOs are opened for reading and writing where the other end may be gone, since opening one end waits for the other.

# kept_folder: its path
kept_folder() { echo "$place/mlxmigctl-lab.kept.$(id -u)"; }

# runs_as PID NAME: is the process still that program?
runs_as() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]; }

# end_keeper, end_kept: the VM that is kept goes; and its folder, which wants the lock
end_keeper() {
	local keeper
	keeper=$(cat "$(kept_folder)/keeper" 2>/dev/null) || return 0
	runs_as "$keeper" keeper || return 0
	kill -TERM "$keeper" 2>/dev/null || return 0
	timeout 10 tail --pid="$keeper" -s 0.05 -f /dev/null || true
}
end_kept() {
	[ -O "$(kept_folder)" ] || return 0
	end_keeper
	rm -rf "$(kept_folder)"
}

# lock_kept: one run at a time has it
lock_kept() {
	exec 9>"$(kept_folder).lock"
	flock 9
}

# kept_options: all that makes a VM another one
kept_options() {
	printf '%q\n' "$vfs" "$autoprobe" "${props[@]}" "$cpus" "$mem" "$accel" "$share" "$with_vmm" "$vmlinux" "$initrd" "${model:-}"
	cat "$lab_dir/vm.sh"
}

# has_kept: is the VM there, waiting, and as it is wanted now?
has_kept() {
	[ -O "$tmp" ] && [ ! -e "$tmp/busy" ] && runs_as "$(cat "$tmp/qemu" 2>/dev/null)" qemu-system-x86 &&
		[ "$(cat "$tmp/options")" = "$(kept_options)" ]
}

# open_status: descriptor 8 reads what the VM reports, and its end when QEMU is gone
open_status() {
	exec 5<>"$tmp/status"
	exec 8<"$tmp/status"
}

# start_kept: a new one, and its keeper
start_kept() {
	local options
	options=$(kept_options)
	end_kept
	mkdir -m 700 "$tmp"
	prepare_folder
	mkfifo "$tmp"/{status,used,jobs.in,jobs.out}
	printf '%s\n' "$options" >"$tmp/options"
	qemu_command
	printf '%q ' "${qemu_words[@]}" "${args[@]}" >"$tmp/arguments"
	open_status
	setsid "$lab_dir/keeper" "$tmp" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8<&- 9>&- &
	# From here on QEMU's end is the end of what it reports.
	until [ -s "$tmp/qemu" ] || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
	exec 5>&-
	came_up "$patience" || failed 125 "$why"
	[ "${reply[0]}" != broken ] || failed 125 "${reply[*]:1}"
}

size_of() { stat -c %s "$tmp/$1"; }

# in_kept_vm: the command in the VM that is kept, which is started unless it is there. It goes when that does not come to its end.
in_kept_vm() {
	local out err job
	tmp=$(kept_folder) qemu=''
	lock_kept
	trap_ends
	if has_kept; then
		open_status
	else
		start_kept
	fi
	exec 5>&- 6<>"$tmp/used" 7<>"$tmp/jobs.in"
	touch "$tmp/busy"
	out=$(size_of out) err=$(size_of err) log_seen=$(size_of log) console_seen=$(size_of console)
	[ "$share" ] || find "$tmp/results" -mindepth 1 -delete
	job=$(mktemp "$tmp/command.XXXXXX")
	write_command "$job" "${command[@]}"
	echo $((limit + 60)) >&6
	echo "$job" >&7
	hear 60 125 "the VM that is kept does not answer"
	setpriv --pdeathsig KILL sleep infinity >/dev/null 2>&1 5>&- 6>&- 7>&- 8<&- 9>&- &
	sentinel=$!
	follow "$sentinel" $((out + 1)) $((err + 1))
	hear_end "$out" "$err" "$log_seen"
	end_followers
	rm -f "$job" "$tmp/busy"
	judge_kept
	echo "$idle" >&6
	trap - EXIT
	exit "${reply[1]}"
}

# end_followers: when they have printed all that is there
end_followers() {
	[ -n "${sentinel:-}" ] || return 0
	kill "$sentinel" 2>/dev/null || true
	sentinel=''
	# Not for keeper, which was started here too.
	wait "${followers[@]}" 2>/dev/null || true
}

# judge_kept: what the kernel has said during this command; of earlier ones it is theirs. After a splat the VM goes, since a kernel complains
# once of some things.
judge_kept() {
	keep_log
	if splats >"$tmp/splats"; then
		[ -n "$expect_splat" ] || { cat "$tmp/splats" >&2; reply[1]=126; }
		end_kept
	fi
}
