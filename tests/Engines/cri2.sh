#!/bin/bash
# containerd 2 through its runtime interface: the cases of cri.sh.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/newer.sh"
. "$(dirname "$0")/cri.sh"
