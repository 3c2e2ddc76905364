# SPDX-License-Identifier: GPL-2.0-or-later
# Does a state fit? Images and documents of captured hosts against each other.

load ../helpers
load ../trees
load ../streams

# A host's status, and its device.json in an image and alone.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	{ header 8 1 1 && le 100000 8 && header 100000 0 0 && noise 100000 1; } >stream
	noise 100000 3 >bare
	"$MKIMAGE" 0 0 <stream >image
	"$MKIMAGE" 0 3 <stream >image.zst
	"$MKIMAGE" 0 0 <bare >image.bare
	"$MLX" inspect image >inspected
	tar -xOf image device.json >device.json
	jq -n --slurpfile is device.json '{schema: "mlxmigctl.status/1", devices: [
		$is[0] + {device: "0000:5e:00.0", kind: "pf"},
		$is[0] + {device: "0000:5e:00.2", kind: "vf",
			migration: {stop_copy: true, p2p: true, pre_copy: (($is[0].features.flags / 4 | floor) % 2 == 1)},
			stream_formats: {writes: "records", reads: ["records", "bare"]}}]}' >status.json
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

# vf CHANGE >status: the VF in status.json, changed by a filter
vf() { jq ".devices[1] |= ($1)" status.json; }

# fact NAME WANTED: [fit, source, target] of a fact of the only pair
fact() { json_is ".pairs[0].facts[] | select(.fact == \"$1\") | [.fit, .source, .target]" "$2"; }

@test "compat: equal devices fit, and a PF is nobody's target" {
	run_mlx 0 compat image status.json
	json_is '[.schema, .fit, .source, .target]' \
		'["mlxmigctl.compat/1","yes",{"name":"image","kind":"image","devices":1},{"name":"status.json","kind":"document","devices":1}]'
	json_is '[.pairs, .pairs_not_listed, .without_target]' \
		'[[{"source":"0000:3b:00.2","target":"0000:5e:00.2","fit":"yes","facts":[]}],0,[]]'
	run_mlx 0 compat -t image status.json
	grep -qx 'fit: fits' <<<"$output"
	grep -qx 'pair: 0000:3b:00.2 to 0000:5e:00.2: fits' <<<"$output"
}

@test "compat: mediated devices, which have no ids, by their type" {
	mdev() {
		jq '.devices[1] |= (. + {kind: "other", driver: "mtty", mdev_type: "mtty-2", stream_formats: null}
			| .vendor_id = null | .device_id = null | .subsystem_vendor_id = null | .subsystem_id = null | '"$1"')' status.json
	}
	mdev . >mdev.json
	run_mlx 0 compat mdev.json mdev.json
	json_is '[.fit, (.pairs | length)]' '["yes",1]'
	mdev '.mdev_type = "mtty-1"' >other.json
	run_mlx 8 compat mdev.json other.json
	fact mdev_type '["forbids","mtty-2","mtty-1"]'
	run_mlx 8 compat image mdev.json
	fact vendor_id '["forbids","15b3","0000"]'
	# A VF has its ids.
	vf '.vendor_id = null' >other.json
	run_mlx 8 compat image other.json
	error_is damaged
}

@test "compat: what the firmware's vendor demands forbids, each fact with its reason" {
	local id
	for id in vendor_id device_id; do
		vf ".$id = \"1018\"" >other.json
		run_mlx 8 compat image other.json
		json_is '[.fit, .without_target]' '["forbids",["0000:3b:00.2"]]'
		json_is '[.pairs[0].facts[].fact]' "[\"$id\"]"
		json_is '.pairs[0].facts[0].reason | length > 20' true
		[ -z "$stderr" ]
	done
	vf '.psid = "MT_0000000999" | .fw_version = "28.43.1000"' >other.json
	run_mlx 8 compat image other.json
	fact psid '["forbids","MT_0000000834","MT_0000000999"]'
	json_is '[.pairs[0].facts[] | .fact + " " + .fit]' '["psid forbids","fw_version forbids"]'
	run_mlx 8 compat -t image other.json
	[[ $output == *"DOES NOT FIT"*"psid"*"forbids"*"same board type"* ]]
}

@test "compat: differing features warn, and do not forbid" {
	local flags
	for flags in '{stop_copy: true, p2p: true, pre_copy: true}|0x7' '{stop_copy: true}|0x1' '{}|0x0'; do
		vf ".migration = ${flags%|*}" >other.json
		run_mlx 0 compat image other.json
		json_is .fit warns
		fact features "[\"warns\",\"0x3\",\"${flags#*|}\"]"
		run_mlx 0 compat other.json image
		fact features "[\"warns\",\"${flags#*|}\",\"0x3\"]"
	done
}

@test "compat: the target's driver must read what the source's wrote" {
	vf '.stream_formats = {writes: "bare", reads: ["bare"]}' >old.json
	vf '.stream_formats = {writes: "records", reads: ["records"]}' >new.json
	run_mlx 8 compat image old.json
	fact stream_format '["forbids","records","bare"]'
	run_mlx 8 compat image.bare new.json
	fact stream_format '["forbids","bare","records"]'
	run_mlx 0 compat image.bare old.json
	run_mlx 0 compat image.bare status.json
	run_mlx 0 compat image new.json
	run_mlx 0 compat status.json new.json
	run_mlx 8 compat old.json new.json
	run_mlx 8 compat new.json old.json
	json_is '[.pairs[0].facts[].fact]' '["stream_format"]'
}

@test "compat: what one side does not tell warns" {
	vf '.psid = null | .migration = null | .stream_formats = null' >other.json
	run_mlx 0 compat image other.json
	json_is .fit warns
	fact psid '["warns","MT_0000000834",null]'
	fact features '["warns","0x3",null]'
	fact stream_format '["warns","records",null]'
	# On neither side: there is nothing to say.
	run_mlx 0 compat other.json other.json
	json_is '[.fit, .pairs[0].facts]' '["yes",[]]'
}

@test "compat takes images, compressed ones, pipes, and every document of a device" {
	local source
	for source in image image.zst inspected; do
		run_mlx 0 compat "$source" status.json
		json_is '[.fit, .pairs[0].source]' '["yes","0000:3b:00.2"]'
	done
	# It has no stream whose form it could tell.
	run_mlx 0 compat device.json status.json
	json_is '[.fit, .source.kind, .pairs[0].facts[].fact]' '["warns","document","stream_format"]'
	run --separate-stderr bash -c "cat image.zst | '$MLX' compat - status.json"
	json_is '[.fit, .source.name, .source.kind]' '["yes","-","image"]'
	run --separate-stderr bash -c "cat status.json | '$MLX' compat image -"
	json_is '[.fit, .target.kind]' '["yes","document"]'
	head -c -2000 image >cut
	"$MLX" inspect cut >inspected.cut 2>/dev/null || true
	run_mlx 0 compat inspected.cut status.json
	json_is .fit yes
}

@test "compat: each of the source must fit one of the target, and all pairs are told" {
	jq '.devices += [.devices[1] | .device = "0000:5e:00.3" | .fw_version = "28.43.1000"]' status.json >two.json
	run_mlx 0 compat image two.json
	json_is '[.fit, .target.devices, .without_target, [.pairs[] | .target + " " + .fit]]' \
		'["yes",2,[],["0000:5e:00.2 yes","0000:5e:00.3 forbids"]]'
	run_mlx 8 compat two.json status.json
	json_is '[.fit, .without_target, (.pairs | length)]' '["forbids",["0000:5e:00.3"],2]'
	run_mlx 0 compat --limit 3 two.json two.json
	json_is '[.fit, (.pairs | length), .pairs_not_listed]' '["yes",3,1]'
	run_mlx 8 compat --limit 0 two.json status.json
	json_is '[.fit, .pairs, .pairs_not_listed, .without_target]' '["forbids",[],2,["0000:5e:00.3"]]'
}

@test "compat: a captured host's VF is a target, and its PF is not" {
	plant two-port
	echo records >"$BATS_TEST_TMPDIR/records"
	on 0 compat image 0000:3b:00.4
	json_is '[.fit, .target.kind, .pairs[0].target]' '["warns","device","0000:3b:00.4"]'
	# Nobody told the firmware of a captured host, and its devices cannot be asked.
	json_is '[.pairs[0].facts[] | .fact + " " + (.target | tostring)]' \
		'["psid null","fw_version null","features null","stream_format null"]'
	install -D "$BATS_TEST_TMPDIR/records" "$SYSROOT/sys/module/mlx5_vfio_pci/parameters/stream_format"
	on 0 compat image 3b:00.4
	json_is '[.pairs[0].facts[].fact]' '["psid","fw_version","features"]'
	on 0 status 3b:00.4
	json_is '.devices[0].stream_formats' '{"writes":"records","reads":["records","bare"]}'
	echo bare >"$SYSROOT/sys/module/mlx5_vfio_pci/parameters/stream_format"
	on 0 status 3b:00.4 3b:00.7
	json_is '[.devices[].stream_formats]' '[{"writes":"bare","reads":["records","bare"]},null]'
	on 0 status
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/status"
	on 0 compat "$BATS_TEST_TMPDIR/status" 3b:00.4
	json_is '[.source.devices, (.pairs | length)]' '[7,7]'
	on 4 compat image 3b:00.0
	error_is not_a_vf
	# A file goes before a device of that name.
	cp "$BATS_FILE_TMPDIR/status.json" "$BATS_TEST_TMPDIR/3b:00.4"
	cd "$BATS_TEST_TMPDIR" || return
	on 0 compat "$BATS_FILE_TMPDIR/image" 3b:00.4
	json_is '.target.kind' document
}

@test "compat says what it cannot take" {
	run_mlx 3 compat image nothing.here
	error_is no_such_device
	[[ $stderr == *"no file of that name either"* ]]
	run_mlx 8 compat bare status.json
	error_is damaged
	[[ $stderr == *"bare stream"* ]]
	run_mlx 8 compat image stream
	error_is damaged
	head -c 50000 image >cut
	run_mlx 8 compat cut status.json
	error_is damaged
	jq '.schema = "mlxmigctl.status/2"' status.json >newer.json
	run_mlx 8 compat image newer.json
	error_is incompatible
	jq '.devices |= map(select(.kind == "pf"))' status.json >pfs.json
	run_mlx 3 compat image pfs.json
	error_is no_such_device
	[[ $stderr == *"pfs.json: it tells of no VF"* ]]
	vf 'del(.psid)' >less.json
	run_mlx 8 compat image less.json
	error_is damaged
	[[ $stderr == *"less.json: its psid is missing"* ]]
	for bad in '{"schema": "mlxmigctl.status/1"}' '{"schema": "mlxmigctl.status/1", "devices": 7}' '[]' '{}' '{"devices": [{}]}'; do
		echo "$bad" >bad.json
		run_mlx 8 compat image bad.json
		error_is damaged
	done
	head -c 20M /dev/zero | tr '\0' ' ' >spaces
	run_mlx 2 compat image spaces
	run_mlx 2 compat - -
	error_is usage
	run_mlx 2 compat image
	run_mlx 2 compat --limit few image status.json
}

@test "compat knows the form of a stream whose first members are short" {
	vf '.stream_formats = {writes: "bare", reads: ["bare"]}' >old.json
	run_mlx 0 pack --overwrite --precopy 8 --device device.json -o short.mig stream
	run_mlx 8 compat short.mig old.json
	fact stream_format '["forbids","records","bare"]'
}

@test "compat: a document of senselessly many devices is refused before they are compared" {
	jq '.devices = [range(5000) as $i | .devices[1] | {device, kind}]' status.json >many.json
	run_mlx 8 compat image many.json
	error_is damaged
	[[ $stderr == *"its devices is missing or senseless"* ]]
}
