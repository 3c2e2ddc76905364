# SPDX-License-Identifier: GPL-2.0-or-later
# Names and documents that others have made to do harm: no output has what a terminal obeys, and no hint what a shell executes.

load ../helpers
load ../streams
load ../trees

# make_texts: 1,000 texts with control characters between other ones, a line each as a string of JSON, in texts
make_texts() {
	python3 - <<-'END'
		import json, random
		random.seed(15)
		controls = ([*range(1, 0x20), 0x7f, *range(0x80, 0xa0), 0x61c, 0x200e, 0x200f]
			    + [*range(0x202a, 0x202f), *range(0x2066, 0x206a)])
		others = "az09._-:$();&|<>'\"\\`{}[]%* \u00e4\u4e2d\U0001f600"
		with open("texts", "w") as out:
		    for i in range(1000):
		        text = "".join(chr(random.choice(controls)) if random.random() < 0.4 else random.choice(others)
				       for _ in range(random.randint(1, 20)))
		        print(json.dumps(f"{i}{text}".replace("/", "_")), file=out)
	END
}

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	make_texts
	{ header 8 1 1 && le 1000 8 && header 1000 0 0 && noise 1000 1; } >stream
	"$MKIMAGE" 0 0 <stream >image
	tar -xOf image device.json >device.json
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# no_control FILE: nothing that a terminal obeys but newlines is in it
no_control() {
	[ -s "$1" ] || { echo "$1 is empty"; return 1; }
	! LC_ALL=C grep -anP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$1" |
		head -3 | cat -v | grep .
}

@test "names: of 1,000 files, none brings a control character into an output" {
	local files option
	python3 -c '
import json, os
os.mkdir("files")
for line in open("texts"):
    open(b"files/" + json.loads(line).encode(), "w").write("no image, but large enough to be looked into" * 20)'
	cd files
	"$MLX" verify ./* >../out 2>../err || true
	no_control ../out && no_control ../err
	[ "$(jq '.result.files | length' ../out)" -eq 1000 ]
	"$MLX" verify -t ./* >../out 2>../err || true
	no_control ../out && no_control ../err
	files=(./*)
	for option in --svg=- --map -x; do
		"$MLX" inspect "$option" "${files[7]}" >../out 2>../err || true
		cat ../out >>../err
		no_control ../err
	done
}

# Documents that the program makes of 1,000 others are in tests/unit/test_controls.c.
@test "names: of 200 documents of other hosts, none brings a control character into an output" {
	local i=0 status device
	: >out
	head -n 200 texts | jq -c --slurpfile is device.json '. as $text | $is[0] | .psid = $text | .product = $text |
		({schema: "mlxmigctl.status/1", devices: [.device = $text | .kind = "vf"]}, (.tool = $text | .more = {($text): $text}))' >bad
	while read -r status && read -r device; do
		printf '%s\n' "$status" >status.json
		printf '%s\n' "$device" >bad.json
		rm -f bad.image
		if ((++i % 2)); then
			"$MLX" compat image status.json
			"$MLX" pack -d bad.json -o bad.image stream
			"$MLX" inspect bad.image
		else
			"$MLX" compat -t status.json status.json
			"$MLX" pack -d bad.json -o bad.image stream
			"$MLX" inspect -t bad.image
		fi >>out 2>&1 || true
	done <bad
	no_control out
}

@test "names: of 1,000 processes, none brings a control character into status" {
	plant two-port
	python3 - "$SYSROOT" <<-'END'
		import json, os, sys
		for i, line in enumerate(open("texts")):
		    text = json.loads(line).encode()
		    there = f"{sys.argv[1]}/proc/{20000 + i}"
		    os.makedirs(there + "/fd")
		    os.symlink("/dev/vfio/devices/vfio0", there + "/fd/7")
		    open(there + "/comm", "wb").write(text[:15] + b"\n")
		    open(there + "/cmdline", "wb").write(text + b"\0-name\0guest=" + text + b"\0/var/lib/libvirt/qemu/domain-1-x/\0")
	END
	on 0 status
	printf '%s' "$output$stderr" >out
	no_control out
	[ "$(jq '.processes | length' out)" -gt 1000 ]
	# What is escaped is not lost.
	json_is '[.processes[].guest | strings | select(test("\u202e"))] | length > 0' true
	on 0 status -t
	printf '%s' "$output$stderr" >out
	no_control out
}

# read_back SHELL NAME: what that shell makes of the hint of a bind that the netdev NAME forbids
read_back() {
	mkdir -p bin
	printf '%s\n' '#!/bin/sh' 'printf "%s\n" "$@" >told' >bin/ip
	chmod +x bin/ip
	rm -f told pwned
	case $1 in
	zsh) PATH=$PWD/bin:$PATH zsh -f -c "$2" ;;
	fish) HOME=$PWD PATH=$PWD/bin:$PATH fish --no-config -c "$2" ;;
	*) PATH=$PWD/bin:$PATH "$1" -c "$2" ;;
	esac
	[ ! -e pwned ]
}

@test "names: a netdev's, in a hint, is one word for each shell" {
	local name shell names=('x$(>pwned)' 'x;>pwned' 'x`>pwned`' "x'>pwned'" 'x|tee&pwned' '=ls' '~' 'a*' 'x"$(>pwned)' '{a,b}' '!x' '#x' "';>pwned;'")
	for name in "${names[@]}"; do
		rm -rf users
		SYSROOT=
		plant users
		rename_netdev 0000:3b:01.6 "$name"
		on 5 bind 0000:3b:01.6
		[[ $(json .error.hint) == "ip link set "*" down, or use --force" ]] || { json .error; return 1; }
		for shell in bash zsh fish dash; do
			read_back "$shell" "$(json .error.hint | sed 's/, or use --force//')"
			diff <(printf '%s\n' link set "$name" down) told
		done
	done
}

# rename_netdev DEVICE NAME: its only netdev, which is up then
rename_netdev() {
	local dir=$SYSROOT/sys/bus/pci/devices/$1/net
	mkdir -p "$dir"
	rm -rf "${dir:?}"/*
	mkdir "$dir/$2"
	echo 0x1003 >"$dir/$2/flags"
}

@test "names: one that no quoting helps is a placeholder in a hint" {
	local name
	for name in -h '\x' "\\';>pwned;'" $'x\x1b[2J' $'x\u202ey' $'x\xff'; do
		plant users
		rename_netdev 0000:3b:01.6 "$name"
		on 5 bind 0000:3b:01.6
		json_is .error.hint 'ip link set INTERFACE down, or use --force'
		rm -r "$SYSROOT"
	done
}

@test "names: a file's, in a hint, is one word" {
	run_mlx 2 save --raw --zstd '0000:3b:00.2;id' x
	json_is .error.hint "compress a bare stream by a pipe: mlxmigctl save --raw '0000:3b:00.2;id' - | zstd"
	run_mlx 2 step 0000:3b:00.2 'PRE_COPY=$(id)' STOP
	json_is .error.hint "as in PRE_COPY='\$(id)' STOP_COPY STOP"
	run_mlx 2 hold --load '$(id)' 3b:00.2 3b:00.3
	json_is .error.hint "start one mlxmigctl hold for each, or hold them all, and then: mlxmigctl load 3b:00.2 '\$(id)'"
}
