# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion: the program itself knows the candidates.

function __mlxmigctl_candidates
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            set -l before (string match -r -- '^--[^=]*=' (commandline -ct))
            for path in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' (commandline -ct)))
                printf "%s\n" $before$path
            end
        else if string match -qr '^[a-zA-Z0-9_.:=+-]+(\t|$)' -- $line
            # What is no plain word is left out, as in the other shells.
            printf '%s\n' $line
        end
    end
end

complete -c mlxmigctl -f -a '(__mlxmigctl_candidates)'
