#!/bin/bash
# Rootful Podman and systemd, one in the other; whole pods from a file; containers that are saved.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/podman-setup.sh"

rootful || exit 1

check 'systemd in a container' 120 <<'END'
systemd_tree root
podman run -d --name c --systemd=always -v /usr:/usr:ro --rootfs "$PWD/root" /usr/lib/systemd/systemd --unit=all.target
await sh -c 'podman exec c systemctl is-active all.target | grep -x active'
is "$(podman exec c cat /proc/1/comm)" systemd
podman exec c systemctl start --no-block systemd-journald.service
podman exec c sh -c 'cat /proc/1/cgroup' >cgroup
has "$(cat cgroup)" init.scope
podman stop -t 30 c
is "$(podman wait c)" 130 || is "$(podman wait c)" 0
END

nightly 'quadlet' 90 <<'END'
mkdir -p /etc/containers/systemd
printf '[Container]\nImage=bb\nExec=sh -c "echo up; exec sleep 1000"\nContainerName=quad\nNotify=false\n[Service]\nTimeoutStartSec=50\n' >/etc/containers/systemd/quad.container
systemctl daemon-reload
trap 'systemctl stop quad.service; rm -f /etc/containers/systemd/quad.container; systemctl daemon-reload' EXIT
systemctl start quad.service
is "$(podman exec quad cat /proc/1/comm)" sleep
systemctl stop quad.service
not podman container exists quad
END

nightly 'quadlet: ready when the container says so' 90 <<'END'
mkdir -p /etc/containers/systemd
printf '[Container]\nImage=bb\nVolume=/usr:/usr:ro\nVolume=/lib64:/lib64:ro\nVolume=/lib:/lib:ro\nExec=sh -c "sleep 3; touch /run/said; /usr/bin/systemd-notify --ready; exec sleep 1000"\nContainerName=quad\nNotify=true\n[Service]\nTimeoutStartSec=60\n' >/etc/containers/systemd/quad.container
systemctl daemon-reload
trap 'systemctl stop quad.service; rm -f /etc/containers/systemd/quad.container; systemctl daemon-reload' EXIT
systemctl start quad.service
podman exec quad test -e /run/said
END

nightly 'kube play' 120 <<'END'
cat >pod.yaml <<'YAML'
apiVersion: v1
kind: Pod
metadata: { name: kp }
spec:
  hostname: kphost
  containers:
  - { name: one, image: bb, imagePullPolicy: Never, command: [sleep, "1000"], resources: { limits: { memory: 64Mi, cpu: 250m } }, securityContext: { runAsUser: 7, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } } }
  - { name: two, image: bb, imagePullPolicy: Never, command: [sleep, "1000"], env: [{ name: A, value: b }], volumeMounts: [{ name: v, mountPath: /v }] }
  volumes: [{ name: v, emptyDir: {} }]
YAML
podman kube play pod.yaml
is "$(podman exec kp-one sh -c 'id -u; cat /sys/fs/cgroup/memory.max; grep CapBnd /proc/self/status')" $'7\n67108864\nCapBnd:\t0000000000000000'
is "$(podman exec kp-two sh -c 'touch /v/x; echo $A; hostname')" $'b\nkphost'
podman kube down pod.yaml
END

nightly 'checkpoint and restore' 120 <<'END'
podman run -d --name c bb sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.1; done'
await podman exec c test -s /count
podman container checkpoint c
is "$(podman inspect -f '{{.State.Status}}' c)" exited
podman container restore c
before=$(podman exec c cat /count)
await sh -c "test \$(podman exec c cat /count) -gt $before"
[ "$before" -gt 1 ]
END

nightly 'checkpoint: leave running, export and import' 150 <<'END'
podman run -d --name c bb sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/new; mv /new /count; sleep 0.1; done'
await podman exec c test -s /count
podman container checkpoint --leave-running c
is "$(podman exec c echo on)" on
podman container checkpoint --export x.tar.gz c
podman rm -f -t 0 c
podman container restore --import x.tar.gz --name d
podman exec d test -s /count
END

rootful_leaves_nothing
