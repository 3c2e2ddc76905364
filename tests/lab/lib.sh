# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the lab's scripts: places, locks, versions. Source it; it runs nothing.

lab_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # for those who source this
top_dir=$(cd -- "$lab_dir/../.." && pwd -P)
# Services and cron run without HOME.
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
cache=${MLXMIGCTL_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/mlxmigctl}
mkdir -p "$cache/locks"
cache=$(cd -- "$cache" && pwd -P)

# say TEXT...: progress, on stderr, only when asked for
say() { [ -z "${LAB_VERBOSE:-}" ] || printf 'lab: %s\n' "$*" >&2; }

# die TEXT...: no verdict is possible
die() { printf 'lab: %s\n' "$*" >&2; exit 125; }

# make, sed and LD_PRELOAD give these another meaning.
case $cache in
*[[:space:]:,\;\&\#\$%\\\'\"]*) die "the cache's path has a blank or one of : , ; & # \$ % \\ ' \" in it: $cache (MLXMIGCTL_CACHE sets another)" ;;
esac

# with_lock NAME COMMAND...: one process at a time may make an artefact
with_lock() {
	local name=$1; shift
	(
		flock 8 || exit 125
		"$@" 8>&-
	) 8>"$cache/locks/$name"
}

# fresh_dir PARENT: an empty folder beside the place where it will be renamed to
fresh_dir() { mkdir -p "$1" && mktemp -d "$1/.new.XXXXXX"; }

# publish NEW FINAL: a finished folder appears under its name at once, or not at all
publish() {
	local old
	chmod 755 "$1"
	if [ -e "$2" ]; then
		old=$(mktemp -d "$(dirname "$2")/.old.XXXXXX")
		mv -T "$2" "$old/was"
	fi
	mv -T "$1" "$2"
	[ -z "${old:-}" ] || rm -rf "$old"
}

# drop_others KEEP...: what stands beside KEEP and has not been used for an hour. A VM has read all it needs when it runs.
drop_others() {
	local parent keep entry
	parent=$(dirname "$1")
	find "$parent" -mindepth 1 -maxdepth 1 -mmin +60 -print | while read -r entry; do
		for keep; do
			[ "$entry" != "$keep" ] || continue 2
		done
		rm -rf "$entry"
	done
}

# hash_of PATH...: one digest over the names and contents of files and folders. What is below the checkout is named from there on,
# so that another checkout of the same has the same.
hash_of() {
	find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum |
		awk -v top="  $top_dir/" '{ at = index($0, top) } at { $0 = substr($0, 1, at + 1) substr($0, at + length(top)) } { print }' |
		sha256sum | cut -c1-16
}

# apt_private COMMAND...: apt with an own list of sources, source packages too, made of the machine's own
apt_private() {
	local tool=$1; shift
	"$tool" -qq \
		-o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$cache/apt/sources.list.d" \
		-o Dir::State::lists="$cache/apt/lists" \
		-o Dir::Cache="$cache/apt/cache" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=3 \
		"$@"
}

# drop_kernels KEEP: kernels that are neither KEEP nor the newest of their name
drop_kernels() {
	local word keep=("$1")
	for word in 6.12 6.1 debug; do
		keep+=("$cache/kernel/$word.release" "$cache/kernel/$(kernel_release "$word" || true)")
	done
	drop_others "${keep[@]}"
}

# kernel_meta WORD: Debian's package that stands for the newest kernel of that release
kernel_meta() {
	case $1 in
	6.12) echo linux-image-6.12-amd64 ;;
	6.1) echo linux-image-amd64 ;;
	*) die "unknown kernel '$1' (6.12 or 6.1)" ;;
	esac
}

# kernel_release WORD: the fetched kernel's `uname -r`
kernel_release() {
	[ -r "$cache/kernel/$1.release" ] || return 1
	cat "$cache/kernel/$1.release"
}

# The model is written for the QEMU of Debian 12. Where another one is installed, the lab has its own, unpacked here.
qemu_own=$cache/qemu-release/newest

# qemu_installed: Debian's source version of the installed QEMU, with the epoch
qemu_installed() {
	dpkg-query -W -f '${source:Version}' qemu-system-x86 2>/dev/null ||
		die "qemu-system-x86 is not installed: run tests/setup as root"
}

# qemu_fits: is the installed QEMU the one that the model is written for?
qemu_fits() {
	local version
	version=$(qemu_installed) || exit
	[[ $version == 1:7.2+* ]]
}

# uses_own_qemu: does the lab run its own?
uses_own_qemu() { [ -e "$qemu_own/version" ] && ! qemu_fits; }

# qemu_version: Debian's source version of the lab's QEMU, without the epoch
qemu_version() {
	local version
	if uses_own_qemu; then
		version=$(cat "$qemu_own/version")
	else
		version=$(qemu_installed)
	fi
	echo "${version#*:}"
}

# qemu_tree: the directory that holds src/ and build/ of the lab's QEMU
qemu_tree() { echo "$cache/qemu/$(qemu_version)"; }
