# Read in by the scripts of Podman: its configuration, rootful and rootless.
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
