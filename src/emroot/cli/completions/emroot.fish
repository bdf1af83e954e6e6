# Completion of emroot for fish: emroot completion fish > ~/.config/fish/completions/emroot.fish
function __emroot_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete fish (math (count $words) - 1) $words[2..-1] $current 2>/dev/null)
    switch "$lines[1]"
        case values nospace
            string match -v '' -- $lines[2..-1]
        case files
            __fish_complete_path (string replace -r -- '^-[^=]*=' '' $current)
        case directories
            __fish_complete_directories (string replace -r -- '^-[^=]*=' '' $current)
        case 'command *'
            set -l first (math (string replace 'command ' '' $lines[1]) + 2)
            if test (count $words) -lt $first
                __fish_complete_command
            else
                complete -C (string join ' ' -- (string escape -- $words[$first..-1]) $current)
            end
    end
end
complete -c emroot -f -k -a '(__emroot_complete)'
