#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The debug kernel's checkers, seen from the host: what a module does wrong fails the run, and is told.

load ../helpers

setup_file() {
	cd "$top_dir" || return
	mkdir "$BATS_FILE_TMPDIR/wrong"
	cat >"$BATS_FILE_TMPDIR/wrong/wrong.c" <<-'END'
		// SPDX-License-Identifier: GPL-2.0-only
		#include <linux/module.h>
		#include <linux/mutex.h>
		#include <linux/slab.h>
		#include <linux/spinlock.h>

		static bool leak;
		module_param(leak, bool, 0);
		static DEFINE_SPINLOCK(spin);
		static DEFINE_MUTEX(a);
		static DEFINE_MUTEX(b);

		static noinline void lose(void)
		{
			for (int i = 0; i < 16; i++)
				memset(kmalloc(500, GFP_KERNEL), i, 500);
		}

		static int __init wrong_init(void)
		{
			char *volatile gone;

			if (leak) {
				lose();
				return 0;
			}
			spin_lock(&spin);
			kfree(kmalloc(100, GFP_KERNEL));
			spin_unlock(&spin);
			mutex_lock(&a);
			mutex_lock(&b);
			mutex_unlock(&b);
			mutex_unlock(&a);
			mutex_lock(&b);
			mutex_lock(&a);
			mutex_unlock(&a);
			mutex_unlock(&b);
			gone = kmalloc(100, GFP_KERNEL);
			kfree(gone);
			gone[50] = 1;
			return 0;
		}
		module_init(wrong_init);

		static void __exit wrong_exit(void)
		{
		}
		module_exit(wrong_exit);

		MODULE_DESCRIPTION("does what the checkers look for");
		MODULE_LICENSE("GPL");
	END
	echo 'obj-m := wrong.o' >"$BATS_FILE_TMPDIR/wrong/Kbuild"
	eval "$(tests/lab/build --print --kernel debug --driver none --no-model)"
	# shellcheck disable=SC2154 # release and vmlinuz come from there
	make -C "${vmlinuz%/boot/*}/usr/src/linux-headers-$release" M="$BATS_FILE_TMPDIR/wrong" modules >&2
}

setup() { cd "$top_dir" || return; }

# wrong ARGUMENT...: a run that ends well, but for what the module does
wrong() {
	run --separate-stderr tests/lab/run --kernel debug --driver none --no-model insmod "$BATS_FILE_TMPDIR/wrong/wrong.ko" "$@"
	[ "$status" -eq 126 ] && return
	printf '%s\n' "exit status $status" "--- stdout" "$output" "--- stderr" "$stderr"
	return 1
}

# told WORDS
told() {
	[[ $stderr != *"$1"* ]] || return 0
	printf '%s\n' "not told: $1" "$stderr"
	return 1
}

@test "debug kernel: memory that nobody knows of any more" {
	wrong leak=1
	told "unreferenced object"
	told "lose+0x"
}

@test "debug kernel: sleeping in atomic context, locks in two orders, use after free" {
	wrong
	told "sleeping function called from invalid context"
	told "possible circular locking dependency"
	told "KASAN: slab-use-after-free in wrong_init"
}
