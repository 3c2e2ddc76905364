#compdef mlxmigctl
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion: the program itself knows the candidates.

_mlxmigctl() {
	local line candidate
	local -a plain open

	for line in ${(f)"$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
		if [[ $line == :files ]]; then
			[[ $PREFIX == --*=* ]] && compset -P 1 '*='
			_files
			continue
		fi
		candidate=${line%%$'\t'*}
		# What is no plain word is left out, as in the other shells.
		[[ $candidate == *[^a-zA-Z0-9_.:=+-]* ]] && continue
		# _describe takes "word:what"; a word's own colons are escaped.
		line="${candidate//:/\\:}:${line#*$'\t'}"
		if [[ $candidate == *= ]]; then
			open+=("$line")
		else
			plain+=("$line")
		fi
	done
	(( $#plain )) && _describe 'mlxmigctl' plain
	(( $#open )) && _describe 'option' open -S ''
	return 0
}

_mlxmigctl "$@"
