#!/bin/bash
# Buildah, whose `oci` isolation runs the runtime itself, attached and without a monitor.
. "$(dirname "$0")/cases.sh"

rm -f /etc/containers/containers.conf
printf '{ "default": [{ "type": "insecureAcceptAnything" }] }\n' >/etc/containers/policy.json
export BUILDAH_ISOLATION=oci BUILDAH_RUNTIME=$RUNTIME
buildah pull -q oci-archive:/job/image.tar:bb >/dev/null && buildah tag localhost/bb:latest bb 2>/dev/null || skopeo copy -q oci-archive:/job/image.tar containers-storage:localhost/bb:latest || exit 1
settle() { buildah rm -a; }

check 'run: output, input, exit status' <<'END'
c=$(buildah from --pull-never bb)
is "$(buildah run $c echo word)" word
is "$(echo input | buildah run $c cat)" input
status 7 buildah run $c sh -c 'exit 7'
status 1 buildah run $c missing 2>/dev/null || status 127 buildah run $c missing
END

check 'run --terminal' <<'END'
c=$(buildah from --pull-never bb)
is "$(terminal "buildah run --terminal $c tty")" /dev/pts/0
END

check 'run: user, folder, volumes, capabilities, namespaces' <<'END'
c=$(buildah from --pull-never bb)
mkdir dir; echo content >dir/file
is "$(buildah run --user 7:8 --workingdir /tmp $c sh -c 'id -u; id -g; pwd')" $'7\n8\n/tmp'
is "$(buildah run -v "$PWD/dir:/v:ro" $c cat /v/file)" content
is "$(buildah run --cap-drop all $c grep CapEff /proc/self/status)" $'CapEff:\t0000000000000000'
is "$(buildah run --network host --pid host --ipc host $c readlink /proc/self/ns/pid)" "$(readlink /proc/self/ns/pid)"
END

nightly 'from --memory, --userns' <<'END'
c=$(buildah from --pull-never --memory 64m bb)
is "$(buildah run $c cat /sys/fs/cgroup/memory.max)" 67108864
d=$(buildah from --pull-never --userns-uid-map 0:200000:65536 --userns-gid-map 0:200000:65536 bb)
has "$(buildah run $d cat /proc/self/uid_map)" 200000
END

check 'build' 150 <<'END'
echo content >file
printf 'FROM bb\nCOPY file /file\nRUN cat /file >/copy && id -u >>/copy\nUSER 1000\nRUN --mount=type=tmpfs,target=/scratch test $(id -u) = 1000\nCMD cat /copy\n' >Containerfile
buildah build -q -t built .
c=$(buildah from --pull-never built)
is "$(buildah run $c cat /copy)" $'content\n0'
printf 'FROM bb\nRUN exit 3\n' >Containerfile
status 3 buildah build .
END

check 'nothing is left' <<'END'
c=$(buildah from --pull-never bb)
buildah run $c true
none "$(find /sys/fs/cgroup -name '*buildah*' -type d || true)"
none "$(ls /run/ocirun /run/crun 2>/dev/null | grep -v : || true)"
END
