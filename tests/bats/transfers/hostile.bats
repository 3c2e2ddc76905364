# SPDX-License-Identifier: GPL-2.0-or-later
# load, of two hundred images with one bit turned over or cut short, as a seed chooses them: refused before the device is
# touched, or harmless. tests/unit/test_image_flips.c has every one of them through the same reader, without a device.

load ../helpers
load ../lab
load ../transfer
load ../faults

SPOIL=$MLXMIGCTL_BUILD/tests/unit/spoil

setup_file() {
	small_states
	run_mlx 0 bind $VF0 $VF1
	save_images
	export CHOSEN
	CHOSEN=$(seed)
	echo "# SEED=$CHOSEN" >&3
}

teardown_file() {
	usual_states
	run_mlx 0 unbind $VF0 $VF1
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	hold $VF1
	labvf $VF1 fill 99
}

teardown() { release; }

# untouched: VF1 runs on, and nothing has reset it since it was filled
untouched() {
	state_is $VF1 RUNNING
	labvf $VF1 check 99
}

# harmless FILE: what was loaded of it is all of the state, and the JSON members say what they did
harmless() {
	has_the_state $VF1
	[ "$(tar -xOf "$1" device.json manifest.json)" = "$(tar -xOf "$IMAGES/image" device.json manifest.json)" ]
	run_mlx 0 step $VF1 RUNNING
	labvf $VF1 fill 99
}

# loads_of NUMBER COUNT: so many, of the NUMBERth seed
loads_of() {
	local file done refused=0 taken=0 status
	"$SPOIL" $((CHOSEN * 16 + $1)) "$2" "$IMAGES/image" bad >list
	while read -r file done; do
		status=0
		"$MLX" load -c $VF1 "$file" >document 2>words 3>&- 4>&- </dev/null || status=$?
		if [ "$status" -eq 8 ] && [[ $(<document) == *'"code":"damaged"'* ]]; then
			((++refused))
		elif [ "$status" -eq 0 ] && harmless "$file"; then
			((++taken))
		else
			echo "$file, $done: status $status: $(cat document words)"
			return 1
		fi
		rm "$file"
	done <list
	untouched
	[ $((refused + taken)) -eq "$2" ]
	[ "$refused" -gt "$taken" ]
}

@test "load: a spoilt image is refused before the device is touched, or harmless: the first fifty" { loads_of 0 50; }

# bats test_tags=more
@test "load: ... the second fifty" { loads_of 1 50; }

# bats test_tags=more
@test "load: ... the third fifty" { loads_of 2 50; }

# bats test_tags=more
@test "load: ... the fourth fifty" { loads_of 3 50; }
