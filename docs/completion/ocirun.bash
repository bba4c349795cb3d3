# bash completion for ocirun
_ocirun() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= root=() words i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --root | -r) root=(--root "${COMP_WORDS[i+1]}") ; ((i++)) ;;
        --log | -l | --log-format | --log-level | --trace | --cgroup-manager | --rootless) ((i++)) ;;
        -*) ;;
        *) verb=${COMP_WORDS[i]} ; break ;;
        esac
    done
    case $verb in
    '')
        case $previous in
            --root | -r) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --log | -l) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --log-format) COMPREPLY=($(compgen -W "text json" -- "$current")) ; return ;;
            --log-level) COMPREPLY=($(compgen -W "error warning debug" -- "$current")) ; return ;;
            --trace) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --cgroup-manager) COMPREPLY=($(compgen -W "cgroupfs systemd disabled" -- "$current")) ; return ;;
            --rootless) COMPREPLY=($(compgen -W "true false auto" -- "$current")) ; return ;;
        esac
        words="--root --log --log-format --log-level --debug --systemd-log --trace --systemd-cgroup --cgroup-manager --rootless --version --help create start run exec state update kill delete pause resume checkpoint restore list ps events top spec unpack plan validate doctor features completion help"
        ;;
    create)
        case $previous in
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --config | -f) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --layer) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --upper) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --console-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pidfd-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pid-file) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --preserve-fds) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--bundle --config --layer --upper --work --ephemeral --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --help"
        ;;
    start)
        words="--help"
        ;;
    run)
        case $previous in
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --config | -f) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --layer) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --upper) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --console-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pidfd-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pid-file) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --preserve-fds) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--bundle --config --layer --upper --work --ephemeral --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --detach --keep --no-subreaper --help"
        ;;
    exec)
        case $previous in
            --console-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pidfd-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --cwd) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --env | -e) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --user | -u) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --additional-gids | -g) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --process | -p) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pid-file) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --process-label) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --apparmor) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cap | -c) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --preserve-fds) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cgroup) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--console-socket --pidfd-socket --cwd --env --tty --user --additional-gids --process --detach --pid-file --process-label --apparmor --no-new-privs --cap --preserve-fds --cgroup --ignore-paused --help"
        ;;
    state)
        words="--help"
        ;;
    update)
        case $previous in
            --resources | -r) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --blkio-weight) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpu-period) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpu-quota) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpu-burst) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpu-share) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpuset-cpus) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpuset-mems) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --cpu-idle) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --memory) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --memory-reservation) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --memory-swap) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --pids-limit) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --l3-cache-schema) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --mem-bw-schema) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpuset-cpus --cpuset-mems --cpu-idle --memory --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema --help"
        ;;
    kill)
        words="--all --help"
        ;;
    delete)
        words="--force --help"
        ;;
    pause)
        words="--help"
        ;;
    resume)
        words="--help"
        ;;
    checkpoint)
        case $previous in
            --image-path) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work-path) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --manage-cgroups-mode) COMPREPLY=($(compgen -W "soft full strict ignore" -- "$current")) ; return ;;
            --empty-ns) COMPREPLY=($(compgen -W "network" -- "$current")) ; return ;;
            --network-lock) COMPREPLY=($(compgen -W "iptables nftables skip" -- "$current")) ; return ;;
            --parent-path) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --status-fd) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --page-server) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--image-path --work-path --tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --parent-path --leave-running --tcp-skip-in-flight --link-remap --status-fd --page-server --pre-dump --help"
        ;;
    restore)
        case $previous in
            --image-path) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work-path) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --manage-cgroups-mode) COMPREPLY=($(compgen -W "soft full strict ignore" -- "$current")) ; return ;;
            --empty-ns) COMPREPLY=($(compgen -W "network" -- "$current")) ; return ;;
            --network-lock) COMPREPLY=($(compgen -W "iptables nftables skip" -- "$current")) ; return ;;
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --console-socket) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --pid-file) COMPREPLY=($(compgen -f -- "$current")) ; return ;;
            --lsm-profile) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --lsm-mount-context) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--image-path --work-path --tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --bundle --console-socket --pid-file --detach --no-subreaper --tcp-close --lsm-profile --lsm-mount-context --help"
        ;;
    list)
        case $previous in
            --format | -f) COMPREPLY=($(compgen -W "table json" -- "$current")) ; return ;;
        esac
        words="--format --quiet --help"
        ;;
    ps)
        case $previous in
            --format | -f) COMPREPLY=($(compgen -W "table json" -- "$current")) ; return ;;
        esac
        words="--format --help"
        ;;
    events)
        case $previous in
            --interval) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --format | -f) COMPREPLY=($(compgen -W "json prometheus" -- "$current")) ; return ;;
        esac
        words="--interval --stats --format --help"
        ;;
    top)
        case $previous in
            --interval) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--interval --help"
        ;;
    spec)
        case $previous in
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
        esac
        words="--bundle --rootless --help"
        ;;
    unpack)
        case $previous in
            --store) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --platform) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
        esac
        words="--store --platform --flat --ephemeral --tty --quiet --help"
        ;;
    plan)
        case $previous in
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --layer) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --upper) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --format | -f) COMPREPLY=($(compgen -W "text json" -- "$current")) ; return ;;
        esac
        words="--bundle --layer --upper --work --ephemeral --format --help"
        ;;
    validate)
        case $previous in
            --bundle | -b) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --config) COMPREPLY=($(compgen -W "" -- "$current")) ; return ;;
            --layer) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --upper) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --work) COMPREPLY=($(compgen -d -- "$current")) ; return ;;
            --format | -f) COMPREPLY=($(compgen -W "text json" -- "$current")) ; return ;;
        esac
        words="--bundle --config --layer --upper --work --ephemeral --format --help"
        ;;
    doctor)
        case $previous in
            --format | -f) COMPREPLY=($(compgen -W "text json" -- "$current")) ; return ;;
        esac
        words="--format --help"
        ;;
    features)
        words="--help"
        ;;
    completion)
        words="--help bash zsh fish"
        ;;
    help)
        words="--help create start run exec state update kill delete pause resume checkpoint restore list ps events top spec unpack plan validate doctor features completion help"
        ;;
    *) return ;;
    esac
    if [[ $current != -* && " start exec state update kill delete pause resume checkpoint ps events top " == *" $verb "* && -n $verb ]]; then
        words=$(ocirun "${root[@]}" list --quiet 2>/dev/null)
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _ocirun ocirun
