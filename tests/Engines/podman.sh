#!/bin/bash
# Rootful Podman with its own conmon, netavark and systemd's cgroups.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/podman-setup.sh"

rootful || exit 1

check 'run: output, input, exit status' <<'END'
is "$(podman run --rm bb echo word)" word
is "$(echo input | podman run --rm -i bb cat)" input
status 7 podman run --rm bb sh -c 'exit 7'
END

check 'run: 125, 126 and 127' <<'END'
status 125 podman run --rm --runtime /nowhere bb true
status 126 podman run --rm bb /etc 2>error
has "$(cat error)" 'ermission denied'
status 127 podman run --rm bb missing 2>error
has "$(cat error)" missing
END

check 'run -it: a terminal of the caller'"'"'s size' <<'END'
is "$(terminal 'podman run --rm -it bb sh -c "sleep 2; tty; stty size"')" $'/dev/pts/0\n30 100'
END

check 'run: user, group, folder, environment, host name' <<'END'
is "$(podman run --rm -u 1000:50 -w /tmp -e A=b --hostname box bb sh -c 'id -u; id -g; pwd; echo $A; hostname')" $'1000\n50\n/tmp\nb\nbox'
is "$(podman run --rm -u 5:6 --group-add 9 bb id -G)" '6 9'
END

check 'exec: output, exit status, user, missing program' <<'END'
podman run -d --name c bb sleep 1000
is "$(podman exec -u 1000 -e A=b -w /tmp c sh -c 'id -u; echo $A; pwd')" $'1000\nb\n/tmp'
is "$(echo input | podman exec -i c cat)" input
status 9 podman exec c sh -c 'exit 9'
status 127 podman exec c missing
status 126 podman exec c /etc
is "$(podman inspect -f '{{.State.Status}}' c)" running
END

check 'exec -it: a terminal of its own' <<'END'
podman run -d --name c bb sleep 1000
is "$(terminal 'podman exec -it c sh -c "sleep 2; tty; stty size"')" $'/dev/pts/0\n30 100'
END

nightly 'exec -d and top' <<'END'
podman run -d --name c bb sleep 1000
podman exec -d c sleep 999
await podman exec c sh -c 'pidof sleep | grep " "'
has "$(podman top c pid args)" 'sleep 999'
END

check 'build: RUN, COPY, USER and a failing step' 120 <<'END'
echo content >file
cat >Containerfile <<'FILE'
FROM bb
COPY file /file
RUN sh -c 'cat /file >/copy; id -u >>/copy'
USER 1000
RUN id -u
CMD cat /copy
FILE
podman build -q -t built . </dev/null
is "$(podman run --rm built)" $'content\n0'
printf 'FROM bb\nRUN exit 3\n' >Failing
status 3 podman build -f Failing .
podman rmi -f built
END

nightly 'build: secret, bind mount and no network' 120 <<'END'
echo hidden >secret
printf 'FROM bb\nRUN --mount=type=secret,id=s --mount=type=bind,source=.,target=/ctx --mount=type=tmpfs,target=/scratch test "$(cat /run/secrets/s)" = hidden -a -e /ctx/secret && touch /scratch/x\nRUN --network=none test "$(ls /sys/class/net)" = lo\n' >Containerfile
podman build --no-cache --secret id=s,src=secret .
END

check 'pod: shared network, host name and IPC' <<'END'
podman pod create --network none --name p --hostname podhost
podman run -d --pod p --name a bb sleep 1000
podman run -d --pod p --name b bb sleep 1000
for kind in net ipc uts; do is "$(podman exec a readlink /proc/self/ns/$kind)" "$(podman exec b readlink /proc/self/ns/$kind)"; done
[ "$(podman exec a readlink /proc/self/ns/pid)" != "$(podman exec b readlink /proc/self/ns/pid)" ]
is "$(podman exec b hostname)" podhost
END

nightly 'pod: shared processes' <<'END'
podman pod create --network none --name p --share pid,net
podman run -d --pod p --name a bb sleep 1111
podman run -d --pod p --name b bb sleep 2222
has "$(podman exec b ps)" 'sleep 1111'
podman stop -t 0 b
is "$(podman inspect -f '{{.State.Status}}' a)" running
END

nightly 'pod: stop, start and remove' 90 <<'END'
podman pod create --network none --name p --memory 100m
podman run -d --pod p --name a bb sleep 1000
podman pod stop -t 1 p
is "$(podman inspect -f '{{.State.Status}}' a)" exited
podman pod start p
is "$(podman exec a echo on)" on
podman pod rm -f -t 0 p
END

nightly 'healthcheck' <<'END'
podman run -d --name c --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 bb sleep 1000
status 1 podman healthcheck run c
podman exec c touch /tmp/well
podman healthcheck run c
await sh -c 'podman inspect -f "{{.State.Health.Status}}" c | grep -x healthy'
END

check 'limits are in the cgroup' <<'END'
is "$(podman run --rm --memory 64m --memory-reservation 32m --memory-swap 64m --cpus 0.5 --pids-limit 20 --cpu-shares 512 --cpuset-cpus 0 bb \
  sh -c 'cd /sys/fs/cgroup; cat memory.max memory.low memory.swap.max cpu.max pids.max cpuset.cpus')" $'67108864\n33554432\n0\n50000 100000\n20\n0'
END

# systemd takes the scope away when the process has ended, and conmon may come too late to read what happened in it.
check 'memory: the killed container says so' <<'END'
for c in c1 c2 c3 c4 c5; do
  status 137 podman run --name $c --memory 20m --memory-swap 20m bb sh -c 'sleep 1; exec tail /dev/zero'
  [ "$(podman inspect -f '{{.State.OOMKilled}}' $c)" != true ] || exit 0
done
exit 1
END

nightly 'a unified limit and a device limit' <<'END'
is "$(podman run --rm --cgroup-conf memory.high=50000000 bb cat /sys/fs/cgroup/memory.high)" 49999872
podman run --rm --device-read-bps /dev/vda:1mb bb cat /sys/fs/cgroup/io.max >max
has "$(cat max)" rbps=1048576
END

check 'update' <<'END'
podman run -d --name c bb sleep 1000
podman update --memory 48m --cpus 0.25 --pids-limit 33 c
is "$(podman exec c sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max')" $'50331648\n25000 100000\n33'
END

nightly 'stats' <<'END'
podman run -d --name c --memory 64m bb sleep 1000
podman stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' c >stats
has "$(cat stats)" 'c 1 '
has "$(cat stats)" '67.11MB'
END

nightly 'pause and unpause' <<'END'
podman run -d --name c bb sleep 1000
podman pause c
is "$(podman inspect -f '{{.State.Status}}' c)" paused
status 255 podman exec c true || status 125 podman exec c true
podman unpause c
is "$(podman exec c echo on)" on
podman pause c
podman rm -f -t 0 c
END

check 'kill, stop and wait' 90 <<'END'
podman run -d --name c bb sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done'
podman exec c true
podman kill -s USR1 c
is "$(podman wait c)" 5
podman run -d --name d bb sh -c 'trap "" TERM; while :; do sleep 0.1; done'
podman stop -t 1 d
is "$(podman wait d)" 137
podman run -d --name e --stop-signal SIGINT bb sh -c 'trap "exit 6" INT; while :; do sleep 0.1; done'
podman stop -t 20 e
is "$(podman wait e)" 6
status 125 podman kill e
END

nightly 'start again, restart, on-failure' 90 <<'END'
podman run --name c bb sh -c 'echo again'
is "$(podman start -a c)" again
podman run -d --name d bb sleep 1000
podman restart -t 0 d
is "$(podman exec d echo on)" on
podman run -d --name e --restart on-failure:2 bb false
await sh -c 'podman inspect -f "{{.RestartCount}} {{.State.Status}}" e | grep -x "2 exited"'
END

nightly 'create, init, start' <<'END'
podman create --name c bb echo made
podman init c
is "$(podman inspect -f '{{.State.Status}}' c)" initialized
is "$(podman start -a c)" made
podman create --name d bb echo never
podman init d
podman rm -f d
END

nightly 'attach and logs' <<'END'
podman run -d --name c bb sh -c 'echo out; echo err >&2; read line; echo "got $line"'
echo line | podman run --rm -i bb sh -c 'read line; echo "got $line"' >got
is "$(cat got)" 'got line'
await sh -c 'podman logs c 2>/dev/null | grep -x out'
is "$(podman logs c 2>&1 >/dev/null)" err
END

nightly '--read-only' <<'END'
podman run --rm --read-only bb sh -c '! touch /file && touch /tmp/file /run/file /dev/shm/file'
podman run --rm --read-only --read-only-tmpfs=false bb sh -c '! touch /tmp/file'
END

nightly 'volumes: ro, noexec, propagation, named, tmpfs' <<'END'
mkdir dir; echo content >dir/file
podman run --rm -v ./dir:/v:ro bb sh -c 'cat /v/file; ! touch /v/x'
podman run --rm -v ./dir:/v:noexec,nosuid,nodev bb sh -c 'grep " /v " /proc/mounts' >mounts
has "$(cat mounts)" nosuid,nodev,noexec
podman run --rm -v named:/n bb sh -c 'echo kept >/n/file'
is "$(podman run --rm -v named:/n bb cat /n/file)" kept
podman run --rm --tmpfs /t:size=1m,mode=700 bb sh -c 'grep " /t " /proc/mounts; stat -c %a /t' >mounts
has "$(cat mounts)" size=1024k
podman run --rm --mount type=bind,src=./dir,dst=/v,bind-propagation=rshared bb grep ' /v ' /proc/self/mountinfo >info
has "$(cat info)" shared:
END

nightly 'volumes: O is an overlay' <<'END'
mkdir dir; echo content >dir/file
is "$(podman run --rm -v ./dir:/v:O bb sh -c 'echo changed >/v/file; touch /v/new; cat /v/file')" changed
is "$(cat dir/file; ls dir)" $'content\nfile'
END

check 'volumes: idmap' <<'END'
mkdir dir; touch dir/file
is "$(podman run --rm --uidmap 0:200000:1000 --gidmap 0:200000:1000 -v ./dir:/v:idmap bb stat -c %u:%g /v/file)" 0:0
is "$(podman run --rm --uidmap 0:200000:1000 --gidmap 0:200000:1000 -v ./dir:/v bb stat -c %u:%g /v/file)" 65534:65534
podman run --rm --uidmap 0:200000:1000 --gidmap 0:200000:1000 -v ./dir:/v:idmap bb touch /v/new
is "$(stat -c %u:%g dir/new)" 0:0
END

check '--userns=auto' <<'END'
podman run -d --name c --userns=auto bb sleep 1000
has "$(podman exec c cat /proc/self/uid_map)" 10000000
is "$(podman exec c id -u)" 0
is "$(podman exec c stat -c %u /bin/busybox)" 0
podman exec c touch /file
END

nightly '--init' <<'END'
podman run -d --name c --init bb sleep 1000
has "$(podman exec c cat /proc/1/cmdline | tr '\0' ' ')" init
podman exec c sh -c 'sh -c "sleep 0.1 & exit" ; sleep 1; ! ps -o stat | grep Z'
END

nightly 'devices' <<'END'
podman run --rm --device /dev/vda:/dev/disk:r bb sh -c 'test $(head -c 3 /dev/disk | wc -c) = 3 && ! echo x >/dev/disk'
major=$(stat -c %Hr /dev/vda) minor=$(stat -c %Lr /dev/vda)
status 1 podman run --rm --cap-add mknod bb sh -c "mknod /dev/v b $major $minor && : </dev/v"
podman run --rm --cap-add mknod --device-cgroup-rule "b $major:$minor rm" bb sh -c "mknod /dev/v b $major $minor && true </dev/v && ! true >/dev/v"
podman run --rm --privileged bb test -b /dev/vda
END

nightly 'capabilities, privileges, seccomp' <<'END'
is "$(podman run --rm --cap-drop all --cap-add kill bb grep CapEff /proc/self/status)" $'CapEff:\t0000000000000020'
is "$(podman run --rm -u 7 --cap-add kill bb grep CapEff /proc/self/status)" $'CapEff:\t0000000000000020'
is "$(podman run --rm --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status)" $'NoNewPrivs:\t1'
is "$(podman run --rm bb grep Seccomp: /proc/self/status)" $'Seccomp:\t2'
is "$(podman run --rm --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status)" $'Seccomp:\t0'
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' >profile
podman run --rm --security-opt seccomp=./profile bb mkdir /x 2>error && exit 1
has "$(cat error)" 'not supported'
has "$(podman run --rm --privileged bb grep CapEff /proc/self/status)" ffffff
END

nightly 'limits of processes, sysctls, shm, oom score' <<'END'
is "$(podman run --rm --ulimit nofile=100:200 bb sh -c 'ulimit -n; ulimit -Hn')" $'100\n200'
is "$(podman run --rm --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 bb cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)" $'1\n4096'
has "$(podman run --rm --shm-size 3m bb grep ' /dev/shm ' /proc/mounts)" size=3072k
is "$(podman run --rm --oom-score-adj 100 bb cat /proc/self/oom_score_adj)" 100
is "$(podman run --rm --umask 077 bb sh -c umask)" 0077
END

nightly 'namespaces of the host and of another container' <<'END'
is "$(podman run --rm --pid host --ipc host --uts host --net host --cgroupns host bb sh -c 'for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done')" \
  "$(for kind in pid ipc uts net cgroup; do readlink /proc/self/ns/$kind; done)"
podman run -d --name c bb sleep 1234
has "$(podman run --rm --pid container:c --net container:c --ipc container:c bb ps)" 'sleep 1234'
podman run -d --name h --pid host bb sh -c 'sleep 4321 & sleep 4321'
podman stop -t 1 h
sleep 1
dead 'sleep 4321'
END

nightly 'network: none, bridge and a published port' <<'END'
is "$(podman run --rm --network none bb ls /sys/class/net)" lo
podman run -d --name c --network bridge -p 127.0.0.1:8080:80 bb sh -c 'echo page >/tmp/index.html; exec httpd -f -h /tmp -p 80'
await busybox wget -q -O page http://127.0.0.1:8080/
is "$(cat page)" page
END

nightly 'OCI hooks' <<'END'
mkdir hooks
cat >hooks/record.sh <<HOOK
#!/bin/sh
cat >$PWD/state.\$1
HOOK
chmod +x hooks/record.sh
for stage in prestart createRuntime poststart poststop; do
  printf '{"version":"1.0.0","hook":{"path":"%s","args":["record","%s"]},"when":{"always":true},"stages":["%s"]}' "$PWD/hooks/record.sh" $stage $stage >hooks/$stage.json
done
podman --hooks-dir "$PWD/hooks" run --name c --annotation a.b=c bb true
podman --hooks-dir "$PWD/hooks" rm c
for stage in prestart createRuntime poststart poststop; do has "$(cat state.$stage)" '"a.b":'; done
END

check '--preserve-fds and LISTEN_FDS' <<'END'
exec 3>written
podman run --rm --preserve-fds 1 bb sh -c 'echo word >&3'
exec 3>&-
is "$(cat written)" word
END

nightly 'cp, diff, commit, export' <<'END'
podman run -d --name c bb sleep 1000
echo content >file
podman cp file c:/file
is "$(podman exec c cat /file)" content
has "$(podman diff c)" 'A /file'
podman commit -q c made
is "$(podman run --rm made cat /file)" content
podman rmi -f made
END

rootful_leaves_nothing
