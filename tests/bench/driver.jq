# SPDX-License-Identifier: GPL-2.0-or-later
# The document of tests/bench/driver from its figures.
def median: sort | .[length / 2 | floor];
def of($key): [$rates[][$key]] | median;
def rounded: . * 1000 | round / 1000;
def side($data; $file): {
	ns: of($data),
	to_memcpy: (of($data) / of("memcpy_ns") | rounded),
	file_to_memcpy: (of($file) / of("memcpy_ns") | rounded)
};
# What the firmware needs for these bytes at least: the limit that the model was given.
def stopped($rounds): if $rounds == [] then null else
	($rounds | sort_by(.stopped_ns) | .[length / 2 | floor]) as $one | {
		stopped_ns: $one.stopped_ns,
		arcs_ns: $one.arcs_ns,
		bytes: $one.bytes,
		firmware_ns: ($one.bytes * 1e9 / $bandwidth | round)
	} end;
{
	schema: "mlxmigctl.bench-driver/1",
	driver: $driver,
	kernel: $kernel,
	state_bytes: $state,
	stream_bytes: $rates[0].bytes,
	rounds: ($rates | length),
	memcpy: {ns: of("memcpy_ns"), bytes_per_s: ($state * 1e9 / of("memcpy_ns") | round)},
	read: side("read_ns"; "file_read_ns"),
	write: side("write_ns"; "file_write_ns"),
	firmware: {
		save_arc_ns: of("arc_ns"),
		load_ns: of("load_ns"),
		last_save_arc_ns: $rates[-1].arc_ns,
		last_save_ns: ($save[0] // null)
	},
	stopped: {
		bandwidth_bytes_per_s: $bandwidth,
		command_delay_us: $delay,
		whole: stopped($whole),
		pre_copy: stopped($precopy),
		chunks: stopped($chunks)
	}
}
