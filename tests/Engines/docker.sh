#!/bin/bash
# dockerd with Debian's containerd; the runtime is the daemon's default.
. "$(dirname "$0")/cases.sh"

# configure WORDS-OF-JSON: (re)starts the daemon with the runtime and these settings
configure() {
  local runtimes='"hooked": { "path": "/usr/local/bin/hooked" }'
  [ "$NAME" = runc ] || runtimes="$runtimes, \"$NAME\": { \"path\": \"$RUNTIME\" }"
  runtimes="\"runtimes\": { $runtimes },"
  printf '{ %s "default-runtime": "%s"%s }\n' "$runtimes" "$NAME" "${1:+, $1}" >/etc/docker/daemon.json
  systemctl restart docker
}
load() { docker import -c 'CMD ["sh"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' /job/rootfs.tar bb:latest; }
export -f configure load
# What a vendor of devices puts before a runtime: it adds a prestart hook to those of the config.
cat >/usr/local/bin/hooked <<END
#!/bin/sh
for word; do [ "\${last-}" != --bundle ] || sed -i 's|"prestart":\[|&{"path":"/run/engines/hook","args":["hook","word"]},|' "\$word/config.json"; last=\$word; done
exec $RUNTIME "\$@"
END
chmod 755 /usr/local/bin/hooked
mkdir -p /run/engines /etc/docker /etc/systemd/system/docker.service.d /etc/containerd
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >/etc/containerd/config.toml
# BuildKit inside dockerd takes runc from PATH, whatever the default runtime is.
printf '[Service]\nEnvironment=DOCKER_BUILDKIT_RUNC_COMMAND=%s\n' "$RUNTIME" >/etc/systemd/system/docker.service.d/runtime.conf
systemctl daemon-reload
systemctl restart containerd && configure || exit 1
load >/dev/null || exit 1
is "$(docker info --format '{{.DefaultRuntime}}')" "$NAME" || exit 1

settle() { docker rm -f $(docker ps -aq); docker volume prune -f; }

check 'run: output, input, exit status, --runtime' <<'END'
is "$(docker run --rm bb echo word)" word
is "$(echo input | docker run --rm -i bb cat)" input
status 7 docker run --rm --runtime "$NAME" bb sh -c 'exit 7'
is "$(docker run -d --name cc bb sleep 1000 >/dev/null; docker inspect -f '{{.HostConfig.Runtime}}' cc)" "$NAME"
END

check 'run: 125, 126 and 127' <<'END'
status 125 docker run --rm --nonsense bb true
status 126 docker run --rm bb /etc
status 127 docker run --rm bb missing 2>error
has "$(cat error)" 'executable file not found'
status 127 docker run --rm bb /missing 2>error
has "$(cat error)" 'no such file or directory'
END

check 'run -it' <<'END'
has "$(terminal 'docker run --rm -it bb sh -c "sleep 3; tty; stty size"')" $'/dev/pts/0\n30 100'
END

check 'exec: output, exit status, user, missing program' <<'END'
docker run -d --name cc bb sleep 1000
is "$(docker exec -u 1000 -e A=b -w /tmp cc sh -c 'id -u; echo $A; pwd')" $'1000\nb\n/tmp'
is "$(echo input | docker exec -i cc cat)" input
status 9 docker exec cc sh -c 'exit 9'
docker exec cc missing >error 2>&1 && exit 1
has "$(cat error)" 'executable file not found'
status 126 docker exec cc /etc
is "$(docker inspect -f '{{.State.Running}}' cc)" true
has "$(terminal 'docker exec -it cc sh -c "sleep 3; tty; stty size"')" $'/dev/pts/0\n30 100'
END

nightly 'build: the classic builder' 150 <<'END'
echo content >file
printf 'FROM bb\nCOPY file /file\nRUN cat /file >/copy; id -u >>/copy\nUSER 1000\nRUN id -u\nCMD cat /copy\n' >Dockerfile
DOCKER_BUILDKIT=0 docker build -q -t built .
is "$(docker run --rm built)" $'content\n0'
printf 'FROM bb\nRUN exit 3\n' >Dockerfile
DOCKER_BUILDKIT=0 status 3 docker build .
docker rmi -f built
END

check 'build: BuildKit' 150 <<'END'
echo content >file
printf 'FROM bb\nCOPY file /file\nRUN --mount=type=tmpfs,target=/scratch --mount=type=bind,target=/ctx touch /scratch/x && cat /ctx/file >/copy && id -u >>/copy\nRUN --network=none test "$(ls /sys/class/net)" = lo\nCMD cat /copy\n' >Dockerfile
docker build --progress plain -t built . 2>&1
is "$(docker run --rm built)" $'content\n0'
printf 'FROM bb\nRUN exit 3\n' >Dockerfile
docker build --progress plain . 2>error && exit 1
has "$(cat error)" 'exit code: 3'
docker rmi -f built
END

nightly 'healthcheck' <<'END'
docker run -d --name cc --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 bb sleep 1000
await sh -c 'docker inspect -f "{{.State.Health.Status}}" cc | grep -x unhealthy'
docker exec cc touch /tmp/well
await sh -c 'docker inspect -f "{{.State.Health.Status}}" cc | grep -x healthy'
END

check 'limits are in the cgroup' <<'END'
is "$(docker run --rm --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 20 --cpuset-cpus 0 bb \
  sh -c 'cd /sys/fs/cgroup; cat memory.max memory.swap.max cpu.max pids.max cpuset.cpus')" $'67108864\n0\n50000 100000\n20\n0'
docker run --rm --memory 6m bb true
END

# The shim begins to watch the cgroup when `start` has returned, and may be gone before it has told what it saw.
check 'memory: the killed container says so' <<'END'
for n in 1 2 3 4 5; do
  status 137 docker run --name cc$n --memory 20m --memory-swap 20m bb sh -c 'sleep 1; exec tail /dev/zero'
  sleep 1
  [ "$(docker inspect -f '{{.State.OOMKilled}}' cc$n)" != true ] || exit 0
done
exit 1
END

nightly 'update' <<'END'
docker run -d --name cc --memory 64m --memory-swap 64m bb sleep 1000
docker update --memory 48m --memory-swap 48m --cpus 0.25 --pids-limit 33 cc
is "$(docker exec cc sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max')" $'50331648\n25000 100000\n33'
END

nightly 'stats and top' <<'END'
docker run -d --name cc --memory 64m bb sleep 1234
docker stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' cc >stats
has "$(cat stats)" 'cc 1 '
has "$(cat stats)" 64MiB
has "$(docker top cc)" 'sleep 1234'
has "$(docker top cc -o pid,args)" 'sleep 1234'
END

nightly 'pause and unpause' <<'END'
docker run -d --name cc bb sleep 1000
docker pause cc
is "$(docker inspect -f '{{.State.Status}}' cc)" paused
docker unpause cc
is "$(docker exec cc echo on)" on
docker pause cc
docker rm -f cc
END

check 'kill, stop and wait' 90 <<'END'
docker run -d --name cc bb sh -c 'trap "exit 5" USR1; while :; do sleep 0.1; done'
docker exec cc true
docker kill -s USR1 cc
is "$(docker wait cc)" 5
docker run -d --name dd bb sh -c 'trap "" TERM; while :; do sleep 0.1; done'
docker stop -t 1 dd
is "$(docker wait dd)" 137
END

nightly 'restart policies' 90 <<'END'
docker run -d --name cc --restart on-failure:2 bb sh -c 'exit 3'
await sh -c 'docker inspect -f "{{.RestartCount}} {{.State.Status}}" cc | grep -x "2 exited"'
docker run -d --name dd --restart always bb sleep 1000
kill -KILL "$(docker inspect -f '{{.State.Pid}}' dd)"
await sh -c 'docker inspect -f "{{.RestartCount}} {{.State.Status}}" dd | grep -x "1 running"'
END

nightly 'create, start, restart, attach, logs' 90 <<'END'
docker create --name cc bb sh -c 'echo out; echo err >&2'
docker start -a cc
is "$(docker logs cc 2>/dev/null)" out
is "$(docker start -a cc 2>/dev/null)" out
docker run -d --name dd bb sleep 1000
docker restart -t 0 dd
is "$(docker exec dd echo on)" on
END

nightly 'network: none, bridge and a published port' <<'END'
is "$(docker run --rm --network none bb ls /sys/class/net)" lo
docker run -d --name cc -p 127.0.0.1:8080:80 bb sh -c 'echo page >/tmp/index.html; exec httpd -f -h /tmp -p 80'
await busybox wget -q -O page http://127.0.0.1:8080/
is "$(cat page)" page
is "$(docker run --rm --network container:cc bb wget -q -O - http://127.0.0.1/)" page
END

check 'prestart hooks: those of the network and of a runtime around this one' <<'END'
printf '#!/bin/sh\ncat >/run/engines/state; echo "$@" >/run/engines/words; ls /proc/%s/ns >/dev/null\n' '$(sed "s/.*\"pid\": *\([0-9]*\).*/\1/" /run/engines/state)' >/run/engines/hook
chmod 755 /run/engines/hook
has "$(docker run --rm --runtime hooked bb ls /sys/class/net)" eth0
is "$(cat /run/engines/words)" word
has "$(tr -d ' ' </run/engines/state)" '"status":"creating"'
printf '#!/bin/sh\necho broken >&2; exit 3\n' >/run/engines/hook
docker run --rm --runtime hooked bb true 2>error && exit 1
has "$(cat error)" hook
none "$(docker ps -q)"
END

nightly 'volumes, tmpfs, read-only' <<'END'
mkdir dir; echo content >dir/file
docker run --rm -v "$PWD/dir:/v:ro" bb sh -c 'cat /v/file; ! touch /v/x'
docker run --rm -v named:/n bb sh -c 'echo kept >/n/file'
is "$(docker run --rm -v named:/n bb cat /n/file)" kept
has "$(docker run --rm --tmpfs /t:size=1m,mode=700 bb grep ' /t ' /proc/mounts)" size=1024k
docker run --rm --read-only --tmpfs /tmp bb sh -c '! touch /file 2>/dev/null && touch /tmp/file'
docker run --rm --mount "type=bind,src=$PWD/dir,dst=/v,readonly,bind-recursive=readonly,bind-propagation=rprivate" bb sh -c '! touch /v/x'
END

check 'privileges, devices, seccomp, limits, sysctls, init' 90 <<'END'
is "$(docker run --rm --cap-drop all --cap-add kill bb grep CapEff /proc/self/status)" $'CapEff:\t0000000000000020'
is "$(docker run --rm --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status)" $'NoNewPrivs:\t1'
is "$(docker run --rm bb grep Seccomp: /proc/self/status)" $'Seccomp:\t2'
has "$(docker run --rm --privileged bb grep CapEff /proc/self/status)" fffff
is "$(docker run --rm --device /dev/zero:/dev/nought:r bb sh -c 'head -c 3 /dev/nought | wc -c')" 3
is "$(docker run --rm --ulimit nofile=100:200 --sysctl net.ipv4.ip_forward=1 bb sh -c 'ulimit -n; cat /proc/sys/net/ipv4/ip_forward')" $'100\n1'
has "$(docker run --rm --init bb cat /proc/1/cmdline | tr '\0' ' ')" docker-init
is "$(docker run --rm --pid host --ipc host --uts host bb readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/pid)"
END

nightly 'cp, diff, commit, export' <<'END'
docker run -d --name cc bb sleep 1000
echo content >file
docker cp file cc:/file
is "$(docker exec cc cat /file)" content
has "$(docker diff cc)" 'A /file'
docker commit cc made
is "$(docker run --rm made cat /file)" content
docker rmi -f made
END

check 'the shim is killed' 90 <<'END'
docker run -d --name cc bb sleep 7777
kill -KILL $(pgrep -x containerd-shim)
await dead 'sleep 7777'
await sh -c 'docker inspect -f "{{.State.Running}}" cc | grep -x false'
docker start cc
is "$(docker exec cc echo on)" on
END

nightly 'live-restore' 120 <<'END'
configure '"live-restore": true'
docker run -d --name cc bb sleep 1000
before=$(docker inspect -f '{{.State.Pid}}' cc)
systemctl restart docker
is "$(docker inspect -f '{{.State.Pid}}' cc)" "$before"
is "$(docker exec cc echo on)" on
docker stop -t 0 cc
configure
END

nightly 'swarm: a service of three replicas' 150 <<'END'
docker swarm init --advertise-addr 127.0.0.1
trap 'docker swarm leave --force' EXIT
docker service create -d --name ss --replicas 3 --no-resolve-image --network host bb sleep 1000
await sh -c 'docker service ls --format "{{.Replicas}}" | grep -x 3/3'
kill -KILL "$(docker inspect -f '{{.State.Pid}}' $(docker ps -q | head -n 1))"
await sh -c 'test "$(docker ps -aq | wc -l)" -eq 4 && docker service ls --format "{{.Replicas}}" | grep -x 3/3'
docker service rm ss
END

nightly 'userns-remap' 120 <<'END'
configure '"userns-remap": "default"'
trap configure EXIT
load
docker run -d --name cc bb sleep 1000
has "$(docker exec cc cat /proc/self/uid_map)" "$(awk -F : '$1 == "dockremap" { print $2 }' /etc/subuid)"
is "$(docker exec cc sh -c 'id -u; touch /file && stat -c %u /file')" $'0\n0'
is "$(echo input | docker run --rm -i bb cat)" input
docker run --rm -p 127.0.0.1:8081:80 --memory 64m --init bb true
docker rm -f cc
END

nightly 'the cgroupfs driver' 120 <<'END'
configure '"exec-opts": ["native.cgroupdriver=cgroupfs"]'
trap configure EXIT
is "$(docker info --format '{{.CgroupDriver}}')" cgroupfs
is "$(docker run --rm --memory 64m bb cat /sys/fs/cgroup/memory.max)" 67108864
END

check 'nothing is left' <<'END'
for i in 1 2 3; do docker run --rm bb true; done
status 127 docker run --rm bb missing
none "$(ls /run/docker/runtime-runc/moby || true)"
none "$(find /sys/fs/cgroup -name 'docker-*.scope' || true)"
END

systemctl stop docker.socket docker containerd
