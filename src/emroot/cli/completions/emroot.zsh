#compdef emroot
# Completion of emroot for zsh. In ~/.zshrc, after compinit: eval "$(emroot completion zsh)"; or as a file _emroot in $fpath.
_emroot() {
    local line kind='' value about
    local -a values
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            value=${line%%$'\t'*} about=${line#*$'\t'}
            values+=("${value//:/\\:}${about:+:$about}")
        fi
    done < <("${(Q)words[1]}" __complete zsh $((CURRENT - 2)) "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    case $kind in
        values) _describe -V emroot values ;;
        nospace) _describe -V emroot values -S '' ;;
        files) _files ;;
        directories) _files -/ ;;
        command\ *)
            shift $((${kind#command } + 1)) words
            CURRENT=$((CURRENT - ${kind#command } - 1))
            _normal
            ;;
    esac
}
if [[ $funcstack[1] == _emroot ]]; then _emroot "$@"; else compdef _emroot emroot; fi
