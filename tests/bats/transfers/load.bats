# SPDX-License-Identifier: GPL-2.0-or-later
# load: images and bare streams into a device, and what it refuses.

# The control group has those with the tag control: enough to see the tool with the in-tree driver.
# bats file_tags=ours

load ../helpers
load ../lab
load ../transfer

setup_file() {
	run_mlx 0 bind $VF0 $VF1
	save_images
}

teardown_file() {
	run_mlx 0 unbind $VF0 $VF1
}

setup() {
	not_61
	cd "$BATS_TEST_TMPDIR"
	hold $VF1
	labvf $VF1 fill 99
}

teardown() {
	fault ""
	lab-prop set load-bandwidth 0
	[ -z "${other_firmware:-}" ] || lab-prop set fw-version 28.41.1000
	release
}

# untouched: VF1 runs on and was not reset
untouched() {
	state_is $VF1 RUNNING
	labvf $VF1 check 99
}

# lost: VF1 was reset, runs, and can be loaded
lost() {
	json_is '[.result.contents, .result.state, .result.kept]' '["lost","RUNNING",false]'
	state_is $VF1 RUNNING
	[ "$(labvf $VF1 get suspended)" -eq 0 ]
	run_mlx 0 load $VF1 "$IMAGES/image"
	has_the_state $VF1
}

# bats test_tags=control
@test "load: the state arrives whole, and the device stands still with it" {
	run_mlx 0 load $VF1 "$IMAGES/image"
	json_is .schema mlxmigctl.load/1
	json_is '[.device, .access, .contents, .kept, .from, .state, .format]' \
		'["0000:01:00.2","borrowed","loaded",true,"RUNNING","STOP","image"]'
	json_is '[.arcs[].to]' '["RUNNING_P2P","STOP","RESUMING","STOP"]'
	json_is '[.identity, .identity_fit]' '[[],"yes"]'
	json_is '.verify_ns > 0 and .duration_ns > 0' true
	local digest
	digest=$(json .xxh3_128)
	[ "$digest" = "$(tar -xOf "$IMAGES/image" manifest.json | jq -r .xxh3_128)" ]
	[ "$digest" = "$(tar -xOf "$IMAGES/image" --wildcards 'state/*' | xxhsum -H2 | cut -d' ' -f1)" ]
	has_the_state $VF1
	state_is $VF1 STOP
	[ "$(labvf $VF1 get suspended)" -eq 3 ]
	# and it is one that runs
	run_mlx 0 step $VF1 RUNNING
	[ "$(labvf $VF1 get suspended)" -eq 0 ]
}

@test "load --then RUNNING: it goes on from there" {
	run_mlx 0 load --then RUNNING $VF1 "$IMAGES/image"
	json_is '[.state, .contents]' '["RUNNING","loaded"]'
	labvf $VF1 check 11
	[ "$(labvf $VF1 get suspended)" -eq 0 ]
}

@test "load: into a device whose holder ends meanwhile: not kept, and it says so" {
	local load
	lab-prop set load-bandwidth 1000000
	"$MLX" load $VF1 "$IMAGES/image" >document 2>words 3>&- 4>&- &
	load=$!
	labvf $VF1 await suspended 3
	release
	wait $load
	lab-prop set load-bandwidth 0
	jq -e '.access == "borrowed" and .contents == "loaded" and .kept == false' document
	jq -e '.warnings | any(test("nobody holds the device"))' document
}

@test "load: into a free device succeeds, and is gone with the command" {
	release
	run_mlx 0 load $VF1 "$IMAGES/image"
	json_is '[.access, .fresh, .contents, .kept]' '["opened",true,"loaded",false]'
	[[ $(json '.warnings[]') == *"mlxmigctl hold"* ]]
}

@test "load -t: in words, and whether the source fits or nobody checked" {
	run_mlx 0 load -t $VF1 "$IMAGES/image"
	[[ $output == "device: 0000:01:00.2, borrowed from mlxmigctl-hold (pid $HOLD_PID)"$'\ncontents: loaded, kept by its holder\nidentity: fits\n'* ]]
	[[ $output == *$'\nstate: STOP, from RUNNING\n'* ]]
	[[ $output =~ stop_copy\ +[0-9]+\ +[0-9]+\ +[0-9.]+\ m?s\ +[0-9.]+\ [KMG]iB/s$ ]]
	run_mlx 0 load -t $VF1 "$IMAGES/stream"
	[[ $output == *$'\nidentity: not checked: a bare stream does not tell its device\n'* ]]
	[[ $output == *$'\nwarning: a bare stream'* ]]
	head -c "$(in_second "$IMAGES/image")" "$IMAGES/image" >bad
	run_mlx 8 load -t $VF1 - < <(cat bad)
	[[ $output == *$'\ncontents: lost\n'* && $output != *stopped* && $stderr == *"truncated"* ]]
}

@test "load: a bare stream, which says that nobody knows its source" {
	run_mlx 0 load $VF1 "$IMAGES/stream"
	json_is '[.format, .contents, .identity, .identity_fit]' '["stream","loaded",null,null]'
	[[ $(json '.warnings[]') == *"bare stream"* ]]
	has_the_state $VF1
}

@test "load: from a pipe, image, compressed image and bare stream" {
	run_mlx 0 load $VF1 - < <(cat "$IMAGES/image")
	json_is '[.file, .verify_ns, .contents]' '["-",null,"loaded"]'
	has_the_state $VF1
	zstd -q "$IMAGES/image" -o image.zst
	run_mlx 0 load $VF1 - < <(cat image.zst)
	json_is '[.compressed, .contents]' '[true,"loaded"]'
	has_the_state $VF1
	run_mlx 0 load $VF1 - < <(cat "$IMAGES/stream")
	has_the_state $VF1
}

@test "load: standard input that is a file is verified like one" {
	run_mlx 0 load $VF1 - <"$IMAGES/image"
	json_is '.verify_ns > 0' true
	has_the_state $VF1
}

# bats test_tags=control
@test "save A - | load B -" {
	release
	hold $VF0 $VF1
	labvf $VF0 fill 42
	"$MLX" save --then STOP $VF0 - 2>err | "$MLX" load -c $VF1 - >document
	[ "$(tail -n 1 err | jq -r .saved)" = true ]
	[ "$(jq -r .contents document)" = loaded ]
	[ "$(tail -n 1 err | jq -er .xxh3_128)" = "$(jq -er .xxh3_128 document)" ]
	labvf $VF1 check 42
	[ "$(labvf $VF0 get digest)" = "$(labvf $VF1 get digest)" ]
}

@test "load: a file that is empty, cut, or changed never reaches the device" {
	: >bad
	run_mlx 8 load $VF1 bad
	error_is damaged
	head -c 3000000 "$IMAGES/image" >bad
	run_mlx 8 load $VF1 bad
	error_is damaged
	head -c -1024 "$IMAGES/image" | head -c -9216 >bad # the archive's end is missing
	run_mlx 8 load $VF1 bad
	error_is damaged
	cp "$IMAGES/image" bad
	flip bad 2000000
	run_mlx 8 load $VF1 bad
	error_is damaged
	[[ $stderr == *state/00000000-stop_copy* ]]
	head -c 3000000 "$IMAGES/stream" >bad
	run_mlx 8 load $VF1 bad
	error_is damaged
	untouched
}

@test "load --check-with: what the command refuses never reaches the device, what it accepts is loaded" {
	run_mlx 9 load --check-with 'exit 1' $VF1 "$IMAGES/image"
	error_is not_trusted
	untouched
	# shellcheck disable=SC2016 # for the command's shell
	run_mlx 0 load --check-with 'cmp - "$MLXMIGCTL_FILE"' $VF1 "$IMAGES/image"
	# shellcheck disable=SC2016
	json_is '[.contents, .checked_with]' '["loaded","cmp - \"$MLXMIGCTL_FILE\""]'
	has_the_state $VF1
	run_mlx 0 load $VF1 "$IMAGES/image"
	json_is .checked_with null
}

@test "load: what is no state at all, the device's firmware refuses" {
	seq 1 100000 >bad
	run_mlx 14 load $VF1 bad
	error_is cannot_be_judged
	run_mlx 7 load --bare $VF1 bad
	error_is transition_refused
	[[ $(json .error.hint) == *"mlxmigctl inspect"* ]]
	lost
}

@test "load: a pipe that ends too early, after the device took a part" {
	run_mlx 8 load $VF1 - < <(head -c "$(in_second "$IMAGES/image")" "$IMAGES/image")
	error_is damaged
	[[ $stderr == *state/00000001-stop_copy* ]]
	lost
}

@test "load: a changed byte in a pipe is found before its member is written" {
	cp "$IMAGES/image" bad
	flip bad "$(in_second bad)"
	run_mlx 8 load $VF1 - < <(cat bad)
	error_is damaged
	[[ $stderr == *state/00000001-stop_copy* ]]
	json_is '.result.bytes <= 4194304' true
	lost
}

@test "load: an image that pack made of content without records is refused, from a pipe at its end" {
	head -c 100000 /dev/urandom >opaque
	run_mlx 0 pack -d "$IMAGES/image" -o packed opaque
	run_mlx 14 load $VF1 packed
	error_is cannot_be_judged
	untouched
	run --separate-stderr bash -c "cat packed | '$MLX' load $VF1 -"
	[ "$status" -eq 14 ]
	[[ $stderr == *"is an image that pack made of content without records"* ]]
	lost
}

# bats test_tags=asan
@test "load: a pipe whose first member is damaged or cut leaves the device alone" {
	cp "$IMAGES/image" bad
	flip bad 2000000
	run_mlx 8 load $VF1 - < <(cat bad)
	error_is damaged
	[[ $stderr == *state/00000000-stop_copy* ]]
	json_is .result null
	untouched
	run_mlx 8 load $VF1 - < <(head -c 3000000 "$IMAGES/image")
	error_is damaged
	untouched
}

# bats test_tags=control
@test "load: a flipped bit in a bare stream: the firmware says so, and the user hears it" {
	cp "$IMAGES/stream" bad
	flip bad 2000000
	dmesg -C
	run_mlx 7 load $VF1 bad
	error_is transition_refused
	[[ $stderr =~ syndrome.*0x[0-9a-f]+ ]]
	dmesg | grep -iE 'syndrome *\(?0x[0-9a-f]+'
	lost
}

# bats test_tags=control
@test "load: LOAD fails in the firmware" {
	fault "op=0x119,nth=1,status=0x9,syndrome=0x2c9bb0"
	run_mlx 7 load $VF1 "$IMAGES/image"
	error_is transition_refused
	fault ""
	lost
}

@test "load: an arc that is refused before the state flows leaves the contents alone" {
	fault "op=0x115,nth=1,status=0x9,syndrome=0x1"
	run_mlx 7 load $VF1 "$IMAGES/image"
	json_is '[.result.contents, .result.state]' '["unchanged","RUNNING"]'
	untouched
}

@test "load: an image of other firmware wants --force" {
	other_firmware=1
	lab-prop set fw-version 28.42.2000
	run_mlx 8 load $VF1 "$IMAGES/image"
	error_is incompatible
	[[ $stderr == *28.41.1000* && $stderr == *28.42.2000* ]]
	untouched
	run_mlx 0 load --force $VF1 "$IMAGES/image"
	[[ $(json '.warnings[]') == *fw_version* ]]
	json_is '[.identity[0].fact, .identity_fit]' '["fw_version","forbids"]'
	has_the_state $VF1
}

@test "load: an image of an adapter with another PSID wants --force" {
	local mkimage=$MLXMIGCTL_BUILD/tests/unit/mkimage # it names MT_0000000834
	"$mkimage" 0 0 <"$IMAGES/stream" >other
	run_mlx 8 load $VF1 other
	error_is incompatible
	[[ $(json .error.message) == *"psid is MT_0000000834 there and MT_0000000838 here" ]]
	untouched
	run_mlx 0 load --force $VF1 other
	json_is '[.contents, .identity_fit, (.identity[] | select(.fact == "psid") | .fact, .fit, .source, .target)]' \
		'["loaded","forbids","psid","forbids","MT_0000000834","MT_0000000838"]'
	[[ $(json '.warnings[]') == "psid: source MT_0000000834, device MT_0000000838: "* ]]
	has_the_state $VF1
}

# bats test_tags=asan
@test "load: from RESUMING, where a killed load left it" {
	run_mlx 0 step $VF1 RESUMING
	run_mlx 0 load $VF1 "$IMAGES/image"
	json_is '[.from, .state, .contents]' '["RESUMING","STOP","loaded"]'
	has_the_state $VF1
}
