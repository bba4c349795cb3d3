# Read in by the scripts of Podman, rootful and rootless.
# shellcheck shell=bash

# configure FILE: containers.conf. A network costs an emulated machine a second per container, and a user's (pasta) needs a
# route of the host's, which the machine does not have; the cases that are about networks ask for one.
configure() {
  mkdir -p "$(dirname "$1")" /etc/containers
  cat >"$1" <<END
[containers]
netns = "none"
log_driver = "k8s-file"
[engine]
runtime = "$NAME"
cgroup_manager = "systemd"
events_logger = "file"
runtime_supports_json = ["crun", "runc", "ocirun"]
[engine.runtimes]
$NAME = ["$RUNTIME"]
END
  printf '{ "default": [{ "type": "insecureAcceptAnything" }] }\n' >/etc/containers/policy.json
}

# rootful: Podman as root with the image, and what its cases share
rootful() {
  settle() { podman pod rm -fa -t 0; podman rm -fa -t 0; podman volume prune -f; }
  configure /etc/containers/containers.conf
  grep -q '^containers:' /etc/subuid || for file in /etc/subuid /etc/subgid; do echo 'containers:10000000:1000000' >>$file; done
  podman load -q -i /job/image.tar >/dev/null || return 1
  is "$(podman info --format '{{.Host.OCIRuntime.Path}}')" "$RUNTIME"
}
rootful_leaves_nothing() {
  check 'no cgroup, namespace or state is left' <<'END'
for i in 1 2 3; do podman run --rm bb true; done
status 127 podman run --rm bb missing
[ -z "$(podman ps -aq)" ]
# systemd takes the monitors' scopes away in its own time.
await sh -c "test -z \"\$(find /sys/fs/cgroup -name 'libpod-*' -type d)\""
none "$(ls /run/ocirun /run/crun 2>/dev/null | grep -v : || true)"
END
}

# systemd_tree DIR: a root file system with the machine's /usr in which systemd comes up as far as all.target
systemd_tree() {
  mkdir -p "$1/etc/systemd/system" "$1/var/log" "$1"/{usr,proc,sys,dev,run,tmp}
  for dir in bin sbin lib lib64; do ln -s usr/$dir "$1/$dir"; done
  cp /etc/passwd /etc/group "$1/etc/"
  printf '[Unit]\nDescription=All\nRequires=basic.target\nAfter=basic.target\n' >"$1/etc/systemd/system/all.target"
  for unit in tmp.mount systemd-firstboot.service systemd-hwdb-update.service ldconfig.service systemd-journal-catalog-update.service systemd-update-done.service systemd-resolved.service; do
    ln -s /dev/null "$1/etc/systemd/system/$unit"
  done
}
export -f systemd_tree
