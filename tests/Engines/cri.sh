#!/bin/bash
# containerd as kubelet uses it: through the container runtime interface, with a client of our own (Cri/Program.cs).
. "$(dirname "$0")/cases.sh"

# The configuration's second form names the plug-in of all, the third (containerd 2) those of its parts.
if [ "$engine" = cri2 ]; then
  version=3 plugin=io.containerd.cri.v1.runtime
  image='[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox'
  folders='bin_dirs = ["/usr/lib/cni"]'
else
  version=2 plugin=io.containerd.grpc.v1.cri
  image="[plugins.\"$plugin\"]\nsandbox_image"
  folders='bin_dir = "/usr/lib/cni"'
fi
mkdir -p /etc/containerd /etc/cni/net.d /run/engines/logs
{
  printf "version = %s\n$image = \"docker.io/library/pause:latest\"\n" $version
  printf '[plugins."%s".cni]\n%s\n[plugins."%s".containerd]\ndefault_runtime_name = "cgroupfs"\n' $plugin "$folders" $plugin
  for handler in cgroupfs systemd; do
    printf '[plugins."%s".containerd.runtimes.%s]\nruntime_type = "io.containerd.runc.v2"\n' $plugin $handler
    printf '[plugins."%s".containerd.runtimes.%s.options]\nBinaryName = "%s"\nSystemdCgroup = %s\n' \
      $plugin $handler "$RUNTIME" "$([ $handler = systemd ] && echo true || echo false)"
  done
} >/etc/containerd/config.toml
cat >/etc/cni/net.d/10-engines.conflist <<'END'
{ "cniVersion": "1.0.0", "name": "engines", "plugins": [
  { "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true,
    "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.99.0.0/24" }]], "routes": [{ "dst": "0.0.0.0/0" }] } },
  { "type": "portmap", "capabilities": { "portMappings": true } } ] }
END
systemctl restart containerd || exit 1
ctr -n k8s.io image import /job/image.tar >/dev/null && ctr -n k8s.io image import /job/pause.tar >/dev/null || exit 1

cri() { /job/ocirun-cri /run/containerd/containerd.sock Runtime "$@"; }
# Network of the host, since one of its own costs an emulated machine seconds; processes per pod (0) or container (1).
config() { echo "1{ 1=$1 2=uid-$1 3=default 4:0 } 3=/run/engines/logs 8{ 1=$3 2{ 1{ 1:2 2:${4:-1} } } }"; }
# pod NAME HANDLER CGROUP-PARENT [PID-MODE]: prints its id
pod() { cri RunPodSandbox 1{ $(config "$@") } 2="$2" -- 1; }
# container POD-ID NAME SCRIPT FIELDS...: prints its id; FIELDS are those of ContainerConfig
container() {
  local pod=$1 name=$2 script=$3
  shift 3
  cri CreateContainer "1=$pod" 2{ 1{ "1=$name" 2:0 } 2{ 1=docker.io/library/bb:latest } 3=sh 3=-c "3=$script" "11=$name.log" "$@" } 3{ $(config p "$driver" "$parent") } -- 1
}
execute() { local id=$1; shift; local words=(); for word; do words+=("2=$word"); done; cri ExecSync "1=$id" "${words[@]}" 3:20 -- 1 3; }
state() { cri ContainerStatus "1=$1" -- 1.3; }
exited() { is "$(state "$1")" 2; }
export -f cri config pod container execute state exited
settle() {
  systemctl is-active -q containerd || systemctl start containerd
  for id in $(ctr -n k8s.io container ls -q); do cri StopPodSandbox 1=$id; cri RemovePodSandbox 1=$id; done 2>/dev/null
  rm -f /run/engines/logs/*
}

for driver in cgroupfs systemd; do
  case $driver in cgroupfs) parent=/cri ;; *) parent=cri.slice ;; esac
  export driver parent
  check "a pod of two containers, $driver" 150 <<'END'
p=$(pod p $driver $parent)
a=$(container $p a 'echo out; echo err >&2; exec sleep 1000' 15{ 1{ 1:100000 2:50000 3:512 4:67108864 } })
b=$(container $p b 'sleep 2; exit 7' 6{ 1=A 2=b })
is "$(state $a)" ''
cri StartContainer 1=$a
cri StartContainer 1=$b
is "$(state $a)" 1
is "$(execute $a sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max; exit 3')" $'67108864\n50000 100000\n\n3'
await exited $b
is "$(cri ContainerStatus 1=$b -- 1.7)" 7
grep -q 'stdout F out' /run/engines/logs/a.log
grep -q 'stderr F err' /run/engines/logs/a.log
[ "$(cri ContainerStats 1=$a -- 1.3.2.1)" -gt 0 ]
cri UpdateContainerResources 1=$a 2{ 4:50331648 }
is "$(execute $a cat /sys/fs/cgroup/memory.max)" 50331648
cri StopContainer 1=$a 2:1
is "$(cri ContainerStatus 1=$a -- 1.3 1.7)" $'2\n143'
cri RemoveContainer 1=$a
cri StopPodSandbox 1=$p
cri RemovePodSandbox 1=$p
none "$(find /sys/fs/cgroup -name "*$p*" -o -name "*$a*" || true)"
END
done
export driver=cgroupfs parent=/cri

check 'shared processes' <<'END'
p=$(pod p cgroupfs /cri 0)
a=$(cri CreateContainer 1=$p 2{ 1{ 1=a 2:0 } 2{ 1=docker.io/library/bb:latest } 3=sleep 3=4444 11=a.log 15{ 2{ 3{ 1:2 2:0 } } } } 3{ $(config p cgroupfs /cri 0) } -- 1)
cri StartContainer 1=$a
b=$(cri CreateContainer 1=$p 2{ 1{ 1=b 2:0 } 2{ 1=docker.io/library/bb:latest } 3=sleep 3=5555 11=b.log 15{ 2{ 3{ 1:2 2:0 } } } } 3{ $(config p cgroupfs /cri 0) } -- 1)
cri StartContainer 1=$b
has "$(execute $b ps)" 'sleep 4444'
cri StopContainer 1=$a 2:0
is "$(state $b)" 1
END

nightly 'a missing program is a start error' <<'END'
p=$(pod p cgroupfs /cri)
a=$(cri CreateContainer 1=$p 2{ 1{ 1=a 2:0 } 2{ 1=docker.io/library/bb:latest } 3=missing 11=a.log } 3{ $(config p cgroupfs /cri) } -- 1)
cri StartContainer 1=$a 2>error && exit 1
has "$(cat error)" 'executable file not found'
is "$(cri ContainerStatus 1=$a -- 1.3 1.7 1.10)" $'2\n128\nStartError'
END

nightly 'a pod with a network of its own and a port' 150 <<'END'
p=$(cri RunPodSandbox 1{ 1{ 1=p 2=uid-p 3=default 4:0 } 2=box 3=/run/engines/logs 5{ 1:0 2:80 3:8090 } 8{ 1=/cri 2{ 1{ 2:1 } } } } 2=cgroupfs -- 1)
a=$(container $p a 'hostname >/tmp/index.html; exec httpd -f -h /tmp -p 80')
cri StartContainer 1=$a
await busybox wget -q -O page http://10.99.0.1:8090/
is "$(cat page)" box
cri StopPodSandbox 1=$p
not busybox wget -q -O - http://10.99.0.1:8090/
END

nightly 'a pod in a user namespace' 150 <<'END'
spaces='2:1 5{ 1:0 2{ 1:200000 2:0 3:65536 } 3{ 1:200000 2:0 3:65536 } }'
pod="1{ 1=p 2=uid-p 3=default 4:0 } 3=/run/engines/logs 8{ 1=/cri 2{ 1{ $spaces } } }"
p=$(cri RunPodSandbox 1{ $pod } 2=cgroupfs -- 1)
a=$(cri CreateContainer 1=$p 2{ 1{ 1=a 2:0 } 2{ 1=docker.io/library/bb:latest } 3=sleep 3=8888 11=a.log 15{ 2{ 3{ $spaces } } } } 3{ $pod } -- 1)
cri StartContainer 1=$a
has "$(execute $a cat /proc/self/uid_map)" 200000
is "$(execute $a sh -c 'id -u; touch /file; stat -c %u /file /bin/busybox' | head -n 3)" $'0\n0\n0'
is "$(stat -c %u /proc/$(pgrep -fx 'sleep 8888'))" 200000
END

# containerd's shim begins to watch the cgroup when `start` has returned, and may be gone before it has told what it saw.
check 'out of memory' <<'END'
p=$(pod p cgroupfs /cri)
for name in a1 a2 a3 a4 a5; do
  a=$(container $p $name 'sleep 1; exec tail /dev/zero' 15{ 1{ 4:20000000 } })
  cri StartContainer 1=$a
  await exited $a
  sleep 1
  is "$(cri ContainerStatus 1=$a -- 1.7)" 137
  [ "$(cri ContainerStatus 1=$a -- 1.10)" != OOMKilled ] || exit 0
done
exit 1
END

nightly 'exec: limit of time and missing program' <<'END'
driver=systemd parent=cri.slice
p=$(pod p systemd cri.slice)
a=$(container $p a 'sleep 1000')
cri StartContainer 1=$a
cri ExecSync 1=$a 2=sleep 2=6666 3:2 2>error && exit 1
has "$(cat error)" 'deadline exceeded'
dead 'sleep 6666'
cri ExecSync 1=$a 2=missing 3:20 2>error && exit 1
has "$(cat error)" 'executable file not found'
is "$(execute $a echo on | head -n 1)" on
END

nightly 'security context, mounts, a terminal' <<'END'
driver=systemd parent=cri.slice
p=$(pod p systemd cri.slice)
mkdir dir; echo content >dir/file
a=$(container $p a 'id -u; cat /v/file; grep -e CapEff -e NoNewPrivs -e Seccomp: /proc/self/status; touch /x || echo readonly; tty' 14:1 7{ 1=/v "2=$PWD/dir" 3:1 } 15{ 2{ 1{ 2=ALL } 3{ 1:2 2:1 } 5{ 1:7 } 7:1 11:1 15{ 1:0 } } })
cri StartContainer 1=$a
await exited $a
for text in ' 7' content '0000000000000000' readonly /dev/pts; do has "$(tr -d '\r' </run/engines/logs/a.log)" "$text"; done
END

check 'containerd restarts under a pod' <<'END'
driver=systemd parent=cri.slice
p=$(pod p systemd cri.slice)
a=$(container $p a 'sleep 1000')
cri StartContainer 1=$a
systemctl restart containerd
await cri ContainerStatus 1=$a
is "$(state $a)" 1
is "$(execute $a echo on | head -n 1)" on
END

# A handler that deploy/node adds to this configuration and takes away again.
export HANDLER=node PREFIX=/opt/node/bin
node() { bash /job/node "$@"; }
export -f node
check 'a node gets the runtime by a script and loses it' 180 <<'END'
cp /etc/containerd/config.toml before
node install "$RUNTIME"
systemctl is-active containerd
containerd config dump | grep -A 30 'runtimes.node\]' >dump
grep -q "BinaryName = ['\"]/opt/node/bin/ocirun" dump
grep -q 'SystemdCgroup = true' dump
started=$(systemctl show containerd -P ActiveEnterTimestampMonotonic)
none "$(node install "$RUNTIME")"
is "$(systemctl show containerd -P ActiveEnterTimestampMonotonic)" "$started"
node status
driver=systemd parent=cri.slice
p=$(pod p node cri.slice)
a=$(container $p a 'sleep 1000')
cri StartContainer 1=$a
is "$(execute $a echo on | head -n 1)" on
cri StopPodSandbox 1=$p
cri RemovePodSandbox 1=$p
node uninstall
cmp /etc/containerd/config.toml before
not grep -q 'runtimes.node' <<<"$(containerd config dump)"
END

check 'a configuration that containerd does not read is left alone' <<'END'
cp /etc/containerd/config.toml before
echo '[broken' >>/etc/containerd/config.toml
cp /etc/containerd/config.toml broken
started=$(systemctl show containerd -P ActiveEnterTimestampMonotonic)
node install "$RUNTIME" 2>error && exit 1
has "$(cat error)" 'containerd does not take the new configuration'
cmp /etc/containerd/config.toml broken
is "$(ls -A /etc/containerd)" config.toml
is "$(systemctl show containerd -P ActiveEnterTimestampMonotonic)" "$started"
cp before /etc/containerd/config.toml
END

check 'nothing is left' <<'END'
none "$(ls /run/containerd/runc/k8s.io 2>/dev/null || true)"
none "$(find /sys/fs/cgroup -path '*cri*' -name '*cri-containerd*' || true)"
END

systemctl stop containerd
