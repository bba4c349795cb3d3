#!/bin/bash
# systemd starts the runtime itself: readiness, socket activation, and the stop of a service.
. "$(dirname "$0")/cases.sh"

bundle=/run/engines/bundle
rm -rf "$bundle"
mkdir -p "$bundle/rootfs"
mkdir /run/engines/oci && tar -C /run/engines/oci -xf /job/image.tar && umoci raw unpack --image /run/engines/oci:bb "$bundle/rootfs" >/dev/null 2>&1 || exit 1
rm -rf /run/engines/oci
export bundle
# service NAME LINES: writes the unit and a bundle of its own with the arguments of the JSON list $arguments
bundle() { # bundle DIRECTORY JSON-ARGUMENTS [JSON-MOUNTS]
  mkdir -p "$1"
  (cd "$1" && runc spec && sed -i "s|\"terminal\": true|\"terminal\": false|; s|\"sh\"|$2|; s|\"path\": \"rootfs\"|\"path\": \"$bundle/rootfs\"|; s|\"mounts\": \\[|\"mounts\": [${3-}|" config.json)
}
export -f bundle
settle() {
  systemctl stop 'engine-*.service' 'engine-*.socket'
  rm -f /run/systemd/system/engine-*
  systemctl daemon-reload
  systemctl reset-failed
  "$RUNTIME" delete --force engine
}
host='{ "destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"] }, { "destination": "/lib64", "type": "bind", "source": "/lib64", "options": ["rbind", "ro"] }, { "destination": "/lib", "type": "bind", "source": "/lib", "options": ["rbind", "ro"] },'
export host

check 'Type=notify: run --detach is ready when the container is' <<'END'
bundle "$PWD/b" '"sh", "-c", "sleep 2; touch /dev/shm/said; /usr/bin/systemd-notify --ready; exec sleep 1000"' "$host"
printf '[Service]\nType=notify\nNotifyAccess=all\nExecStart=%s run --detach --bundle %s engine\nExecStop=%s kill engine KILL\nExecStopPost=%s delete --force engine\nTimeoutStartSec=40\n' "$RUNTIME" "$PWD/b" "$RUNTIME" "$RUNTIME" >/run/systemd/system/engine-n.service
systemctl daemon-reload
systemctl start engine-n.service
"$RUNTIME" exec engine test -e /dev/shm/said
is "$(systemctl show -p MainPID --value engine-n.service)" "$("$RUNTIME" state engine | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')"
systemctl stop engine-n.service
not "$RUNTIME" state engine
END

check 'Type=simple: the end of the container is the end of the service' <<'END'
bundle "$PWD/b" '"sh", "-c", "exit 7"'
printf '[Service]\nType=exec\nExecStart=%s run --bundle %s engine\n' "$RUNTIME" "$PWD/b" >/run/systemd/system/engine-s.service
systemctl daemon-reload
systemctl start engine-s.service
await sh -c 'systemctl show -p ExecMainStatus --value engine-s.service | grep -x 7'
END

check 'systemctl stop ends the container' <<'END'
bundle "$PWD/b" '"sh", "-c", "trap \\"exit 0\\" TERM; while :; do sleep 0.1; done"'
printf '[Service]\nType=exec\nExecStart=%s run --bundle %s engine\n' "$RUNTIME" "$PWD/b" >/run/systemd/system/engine-t.service
systemctl daemon-reload
systemctl start engine-t.service
await "$RUNTIME" exec engine true
systemctl stop engine-t.service
not "$RUNTIME" state engine
END

check 'socket activation' <<'END'
bundle "$PWD/b" '"sh", "-c", "echo $LISTEN_FDS $LISTEN_PID $$; readlink /proc/self/fd/3; trap \\"exit 0\\" TERM; while :; do sleep 0.1; done"'
printf '[Socket]\nListenStream=/run/engines/socket\n' >/run/systemd/system/engine-a.socket
printf '[Service]\nType=exec\nExecStart=%s run --bundle %s engine\nStandardOutput=file:%s/output\n' "$RUNTIME" "$PWD/b" "$PWD" >/run/systemd/system/engine-a.service
systemctl daemon-reload
systemctl start engine-a.socket
systemctl start engine-a.service
await grep -q socket: output
is "$(head -n 1 output)" '1 1 1'
systemctl stop engine-a.service
END

check 'nothing is left' <<'END'
none "$(find /sys/fs/cgroup -name '*engine*' -type d || true)"
none "$("$RUNTIME" list -q || true)"
END
rm -rf /run/engines
