# SPDX-License-Identifier: GPL-2.0-or-later
# What root writes into a directory in which another user writes, too. The writers are extract and pack, whose file is
# written as save writes its own.

load ../helpers
load ../streams

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_streams
	"$MLX" extract --device -o device.json image
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root, and another user"
	cd "$BATS_FILE_TMPDIR" || return
	# In memory: what a busy disk takes is no other user's doing.
	make_dir "$([ -k /dev/shm ] && echo /dev/shm || echo /tmp)"
}

# make_dir WHERE: a sticky directory, which the other user reaches: the tests' own are root's alone
make_dir() {
	rm -rf "${dir-/nonexistent}"
	dir=$(mktemp -d "$1/mlxmigctl-hostile.XXXXXX")
	chmod 1777 "$dir"
	out=$dir/state
}

teardown() {
	[ -z "${reader-}" ] || kill "$reader" 2>/dev/null || true
	rm -rf "${dir-/nonexistent}"
}

# attacker COMMAND...: as the other user
attacker() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }

# attack COMMAND: as the other user, in the directory
attack() { attacker bash -c "cd $dir && $1"; }

# attacks COMMAND: as attack, in the background, as $reader
attacks() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups bash -c "cd $dir && exec $1" >stolen 3>&- 4>&- &
	reader=$!
}

# writes STATUS [OPTION...]: the stream into $out, within seconds: beside other work a file's sync alone can take one
writes() {
	local before=$EPOCHREALTIME
	run_mlx "$1" extract "${@:2}" -o "$out" image
	took=$((${EPOCHREALTIME/./} - ${before/./}))
	[ "$took" -lt $(($(slowly 5) * 1000000)) ] && return
	echo "extract: $took microseconds"
	return 1
}

# arrived: the whole stream has the name, and is root's alone
arrived() {
	cmp stream "$out"
	[ "$(stat -c '%u %a %h %F' "$out")" = "0 600 1 regular file" ]
}

# begin_pack: an image into $out, of a stream that ends with end_pack; both have descriptor 7
begin_pack() {
	mkfifo "$dir/.stream"
	"$MLX" pack "$@" --device device.json -o "$out" - <"$dir/.stream" >document 2>words 3>&- 4>&- &
	packer=$!
	exec 7>"$dir/.stream"
	head -c 1000000 stream >&7
	# It has begun when it has read.
	head -c 1000000 <(tail -c +1000001 stream) >&7
}

end_pack() {
	tail -c +2000001 stream >&7
	exec 7>&-
	status=0
	wait "$packer" || status=$?
	[ "$status" -eq "$1" ]
}

# kept: the one file that is kept, as the message names it
kept() {
	local name
	name=$(jq -r .error.message document)
	name=${name#*the whole file is kept as }
	name=$dir/${name%%:*}
	[ -f "$name" ]
	grep -qF "${name##*/}" <(jq -r .error.hint document)
	[ "$(stat -c '%u %a' "$name")" = "0 600" ]
	run_mlx 0 verify "$name"
	json_is .files[0].good true
}

@test "another user's FIFO under the name gets nothing" {
	attack "mkfifo -m 666 state"
	attacks "cat state"
	writes 6
	error_is permission
	[[ $stderr == *"$out is a FIFO or device of user $(id -u nobody), in a directory where other users may write"* ]]
	writes 6 --overwrite
	error_is permission
	[ ! -s stolen ]
	run_mlx 6 pack --device device.json -o "$out" stream
	error_is permission
	[ ! -s stolen ]
	run_mlx 6 inspect --svg "$out" image
	error_is permission
	[ ! -s stolen ]
}

@test "... nor without a reader, for which nothing waits" {
	attack "mkfifo -m 666 state"
	writes 6
	error_is permission
}

@test "... nor in a directory of that user, or of that user's group" {
	attack "mkfifo -m 666 state"
	chmod 755 "$dir" && chown nobody "$dir"
	writes 6
	error_is permission
	chown root:nogroup "$dir" && chmod 775 "$dir"
	writes 6
	error_is permission
}

@test "a FIFO of root is written, in that directory, too" {
	mkfifo "$out"
	timeout 20 cat "$out" >copy 3>&- 4>&- &
	writes 0
	wait $!
	cmp stream copy
}

@test "a FIFO of root with a second name may stand for one that another user has chosen" {
	mkfifo "$dir/elsewhere"
	ln "$dir/elsewhere" "$out"
	writes 6
	error_is permission
}

@test "another user's FIFO in a directory of root alone is root's own choice" {
	mkfifo "$out" && chown nobody "$out"
	chmod 755 "$dir"
	timeout 20 cat "$out" >copy 3>&- 4>&- &
	writes 0
	wait $!
	cmp stream copy
}

@test "another user's device is refused, and root's is written" {
	make_dir /tmp
	mknod "$out" c 1 3 || skip "no device can be made here"
	writes 0
	chown nobody "$out"
	writes 6
	error_is permission
	[ -c "$out" ]
}

@test "a block device is replaced only on request" {
	make_dir /tmp
	mknod "$out" b 0 0 || skip "no device can be made here"
	writes 1
	error_is exists
	[[ $stderr == *"is a block device"* ]]
	[ -b "$out" ]
}

@test "a socket is no file" {
	attacker /usr/bin/python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$out')"
	writes 2
	error_is usage
	[[ $stderr == *"is a socket"* ]]
}

@test "a symbolic link is not followed, wherever it leads" {
	local to
	echo mine >"$dir/mine"
	for to in "$dir/mine" "$dir/nowhere" /dev/zero state /proc/self/fd/1; do
		attack "ln -sf $to state"
		writes 1
		error_is exists
		writes 1 --overwrite
		error_is exists
	done
	[ "$(cat "$dir/mine")" = mine ]
	[ ! -e "$dir/nowhere" ]
}

@test "a directory is no file" {
	attack "mkdir state"
	writes 2 --overwrite
	error_is usage
}

@test "another user's file is replaced only on request, and never written to" {
	attack "echo theirs >state; chmod 666 state; ln state second"
	exec 8<"$out"
	writes 1
	error_is exists
	writes 0 --overwrite
	arrived
	[ "$(cat <&8)" = theirs ]
	[ "$(cat "$dir/second")" = theirs ]
	exec 8<&-
}

@test "what stands under temporary names is neither waited for nor removed" {
	local name make
	for name in .state.mlxmigctl .state.0123456789ab.mlxmigctl; do
		for make in "mkfifo $name" "mkdir $name" "echo x >$name" "echo x >other; ln other $name" \
			"ln -s /dev/zero $name" "ln -s nowhere $name"; do
			attack "$make"
			writes 0
			arrived
			[ -e "$dir/$name" ] || [ -L "$dir/$name" ]
			rm -rf "${dir:?}/$name" "$dir/other" "$out"
			attack "$make"
			echo mine >"$out"
			writes 0 --overwrite
			arrived
			rm -rf "${dir:?}/$name" "$dir/other" "$out"
		done
	done
}

@test "another user's lock is not waited for" {
	local name
	for name in .state.mlxmigctl .state.0123456789ab.mlxmigctl state; do
		attack "touch $name"
		attacks "flock -F $name sleep 20"
		for _ in {1..200}; do
			flock -n "$dir/$name" true || break
			sleep 0.01
		done
		writes 0 --overwrite
		arrived
		kill "$reader"
		rm -f "$dir/$name" "$out"
	done
}

@test "a directory full of such names costs no more than a second" {
	attack "seq 100000 100000000 3000000000000 | head -n 30000 | sed 's/.*/.state.&.mlxmigctl/; s/[.]0*\(............\)[.]/.\1./' | xargs touch"
	writes 0
	arrived
}

@test "a file that appears meanwhile costs no work" {
	begin_pack
	attack "echo theirs >state"
	end_pack 1
	[ "$(jq -r .error.code document)" = exists ]
	[ "$(cat "$out")" = theirs ]
	kept
}

@test "... nor a FIFO, which nothing is written into" {
	begin_pack
	attack "mkfifo -m 666 state"
	end_pack 1
	[ "$(jq -r .error.code document)" = exists ]
	[ -p "$out" ]
	kept
}

@test "... nor a directory, with --overwrite" {
	begin_pack --overwrite
	attack "mkdir -p state/not-empty"
	end_pack 1
	kept
}

@test "... nor a link, with --overwrite, which is replaced" {
	echo mine >"$dir/mine"
	begin_pack --overwrite
	attack "ln -s mine state"
	end_pack 0
	[ "$(cat "$dir/mine")" = mine ]
	[ "$(stat -c '%u %a %F' "$out")" = "0 600 regular file" ]
}

@test "an unprivileged writer keeps its data where another user's file has the name" {
	echo root >"$out"
	cp stream "$dir/in" && chmod 644 "$dir/in"
	run attacker timeout 5 "$MLX" extract --overwrite -o "$out" "$dir/in"
	[ "$status" -eq 6 ]
	[[ $output == *"the whole file is kept as state."* ]]
	[ "$(cat "$out")" = root ]
	cmp stream "$dir"/state.????????????
}

@test "a killed writer leaves nothing that can be found" {
	begin_pack
	kill -KILL "$packer"
	wait "$packer" || true
	exec 7>&-
	rm "$dir/.stream"
	[ -z "$(ls -A "$dir")" ]
}
