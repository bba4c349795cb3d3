# bash completion for ocirun
_ocirun_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}
_ocirun() {
    local current=${COMP_WORDS[COMP_CWORD]} previous= verb= place=0 words= stopped= root=() i=0 word
    COMPREPLY=()
    [[ $current == = ]] && current=
    while ((++i < COMP_CWORD)); do
        word=${COMP_WORDS[i]}
        previous=
        [[ $word == = ]] && { ((i++)); continue; }
        if [[ $word == -?* && -z $stopped ]]; then
            case "$verb $word" in
            " --root" | " -r" |\
            " --log" | " -l" |\
            " --log-format" |\
            " --log-level" |\
            " --trace" |\
            " --cgroup-manager" |\
            " --rootless" |\
            "create --bundle" | "create -b" |\
            "create --config" | "create -f" |\
            "create --layer" |\
            "create --upper" |\
            "create --work" |\
            "create --console-socket" |\
            "create --pidfd-socket" |\
            "create --pid-file" |\
            "create --preserve-fds" |\
            "run --bundle" | "run -b" |\
            "run --config" | "run -f" |\
            "run --layer" |\
            "run --upper" |\
            "run --work" |\
            "run --console-socket" |\
            "run --pidfd-socket" |\
            "run --pid-file" |\
            "run --preserve-fds" |\
            "exec --console-socket" |\
            "exec --pidfd-socket" |\
            "exec --cwd" |\
            "exec --env" | "exec -e" |\
            "exec --user" | "exec -u" |\
            "exec --additional-gids" | "exec -g" |\
            "exec --process" | "exec -p" |\
            "exec --pid-file" |\
            "exec --process-label" |\
            "exec --apparmor" |\
            "exec --cap" | "exec -c" |\
            "exec --preserve-fds" |\
            "exec --cgroup" |\
            "update --resources" | "update -r" |\
            "update --blkio-weight" |\
            "update --cpu-period" |\
            "update --cpu-quota" |\
            "update --cpu-burst" |\
            "update --cpu-share" |\
            "update --cpuset-cpus" |\
            "update --cpuset-mems" |\
            "update --cpu-idle" |\
            "update --memory" |\
            "update --memory-reservation" |\
            "update --memory-swap" |\
            "update --pids-limit" |\
            "update --l3-cache-schema" |\
            "update --mem-bw-schema" |\
            "checkpoint --image-path" |\
            "checkpoint --work-path" |\
            "checkpoint --manage-cgroups-mode" |\
            "checkpoint --empty-ns" |\
            "checkpoint --network-lock" |\
            "checkpoint --parent-path" |\
            "checkpoint --status-fd" |\
            "checkpoint --page-server" |\
            "restore --image-path" |\
            "restore --work-path" |\
            "restore --manage-cgroups-mode" |\
            "restore --empty-ns" |\
            "restore --network-lock" |\
            "restore --bundle" | "restore -b" |\
            "restore --console-socket" |\
            "restore --pid-file" |\
            "restore --lsm-profile" |\
            "restore --lsm-mount-context" |\
            "list --format" | "list -f" |\
            "ps --format" | "ps -f" |\
            "events --interval" |\
            "events --format" | "events -f" |\
            "top --interval" |\
            "spec --bundle" | "spec -b" |\
            "spec --file" | "spec -f" |\
            "unpack --store" |\
            "unpack --platform" |\
            "plan --bundle" | "plan -b" |\
            "plan --layer" |\
            "plan --upper" |\
            "plan --work" |\
            "plan --format" | "plan -f" |\
            "validate --bundle" | "validate -b" |\
            "validate --config" |\
            "validate --layer" |\
            "validate --upper" |\
            "validate --work" |\
            "validate --format" | "validate -f" |\
            "doctor --format" | "doctor -f")
                previous=$word
                [[ ${COMP_WORDS[i+1]} == = ]] && ((i++))
                ((i++))
                [[ "$verb $word" == " --root" || "$verb $word" == " -r" ]] && root=(--root "${COMP_WORDS[i]}")
                ((i < COMP_CWORD)) && previous=
                ;;
            esac
        elif [[ -z $verb ]]; then
            verb=$word
        else
            ((place++))
            case $verb in
            exec | kill | ps) stopped=1 ;;
            esac
        fi
    done
    if [[ -n $previous ]]; then
        case "$verb $previous" in
        " --root" | " -r") _ocirun_files -d ; return ;;
        " --log" | " -l") _ocirun_files -f ; return ;;
        " --log-format") words="text json" ;;
        " --log-level") words="error warning debug" ;;
        " --trace") _ocirun_files -f ; return ;;
        " --cgroup-manager") words="cgroupfs systemd disabled" ;;
        " --rootless") words="true false auto" ;;
        "create --bundle" | "create -b") _ocirun_files -d ; return ;;
        "create --config" | "create -f") words="" ;;
        "create --layer") _ocirun_files -d ; return ;;
        "create --upper") _ocirun_files -d ; return ;;
        "create --work") _ocirun_files -d ; return ;;
        "create --console-socket") _ocirun_files -f ; return ;;
        "create --pidfd-socket") _ocirun_files -f ; return ;;
        "create --pid-file") _ocirun_files -f ; return ;;
        "create --preserve-fds") words="" ;;
        "run --bundle" | "run -b") _ocirun_files -d ; return ;;
        "run --config" | "run -f") words="" ;;
        "run --layer") _ocirun_files -d ; return ;;
        "run --upper") _ocirun_files -d ; return ;;
        "run --work") _ocirun_files -d ; return ;;
        "run --console-socket") _ocirun_files -f ; return ;;
        "run --pidfd-socket") _ocirun_files -f ; return ;;
        "run --pid-file") _ocirun_files -f ; return ;;
        "run --preserve-fds") words="" ;;
        "exec --console-socket") _ocirun_files -f ; return ;;
        "exec --pidfd-socket") _ocirun_files -f ; return ;;
        "exec --cwd") words="" ;;
        "exec --env" | "exec -e") words="" ;;
        "exec --user" | "exec -u") words="" ;;
        "exec --additional-gids" | "exec -g") words="" ;;
        "exec --process" | "exec -p") _ocirun_files -f ; return ;;
        "exec --pid-file") _ocirun_files -f ; return ;;
        "exec --process-label") words="" ;;
        "exec --apparmor") words="" ;;
        "exec --cap" | "exec -c") words="" ;;
        "exec --preserve-fds") words="" ;;
        "exec --cgroup") words="" ;;
        "update --resources" | "update -r") _ocirun_files -f ; return ;;
        "update --blkio-weight") words="" ;;
        "update --cpu-period") words="" ;;
        "update --cpu-quota") words="" ;;
        "update --cpu-burst") words="" ;;
        "update --cpu-share") words="" ;;
        "update --cpuset-cpus") words="" ;;
        "update --cpuset-mems") words="" ;;
        "update --cpu-idle") words="" ;;
        "update --memory") words="" ;;
        "update --memory-reservation") words="" ;;
        "update --memory-swap") words="" ;;
        "update --pids-limit") words="" ;;
        "update --l3-cache-schema") words="" ;;
        "update --mem-bw-schema") words="" ;;
        "checkpoint --image-path") _ocirun_files -d ; return ;;
        "checkpoint --work-path") _ocirun_files -d ; return ;;
        "checkpoint --manage-cgroups-mode") words="soft full strict ignore" ;;
        "checkpoint --empty-ns") words="network" ;;
        "checkpoint --network-lock") words="iptables nftables skip" ;;
        "checkpoint --parent-path") words="" ;;
        "checkpoint --status-fd") words="" ;;
        "checkpoint --page-server") words="" ;;
        "restore --image-path") _ocirun_files -d ; return ;;
        "restore --work-path") _ocirun_files -d ; return ;;
        "restore --manage-cgroups-mode") words="soft full strict ignore" ;;
        "restore --empty-ns") words="network" ;;
        "restore --network-lock") words="iptables nftables skip" ;;
        "restore --bundle" | "restore -b") _ocirun_files -d ; return ;;
        "restore --console-socket") _ocirun_files -f ; return ;;
        "restore --pid-file") _ocirun_files -f ; return ;;
        "restore --lsm-profile") words="" ;;
        "restore --lsm-mount-context") words="" ;;
        "list --format" | "list -f") words="table json" ;;
        "ps --format" | "ps -f") words="table json" ;;
        "events --interval") words="" ;;
        "events --format" | "events -f") words="json prometheus" ;;
        "top --interval") words="" ;;
        "spec --bundle" | "spec -b") _ocirun_files -d ; return ;;
        "spec --file" | "spec -f") _ocirun_files -f ; return ;;
        "unpack --store") _ocirun_files -d ; return ;;
        "unpack --platform") words="" ;;
        "plan --bundle" | "plan -b") _ocirun_files -d ; return ;;
        "plan --layer") _ocirun_files -d ; return ;;
        "plan --upper") _ocirun_files -d ; return ;;
        "plan --work") _ocirun_files -d ; return ;;
        "plan --format" | "plan -f") words="text json" ;;
        "validate --bundle" | "validate -b") _ocirun_files -d ; return ;;
        "validate --config") words="" ;;
        "validate --layer") _ocirun_files -d ; return ;;
        "validate --upper") _ocirun_files -d ; return ;;
        "validate --work") _ocirun_files -d ; return ;;
        "validate --format" | "validate -f") words="text json" ;;
        "doctor --format" | "doctor -f") words="text json" ;;
        esac
    elif [[ $current == -* && -z $stopped ]]; then
        case $verb in
        '') words="--root --log --log-format --log-level --debug --systemd-log --trace --systemd-cgroup --cgroup-manager --rootless --version --help" ;;
        create) words="--bundle --config --layer --upper --work --ephemeral --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --help" ;;
        start) words="--help" ;;
        run) words="--bundle --config --layer --upper --work --ephemeral --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --detach --keep --no-subreaper --help" ;;
        exec) words="--console-socket --pidfd-socket --cwd --env --tty --user --additional-gids --process --detach --pid-file --process-label --apparmor --no-new-privs --cap --preserve-fds --cgroup --ignore-paused --help" ;;
        state) words="--help" ;;
        update) words="--resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpuset-cpus --cpuset-mems --cpu-idle --memory --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema --help" ;;
        kill) words="--all --regex --help" ;;
        delete) words="--force --regex --help" ;;
        pause) words="--help" ;;
        resume) words="--help" ;;
        checkpoint) words="--image-path --work-path --tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --parent-path --leave-running --tcp-skip-in-flight --link-remap --status-fd --page-server --pre-dump --help" ;;
        restore) words="--image-path --work-path --tcp-established --ext-unix-sk --shell-job --lazy-pages --file-locks --manage-cgroups-mode --empty-ns --auto-dedup --network-lock --bundle --console-socket --pid-file --detach --no-subreaper --tcp-close --lsm-profile --lsm-mount-context --help" ;;
        mounts) words="--help" ;;
        list) words="--format --quiet --help" ;;
        ps) words="--format --help" ;;
        events) words="--interval --stats --format --help" ;;
        top) words="--interval --help" ;;
        spec) words="--bundle --file --rootless --help" ;;
        unpack) words="--store --platform --flat --ephemeral --tty --quiet --help" ;;
        plan) words="--bundle --layer --upper --work --ephemeral --format --help" ;;
        validate) words="--bundle --config --layer --upper --work --ephemeral --format --help" ;;
        doctor) words="--format --help" ;;
        features) words="--help" ;;
        completion) words="--help" ;;
        help) words="--help" ;;
        esac
    elif [[ -z $verb ]]; then
        words="create start run exec state update kill delete pause resume checkpoint restore mounts list ps events top spec unpack plan validate doctor features completion help"
    else
        case "$verb $place" in
        "start 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "exec 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "state 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "update 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "kill 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "kill 1") words="HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS" ;;
        "delete 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "pause 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "resume 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "checkpoint 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "mounts 0") words="add remove" ;;
        "mounts 1") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "mounts 2") _ocirun_files -f ; return ;;
        "ps 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "events 0") words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "top "*) words=$(ocirun "${root[@]}" list --quiet 2>/dev/null) ;;
        "unpack 0") _ocirun_files -d ; return ;;
        "unpack 1") _ocirun_files -d ; return ;;
        "plan 0") _ocirun_files -d ; return ;;
        "validate 0") _ocirun_files -d ; return ;;
        "completion 0") words="bash zsh fish" ;;
        "help 0") words="create start run exec state update kill delete pause resume checkpoint restore mounts list ps events top spec unpack plan validate doctor features completion help" ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _ocirun ocirun
