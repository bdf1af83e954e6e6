# Completion of emroot for bash. In ~/.bashrc: eval "$(emroot completion bash)"
_emroot() {
    local line kind='' cur=${COMP_WORDS[COMP_CWORD]} shown
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; else COMPREPLY+=("${line%%$'\t'*}"); fi
    done < <("${COMP_WORDS[0]}" __complete bash $((COMP_CWORD - 1)) "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [ "$cur" = = ] && cur=
    case $kind in
        files | directories)
            compopt -o filenames 2>/dev/null
            shown=-f
            [ "$kind" = directories ] && shown=-d
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen $shown -- "$cur")
            ;;
        command\ *)
            if declare -F _command_offset >/dev/null; then
                _command_offset $((${kind#command } + 1))
            elif [ $((${kind#command } + 1)) = "$COMP_CWORD" ]; then
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$cur")
            else
                compopt -o default 2>/dev/null
            fi
            ;;
        nospace) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -F _emroot emroot
