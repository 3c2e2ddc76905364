# SPDX-License-Identifier: GPL-2.0-only
# awk -f probe.awk probes probe.i: prints have.h. The second file is the kernel's headers after the preprocessor.

# What stands outside of all braces is collected in `head`, up to the next { or ;, and what stands within a struct's in
# body[struct].
function opened(head) {
	struct = ""
	if (match(head, /struct [A-Za-z_0-9]+ *$/)) {
		struct = substr(head, RSTART + 7, RLENGTH - 7)
		sub(/ *$/, "", struct)
		body[struct] = " "
	}
}

function declared(head) {
	if (head ~ /(^| )static /)
		return
	if (match(head, /[A-Za-z_0-9]+ *\(/)) {
		head = substr(head, RSTART, RLENGTH - 1)
		sub(/ *$/, "", head)
		functions[head] = 1
	}
}

# take(PIECE): some of a line, of which the last character alone may be one of { } ;
function take(piece,  mark) {
	mark = substr(piece, length(piece))
	if (!depth) {
		head = head " " substr(piece, 1, length(piece) - (mark ~ /[{};]/))
		if (mark == "{")
			opened(head)
		else if (mark == ";")
			declared(head)
		if (mark ~ /[{};]/)
			head = ""
	} else if (struct != "") {
		body[struct] = body[struct] piece " "
	}
	if (mark == "{")
		depth++
	else if (mark == "}" && depth)
		depth--
}

FNR == NR {
	if ($0 ~ /^(#.*)?$/)
		next
	probe[++probes] = $0
	if ($2 == "name")
		name[$3] = 0
	next
}

/^#/ || /^[ \t]*$/ { next }

{
	for (i in name)
		if (index($0, i))
			name[i] = 1
	gsub(/"([^"\\]|\\.)*"|'([^'\\]|\\.)'/, " ")
	gsub(/[ \t]+/, " ")
	gsub(/[{};]/, "&\n")
	count = split($0, pieces, "\n")
	for (i = 1; i <= count; i++)
		if (pieces[i] != "")
			take(pieces[i])
}

function found(kind, where, what) {
	if (kind == "name")
		return name[where]
	if (kind == "extern")
		return where in functions
	if (kind != "member" || !(where in body)) {
		print "compat: cannot look for " kind " " where > "/dev/stderr"
		exit failed = 1
	}
	sub(/-/, " ", what)
	return body[where] ~ ("[^A-Za-z_0-9]" what "[^A-Za-z_0-9]")
}

END {
	if (failed)
		exit failed
	print "/* SPDX-License-Identifier: GPL-2.0-only */"
	print "/* Made by the build: what these kernel headers have. */"
	for (i = 1; i <= probes; i++) {
		split(probe[i], field)
		if (found(field[2], field[3], field[4]))
			print "#define " field[1] " 1"
		else
			print "/* no " field[1] " */"
	}
}
