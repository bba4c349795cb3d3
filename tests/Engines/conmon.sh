#!/bin/bash
# conmon with the command lines of CRI-O, the engine that no suite of Debian has: `runtime_type = "oci"`.
. "$(dirname "$0")/cases.sh"

export work=/run/engines/conmon roots=/run/engines/conmon/root
rm -rf /run/engines
mkdir -p "$work/oci" "$work/rootfs" "$work/exits" "$work/sockets" "$roots"
tar -C "$work/oci" -xf /job/image.tar && umoci raw unpack --image "$work/oci:bb" "$work/rootfs" >/dev/null 2>&1 || exit 1
rm -rf "$work/oci"

# make ID JSON-ARGUMENTS [SED]: a bundle as CRI-O's, below system.slice with systemd's driver
make() {
  rm -rf "$work/$1"
  mkdir -p "$work/$1"
  (cd "$work/$1" && runc spec && sed -i "s|\"terminal\": true|\"terminal\": false|; s|\"sh\"|$2|; s|\"path\": \"rootfs\"|\"path\": \"$work/rootfs\"|
    s|\"linux\": {|\"linux\": { \"cgroupsPath\": \"system.slice:crio:$1\",|; ${3-}" config.json)
}
# create ID [CONMON OPTIONS]: as CRI-O creates a container; the pid or the error comes through the sync pipe
create() {
  local id=$1
  shift
  rm -f "$work/$id/sync" "$work/$id/go"
  mkfifo "$work/$id/sync" "$work/$id/go"
  exec 8<>"$work/$id/sync" 9<>"$work/$id/go"
  _OCI_SYNCPIPE=8 _OCI_STARTPIPE=9 conmon -b "$work/$id" -c "$id" --exit-dir "$work/exits" -l "k8s-file:$work/$id/log" --log-level debug -n "$id" -P "$work/$id/conmon.pid" \
    -p "$work/$id/pid" --persist-dir "$work/$id" -r "$RUNTIME" --runtime-arg "--root=$roots" --socket-dir-path "$work/sockets" --syslog -s -u "$id" "$@" >/dev/null 2>&1 &
  echo >&9
  read -r -t 60 reply <&8
  exec 8>&- 9>&-
  echo "$reply" >"$work/$id/reply"
  case $reply in *'"pid": -1'* | *'"data": -1'*) return 1 ;; esac
}
# sync ID SECONDS ARGUMENTS...: as CRI-O probes; prints the reply with the exit code, the output is in $work/ID/sync.log
sync() {
  local id=$1 limit=$2
  shift 2
  local list=
  for word; do list="$list${list:+, }\"$word\""; done
  printf '{ "cwd": "/", "args": [%s], "env": ["PATH=/bin"], "user": { "uid": 0, "gid": 0 }, "noNewPrivileges": true }' "$list" >"$work/$id/process.json"
  rm -f "$work/$id/sync" "$work/$id/go" "$work/$id/sync.log" "$work/$id/exec.pid"
  : >"$work/$id/exec.pid"
  mkfifo "$work/$id/sync"
  exec 8<>"$work/$id/sync"
  _OCI_SYNCPIPE=8 conmon --sync -c "$id" -n "$id" -r "$RUNTIME" -p "$work/$id/exec.pid" -T "$limit" -e -l "$work/$id/sync.log" --socket-dir-path "$work/sockets" --log-level debug --exec-process-spec "$work/$id/process.json" \
    --runtime-arg "--root=$roots" -u "$id" -b "$work/$id" -s >/dev/null 2>&1 || true
  read -r -t 5 first <&8
  read -r -t 5 second <&8 || second=$first
  exec 8>&-
  echo "$second" | tr -d ' '
}
state() { "$RUNTIME" --root "$roots" --systemd-cgroup state "$1" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p'; }
direct() { XDG_RUNTIME_DIR= "$RUNTIME" --root "$roots" "$@"; }
export -f make create sync state direct
settle() {
  for id in $("$RUNTIME" --root "$roots" list -q); do "$RUNTIME" --root "$roots" delete --force "$id"; done
  pkill -x conmon
  rm -rf "$work/exits"/*
}

check 'create, start, stop, remove' <<'END'
make c '"sleep", "1000"'
create c
is "$(state c)" created
is "$(cat $work/c/reply)" "{\"pid\": $(cat $work/c/pid)}"
direct --systemd-cgroup start c
is "$(state c)" running
is "$(systemctl is-active crio-c.scope)" active
direct --systemd-cgroup kill c 15 || true
direct --systemd-cgroup kill c KILL
await test -s $work/exits/c
is "$(cat $work/exits/c)" 137
is "$(state c)" stopped
direct --systemd-cgroup delete --force c
direct --systemd-cgroup delete --force c
not systemctl is-active crio-c.scope
END

check 'the exit code and the log' <<'END'
make c '"sh", "-c", "echo out; echo err >\&2; exit 9"'
create c
direct --systemd-cgroup start c
await test -s $work/exits/c
is "$(cat $work/exits/c)" 9
has "$(cat $work/c/log)" 'stdout F out'
has "$(cat $work/c/log)" 'stderr F err'
END

check 'an error reaches the engine' <<'END'
make c '"missing"'
create c && exit 1
has "$(cat $work/c/reply)" missing
not state c
not systemctl is-active crio-c.scope
END

check 'exec sync: output, exit code, limit of time' <<'END'
make c '"sleep", "1000"'
create c
direct --systemd-cgroup start c
has "$(sync c 20 sh -c 'echo out; exit 3')" ':3'
has "$(cat $work/c/sync.log)" out
has "$(sync c 2 sleep 100)" ':-1'
dead 'sleep 100'
END

check 'exec sync: a missing program is no success' <<'END'
make c '"sleep", "1000"'
create c
direct --systemd-cgroup start c
has "$(sync c 20 missing)" ':-1'
is "$(state c)" running
END

check 'a terminal' <<'END'
make c '"sh", "-c", "tty; sleep 1"' 's|"terminal": false|"terminal": true|'
create c -t
direct --systemd-cgroup start c
await test -s $work/exits/c
has "$(cat $work/c/log)" /dev/pts/0
END

check 'streaming exec, attached' <<'END'
make c '"sleep", "1000"'
create c
direct --systemd-cgroup start c
printf '{ "cwd": "/", "args": ["sh", "-c", "read x; echo got $x; exit 4"], "env": ["PATH=/bin"], "user": { "uid": 0, "gid": 0 } }' >p.json
is "$(echo word | direct --systemd-cgroup exec --process p.json c; echo $?)" $'got word\n4'
END

check 'update from standard input' <<'END'
make c '"sleep", "1000"'
create c
direct --systemd-cgroup start c
echo '{ "memory": { "limit": 50331648 }, "cpu": { "quota": 20000, "period": 100000 } }' | direct update --resources - c
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$(cat $work/c/pid)/cgroup)
is "$(cat $cgroup/memory.max $cgroup/cpu.max)" $'50331648\n20000 100000'
END

# systemd takes the scope away when the process has ended, and conmon may come too late to read what happened in it.
check 'the OOM file' <<'END'
for id in c1 c2 c3 c4 c5; do
  make $id '"sh", "-c", "tail /dev/zero"' 's|"resources": {|"resources": { "memory": { "limit": 20000000, "swap": 20000000 },|'
  create $id
  direct --systemd-cgroup start $id
  await test -s $work/exits/$id
  is "$(cat $work/exits/$id)" 137
  [ ! -e $work/$id/oom ] || exit 0
done
exit 1
END

# runc 1.1 hands the set on; later ones and crun do not.
[ "$NAME" = runc ] || check 'a restricted processor set is not inherited' <<'END'
make c '"grep", "Cpus_allowed_list", "/proc/self/status"'
taskset --cpu-list 0 bash -euc 'create c; direct --systemd-cgroup start c'
await test -s $work/exits/c
has "$(cat $work/c/log)" 0-1
END
rm -rf /run/engines
