# Bash completion for tenure(1).
_tenure() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} sub='' word options=''
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in check | symbols | deps | bench) sub=$word && break ;; esac
    done
    case $before in
    --accept) COMPREPLY=($(compgen -W 'nodelete unique-symbol tls-destructor tls-variable objective-c needed-by loader' -- "$current")) && return ;;
    --color | --colour) COMPREPLY=($(compgen -W 'auto always never' -- "$current")) && return ;;
    --cycles | --timeout | --count | --jobs | -j | --symbol | --call) COMPREPLY=() && return ;;
    esac
    case $sub in
    check) options='--load --cycles --timeout --api --accept --library-path --symbols --json --verbose --quiet --jobs --color --help' ;;
    symbols) options='--imports --mangled --json --color --help' ;;
    deps) options='--dot --json --library-path --color --help' ;;
    bench) options='--symbol --call --count --timeout --json --help' ;;
    *) COMPREPLY=($(compgen -W 'check symbols deps bench --help --help-all --version' -- "$current")) && return ;;
    esac
    case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null ;;
    esac
}
complete -F _tenure tenure
