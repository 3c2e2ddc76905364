# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the lints share: results as TAP.

cd "${top_srcdir:-$(dirname "$0")/../..}" || exit 1
lint_count=0 lint_failed=0

# result NAME FINDINGS: passed when there are no findings
result() {
	lint_count=$((lint_count + 1))
	if [ -z "$2" ]; then
		echo "ok $lint_count - $1"
	else
		lint_failed=1
		echo "not ok $lint_count - $1"
		while IFS= read -r line; do echo "# $line"; done <<<"$2"
	fi
}

# finish: the plan
finish() {
	echo "1..$lint_count"
	exit "$lint_failed"
}
