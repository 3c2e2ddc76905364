# SPDX-License-Identifier: GPL-2.0-or-later
# The document of tests/bench/status from its figures.
# The quickest: other work on the machine only ever adds to it.
def took($name): [$times[] | select(.name == $name) | .us] | min * 1000;
def pair($name): took($name + "_without") as $without | took($name + "_with") as $with | {
	without_ns: $without,
	with_ns: $with,
	more_ns: ($with - $without)
};
{
	schema: "mlxmigctl.bench-status/1",
	processes: $processes,
	vfs: $vfs,
	files: $files,
	rounds: $rounds,
	planted: pair("planted"),
	live: pair("live"),
	aims: {more_ns: 200000000}
}
| .aims_met = ([.planted.more_ns, .live.more_ns] | max <= 200000000)
