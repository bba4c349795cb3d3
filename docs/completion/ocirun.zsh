#compdef ocirun
_ocirun_containers() {
    local -a ids
    ids=(${(f)"$(ocirun $root list --quiet 2>/dev/null)"})
    compadd -a ids
}
_ocirun() {
    local state line
    typeset -A opt_args
    local -a commands root
    _arguments -C \
                    '(--root -r)'{--root,-r}'[keep the state of containers below this directory]:DIR:_files -/' \
                    '(--log -l)'{--log,-l}'[append diagnostics to this file]:FILE:_files' \
                    '--log-format[write diagnostics as text or json]:FORMAT:(text json)' \
                    '--log-level[write diagnostics from this level on]:LEVEL:(error warning debug)' \
                    '--debug[the same as --log-level debug]' \
                    '--systemd-log[the same as --log journald\:ocirun, where --log names nothing else]' \
                    '--trace[write what took how long to this file, for Perfetto (%p\: process id, %v\: command)]:FILE:_files' \
                    '(--systemd-cgroup -s)'{--systemd-cgroup,-s}'[let systemd make the cgroups (slice\:prefix\:name)]' \
                    '--cgroup-manager[who makes the cgroups]:MANAGER:(cgroupfs systemd disabled)' \
                    '--rootless[tolerate missing permissions on cgroups\: true, false or auto]:WHEN:(true false auto)' \
                    '(--version -v)'{--version,-v}'[print the version]' \
                    '--help[show this]' \
        '1:command:->command' \
        '*::argument:->argument'
    [[ -n ${opt_args[--root]}${opt_args[-r]} ]] && root=(--root "${opt_args[--root]}${opt_args[-r]}")
    case $state in
    command)
        commands=(
                'create:create a container'
                'start:let the process of a created container run'
                'run:create and start a container'
                'exec:run a process in a running container'
                'state:print the state of a container as JSON'
                'update:change the limits of a container'
                'kill:send a signal to a container'
                'delete:remove a container that has ended or was never started'
                'pause:freeze all processes of a container'
                'resume:let the processes of a paused container go on'
                'checkpoint:save a running container to files, through CRIU'
                'restore:make a container from a checkpoint, through CRIU'
                'mounts:add mounts to a container that exists, or remove them'
                'list:list the containers below the state root'
                'ps:list the processes of a container'
                'events:print what a container uses, and when it runs out of memory'
                'top:show what containers use, refreshed until q is typed'
                'spec:write a config.json to start from'
                'unpack:make a bundle from an OCI image'
                'plan:print the steps that create would take'
                'validate:list everything that is wrong with a bundle'
                'doctor:show what this host has for containers, and what it lacks'
                'features:print what this program implements as JSON'
                'completion:print a completion script for a shell'
                'help:show the commands, or one command'\''s options'
        )
        _describe command commands
        ;;
    argument)
        case $line[1] in
            create)
                _arguments \
                    '(--bundle -b)'{--bundle,-b}'[directory with config.json]:DIR:_files -/' \
                    '(--config -f)'{--config,-f}'[name of the configuration file in the bundle]:FILE: ' \
                    '*--layer[directory of a layered root file system, the top-most first; repeat it]:DIR:_files -/' \
                    '--upper[keep what the container writes in this directory]:DIR:_files -/' \
                    '--work[scratch directory of the kernel beside the one of --upper]:DIR:_files -/' \
                    '--ephemeral[drop what the container writes to its layers]' \
                    '--console-socket[unix socket that is sent the terminal]:SOCKET:_files' \
                    '--pidfd-socket[unix socket that is sent a pidfd of the process]:SOCKET:_files' \
                    '--pid-file[write the process id to this file]:FILE:_files' \
                    '--no-pivot[change the root by chroot, for a root on a ramdisk]' \
                    '--no-new-keyring[keep the caller'\''s session keyring]' \
                    '--preserve-fds[pass this many descriptors on, from 3]:N: ' \
                    '--help[show this]' \
                    '*: :'
                ;;
            start)
                _arguments \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            run)
                _arguments \
                    '(--bundle -b)'{--bundle,-b}'[directory with config.json]:DIR:_files -/' \
                    '(--config -f)'{--config,-f}'[name of the configuration file in the bundle]:FILE: ' \
                    '*--layer[directory of a layered root file system, the top-most first; repeat it]:DIR:_files -/' \
                    '--upper[keep what the container writes in this directory]:DIR:_files -/' \
                    '--work[scratch directory of the kernel beside the one of --upper]:DIR:_files -/' \
                    '--ephemeral[drop what the container writes to its layers]' \
                    '--console-socket[unix socket that is sent the terminal]:SOCKET:_files' \
                    '--pidfd-socket[unix socket that is sent a pidfd of the process]:SOCKET:_files' \
                    '--pid-file[write the process id to this file]:FILE:_files' \
                    '--no-pivot[change the root by chroot, for a root on a ramdisk]' \
                    '--no-new-keyring[keep the caller'\''s session keyring]' \
                    '--preserve-fds[pass this many descriptors on, from 3]:N: ' \
                    '(--detach -d)'{--detach,-d}'[return as soon as the process runs]' \
                    '--keep[do not delete the container when the process has ended]' \
                    '--no-subreaper[do not adopt the process'\''s orphans]' \
                    '--help[show this]' \
                    '*: :'
                ;;
            exec)
                _arguments \
                    '--console-socket[unix socket that is sent the terminal]:SOCKET:_files' \
                    '--pidfd-socket[unix socket that is sent a pidfd of the process]:SOCKET:_files' \
                    '--cwd[working directory in the container]:DIR: ' \
                    '*'{--env,-e}'[set a variable; repeat it]:NAME=VALUE: ' \
                    '(--tty -t)'{--tty,-t}'[give the process a terminal]' \
                    '(--user -u)'{--user,-u}'[user and group by number]:UID\[\:GID\]: ' \
                    '*'{--additional-gids,-g}'[one more group by number; repeat it]:GID: ' \
                    '(--process -p)'{--process,-p}'[process object in JSON]:FILE:_files' \
                    '(--detach -d)'{--detach,-d}'[return as soon as the process runs]' \
                    '--pid-file[write the process id to this file]:FILE:_files' \
                    '--process-label[label of SELinux]:LABEL: ' \
                    '--apparmor[profile of AppArmor]:PROFILE: ' \
                    '--no-new-privs[gain no privileges by execve]' \
                    '*'{--cap,-c}'[one more capability; repeat it]:CAP: ' \
                    '--preserve-fds[pass this many descriptors on, from 3]:N: ' \
                    '*--cgroup[cgroup below the container'\''s]:PATH: ' \
                    '--ignore-paused[also in a paused container, where the process waits]' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers' \
                    '*:: :'
                ;;
            state)
                _arguments \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            update)
                _arguments \
                    '(--resources -r)'{--resources,-r}'[read a linux.resources document, - for standard input]:FILE:_files' \
                    '--blkio-weight[share of block I/O, 10 to 1000]:WEIGHT: ' \
                    '--cpu-period[period of the CPU quota, in microseconds]:MICROSECONDS: ' \
                    '--cpu-quota[CPU time in a period, in microseconds; -1 is unlimited]:MICROSECONDS: ' \
                    '--cpu-burst[CPU time saved up for later periods, in microseconds]:MICROSECONDS: ' \
                    '--cpu-share[share of CPU time beside others, 1024 by default]:SHARES: ' \
                    '--cpuset-cpus[processors to run on\: 0-1,3]:LIST: ' \
                    '--cpuset-mems[memory nodes to use\: 0-1,3]:LIST: ' \
                    '--cpu-idle[1 runs only when nothing else does, 0 as usual]:0|1: ' \
                    '--memory[memory limit]:SIZE: ' \
                    '--memory-reservation[memory that is not reclaimed before that of others]:SIZE: ' \
                    '--memory-swap[limit of memory and swap together]:SIZE: ' \
                    '--pids-limit[most processes and threads; -1 is unlimited]:NUMBER: ' \
                    '--l3-cache-schema[Intel RDT\: schema of the L3 cache]:SCHEMA: ' \
                    '--mem-bw-schema[Intel RDT\: schema of the memory bandwidth]:SCHEMA: ' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            kill)
                _arguments \
                    '(--all -a)'{--all,-a}'[signal every process of the container; none left is a success]' \
                    '(--regex -r)'{--regex,-r}'[ID is a POSIX extended regular expression; takes every container that it matches]' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers' \
                    '2:signal:(HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS)' \
                    '*:: :'
                ;;
            delete)
                _arguments \
                    '(--force -f)'{--force,-f}'[kill it first when it runs; a container that does not exist is a success]' \
                    '(--regex -r)'{--regex,-r}'[ID is a POSIX extended regular expression; takes every container that it matches]' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            pause)
                _arguments \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            resume)
                _arguments \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            checkpoint)
                _arguments \
                    '--image-path[images are written to this directory]:DIR:_files -/' \
                    '--work-path[write dump.log to this directory]:DIR:_files -/' \
                    '--tcp-established[allow established TCP connections]' \
                    '--ext-unix-sk[allow unix sockets that are connected to the outside]' \
                    '--shell-job[allow processes of a session that began outside]' \
                    '--lazy-pages[send memory when it is needed]' \
                    '--file-locks[allow file locks]' \
                    '--manage-cgroups-mode[what CRIU does with cgroups]:MODE:(soft full strict ignore)' \
                    '*--empty-ns[make this namespace again but not its content; repeat it]:TYPE:(network)' \
                    '--auto-dedup[take memory that was read again out of older images]' \
                    '--network-lock[how connections are held meanwhile]:METHOD:(iptables nftables skip)' \
                    '--parent-path[older images of a pre-dump, relative to the image path]:DIR: ' \
                    '--leave-running[let the container go on afterwards]' \
                    '--tcp-skip-in-flight[leave out TCP connections that are not established yet]' \
                    '--link-remap[give files that are open but deleted a name for the time between]' \
                    '--status-fd[write a NUL to this descriptor when --lazy-pages is ready]:FD: ' \
                    '--page-server[send the memory to the page server there]:ADDRESS\:PORT: ' \
                    '--pre-dump[write the memory only, and let the container go on]' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            restore)
                _arguments \
                    '--image-path[read the images from this directory]:DIR:_files -/' \
                    '--work-path[write restore.log to this directory]:DIR:_files -/' \
                    '--tcp-established[allow established TCP connections]' \
                    '--ext-unix-sk[allow unix sockets that are connected to the outside]' \
                    '--shell-job[allow processes of a session that began outside]' \
                    '--lazy-pages[send memory when it is needed]' \
                    '--file-locks[allow file locks]' \
                    '--manage-cgroups-mode[what CRIU does with cgroups]:MODE:(soft full strict ignore)' \
                    '*--empty-ns[make this namespace again but not its content; repeat it]:TYPE:(network)' \
                    '--auto-dedup[take memory that was read again out of older images]' \
                    '--network-lock[how connections are held meanwhile]:METHOD:(iptables nftables skip)' \
                    '(--bundle -b)'{--bundle,-b}'[directory with config.json]:DIR:_files -/' \
                    '--console-socket[unix socket that is sent the terminal]:SOCKET:_files' \
                    '--pid-file[write the process id to this file]:FILE:_files' \
                    '(--detach -d)'{--detach,-d}'[return as soon as the processes run]' \
                    '--no-subreaper[do not adopt the process'\''s orphans]' \
                    '--tcp-close[restore established TCP connections as closed ones]' \
                    '--lsm-profile[profile of AppArmor or label of SELinux instead of the saved one]:TYPE\:NAME: ' \
                    '--lsm-mount-context[label of SELinux for mounts instead of the saved one]:CONTEXT: ' \
                    '--help[show this]' \
                    '*: :'
                ;;
            mounts)
                _arguments \
                    '--help[show this]' \
                    '1:word:(add remove)' \
                    '2:container:_ocirun_containers' \
                    '3:file:_files'
                ;;
            list)
                _arguments \
                    '(--format -f)'{--format,-f}'[print a table or JSON]:FORMAT:(table json)' \
                    '(--quiet -q)'{--quiet,-q}'[print ids only]' \
                    '--help[show this]' \
                    '*: :'
                ;;
            ps)
                _arguments \
                    '(--format -f)'{--format,-f}'[print a table or JSON]:FORMAT:(table json)' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers' \
                    '*:: :'
                ;;
            events)
                _arguments \
                    '--interval[time between statistics, such as 500ms or 1m]:TIME: ' \
                    '--stats[print the statistics once]' \
                    '(--format -f)'{--format,-f}'[print JSON or the text format of Prometheus]:FORMAT:(json prometheus)' \
                    '--help[show this]' \
                    '1:container:_ocirun_containers'
                ;;
            top)
                _arguments \
                    '--interval[time between tables, such as 500ms or 1m]:TIME: ' \
                    '--help[show this]' \
                    '*:container:_ocirun_containers'
                ;;
            spec)
                _arguments \
                    '(--bundle -b)'{--bundle,-b}'[directory to write it to]:DIR:_files -/' \
                    '(--file -f)'{--file,-f}'[name of the file, below the bundle unless absolute; - writes to standard output]:FILE:_files' \
                    '--rootless[write one for a caller without privileges]' \
                    '--help[show this]' \
                    '*: :'
                ;;
            unpack)
                _arguments \
                    '--store[directory of the layers that images share]:DIR:_files -/' \
                    '--platform[choose the image of an index for OS/ARCHITECTURE\[/VARIANT\]]:PLATFORM: ' \
                    '--flat[put all layers together in BUNDLE/rootfs, for any runtime]' \
                    '--ephemeral[throw away what a container writes, instead of keeping it in BUNDLE/upper]' \
                    '(--tty -t)'{--tty,-t}'[give the process a terminal]' \
                    '(--quiet -q)'{--quiet,-q}'[no progress bar, and no word about what is left out]' \
                    '--help[show this]' \
                    '1:directory:_files -/' \
                    '2:directory:_files -/'
                ;;
            plan)
                _arguments \
                    '(--bundle -b)'{--bundle,-b}'[directory with config.json]:DIR:_files -/' \
                    '*--layer[directory of a layered root file system, the top-most first; repeat it]:DIR:_files -/' \
                    '--upper[keep what the container writes in this directory]:DIR:_files -/' \
                    '--work[scratch directory of the kernel beside the one of --upper]:DIR:_files -/' \
                    '--ephemeral[drop what the container writes to its layers]' \
                    '(--format -f)'{--format,-f}'['\''text'\'' or '\''json'\'']:FORMAT:(text json)' \
                    '--help[show this]' \
                    '1:directory:_files -/'
                ;;
            validate)
                _arguments \
                    '(--bundle -b)'{--bundle,-b}'[directory with config.json]:DIR:_files -/' \
                    '--config[name of the configuration file in the bundle]:FILE: ' \
                    '*--layer[directory of a layered root file system, the top-most first; repeat it]:DIR:_files -/' \
                    '--upper[keep what the container writes in this directory]:DIR:_files -/' \
                    '--work[scratch directory of the kernel beside the one of --upper]:DIR:_files -/' \
                    '--ephemeral[drop what the container writes to its layers]' \
                    '(--format -f)'{--format,-f}'['\''text'\'' or '\''json'\'']:FORMAT:(text json)' \
                    '--help[show this]' \
                    '1:directory:_files -/'
                ;;
            doctor)
                _arguments \
                    '(--format -f)'{--format,-f}'['\''text'\'' or '\''json'\'']:FORMAT:(text json)' \
                    '--help[show this]' \
                    '*: :'
                ;;
            features)
                _arguments \
                    '--help[show this]' \
                    '*: :'
                ;;
            completion)
                _arguments \
                    '--help[show this]' \
                    '1:word:(bash zsh fish)'
                ;;
            help)
                _arguments \
                    '--help[show this]' \
                    '1:word:(create start run exec state update kill delete pause resume checkpoint restore mounts list ps events top spec unpack plan validate doctor features completion help)'
                ;;
        esac
        ;;
    esac
}
_ocirun "$@"
