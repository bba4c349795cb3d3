#!/bin/bash
# containerd with its own shim, driven by ctr.
. "$(dirname "$0")/cases.sh"

mkdir -p /etc/containerd
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
systemctl restart containerd || exit 1
ctr image import /job/image.tar >/dev/null || exit 1
export image=docker.io/library/bb:latest

# run OPTIONS -- ID COMMAND...
run() {
  local options=()
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  local id=$2
  shift 2
  ctr run --runc-binary "$RUNTIME" "${options[@]}" "$image" "$id" "$@"
}
gone() { ! ctr container info "$1" >/dev/null 2>&1 || ctr container rm "$1"; }
running() { ctr task ls | grep -q "^$1 .*RUNNING"; }
stopped() { ! ctr task ls | grep "^$1 " | grep -v STOPPED; }
shim() { pgrep -f "containerd-shim-runc-v2 .*-id $1 "; }
export -f run gone running stopped shim
settle() {
  systemctl is-active -q containerd || systemctl start containerd
  for id in $(ctr task ls -q); do ctr task rm -f "$id"; done
  for id in $(ctr container ls -q); do ctr container rm "$id"; done
}

check 'run: output, exit status' <<'END'
is "$(run --rm -- c echo word)" word
status 7 run --rm -- c sh -c 'exit 7'
END

check 'run: a missing program is told at once' <<'END'
status 1 run --rm -- c missing 2>error
has "$(cat error)" missing
has "$(cat error)" 'executable file not found'
gone c
not ls -d "/run/containerd/runc/default/c"
status 1 run --rm -- d /etc
END

check 'run --tty: a terminal of the size of the caller'"'"'s' <<'END'
is "$(terminal 'run --rm --tty -- c sh -c "sleep 3; tty; stty size"')" $'/dev/pts/0\n30 100'
END

check 'exec: output, exit status, user, folder' <<'END'
run -d -- c sleep 1000
is "$(ctr task exec --exec-id x --user 1000 --cwd /tmp c sh -c 'id -u; pwd')" $'1000\n/tmp'
status 9 ctr task exec --exec-id y c sh -c 'exit 9'
is "$(echo input | ctr task exec --exec-id z c cat)" input
END

check 'exec: a missing program leaves the container alone' <<'END'
run -d -- c sleep 1000
status 1 ctr task exec --exec-id x c missing 2>error
has "$(cat error)" 'executable file not found'
running c
is "$(ctr task exec --exec-id y c echo on)" on
END

check 'exec --tty' <<'END'
run -d -- c sleep 1000
is "$(terminal 'ctr task exec --tty --exec-id x c sh -c "sleep 3; tty; stty size"')" $'/dev/pts/0\n30 100'
END

nightly 'exec: arguments of 100 KiB' <<'END'
run -d -- c sleep 1000
is "$(ctr task exec --exec-id x c sh -c 'echo ${#0}' "$(head -c 102400 /dev/zero | tr '\0' x)")" 102400
END

check 'pause and resume' <<'END'
run -d -- c sleep 1000
ctr task pause c
has "$(ctr task ls)" PAUSED
grep -rq 'frozen 1' /sys/fs/cgroup/default/c/
ctr task resume c
running c
is "$(ctr task exec --exec-id x c echo on)" on
END

check 'a paused container is killed and removed' <<'END'
run -d -- c sleep 1000
ctr task pause c
ctr task rm -f c
gone c
END

check 'kill: the signal and all processes' <<'END'
run -d -- c sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done'
ctr task exec --exec-id w c true
ctr task kill -s SIGUSR1 c
await stopped c
has "$(ctr task rm c 2>&1)" 'exit code 5'
run -d -- d sh -c 'sleep 1111 & sleep 1111'
await alive 'sleep 1111'
ctr task kill -a -s SIGKILL d
await stopped d
dead 'sleep 1111'
status 1 ctr task kill -s SIGTERM d 2>error
has "$(cat error)" 'process already finished'
END

nightly 'ps and metrics' <<'END'
run -d --memory-limit 67108864 -- c sh -c 'sleep 1000 & sleep 1000'
await sh -c 'test $(ctr task ps c | wc -l) -ge 3'
ctr task metrics c >metrics
has "$(cat metrics)" memory
has "$(cat metrics)" 67108864
has "$(cat metrics)" pids.current
END

nightly 'limits are in the cgroup' <<'END'
run -d --memory-limit 67108864 --cpus 0.5 -- c sleep 1000
cd /sys/fs/cgroup/default/c
is "$(cat memory.max cpu.max)" $'67108864\n50000 100000'
END

check 'systemd cgroup' <<'END'
run -d --runc-systemd-cgroup --cgroup system.slice:ctr:c --memory-limit 67108864 -- c sleep 1000
is "$(systemctl is-active ctr-c.scope)" active
is "$(cat /sys/fs/cgroup/system.slice/ctr-c.scope/memory.max)" 67108864
ctr task exec --exec-id x c true
ctr task rm -f c
not systemctl is-active ctr-c.scope
END

check 'user namespace' <<'END'
run -d --uidmap 0:200000:65536 --gidmap 0:200000:65536 -- c sleep 1000
has "$(ctr task exec --exec-id x c cat /proc/self/uid_map)" 200000
is "$(ctr task exec --exec-id y c sh -c 'id -u; stat -c %u /bin/busybox; touch /file')" $'0\n0'
is "$(stat -c %u /proc/$(ctr task ls | awk '$1 == "c" { print $2 }'))" 200000
END

check 'namespaces of others' <<'END'
ip netns add away
trap 'ip netns del away' EXIT
ip -n away link add name dummy-link type bridge
has "$(run --rm --with-ns network:/run/netns/away -- c ls /sys/class/net)" dummy-link
is "$(run --rm --net-host -- c readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
END

check 'without a pid namespace: no process survives' <<'END'
run -d --with-ns pid:/proc/1/ns/pid -- c sh -c 'sleep 3333 & sleep 2; exit 4'
await stopped c
has "$(ctr task rm c 2>&1)" 'exit code 4'
dead 'sleep 3333'
END

nightly 'mounts, read-only root, environment, capabilities' <<'END'
mkdir dir; echo content >dir/file
is "$(run --rm --read-only --env A=b --mount type=bind,src=$PWD/dir,dst=/v,options=rbind:ro -- c sh -c 'cat /v/file; ! touch /v/x /x 2>/dev/null; echo $A')" $'content\nb'
is "$(run --rm --cap-drop CAP_CHOWN -- c sh -c 'chown 5 /tmp 2>/dev/null || echo refused')" refused
has "$(run --rm --privileged -- c grep CapEff /proc/self/status)" fffff
is "$(run --rm --seccomp -- c grep Seccomp: /proc/self/status)" $'Seccomp:\t2'
is "$(run --rm --hostname box --cwd /tmp --user 7:8 -- c sh -c 'hostname; pwd; id -u; id -g')" $'box\n/tmp\n7\n8'
END

# The shim begins to watch the cgroup when `start` has returned, and may be gone before it has told what it saw.
check 'the end is told: exit and OOM events' <<'END'
ctr events >events &
trap "kill $!" EXIT
sleep 1
for n in 1 2 3 4 5; do
  status 137 run --rm --memory-limit 20000000 -- c sh -c 'sleep 1; exec tail /dev/zero'
  await grep -q '/tasks/exit.*"exit_status":137' events
  sleep 1
  ! grep -q '/tasks/oom' events || exit 0
done
exit 1
END

check 'the shim is killed' <<'END'
run -d -- c sleep 5555
kill -KILL $(shim c)
await dead 'sleep 5555'
await test ! -e /run/containerd/runc/default/c
await test ! -e /sys/fs/cgroup/default/c
gone c
END

check 'containerd restarts under a running container' <<'END'
run -d -- c sleep 1000
systemctl restart containerd
running c
is "$(ctr task exec --exec-id x c echo on)" on
ctr task kill -s KILL c
await stopped c
has "$(ctr task rm c 2>&1)" 'exit code 137'
END

# Started ten at a time: more of them lose their patience with an emulated machine.
nightly 'fifty at once' 300 <<'END'
for tens in {0..4}; do
  jobs=()
  for i in {0..9}; do run -d -- m$tens$i sleep 1000 & jobs+=($!); done
  for job in "${jobs[@]}"; do wait $job; done
done
is "$(ctr task ls | grep -c RUNNING)" 50
for tens in {0..4}; do
  jobs=()
  for i in {0..9}; do ctr task rm -f m$tens$i & jobs+=($!); done
  for job in "${jobs[@]}"; do wait $job; done
done
none "$(ls /run/containerd/runc/default || true)"
END

check 'checkpoint and restore' 150 <<'END'
run -d -- c sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.1; done'
await ctr task exec --exec-id x c test -s /count
ctr container checkpoint --task --rw --image c local/point
ctr task rm -f c
ctr container rm c
ctr container restore --live --rw c local/point
is "$(ctr task exec --exec-id y c sh -c 'test $(cat /count) -gt 1 && echo on')" on
ctr image rm local/point
END

check 'nothing is left' <<'END'
for i in 1 2 3; do run --rm -- c true; done
none "$(ls /run/containerd/runc/default 2>/dev/null || true)"
none "$(find /sys/fs/cgroup/default -mindepth 1 -type d || true)"
not grep /run/containerd/io.containerd.runtime.v2.task/default /proc/mounts
END

systemctl stop containerd
