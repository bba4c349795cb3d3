# Read in by the scripts of containerd 2, which stands beside the stable one in /opt/containerd2. All their cases are long ones.
# shellcheck shell=bash
[ -z "${CORE-}" ] || exit 0
export PATH=/opt/containerd2/usr/bin:$PATH
has "$(containerd --version)" ' 2.' || exit 1
conf=/etc/systemd/system/containerd.service.d/newer.conf
mkdir -p "$(dirname $conf)"
printf '[Service]\nExecStart=\nExecStart=/opt/containerd2/usr/bin/containerd\nEnvironment=PATH=%s\n' "$PATH" >$conf
trap 'rm $conf; systemctl daemon-reload' EXIT
systemctl daemon-reload
