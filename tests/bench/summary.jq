# SPDX-License-Identifier: GPL-2.0-or-later
# The document of tests/bench/transfer from its figures.
def median: sort | .[length / 2 | floor];
def took($rounds): [$rounds[].duration_ns] | median;
def cpu($rounds): [$rounds[].cpu_ns] | median;
def per_second($rounds): $rounds[0].bytes * 1e9 / took($rounds) | round;
def rounded: . * 1000 | round / 1000;
def pair($bare; $tool): {
	bare_ns: took($bare),
	tool_ns: took($tool),
	ratio: (took($tool) / took($bare) | rounded),
	bare_bytes_per_s: per_second($bare),
	tool_bytes_per_s: per_second($tool)
};
def native($rounds): {
	duration_ns: took($rounds),
	cpu_ns: cpu($rounds),
	cpu_ns_per_mib: (cpu($rounds) * 1048576 / $rounds[0].bytes | round),
	ratio: (took($rounds) / took($native_bare) | rounded),
	bytes_per_s: per_second($rounds)
};
{
	schema: "mlxmigctl.bench-transfer/1",
	state_bytes: $state,
	bandwidth_bytes_per_s: $bandwidth,
	rounds: ($bare_save | length),
	save: pair($bare_save; $tool_save),
	load: (pair($bare_load; $tool_load) + {verify_ns: ([$tool_load[].verify_ns] | median)}),
	unlimited: {
		save: pair($bare_save_unlimited; $tool_save_unlimited),
		load: (pair($bare_load_unlimited; $tool_load_unlimited)
			+ {verify_ns: $tool_load_unlimited[0].verify_ns})
	},
	native: {bare: native($native_bare), pump: native($native_pump), image: native($native_image)},
	anonymous_bytes: ([$memory[].anonymous_bytes] | max),
	aims: {save_ratio: 1.10, load_ratio: 1.10, anonymous_bytes: 33554432}
}
| .aims_met = (.save.ratio <= .aims.save_ratio and .load.ratio <= .aims.load_ratio
	and .anonymous_bytes <= .aims.anonymous_bytes)
