# SPDX-License-Identifier: GPL-2.0-or-later
# The command line itself: what needs no device.

load ../helpers

# says MESSAGE HINT: the last run's error, whole
says() { json_is '[.error.message, .error.hint] | join("; ")' "$1; $2"; }

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
	[[ $stderr == *"no such command: sav"*"hint: mlxmigctl --help lists them"* ]]
}

@test "an unknown option is named, before and after the command" {
	local words
	for words in --nope "-c --nope=3"; do
		# shellcheck disable=SC2086
		run_mlx 2 $words status
		error_is usage
		says "no such global option: --nope" "mlxmigctl --help lists them"
	done
	for words in --nope "--probe --nope=3" "3b:00.0 --nope -c"; do
		# shellcheck disable=SC2086
		run_mlx 2 status $words
		error_is usage
		says "no such option: --nope" "mlxmigctl status --help lists them"
	done
	run_mlx 2 status -cx 3b:00.0
	says "no such option: -x" "mlxmigctl status --help lists them"
	run_mlx 2 save --precopy-dirty 1K --raws a b
	says "no such option: --raws" "mlxmigctl save --help lists them"
}

@test "an option without its argument, or with one that it does not take, is named" {
	run_mlx 2 status --progress
	error_is usage
	says "--progress: its argument is missing: auto|text|json|none" "mlxmigctl status --help lists them"
	run_mlx 2 inspect image -l
	says "-l: its argument is missing: COUNT" "mlxmigctl inspect --help lists them"
	run_mlx 2 save --raw=yes a b
	says "--raw takes no argument" "mlxmigctl save --help lists them"
	run_mlx 2 save --precopy-=1 a b
	says "--precopy- is short for more than one option" "mlxmigctl save --help lists them"
}

@test "too few and too many operands" {
	run_mlx 2 save
	error_is usage
	says "save: DEVICE is missing" "it takes DEVICE FILE|-, or --dir DIR DEVICE...: see mlxmigctl save --help"
	run_mlx 2 load
	says "load: DEVICE and FILE are missing" "it takes DEVICE FILE|-: see mlxmigctl load --help"
	run_mlx 2 load 0000:01:00.1
	says "load: FILE is missing" "it takes DEVICE FILE|-: see mlxmigctl load --help"
	run_mlx 2 step 0000:01:00.1
	says "step: STATE[=FILE] is missing" "it takes DEVICE STATE[=FILE]...: see mlxmigctl step --help"
	run_mlx 2 inspect
	says "inspect: FILE is missing" "it takes FILE: see mlxmigctl inspect --help"
	local verb
	for verb in bind unbind caps state reset hold; do
		run_mlx 2 $verb
		error_is usage
		json_is .error.message "$verb: DEVICE is missing"
	done
	run_mlx 2 load 0000:01:00.1 file more
	error_is usage
	says "more: one operand too many" "it takes DEVICE FILE|-: see mlxmigctl load --help"
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

@test "what is not UTF-8 in a name costs no document" {
	run_mlx 3 inspect $'/nope/\xff.mig'
	error_is no_such_file
	json_is '.error.message | contains("/nope/\ufffd.mig")' true
	run_mlx 3 state $'vf\xc3'
	error_is no_such_device
	json_is .error.device $'vf\xef\xbf\xbd'
	run_mlx 2 $'sav\xe9'
	error_is usage
	cd "$BATS_TEST_TMPDIR"
	printf 'no stream of any records' >$'f\xff'
	run_mlx 0 inspect $'f\xff'
	json_is .file $'f\xef\xbf\xbd'
}

@test "what a terminal would obey is not passed on to it" {
	run_mlx 3 inspect $'no\e[2J\xc2\x9bfile'
	[[ $stderr == *'no?[2J?file'* ]]
	[[ $stderr != *$'\e'* && $stderr != *$'\xc2\x9b'* ]]
	[[ $(json .error.message) == *$'\e'* ]]
}

@test "the version and the help must be written, too" {
	local arguments
	for arguments in --version --help "save --help"; do
		run --separate-stderr bash -c "'$MLX' $arguments >/dev/full"
		[ "$status" -eq 1 ]
		[[ $stderr == *"No space left"* ]]
	done
}

@test "descriptors that the caller closed are not taken for files" {
	cd "$BATS_TEST_TMPDIR"
	printf 'no stream of any records' >stream
	run bash -c "'$MLX' inspect stream 0<&- 2>&-"
	[ "$status" -eq 0 ]
	json_is .kind unknown
	# closed, it is no place to write to, and neither file nor device takes its number
	run --separate-stderr bash -c "'$MLX' inspect stream >&-"
	[ "$status" -eq 1 ]
	[[ $stderr == *"Bad file descriptor"* ]]
	[ "$(cat stream)" = 'no stream of any records' ]
}

@test "dirty wants ranges of whole pages that do not overlap, and a time" {
	local words
	for words in "" "--range 4096:4096" "--for 1" "--range 1:4096 --for 1" "--range 4096 --for 1" "--range 0:0 --for 1" \
		"--range 0:8K --range 4K:4K --for 1" "--range 0:4K --for 0" "--range 0:4K --for 1x" "--range 0:4K --for 1 --page-size 4097" \
		"--range 0:4K --for 1 --interval 0" "--range 0:1000T --for 1" "--range 0xfffffffffffff000:8K --for 1"; do
		# shellcheck disable=SC2086 # words
		run_mlx 2 dirty $words 0000:01:00.1
		error_is usage
	done
}

@test "an empty --sysroot, as of a variable that is not set, is not the running host" {
	run_mlx 2 --sysroot= status
	error_is usage
}

@test "what a command refuses about its options is explained by that command's help" {
	run_mlx 2 unbind --none --driver vfio-pci 0000:3b:00.2
	json_is .error.hint "see mlxmigctl unbind --help"
	run_mlx 2 save --zstd=25 0000:3b:00.2 file
	json_is .error.hint "see mlxmigctl save --help"
	run_mlx 2 bind --driver a/b 0000:3b:00.2
	json_is .error.hint "see mlxmigctl bind --help"
	run_mlx 2 step --raw --zstd 0000:3b:00.2 STOP_COPY=file
	json_is .error.hint "see mlxmigctl step --help"
}
