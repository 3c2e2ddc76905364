# SPDX-License-Identifier: GPL-2.0-or-later
# The command line itself: what needs no device.

load ../helpers

@test "--help lists every command" {
	run_mlx 0 --help
	local verb
	for verb in $("$MLX" __complete '' | cut -f1); do
		[[ $output == *"  $verb "* ]]
	done
}

@test "help of a command, before and after its operands" {
	run_mlx 0 save --help
	[[ $output == *"Usage: mlxmigctl save"* ]]
	run_mlx 0 save a b --help
	[[ $output == *"Usage: mlxmigctl save"* ]]
	run_mlx 0 -h save
}

@test "--version" {
	run_mlx 0 --version
	[[ $output =~ ^mlxmigctl\ [0-9]+\.[0-9]+ ]]
}

@test "no command is a usage error" {
	run_mlx 2
	error_is usage
}

@test "an unknown command is named" {
	run_mlx 2 sav
	error_is usage
	[[ $stderr == *"no such command: sav"* ]]
}

@test "an unknown option is named, before and after the command" {
	run_mlx 2 --nope status
	error_is usage
	[[ $stderr == *--nope* ]]
	run_mlx 2 status --nope
	error_is usage
	[[ $stderr == *--nope* ]]
}

@test "an option without its argument is named" {
	run_mlx 2 status --progress
	error_is usage
	[[ $stderr == *--progress* ]]
}

@test "too few and too many operands" {
	run_mlx 2 save
	error_is usage
	[[ $stderr == *"it takes"* ]]
	run_mlx 2 load 0000:01:00.1 file more
	error_is usage
	[[ $stderr == *more* ]]
}

@test "an unknown state is named" {
	run_mlx 2 step 0000:01:00.1 PAUSED
	error_is usage
	[[ $stderr == *PAUSED* ]]
}

@test "an unknown progress mode is named" {
	run_mlx 2 --progress=loud status
	error_is usage
	[[ $stderr == *loud* ]]
}

@test "verbs have no abbreviations" {
	run_mlx 2 stat
	error_is usage
}

@test "a device that is not there" {
	run_mlx 3 state ffff:ff:1f.7
	error_is no_such_device
	json_is .error.device ffff:ff:1f.7
}

@test "-c prints one line, -t prints words" {
	run_mlx 3 -c state ffff:ff:1f.7
	[ "${#lines[@]}" -eq 1 ]
	run_mlx 3 state ffff:ff:1f.7 -t
	[ -z "$output" ]
	[[ $stderr == *"hint: "* ]]
}

@test "a full standard output is an error" {
	[ -c /dev/full ]
	run --separate-stderr bash -c "'$MLX' status >/dev/full"
	[ "$status" -eq 1 ]
	[[ $stderr == *"No space left"* ]]
}
