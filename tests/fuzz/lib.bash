# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Building and running the fuzzing targets: for tests/fuzz/run and its tests.

fuzz_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
top_dir=$(cd -- "$fuzz_dir/../.." && pwd -P)
fuzz_build=$top_dir/build-fuzz
# shellcheck disable=SC2034 # for those that read this file
fuzz_targets=(record image cli document)

# Every object is instrumented: of what is not, a fuzzer sees no paths, and the sanitizers no faults.
fuzz_cflags=(-g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all)
fuzz_tool="-fsanitize=fuzzer-no-link,address,undefined"
fuzz_program="-fsanitize=fuzzer,address,undefined"
fuzz_packages=(libpci libmnl jansson libarchive libxxhash libsystemd)

# fuzz_compile ARGUMENT...: clang as for the tool's own sources
fuzz_compile() {
	clang -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -D_GNU_SOURCE -I"$fuzz_build" "${fuzz_cflags[@]}" "$@"
}

# fuzz_link TARGET OUTPUT FOLDER [OBJECT]...: the target, with the tool's objects in FOLDER's place for includes, and those instead of the library's
fuzz_link() {
	local target=$1 output=$2 sources=$3 libraries
	shift 3
	read -ra libraries < <(pkg-config --libs "${fuzz_packages[@]}")
	local own=("$fuzz_dir/fuzz_$target.c")
	[ "$target" != image ] || own+=("$fuzz_dir/mend.c")
	fuzz_compile "$fuzz_program" -I"$sources" -I"$fuzz_dir" "${own[@]}" "$@" \
		"$fuzz_build/src/libmlxmigctl.a" "${libraries[@]}" -lpthread -lm -o "$output"
}

# fuzz_prepare TARGET...: the tool's sources once more, instrumented, and the targets, in $fuzz_build
fuzz_prepare() {
	local target
	"$top_dir/tests/build-tool" "$fuzz_build" --enable-werror --with-systemd CC=clang CFLAGS="${fuzz_cflags[*]} $fuzz_tool" \
		LDFLAGS=-fsanitize=address,undefined || return
	for target; do
		fuzz_link "$target" "$fuzz_build/fuzz_$target" "$top_dir/src" || return
	done
}

# fuzz_run PROGRAM TARGET ARGUMENT...: with what a run of the target may take. LeakSanitizer looks after each input that leaves memory behind.
fuzz_run() {
	local program=$1 target=$2 limits=(-max_len=65536 -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=64)
	shift 2
	[ "$target" = image ] || limits[0]=-max_len=4096
	[ ! -e "$fuzz_dir/$target.dict" ] || limits+=("-dict=$fuzz_dir/$target.dict")
	ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=0 UBSAN_OPTIONS=print_stacktrace=1 \
		"$program" "${limits[@]}" -print_final_stats=1 "$@"
}

# fuzz_plant TARGET FOLDER: the target with a bug in it (planted/TARGET.patch) as FOLDER/fuzz_TARGET; of the tool, what the patch changes is compiled anew
fuzz_plant() {
	local target=$1 folder=$2 file
	cp -r "$top_dir/src" "$folder/src" || return
	patch -s -p1 -d "$folder" <"$fuzz_dir/planted/$target.patch" || return
	file=$(sed -n 's,^+++ b/,,p' "$fuzz_dir/planted/$target.patch")
	fuzz_compile "$fuzz_tool" -I"$folder/src" -c "$folder/$file" -o "$folder/planted.o" || return
	fuzz_link "$target" "$folder/fuzz_$target" "$folder/src" "$folder/planted.o"
}
