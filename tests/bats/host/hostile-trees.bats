# SPDX-License-Identifier: GPL-2.0-or-later
# Captured hosts that are made to do harm to whoever reads them with --sysroot: at most 10 s and 64 MiB each, and nothing from beyond them.

load ../helpers
load ../trees

# hostile KIND: the captured host $SYSROOT becomes one
hostile() {
	local file
	[ -z "${SYSROOT-}" ] || rm -rf "$SYSROOT" "$BATS_TEST_TMPDIR/beyond"
	plant two-port
	export SECRET=$BATS_TEST_TMPDIR/beyond/secret
	mkdir -p "$BATS_TEST_TMPDIR"/beyond/{process,device}
	for file in secret process/comm process/cmdline device/driver_override; do echo hunter2 >"$BATS_TEST_TMPDIR/beyond/$file"; done
	echo 0x15b3 >"$BATS_TEST_TMPDIR/beyond/device/vendor"
	echo 0x101e >"$BATS_TEST_TMPDIR/beyond/device/device"
	"$top_dir/tests/fixtures/sysfs/hostile" "$1" "$SYSROOT"
}

# costs_little STATUS ARGUMENT...: as on, within the limits
costs_little() {
	local want=$1 got=0
	shift
	# So that a failure does no harm to the machine; the sanitizers need more.
	(grep -q __asan_init "$MLX" || ulimit -v 3000000
		timeout 60 "$top_dir/tests/fixtures/measure" 10 64 "$MLX" --sysroot "$SYSROOT" "$@" >out 2>err) || got=$?
	output=$(cat out)
	stderr=$(cat err)
	[ "$got" -eq "$want" ] || { printf '%s: exit status %s, expected %s\n%s\n' "$*" "$got" "$want" "$stderr"; return 1; }
	[[ $output$stderr != *hunter2* ]]
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# read_well KIND: what can be read of it is
read_well() {
	hostile "$1"
	costs_little 0 status
	device 0000:3b:00.4 .driver mlx5_vfio_pci
	costs_little 0 status -t
	costs_little 5 bind 3b:00.4 --driver x
}

# refused KIND: it is named as what cannot be read
refused() {
	hostile "$1"
	costs_little 14 status
	error_is cannot_be_judged
	json_is '.error.message' "$SYSROOT has more in it than a host of which sys and proc were captured"
}

@test "trees: files that lead to /dev/zero" {
	read_well links_to_zero
	[ "$(id -u)" -ne 0 ] || read_well devices_of_zero
}

@test "trees: FIFOs are not waited for" {
	read_well fifos
	on 0 status
	json_is '.warnings' '["the PCI function 0000:3b:00.3 was skipped: vendor: Invalid argument"]'
}

@test "trees: no link leads out" {
	read_well outside
	on 0 status
	json_is '[.devices[].device | select(startswith("0100:"))]' '[]'
	[[ $output != *"${SECRET%/*}"* ]]
}

@test "trees: a link that begins with a slash is one of that host" {
	plant two-port
	mkdir -p "$SYSROOT/elsewhere"
	mv "$SYSROOT/sys/bus/pci/devices/0000:3b:00.4" "$SYSROOT/elsewhere/"
	ln -s /elsewhere/0000:3b:00.4 "$SYSROOT/sys/bus/pci/devices/0000:3b:00.4"
	on 0 status
	json_is '.devices[] | select(.device == "0000:3b:00.4") | [.driver, .iommu_group]' '["mlx5_vfio_pci",42]'
}

@test "trees: a device has one name" {
	read_well aliases
	on 0 status
	json_is '[(.devices | length), (.warnings | length)]' '[10,8000]'
	json_is '.warnings[0]' "the PCI function 0100:00:00.0 was skipped: its name is a link to another function"
}

@test "trees: numbers that are out of all bounds" { read_well numbers; }

@test "trees: patterns that take long to compare" { read_well patterns; }

@test "trees: as many functions as there can be" {
	read_well functions
	read_well virtual_functions
}

@test "trees: directories that lead to themselves" { read_well loops; }

@test "trees: files of 1 TiB, and a line of 800 KB" {
	refused holes
	refused long_line
}

@test "trees: processes, their threads and files, each times each" {
	refused processes
	refused files
}

@test "trees: network interfaces above each other" {
	refused netdevs
	refused users
}

@test "trees: vDPA devices and VFs, IOMMU groups and VFs, each times each" {
	refused vdpa
	refused group
}
