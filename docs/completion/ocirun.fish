# fish completion for ocirun
function __ocirun_containers
    ocirun list --quiet 2>/dev/null
end
complete -c ocirun -f
complete -c ocirun -n __fish_use_subcommand -l root -s r -x -a '(__fish_complete_directories)' -d 'keep the state of containers below this directory'
complete -c ocirun -n __fish_use_subcommand -l log -s l -r -F -d 'append diagnostics to this file'
complete -c ocirun -n __fish_use_subcommand -l log-format -x -a 'text json' -d 'write diagnostics as text or json'
complete -c ocirun -n __fish_use_subcommand -l log-level -x -a 'error warning debug' -d 'write diagnostics from this level on'
complete -c ocirun -n __fish_use_subcommand -l debug -d 'the same as --log-level debug'
complete -c ocirun -n __fish_use_subcommand -l systemd-cgroup -s s -d 'let systemd make the cgroups (slice:prefix:name)'
complete -c ocirun -n __fish_use_subcommand -l cgroup-manager -x -a 'cgroupfs systemd disabled' -d 'who makes the cgroups'
complete -c ocirun -n __fish_use_subcommand -l rootless -x -a 'true false auto' -d 'tolerate missing permissions on cgroups: true, false or auto'
complete -c ocirun -n __fish_use_subcommand -l version -s v -d 'print the version'
complete -c ocirun -n __fish_use_subcommand -a create -d 'create a container'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l bundle -s b -x -a '(__fish_complete_directories)' -d 'directory with config.json'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l config -s f -x -d 'name of the configuration file in the bundle'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l layer -x -a '(__fish_complete_directories)' -d 'directory of a layered root file system, the top-most first; repeat it'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l upper -x -a '(__fish_complete_directories)' -d 'keep what the container writes in this directory'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l work -x -a '(__fish_complete_directories)' -d 'scratch directory of the kernel beside the one of --upper'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l ephemeral -d 'drop what the container writes to its layers'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l console-socket -r -F -d 'unix socket that is sent the terminal'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l pidfd-socket -r -F -d 'unix socket that is sent a pidfd of the process'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l pid-file -r -F -d 'write the process id to this file'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l no-pivot -d 'change the root by chroot, for a root on a ramdisk'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c ocirun -n '__fish_seen_subcommand_from create' -l preserve-fds -x -d 'pass this many descriptors on, from 3'
complete -c ocirun -n __fish_use_subcommand -a start -d 'let the process of a created container run'
complete -c ocirun -n '__fish_seen_subcommand_from start' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a run -d 'create and start a container'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l bundle -s b -x -a '(__fish_complete_directories)' -d 'directory with config.json'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l config -s f -x -d 'name of the configuration file in the bundle'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l layer -x -a '(__fish_complete_directories)' -d 'directory of a layered root file system, the top-most first; repeat it'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l upper -x -a '(__fish_complete_directories)' -d 'keep what the container writes in this directory'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l work -x -a '(__fish_complete_directories)' -d 'scratch directory of the kernel beside the one of --upper'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l ephemeral -d 'drop what the container writes to its layers'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l console-socket -r -F -d 'unix socket that is sent the terminal'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l pidfd-socket -r -F -d 'unix socket that is sent a pidfd of the process'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l pid-file -r -F -d 'write the process id to this file'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l no-pivot -d 'change the root by chroot, for a root on a ramdisk'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l no-new-keyring -d 'keep the caller\'s session keyring'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l preserve-fds -x -d 'pass this many descriptors on, from 3'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l detach -s d -d 'return as soon as the process runs'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l keep -d 'do not delete the container when the process has ended'
complete -c ocirun -n '__fish_seen_subcommand_from run' -l no-subreaper -d 'do not adopt the process\'s orphans'
complete -c ocirun -n __fish_use_subcommand -a state -d 'print the state of a container as JSON'
complete -c ocirun -n '__fish_seen_subcommand_from state' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a update -d 'change the limits of a container'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l resources -s r -r -F -d 'read a linux.resources document, - for standard input'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l blkio-weight -x -d 'share of block I/O, 10 to 1000'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpu-period -x -d 'period of the CPU quota, in microseconds'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpu-quota -x -d 'CPU time in a period, in microseconds; -1 is unlimited'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpu-burst -x -d 'CPU time saved up for later periods, in microseconds'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpu-share -x -d 'share of CPU time beside others, 1024 by default'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpuset-cpus -x -d 'processors to run on: 0-1,3'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpuset-mems -x -d 'memory nodes to use: 0-1,3'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l cpu-idle -x -d '1 runs only when nothing else does, 0 as usual'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l memory -x -d 'memory limit'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l memory-reservation -x -d 'memory that is not reclaimed before that of others'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l memory-swap -x -d 'limit of memory and swap together'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l pids-limit -x -d 'most processes and threads; -1 is unlimited'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l l3-cache-schema -x -d 'Intel RDT: schema of the L3 cache'
complete -c ocirun -n '__fish_seen_subcommand_from update' -l mem-bw-schema -x -d 'Intel RDT: schema of the memory bandwidth'
complete -c ocirun -n '__fish_seen_subcommand_from update' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a kill -d 'send a signal to a container'
complete -c ocirun -n '__fish_seen_subcommand_from kill' -l all -s a -d 'signal every process of the container; none left is a success'
complete -c ocirun -n '__fish_seen_subcommand_from kill' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a delete -d 'remove a container that has ended or was never started'
complete -c ocirun -n '__fish_seen_subcommand_from delete' -l force -s f -d 'kill it first when it runs; a container that does not exist is a success'
complete -c ocirun -n '__fish_seen_subcommand_from delete' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a pause -d 'freeze all processes of a container'
complete -c ocirun -n '__fish_seen_subcommand_from pause' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a resume -d 'let the processes of a paused container go on'
complete -c ocirun -n '__fish_seen_subcommand_from resume' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a list -d 'list the containers below the state root'
complete -c ocirun -n '__fish_seen_subcommand_from list' -l format -s f -x -a 'table json' -d 'print a table or JSON'
complete -c ocirun -n '__fish_seen_subcommand_from list' -l quiet -s q -d 'print ids only'
complete -c ocirun -n __fish_use_subcommand -a ps -d 'list the processes of a container'
complete -c ocirun -n '__fish_seen_subcommand_from ps' -l format -s f -x -a 'table json' -d 'print a table or JSON'
complete -c ocirun -n '__fish_seen_subcommand_from ps' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a events -d 'print what a container uses, and when it runs out of memory'
complete -c ocirun -n '__fish_seen_subcommand_from events' -l interval -x -d 'time between statistics, such as 500ms or 1m'
complete -c ocirun -n '__fish_seen_subcommand_from events' -l stats -d 'print the statistics once'
complete -c ocirun -n '__fish_seen_subcommand_from events' -l format -s f -x -a 'json prometheus' -d 'print JSON or the text format of Prometheus'
complete -c ocirun -n '__fish_seen_subcommand_from events' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a top -d 'show what containers use, refreshed until q is typed'
complete -c ocirun -n '__fish_seen_subcommand_from top' -l interval -x -d 'time between tables, such as 500ms or 1m'
complete -c ocirun -n '__fish_seen_subcommand_from top' -a '(__ocirun_containers)'
complete -c ocirun -n __fish_use_subcommand -a spec -d 'write a config.json to start from'
complete -c ocirun -n '__fish_seen_subcommand_from spec' -l bundle -s b -x -a '(__fish_complete_directories)' -d 'directory to write it to'
complete -c ocirun -n '__fish_seen_subcommand_from spec' -l rootless -d 'write one for a caller without privileges'
complete -c ocirun -n __fish_use_subcommand -a unpack -d 'make a bundle from an OCI image'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l store -x -a '(__fish_complete_directories)' -d 'directory of the layers that images share'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l platform -x -d 'choose the image of an index for OS/ARCHITECTURE[/VARIANT]'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l flat -d 'put all layers together in BUNDLE/rootfs, for any runtime'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l ephemeral -d 'throw away what a container writes, instead of keeping it in BUNDLE/upper'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l tty -s t -d 'give the process a terminal'
complete -c ocirun -n '__fish_seen_subcommand_from unpack' -l quiet -s q -d 'no progress bar, and no word about what is left out'
complete -c ocirun -n __fish_use_subcommand -a plan -d 'print the steps that create would take'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l bundle -s b -x -a '(__fish_complete_directories)' -d 'directory with config.json'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l layer -x -a '(__fish_complete_directories)' -d 'directory of a layered root file system, the top-most first; repeat it'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l upper -x -a '(__fish_complete_directories)' -d 'keep what the container writes in this directory'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l work -x -a '(__fish_complete_directories)' -d 'scratch directory of the kernel beside the one of --upper'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l ephemeral -d 'drop what the container writes to its layers'
complete -c ocirun -n '__fish_seen_subcommand_from plan' -l format -s f -x -a 'text json' -d '\'text\' or \'json\''
complete -c ocirun -n __fish_use_subcommand -a validate -d 'list everything that is wrong with a bundle'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l bundle -s b -x -a '(__fish_complete_directories)' -d 'directory with config.json'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l config -x -d 'name of the configuration file in the bundle'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l layer -x -a '(__fish_complete_directories)' -d 'directory of a layered root file system, the top-most first; repeat it'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l upper -x -a '(__fish_complete_directories)' -d 'keep what the container writes in this directory'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l work -x -a '(__fish_complete_directories)' -d 'scratch directory of the kernel beside the one of --upper'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l ephemeral -d 'drop what the container writes to its layers'
complete -c ocirun -n '__fish_seen_subcommand_from validate' -l format -s f -x -a 'text json' -d '\'text\' or \'json\''
complete -c ocirun -n __fish_use_subcommand -a features -d 'print what this program implements as JSON'
complete -c ocirun -n __fish_use_subcommand -a completion -d 'print a completion script for a shell'
complete -c ocirun -n '__fish_seen_subcommand_from completion' -a bash
complete -c ocirun -n '__fish_seen_subcommand_from completion' -a zsh
complete -c ocirun -n '__fish_seen_subcommand_from completion' -a fish
complete -c ocirun -n __fish_use_subcommand -a help -d 'show the commands, or one command\'s options'
complete -c ocirun -n '__fish_seen_subcommand_from help' -a create
complete -c ocirun -n '__fish_seen_subcommand_from help' -a start
complete -c ocirun -n '__fish_seen_subcommand_from help' -a run
complete -c ocirun -n '__fish_seen_subcommand_from help' -a state
complete -c ocirun -n '__fish_seen_subcommand_from help' -a update
complete -c ocirun -n '__fish_seen_subcommand_from help' -a kill
complete -c ocirun -n '__fish_seen_subcommand_from help' -a delete
complete -c ocirun -n '__fish_seen_subcommand_from help' -a pause
complete -c ocirun -n '__fish_seen_subcommand_from help' -a resume
complete -c ocirun -n '__fish_seen_subcommand_from help' -a list
complete -c ocirun -n '__fish_seen_subcommand_from help' -a ps
complete -c ocirun -n '__fish_seen_subcommand_from help' -a events
complete -c ocirun -n '__fish_seen_subcommand_from help' -a top
complete -c ocirun -n '__fish_seen_subcommand_from help' -a spec
complete -c ocirun -n '__fish_seen_subcommand_from help' -a unpack
complete -c ocirun -n '__fish_seen_subcommand_from help' -a plan
complete -c ocirun -n '__fish_seen_subcommand_from help' -a validate
complete -c ocirun -n '__fish_seen_subcommand_from help' -a features
complete -c ocirun -n '__fish_seen_subcommand_from help' -a completion
complete -c ocirun -n '__fish_seen_subcommand_from help' -a help
