#!/bin/bash
# containerd 2 through ctr: the cases of containerd.sh.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/newer.sh"
. "$(dirname "$0")/containerd.sh"
