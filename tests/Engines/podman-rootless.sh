#!/bin/bash
# Podman as a user without privileges, whose systemd holds its cgroups.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/podman-setup.sh"

rm -f /etc/containers/containers.conf
configure /home/user/.config/containers/containers.conf
chown -R user: /home/user/.config
loginctl enable-linger user
await test -S /run/user/1000/systemd/private
chmod 755 /job && chmod 644 /job/image.tar

# In a unit of the user's own systemd. Podman takes INVOCATION_ID for a sign that its monitors belong to the unit.
as() {
  declare -pf is has lacks not none status await alive dead terminal systemd_tree >/tmp/functions
  timeout -k 5 "$1" runuser -u user -- env -i HOME=/home/user USER=user PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin NAME="$NAME" RUNTIME="$RUNTIME" \
    XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus TERM=linux \
    systemd-run --user --quiet --pipe --wait --collect -p Delegate=yes --working-directory="$PWD" --setenv=NAME --setenv=RUNTIME --setenv=PATH --setenv=TERM \
    --setenv=XDG_RUNTIME_DIR --setenv=HOME -p RuntimeMaxSec="$1" env -u INVOCATION_ID bash -c ". /tmp/functions; $2" </dev/null
}
settle() {
  runuser -u user -- env XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/user sh -c 'cd /; podman pod rm -fa -t 0; podman rm -fa -t 0; podman volume prune -f'
}
as 120 'podman load -q -i /job/image.tar && test "$(podman info --format "{{.Host.OCIRuntime.Path}} {{.Host.Security.Rootless}}")" = "$RUNTIME true"' >/tmp/setup.log 2>&1 || {
  tail -n 20 /tmp/setup.log
  exit 1
}

check 'run: output, input, exit status' <<'END'
is "$(podman run --rm bb echo word)" word
is "$(echo input | podman run --rm -i bb cat)" input
status 7 podman run --rm bb sh -c 'exit 7'
END

check 'run: 126 and 127' <<'END'
status 126 podman run --rm bb /etc
status 127 podman run --rm bb missing
END

check 'run -it and exec -it' <<'END'
is "$(terminal 'podman run --rm -it bb sh -c "sleep 2; tty; stty size"')" $'/dev/pts/0\n30 100'
podman run -d --name c bb sleep 1000
is "$(terminal 'podman exec -it c sh -c "sleep 2; tty; stty size"')" $'/dev/pts/0\n30 100'
END

nightly 'identities: the default map and keep-id' <<'END'
has "$(podman run --rm bb cat /proc/self/uid_map | tr -s ' ')" ' 0 1000 1'
is "$(podman run --rm --userns=keep-id bb id -u)" 1000
touch mine
is "$(podman run --rm --userns=keep-id -v "$PWD:/v" bb sh -c 'touch /v/new; stat -c %u /v/mine')" 1000
is "$(stat -c %u new)" 1000
is "$(podman run --rm --userns=keep-id:uid=7,gid=8 bb sh -c 'id -u; id -g')" $'7\n8'
is "$(podman run --rm --userns=auto bb id -u)" 0
is "$(podman run --rm -u 1000 bb id -u)" 1000
END

check 'exec' <<'END'
podman run -d --name c bb sleep 1000
is "$(podman exec -u 1000 -w /tmp c sh -c 'id -u; pwd')" $'1000\n/tmp'
status 9 podman exec c sh -c 'exit 9'
status 127 podman exec c missing
END

check 'limits are in the cgroup' <<'END'
is "$(podman run --rm --memory 64m --cpus 0.5 --pids-limit 20 bb sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max')" $'67108864\n50000 100000\n20'
podman run -d --name c bb sleep 1000
podman update --memory 48m c
is "$(podman exec c cat /sys/fs/cgroup/memory.max)" 50331648
END

nightly 'stats, pause, kill, stop' 90 <<'END'
podman run -d --name c bb sleep 1000
has "$(podman stats --no-stream --format '{{.Name}} {{.PIDs}}' c)" 'c 1'
podman pause c
podman unpause c
podman kill -s KILL c
is "$(podman wait c)" 137
podman run -d --name d bb sh -c 'trap "exit 6" TERM; while :; do sleep 0.1; done'
podman exec d true
podman stop -t 20 d
is "$(podman wait d)" 6
END

nightly 'build' 120 <<'END'
printf 'FROM bb\nRUN id -u >/made && touch /etc/new\nUSER 1000\nRUN id -u\nCMD cat /made\n' >Containerfile
podman build -q -t built .
is "$(podman run --rm built)" 0
podman build --isolation oci --no-cache -q -t built .
podman rmi -f built
END

nightly 'pod' <<'END'
podman pod create --network none --name p --hostname podhost
podman run -d --pod p --name a bb sleep 1000
podman run -d --pod p --name b bb sleep 1000
for kind in net ipc uts; do is "$(podman exec a readlink /proc/self/ns/$kind)" "$(podman exec b readlink /proc/self/ns/$kind)"; done
END

nightly 'volumes, --read-only, tmpfs' <<'END'
mkdir dir; echo content >dir/file
podman run --rm -v ./dir:/v:ro bb sh -c 'cat /v/file; ! touch /v/x'
is "$(podman run --rm -v ./dir:/v:O bb sh -c 'echo changed >/v/file; cat /v/file')" changed
podman run --rm -v named:/n:U bb touch /n/x
podman run --rm --read-only --tmpfs /t bb sh -c '! touch /file && touch /t/x /tmp/x'
END

check 'devices and privileged' <<'END'
podman run --rm --device /dev/zero bb head -c 3 /dev/zero
podman run --rm --privileged bb sh -c 'mkdir /m && mount -t tmpfs t /m'
END

nightly 'healthcheck' <<'END'
podman run -d --name c --health-cmd true --health-interval 1s bb sleep 1000
await sh -c 'podman inspect -f "{{.State.Health.Status}}" c | grep -x healthy'
END

nightly 'systemd in a container' 120 <<'END'
systemd_tree root
podman run -d --name c --systemd=always -v /usr:/usr:ro --rootfs "$PWD/root" /usr/lib/systemd/systemd --unit=all.target
await sh -c 'podman exec c systemctl is-active all.target | grep -x active'
podman exec c cat /proc/1/cgroup >cgroup
has "$(cat cgroup)" init.scope
podman rm -f -t 0 c
podman unshare rm -rf root
END

nightly 'quadlet' 90 <<'END'
mkdir -p ~/.config/containers/systemd
printf '[Container]\nImage=bb\nExec=sleep 1000\nContainerName=quad\n' >~/.config/containers/systemd/quad.container
systemctl --user daemon-reload
trap 'systemctl --user stop quad.service; rm -f ~/.config/containers/systemd/quad.container; systemctl --user daemon-reload' EXIT
systemctl --user start quad.service
is "$(podman exec quad cat /proc/1/comm)" sleep
systemctl --user stop quad.service
END

check 'no cgroup and no state is left' <<'END'
podman run --rm bb true
status 127 podman run --rm bb missing
# systemd takes the monitors' scopes away in its own time.
await sh -c "test -z \"\$(find /sys/fs/cgroup/user.slice -name 'libpod-*' -type d)\""
none "$(ls /run/user/1000/ocirun /run/user/1000/crun 2>/dev/null | grep -v : || true)"
END
