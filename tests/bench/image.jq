# SPDX-License-Identifier: GPL-2.0-or-later
# The document of tests/bench/image from its figures.
def median: sort | .[length / 2 | floor];
def took($name): [$times[] | select(.name == $name) | .us] | if length > 0 then median * 1000 else null end;
def rounded: . * 1000 | round / 1000;
# The throughput of the tool as part of the other program's; null where the tool has no such command
def against($reference; $tool): took($reference) as $r | took($tool) as $t | {
	reference_ns: $r,
	tool_ns: $t,
	ratio: (if $r and $t then $r / $t | rounded else null end),
	bytes_per_s: (if $t then $size * 1e9 / $t | round else null end)
};
def at_least($ratio): . != null and . >= $ratio;
{
	schema: "mlxmigctl.bench-image/1",
	bytes: $size,
	records: $records,
	rounds: $rounds,
	verify: against("xxhsum"; "verify_1"),
	verify_two_threads: against("xxhsum"; "verify_2"),
	extract: against("cp"; "extract"),
	diff: against("cmp"; "diff"),
	inspect: {image_ns: took("inspect_image"), stream_ns: took("inspect_stream")},
	anonymous_bytes: ([$memory[] | {key: .name, value: .anonymous_bytes}] | from_entries),
	aims: {verify_ratio: 0.8, verify_two_threads_ratio: 1, extract_ratio: 0.8, diff_ratio: 0.8, inspect_ns: 500000000,
		anonymous_bytes: 67108864}
}
| .aims_met = ((.verify.ratio | at_least(0.8)) and (.verify_two_threads.ratio | at_least(1))
	and (.extract.ratio | at_least(0.8)) and (.diff.ratio | at_least(0.8))
	and ([.inspect[]] | max) <= .aims.inspect_ns and ([.anonymous_bytes[]] | max) <= .aims.anonymous_bytes)
