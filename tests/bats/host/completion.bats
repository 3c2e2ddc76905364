# SPDX-License-Identifier: GPL-2.0-or-later
# Completions: what the program offers, and what the three shells make of it.

load ../helpers

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

@test "devices from sysfs" {
	[ -z "$("$MLX" __complete state ffff)" ]
}

# What bash would offer for a command line.
bash_offers() {
	bash -c '
		. /usr/share/bash-completion/bash_completion
		. "$1"
		PATH="$2:$PATH"; shift 2
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
		_mlxmigctl
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$top_dir/completions/mlxmigctl.bash" "$MLXMIGCTL_BUILD/src" "$@"
}

@test "bash completes commands, options and states" {
	run bash_offers mlxmigctl insp
	[ "$output" = inspect ]
	run bash_offers mlxmigctl save --ra
	[ "$output" = --raw ]
	run bash_offers mlxmigctl step 0 RUNNING_
	[ "$output" = RUNNING_P2P ]
}

@test "fish completes commands, options and states" {
	export PATH=$MLXMIGCTL_BUILD/src:$PATH HOME=$BATS_TEST_TMPDIR
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl insp'"
	[[ $output == inspect* ]]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl save --ra'"
	[[ $output == --raw* ]]
	run fish --no-config -c "source '$top_dir/completions/mlxmigctl.fish'; complete -C 'mlxmigctl step x RUNNING_'"
	[[ $output == RUNNING_P2P* ]]
}

@test "zsh hands the candidates to its describe function, colons escaped" {
	export PATH=$MLXMIGCTL_BUILD/src:$PATH
	run zsh -f -c '
		_describe() { shift; [[ $1 == -* ]] || print -rl -- "${(@P)1}"; }
		_files() { print -r -- FILES; }
		complete_line() { words=("$@"); CURRENT=$#; source '"$top_dir"'/completions/mlxmigctl.zsh; }
		complete_line mlxmigctl insp
		complete_line mlxmigctl step x RUNNING_
		complete_line mlxmigctl inspect ""
	'
	[[ ${lines[0]} == inspect:* ]]
	[[ ${lines[1]} == RUNNING_P2P:* ]]
	[[ ${lines[2]} == FILES ]]
}
