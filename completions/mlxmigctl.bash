# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion: the program itself knows the candidates.

_mlxmigctl()
{
	local cur words cword candidate before

	# A PCI address has colons, at which bash would cut the word.
	_get_comp_words_by_ref -n := cur words cword
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		if [[ $candidate == :files ]]; then
			compopt -o filenames 2>/dev/null
			before=''
			[[ $cur == --*=* ]] && before=${cur%%=*}=
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY \
				< <(compgen -f -P "$before" -- "${cur#"$before"}")
			continue
		fi
		# bash inserts it as it is: what it would not read back as one plain word is left out.
		[[ $candidate == *[!a-zA-Z0-9_.:=+-]* ]] && continue
		[[ $candidate == *= ]] && compopt -o nospace 2>/dev/null
		COMPREPLY+=("$candidate")
	done < <("${words[0]}" __complete "${words[@]:1:cword}" 2>/dev/null)
	__ltrim_colon_completions "$cur"
	# Where bash cuts at "=" too, only what follows it is to be replaced.
	[[ $cur == --*=* && $COMP_WORDBREAKS == *=* ]] &&
		COMPREPLY=("${COMPREPLY[@]#*=}")
	return 0
}

complete -F _mlxmigctl mlxmigctl
