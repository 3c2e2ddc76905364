# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the options are set in run, and what is set here is used there
# The VM of tests/lab/run: QEMU's arguments, its start, what it reports, and what in its kernel log is a failure.
# Sourced by run after lib.sh. The private folder of a run is $tmp; failed and bye are run's.

# quote TEXT: as one word for any POSIX shell
quote() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# Only warnings and worse go to the slow console. The watchdogs are patient, since a busy host starves the VM.
kernel_arguments="console=ttyS0 loglevel=5 panic=-1 mitigations=off norandmaps tsc=reliable intel_iommu=on iomem=relaxed init_on_alloc=0 \
watchdog_thresh=60 workqueue.watchdog_thresh=120 rcupdate.rcu_cpu_stall_timeout=120"

# plain PATH: as QEMU's options want it, where a comma starts the next one
plain() { printf %s "${1//,/,,}"; }

# qemu_arguments: sets args
# shellcheck disable=SC2054 # the commas belong to QEMU's options
qemu_arguments() {
	local device to results one_processor=''
	# Drivers wait for all processors to have passed a certain point, each time that a device comes or goes, and this is quicker. What
	# is about races has the kernel's own pace.
	[ "$cpus" -gt 1 ] || one_processor=" rcupdate.rcu_expedited=1"
	to=$(plain "$tmp") results=$(plain "$share")
	args=(-no-user-config -nodefaults -display none -no-reboot
		-machine "q35,sata=off,smbus=off,usb=off,vmport=off,i8042=off"
		-smp "$cpus" -m "$mem" -kernel "$vmlinux" -initrd "$initrd"
		-append "$kernel_arguments$one_processor lab.job=$tmp"
		-device "intel-iommu,intremap=off,caching-mode=on"
		-chardev "file,id=console,path=$to/console" -serial chardev:console
		-virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
		-virtfs "local,path=$results,mount_tag=results,security_model=none,multidevs=remap"
		-device virtio-serial
		-chardev "socket,id=qmp,path=$to/qmp,server=on,wait=off" -mon chardev=qmp,mode=control
		-chardev "socket,id=labqmp,path=$to/qmp" -device virtserialport,chardev=labqmp,name=lab.qmp)
	case $accel in
	kvm) args+=(-accel kvm -cpu host) ;;
	*) args+=(-accel tcg,thread=multi -cpu qemu64,rdrand=on) ;;
	esac
	for device in out err log status; do
		args+=(-chardev "file,id=$device,path=$to/$device"
			-device "virtserialport,chardev=$device,name=lab.$device")
	done
	[ -z "$keep" ] || args+=(-chardev "pipe,id=jobs,path=$to/jobs" -device virtserialport,chardev=jobs,name=lab.jobs)
	[ -z "$shell" ] || args+=(-chardev stdio,id=tty,signal=off -device virtconsole,chardev=tty)
	if [ -n "$with_model" ]; then
		device=mlx5-lab,id=pf0,bus=rp0
		[ ${#props[@]} -eq 0 ] || device+=$(printf ',%s' "${props[@]}")
		args+=(-device pcie-root-port,id=rp0,bus=pcie.0,chassis=1,slot=1 -device "$device")
	fi
}

# find_place: sets place, where the private folder will be: the VM must see it, and reads its path as a word of its command line
find_place() {
	place=$(cd -- "${TMPDIR:-/tmp}" 2>/dev/null && pwd -P) || die "no folder ${TMPDIR:-/tmp} (TMPDIR)"
	case $place/ in
	/dev/* | /proc/* | /sys/* | /run/*) die "TMPDIR is $place, and the VM has its own /dev, /proc, /sys and /run" ;;
	*[[:space:]\"]*) die "TMPDIR has a blank or a quote in it: $place" ;;
	esac
	[ "$(printf %s "$place" | wc -c)" -le 74 ] || die "TMPDIR is too long for a socket's name: $place"
}

# drop_orphans: private folders of runs that were killed
drop_orphans() {
	local folder pid
	for folder in "$place"/mlxmigctl-lab.[0-9]*; do
		pid=${folder##*/mlxmigctl-lab.}
		[ ! -O "$folder" ] || [ -e "/proc/${pid%%.*}" ] || rm -rf "$folder"
	done
}

# qemu_command: sets qemu_words, the words before QEMU's arguments; one that is before Debian's in PATH is meant
qemu_command() {
	# shellcheck disable=SC2154 # model comes from build --print
	qemu_words=(env ${model:+LD_PRELOAD="$model"})
	if uses_own_qemu && [[ $(command -v qemu-system-x86_64) == /usr/bin/* ]]; then
		qemu_words+=(LD_LIBRARY_PATH="$qemu_own/usr/lib/x86_64-linux-gnu" "$qemu_own/usr/bin/qemu-system-x86_64")
	else
		qemu_words+=(qemu-system-x86_64)
	fi
}

# start_vm: sets qemu. Descriptor 6 is its standard input; what the VM reports is read from 8.
start_vm() {
	rm -f "$tmp/status" "$tmp/qmp"
	mkfifo "$tmp/status"
	# The writing end that QEMU inherits is the only one: when QEMU is gone, reading the status ends.
	# shellcheck disable=SC2094
	exec 7<>"$tmp/status" 8<"$tmp/status"
	qemu_command
	setpriv --pdeathsig KILL "${qemu_words[@]}" "${args[@]}" <&6 6<&- 8<&- 2>"$tmp/qemu.err" &
	qemu=$!
	exec 7>&-
}

# came_up SECONDS: the VM's first line into reply; fails, with why set, when none comes. QEMU's own failure ends the run.
came_up() {
	local rc=0
	read -r -t "$1" -a reply <&8 || rc=$?
	[ $rc -ne 0 ] || return 0
	why="the VM did not come up in $1 s"
	[ $rc -le 128 ] || return 1
	why="the VM went away before the command started"
	[ -n "$qemu" ] || return 1
	rc=0
	wait "$qemu" || rc=$?
	qemu=''
	[ $rc -eq 0 ] || failed 125 "QEMU ended with status $rc"
	return 1
}

# start_again: a guest's kernel has been seen to die in early boot of what the emulated processor did. That is no verdict yet.
start_again() {
	printf 'lab: %s; it is started once more\n' "$why" >&2
	{ splats || tail -n 15 "$tmp/console"; } | head -n 15 >&2 || true
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || true
	[ -z "$qemu" ] || wait "$qemu" 2>/dev/null || true
	mv "$tmp/console" "$tmp/console.1"
	touch "$tmp/console"
	start_vm
	came_up $((patience * 2)) || failed 125 "$why"
}

# hear SECONDS: the VM's next line into reply; ends the run when none comes
hear() {
	local rc=0
	read -r -t "$1" -a reply <&8 || rc=$?
	[ $rc -eq 0 ] || [ $rc -gt 128 ] || failed 125 "the VM went away"
	[ $rc -eq 0 ] || failed "$2" "$3"
	[ "${reply[0]}" != broken ] || failed 125 "${reply[*]:1}"
}

# follow PID OUT ERR: print what the VM sends of the command's output, from these bytes of the files on, until that process is gone
follow() {
	setpriv --pdeathsig TERM tail -s 0.05 --pid="$1" -c "+$2" -f "$tmp/out" 8<&- &
	followers=("$!")
	setpriv --pdeathsig TERM tail -s 0.05 --pid="$1" -c "+$3" -f "$tmp/err" >&2 8<&- &
	followers+=("$!")
	say "command started after $(elapsed) s; the VM runs for ${reply[1]} s"
}

# hear_end OUT ERR LOG: the command's end into reply, when all that it has sent is here, behind so many bytes of each file
hear_end() {
	hear "$limit" 124 "the command took more than $limit s"
	all_here out $(($1 + reply[2]))
	all_here err $(($2 + reply[3]))
	all_here log $(($3 + reply[4]))
	say "command ended after $(elapsed) s with status ${reply[1]}"
}

# all_here FILE BYTES: QEMU has written what the VM sent
all_here() {
	local tries=0
	while [ "$(stat -c %s "$tmp/$1")" -lt "$2" ]; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || failed 125 "output of the command was lost"
		sleep 0.02
	done
}

# The driver's words when it leaks memory that the firmware does not release
leak_words='bytes of memory that the firmware does not release|: its memory is leaked'

# unexcused FILE: a log without what is right to happen. What the driver leaks on purpose is still mapped when the PF loses its driver,
# and the kernel complains of that.
unexcused() {
	awk -v leaks="$leak_words" '
	$0 ~ leaks { told = 1 }
	told && /WARNING: .* dma_debug_device_change\+/ { excused = 1 }
	!excused
	/---\[ end trace/ { excused = 0 }' "$1"
}

# leaks FILE: what kmemleak has found, but for the texts of mlx5_core's debugfs, in which tests send commands by hand: stock
# mlx5_core forgets the last ones when the PF goes
leaks() {
	awk '
	function tell() { if (object != "" && object !~ /(data|outlen)_write\+[^\n]*\[mlx5_core\]/) printf "%s", object; object = "" }
	/^unreferenced object/ { tell(); object = $0 "\n"; next }
	/^ / && object != "" { object = object $0 "\n"; next }
	{ tell() }
	END { tell() }' "$1" | grep -a .
}

# kernel_said console|log: what the kernel has written there since the command began
kernel_said() {
	case $1 in
	console) tail -c "+$((console_seen + 1))" "$tmp/console" ;;
	log) tail -c "+$((log_seen + 1))" "$tmp/log" ;;
	esac
}

# splats: prints what in it is a failure; fails when there is none. Stalls that RCU complains of come with a starved VM, and say nothing
# of the driver.
splats() {
	local signs='WARNING: |BUG: |kernel BUG at|Oops|general protection fault|KASAN|KFENCE|UBSAN|refcount_t: |Kernel panic'
	signs+='|list_(add|del) corruption|possible (circular|recursive) locking|DMAR: .*fault'
	signs+='|INFO: task .* blocked for more than|kmemleak: .*(disabled|is off)'
	# What leaks is in the log alone, behind what the kernel says.
	unexcused <(kernel_said console) | grep -aE -A 30 "$signs" || unexcused <(kernel_said log) | grep -aE -A 30 "$signs" ||
		leaks <(kernel_said log)
}

# KVM may be there and still run no guest, so it is tried once on every boot of the host.
choose_accel() {
	local here
	[ -z "$accel" ] || return 0
	accel=tcg
	[ -w /dev/kvm ] || return 0
	here="$(cat /proc/sys/kernel/random/boot_id) $(qemu_version)"
	if ! grep -qsF "$here" "$cache/kvm"; then
		say "trying KVM"
		if timeout 60 "$0" --accel kvm --no-model --driver none true >/dev/null 2>&1; then
			echo "$here works" >"$cache/kvm"
		else
			echo "$here fails" >"$cache/kvm"
		fi
	fi
	! grep -qF "$here works" "$cache/kvm" || accel=kvm
}
