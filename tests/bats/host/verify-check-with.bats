# SPDX-License-Identifier: GPL-2.0-or-later
# A command of the user's that says whether a file is to be trusted (--check-with).
# shellcheck disable=SC2016 # the shell that runs the command expands its variables

load ../helpers
load ../streams
load ../trees

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
}

setup() {
	cp -r "$BATS_FILE_TMPDIR/." "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
}

@test "a command that ends with status 0 accepts the file, which is its standard input and named to it" {
	local command='cat >seen; printf %s "$MLXMIGCTL_FILE" >named'
	run_mlx 0 verify --check-with "$command" ./image
	json_is '[.good, .not_trusted, .unread]' '[1,0,0]'
	json_is '.files[0] | [.good, .error]' '[true,null]'
	json_is '.files[0].checked_with' "$command"
	cmp seen image
	[ "$(<named)" = ./image ]
	run_mlx 0 verify -t --check-with true image
	[[ $output == *$'\nchecked with: true'* ]]
	run_mlx 0 verify image
	json_is '.files[0].checked_with' null
}

@test "another status is an error of its own, and its words come through on standard error" {
	run_mlx 9 verify --check-with 'echo signature is wrong >&2; echo on stdout; exit 3' image
	error_is not_trusted
	[[ $stderr == *"signature is wrong"* && $stderr == *"on stdout"* ]]
	[[ $stderr == *"image: the command of --check-with does not accept it: exit status 3"* && $stderr == *"hint: do not load it"* ]]
	json_is '.result | [.good, .damaged, .unread, .unjudged, .not_trusted]' '[0,0,0,0,1]'
	json_is '.result.files[0] | [.good, .kind, .checked_with, .error.code]' '[false,"image",null,"not_trusted"]'
	run_mlx 9 verify --check-with 'no-such-program' image
	[[ $stderr == *"exit status 127"* && $stderr == *"hint: the shell did not find a command"* ]]
	run_mlx 9 verify --check-with 'kill -KILL $$' image
	[[ $stderr == *"ended by SIGKILL"* ]]
}

@test "several files: each is checked for itself, and damage speaks first" {
	local command='[ "$MLXMIGCTL_FILE" != image.zst ]'
	run_mlx 9 verify --check-with "$command" image image.zst stream
	json_is '[.result.files[] | [.file, .good, .checked_with == null]]' '[["image",true,false],["image.zst",false,true],["stream",true,false]]'
	flipped image 3000000
	run_mlx 8 verify --check-with "$command; exit 1" image flipped
	error_is damaged
	json_is '[.result | .damaged, .not_trusted]' '[1,1]'
}

@test "a damaged file is not worth running the command for" {
	flipped image 3000000
	run_mlx 8 verify --check-with 'touch ran' flipped
	run_mlx 14 verify --check-with 'touch ran' bare
	json_is '.result.files[0].checked_with' null
	[ ! -e ran ]
}

@test "an empty command, which would accept any file, is a usage error" {
	run_mlx 2 verify --check-with '' image
	error_is usage
	run_mlx 2 verify --check-with ' ' image
	error_is usage
	run_mlx 2 load --check-with '' 0000:01:00.1 image
	error_is usage
	run_mlx 2 hold --check-with true 0000:01:00.1
	[[ $stderr == *"--check-with goes with --load"* ]]
	run_mlx 2 step --check-with true 0000:01:00.1 STOP_COPY=out STOP
	[[ $stderr == *"--check-with is for RESUMING=FILE"* ]]
	run "$MLX" __complete verify --check
	[[ $output == --check-with=$'\t'* ]]
	run "$MLX" __complete load --check-with ''
	[ -z "$output" ]
}

@test "only a regular file can be checked, and another one is never waited for" {
	mkfifo fifo
	run --separate-stderr timeout 10 "$MLX" verify --check-with true fifo
	[ "$status" -eq 2 ]
	[[ $stderr == *"fifo is not a regular file"* && $stderr == *"hint: write it to a regular file first"* ]]
	run --separate-stderr bash -c 'cat image | "$0" verify --check-with true -' "$MLX"
	[ "$status" -eq 2 ]
	[[ $stderr == *"standard input is not a regular file"* ]]
	run --separate-stderr "$MLX" verify --check-with 'cmp - image && [ -z "${MLXMIGCTL_FILE-unset}" ]' - <image
	[ "$status" -eq 0 ]
}

@test "standard input is checked from where it begins in its file, which the command does not move" {
	{ head -c 1000 /dev/zero && cat image; } >behind
	run --separate-stderr bash -c 'exec <behind; dd bs=1000 count=1 status=none >/dev/null; exec "$0" verify --check-with "cmp - image" -' "$MLX"
	[ "$status" -eq 0 ]
	json_is '.files[0] | [.file, .good]' '["-",true]'
}

@test "a file that is open for writing, or is opened for it meanwhile, is refused" {
	exec {writer}>>image
	run_mlx 5 verify --check-with true image
	error_is busy
	[[ $stderr == *"a process has image open for writing"* ]]
	exec {writer}>&-
	run_mlx 0 verify --check-with true image
	# The process that opens it waits for the end of the lease; one that does not wait is refused, and seen all the same.
	run_mlx 9 verify --check-with 'dd oflag=append,nonblock conv=notrunc of="$MLXMIGCTL_FILE" </dev/null 2>/dev/null; true' image
	error_is not_trusted
	[[ $stderr == *"image was changed, or opened for writing, while it was checked"* ]]
	run_mlx 0 verify --check-with true image
}

# As nobody, of whom a file of root's gets no lease
@test "where there is no lease a change is found by the file's times" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" 2>/dev/null
	chmod 666 image
	as_nobody() { setpriv --reuid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }
	as_nobody test -r "$PWD/image" || skip "nobody cannot reach $PWD"
	run --separate-stderr as_nobody "$MLX" verify --check-with true image
	[ "$status" -eq 0 ]
	run --separate-stderr as_nobody "$MLX" verify --check-with 'sleep 0.1; printf x | dd of="$MLXMIGCTL_FILE" bs=1 seek=3000000 conv=notrunc status=none' image
	[ "$status" -eq 9 ]
	[[ $stderr == *"was changed, or opened for writing, while it was checked"* ]]
}

# ended_by SIGNAL STATUS COMMAND: while it hangs, the signal ends it and us
ended_by() {
	local pid child
	rm -f child
	"$MLX" verify --check-with "echo \$\$ >child; $3" image image.zst >document 2>words &
	pid=$!
	for _ in {1..100}; do [ ! -s child ] || break; sleep 0.05; done
	[ -s child ]
	sleep 0.1
	kill -"$1" "$pid"
	wait "$pid" && status=0 || status=$?
	child=$(<child)
	[ "$status" -eq "$2" ] || { cat words; return 1; }
	! kill -0 "$child" 2>/dev/null
}

@test "a signal ends a command that hangs, with all that it has started" {
	ended_by TERM 143 'sleep 977 & sleep 977'
	output=$(<document) stderr=$(<words)
	error_is interrupted
	! pgrep -f '^sleep 977$'
	# It ignores SIGTERM.
	ended_by TERM 143 'trap "" TERM; while :; do sleep 1; done'
}

@test "a command has no terminal, and leaves no process behind" {
	run_mlx 0 verify --check-with 'sleep 976 & ! (exec </dev/tty) 2>/dev/null' image
	! pgrep -f '^sleep 976$'
}

@test "what the manual page shows works: sha256sum and gpgv" {
	sha256sum <image >image.sha256
	run_mlx 0 verify --check-with 'sha256sum --check --quiet "$MLXMIGCTL_FILE.sha256"' image
	flip image 3000000 4
	sha256sum <image >image.sha256
	cp "$BATS_FILE_TMPDIR/image" image
	run_mlx 9 verify --check-with 'sha256sum --check --quiet "$MLXMIGCTL_FILE.sha256"' image
	if ! command -v gpg >/dev/null || ! command -v gpgv >/dev/null; then skip "without gpg"; fi
	export GNUPGHOME=$BATS_TEST_TMPDIR/gnupg
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key test-key default sign 2>/dev/null
	gpg --batch --quiet --export test-key >trusted.gpg
	gpg --batch --quiet --detach-sign image
	gpgconf --kill all
	local command='gpgv --quiet --keyring "$PWD/trusted.gpg" "$MLXMIGCTL_FILE.sig" -'
	run_mlx 0 verify --check-with "$command" image
	cp image.sig image.zst.sig
	run_mlx 9 verify --check-with "$command" image.zst
	[[ $stderr == *"BAD signature"* ]]
}

# No device is behind this VF of a captured host: what accepts the file comes as far as opening it.
vf=0000:3b:00.7

@test "load, hold and step run the command before the device is opened" {
	plant two-port
	local command
	# It is on --sysroot that an accepted file fails.
	for command in "load $vf stream" "hold --load stream $vf" "step $vf RESUMING=stream STOP"; do
		read -ra words <<<"$command"
		on 9 "${words[0]}" --check-with 'echo no >&2; exit 1' "${words[@]:1}"
		error_is not_trusted
		json_is .error.device $vf
		[[ $stderr == *$'no\n'* ]]
		on 2 "${words[0]}" --check-with 'cmp - stream && touch ran' "${words[@]:1}"
		[[ $stderr == *--sysroot* ]]
		rm ran
	done
	flipped image 3000000
	on 8 load --force --check-with 'touch ran' $vf flipped
	[ ! -e ran ]
	run --separate-stderr bash -c 'cat stream | "$0" --sysroot "$1" load --check-with true "$2" -' "$MLX" "$SYSROOT" $vf
	[ "$status" -eq 2 ]
	[[ $stderr == *"standard input is not a regular file"* ]]
	on 5 load --check-with true $vf image 5>>image
	error_is busy
}

@test "a signal ends load while its command hangs" {
	plant two-port
	local pid
	"$MLX" --sysroot "$SYSROOT" load --check-with 'echo $$ >child; sleep 975' $vf stream >document 2>words &
	pid=$!
	for _ in {1..100}; do [ ! -s child ] || break; sleep 0.05; done
	kill -INT "$pid" 2>/dev/null
	kill -TERM "$pid"
	wait "$pid" && status=0 || status=$?
	[ "$status" -eq 143 ]
	output=$(<document) stderr=$(<words)
	error_is interrupted
	run kill -0 "$(<child)"
	[ "$status" -ne 0 ]
}
