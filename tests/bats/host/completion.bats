# SPDX-License-Identifier: GPL-2.0-or-later
# Completions: what the program offers, and what the three shells make of it.

load ../helpers
load ../trees

@test "commands by their beginning" {
	run "$MLX" __complete st
	[[ $output == *$'status\t'* && $output == *$'state\t'* && $output == *$'step\t'* ]]
	[[ $output != *save* ]]
}

@test "options of a command and the global ones" {
	run "$MLX" __complete save --
	[[ $output == *$'--raw\t'* && $output == *$'--compact\t'* ]]
	[[ $output == *$'--progress=\t'* ]]
}

@test "states for step, files for save and inspect" {
	run "$MLX" __complete step 0000:01:00.1 STOP
	[[ $output == *STOP_COPY* && $output != *RUNNING* ]]
	run "$MLX" __complete save 0000:01:00.1 ''
	[[ $output == :files ]]
	run "$MLX" __complete inspect ''
	[[ $output == :files ]]
}

# offers WANTED WORD...: the candidates for the last word, one space between
offers() {
	local want=$1 got
	got=$("$MLX" __complete "${@:2}" | cut -f1 | tr '\n' ' ')
	[ "${got% }" = "$want" ] && return
	printf '%s: "%s", expected "%s"\n' "${*:2}" "${got% }" "$want"
	return 1
}

@test "devices and their interfaces, of the host that --sysroot names" {
	plant two-port
	offers "0000:3b:00.0 0000:3b:00.2 0000:3b:00.3 0000:3b:00.4 0000:3b:00.5 0000:3b:00.1 0000:3b:00.6 0000:3b:00.7" \
		--sysroot "$SYSROOT" state 0000:3b:00.
	offers "0000:5e:00.0" state "--sysroot=$SYSROOT" 0000:5
	offers "ens1f0v0 ens1f0v1" state --sysroot "$SYSROOT" ens1f0v
	offers "" state --sysroot "$SYSROOT" ffff
	offers "" state --sysroot "$SYSROOT" 0000:3b:00.2 ""
	run "$MLX" __complete --sysroot "$SYSROOT" state 0000:3b:00.4
	[ "$output" = $'0000:3b:00.4\tVF mlx5_vfio_pci' ]
}

@test "an option's argument is no operand" {
	plant two-port
	offers 0000:5e:00.0 --sysroot "$SYSROOT" bind -d mlx5_vfio_pci 0000:5
	offers 0000:5e:00.0 --sysroot "$SYSROOT" save --then STOP 0000:5
	offers 0000:5e:00.0 --sysroot "$SYSROOT" save --zstd 0000:5
	offers :files --progress none --sysroot "$SYSROOT" save --then=STOP 0000:5e:00.0 ""
	offers "RUNNING RUNNING_P2P" save --then RUNN
	offers "--then=RUNNING --then=RUNNING_P2P" load --then=RUNN
	offers "text" --progress t
	offers "--progress=auto" save --progress=a
	offers "" save --overwrite=
	offers "" save --zstd=
	offers "--precopy=auto" save --precopy=au
	offers :files save --dir ""
	offers :files save --dir=
	offers :files save --dir=/tm
	offers :files inspect --svg=/tm
	offers :files inspect --svg ""
	offers :files --sysroot=/tm
	offers "" inspect --limit ""
}

# values ARGUMENT...: all that is offered after these
values() { "$MLX" __complete "$@" "" | cut -f1; }

@test "what is offered for an option is what it accepts" {
	local verb value
	for verb in save load; do
		[ "$(values $verb --then | wc -l)" -eq 3 ]
		for value in $(values $verb --then); do
			run_mlx 3 "$verb" --then "$value" ffff:ff:1f.7 file
			error_is no_such_device
		done
	done
	[ "$(values hold --state | wc -l)" -eq 7 ]
	for value in $("$MLX" __complete hold --state= | cut -f1); do
		run_mlx 3 hold "$value" ffff:ff:1f.7
		error_is no_such_device
	done
	for value in $("$MLX" __complete save --precopy= | cut -f1); do
		run_mlx 3 save "$value" ffff:ff:1f.7 file
		error_is no_such_device
	done
	[ "$(values --progress | wc -l)" -eq 4 ]
	for value in $(values --progress); do
		run_mlx 3 "--progress=$value" state ffff:ff:1f.7
		error_is no_such_device
	done
	[ "$(values step 0 | wc -l)" -eq 7 ]
	for value in $(values step 0); do
		run_mlx 3 step ffff:ff:1f.7 "$value"
		error_is no_such_device
	done
}

@test "save --dir takes devices, and no file" {
	plant two-port
	offers 0000:5e:00.0 --sysroot "$SYSROOT" save --dir /tmp 0000:3b:00.2 0000:5
	offers 0000:5e:00.0 --sysroot "$SYSROOT" save 0000:3b:00.2 --dir=/tmp 0000:5
}

@test "after -- there are no options" {
	plant two-port
	offers "" --sysroot "$SYSROOT" state -- --
	offers 0000:5e:00.0 --sysroot "$SYSROOT" state -- 0000:5
}

# What bash would offer for a command line.
bash_offers() { bash_offers_of "$MLXMIGCTL_BUILD/src" "$@"; }

# ... with the program in that directory
bash_offers_of() {
	bash -c '
		. /usr/share/bash-completion/bash_completion
		. "$1"
		PATH="$2:$PATH"; shift 2
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE=${LINE-$*}; COMP_POINT=${#COMP_LINE}
		_mlxmigctl
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$top_dir/completions/mlxmigctl.bash" "$@"
}

@test "bash completes commands, options and states" {
	run bash_offers mlxmigctl insp
	[ "$output" = inspect ]
	run bash_offers mlxmigctl save --ra
	[ "$output" = --raw ]
	run bash_offers mlxmigctl step 0 RUNNING_
	[ "$output" = RUNNING_P2P ]
	run bash_offers mlxmigctl save --then RUNNING_
	[ "$output" = RUNNING_P2P ]
	# bash has cut this word, and puts what it gets behind the "="
	LINE='mlxmigctl save --then=RUNNING_' run bash_offers mlxmigctl save --then = RUNNING_
	[ "$output" = RUNNING_P2P ]
}

@test "bash and fish complete files behind an option's =" {
	export PATH=$MLXMIGCTL_BUILD/src:$PATH HOME=$BATS_TEST_TMPDIR
	mkdir "$BATS_TEST_TMPDIR/one=two"
	LINE="mlxmigctl save --dir=$BATS_TEST_TMPDIR/on" run bash_offers mlxmigctl save --dir = "$BATS_TEST_TMPDIR/on"
	[ "$output" = "$BATS_TEST_TMPDIR/one=two" ]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl save --dir=$BATS_TEST_TMPDIR/on'"
	[[ $output == --dir=*/one=two/* ]]
}

@test "fish completes commands, options and states" {
	export PATH=$MLXMIGCTL_BUILD/src:$PATH HOME=$BATS_TEST_TMPDIR
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl insp'"
	[[ $output == inspect* ]]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl save --ra'"
	[[ $output == --raw* ]]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl step x RUNNING_'"
	[[ $output == RUNNING_P2P* ]]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl save --then=RUNNING_'"
	[[ $output == --then=RUNNING_P2P* ]]
}

@test "zsh hands the candidates to its describe function, colons escaped" {
	export PATH=$MLXMIGCTL_BUILD/src:$PATH
	run zsh -f -c '
		_describe() { shift; [[ $1 == -* ]] || print -rl -- "${(@P)1}"; }
		_files() { print -r -- "FILES $PREFIX"; }
		compset() { [[ $1$2$3 == -P1\*= ]] && PREFIX=${PREFIX#*=}; }
		complete_line() { words=("$@"); CURRENT=$#; PREFIX=${@[-1]}; source '"$top_dir"'/completions/mlxmigctl.zsh; }
		complete_line mlxmigctl insp
		complete_line mlxmigctl step x RUNNING_
		complete_line mlxmigctl save --then=RUNNING_
		complete_line mlxmigctl inspect ""
		complete_line mlxmigctl save --dir=/tmp/a=b
	'
	[[ ${lines[0]} == inspect:* ]]
	[[ ${lines[1]} == RUNNING_P2P:* ]]
	[[ ${lines[2]} == --then=RUNNING_P2P:* ]]
	[[ ${lines[3]} == "FILES "* ]]
	[[ ${lines[4]} == "FILES /tmp/a=b" ]]
}

# hostile_tree: a host whose VF has a netdev named to be executed, and one that is an option
hostile_tree() {
	local dir
	plant two-port
	dir=$SYSROOT/sys/bus/pci/devices/0000:3b:00.2/net
	# shellcheck disable=SC2016 # that is the name
	mkdir "$dir"/{'x$(id>f)','x;id>f','x`id>f`','-x',$'x\x1b[2J',"x'"}
}

# hostile_offers: a program in the PATH that offers such names itself, as another version might
hostile_offers() {
	mkdir bin
	# shellcheck disable=SC2016
	printf '%s\n' '#!/bin/sh' "printf '%s\tone\n' xgood 'x\$(id>f)' 'x;id>f' 'x\`id>f\`' 'x y' 'x>f' '--x=\$(id>f)' --xgood=" >bin/mlxmigctl
	chmod +x bin/mlxmigctl
}

@test "names that a shell would execute are not offered" {
	hostile_tree
	offers "" --sysroot "$SYSROOT" state x
	offers "" --sysroot "$SYSROOT" state -- -x
	offers ens1f0v0 --sysroot "$SYSROOT" state ens1f0v0
}

@test "bash inserts no name that it would execute" {
	local offered
	cd "$BATS_TEST_TMPDIR"
	hostile_tree
	run bash_offers mlxmigctl --sysroot "$SYSROOT" state x
	[ -z "$output" ]
	hostile_offers
	run bash_offers_of "$PWD/bin" mlxmigctl state x
	[ "$output" = "$(printf '%s\n' xgood --xgood=)" ]
	# bash reads what it has inserted when the line is entered.
	for offered in $output; do bash -c "true $offered"; done
	[ ! -e f ]
}

@test "bash quotes the names of files" {
	cd "$BATS_TEST_TMPDIR"
	# shellcheck disable=SC2016
	touch 'x$(id>f)'
	# Only an interactive bash quotes; it needs a terminal.
	export top_dir PATH="$MLXMIGCTL_BUILD/src:$PATH"
	printf '%s\n' '. /usr/share/bash-completion/bash_completion' ". '$top_dir/completions/mlxmigctl.bash'" 'PS1=ready' >rc
	python3 - <<-'END'
		import os, pty, select, time
		pid, fd = pty.fork()
		if not pid:
		    os.execvp("bash", ["bash", "--noprofile", "--rcfile", "rc", "-i"])
		def until(word, limit=20):
		    text, end = b"", time.time() + limit
		    while word not in text and time.time() < end:
		        if select.select([fd], [], [], 0.2)[0]:
		            text += os.read(fd, 4096)
		    assert word in text, text
		until(b"ready")
		os.write(fd, b"mlxmigctl inspect x\t")
		until(b"\\) ")
		os.write(fd, b" >out 2>&1; exit\n")
		os.waitpid(pid, 0)
	END
	[ ! -e f ]
	# shellcheck disable=SC2016
	grep -qF 'x$(id>f)' out
}

@test "fish and zsh insert no name that they would execute" {
	export HOME=$BATS_TEST_TMPDIR
	cd "$BATS_TEST_TMPDIR"
	hostile_tree
	export PATH=$MLXMIGCTL_BUILD/src:$PATH
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl --sysroot $SYSROOT state x'"
	[ -z "$output" ]
	hostile_offers
	export PATH=$PWD/bin:$PATH
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl state x'"
	[ "$output" = $'xgood\tone' ]
	run zsh -f -c '
		_describe() { shift; [[ $1 == -* ]] || print -rl -- "${(@P)1}"; }
		words=(mlxmigctl state x); CURRENT=3; PREFIX=x
		source '"$top_dir"'/completions/mlxmigctl.zsh
	'
	[ "$output" = $'xgood:one\n--xgood=:one' ]
	[ ! -e f ]
}
