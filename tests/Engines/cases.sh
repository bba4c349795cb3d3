# Read in by every engine's script, in bash, as root in the virtual machine. In the environment: NAME and RUNTIME, the name
# and the path of the runtime under test; FILTER, a regular expression for "engine: case".
#   check NAME [SECONDS] <<'END' ... END     a case: bash with -eu -o pipefail in an empty folder. It may take twice the SECONDS
#                                            (90) that are ample on an idle host
#   nightly NAME [SECONDS] <<'END' ... END   one that takes long or says little more than another; with CORE=1 it is left out
# Printed is a line per case, "result<TAB>passed|failed<TAB>engine<TAB>runtime<TAB>case<TAB>seconds<TAB>end of the trace
# of one that failed", and for such a one its trace and the journal. `settle`, which an engine's script may define anew, removes
# what a case has left.
set -u
engine=$(basename "$0" .sh)
export NAME RUNTIME

is() { [ "$1" = "$2" ] || { echo "is '$1', not '$2'" >&2; return 1; }; }
has() { case $1 in *"$2"*) ;; *) echo "'$1' does not contain '$2'" >&2; return 1 ;; esac; }
lacks() { case $1 in *"$2"*) echo "'$1' contains '$2'" >&2; return 1 ;; esac; }
# not COMMAND, none TEXT: where `!` would not end the script
not() { if "$@"; then echo "$* succeeds" >&2; return 1; fi; }
none() { [ -z "$1" ] || { echo "there is '$1'" >&2; return 1; }; }
# status NUMBER COMMAND...: it exits with this number
status() { local want=$1 got=0; shift; "$@" || got=$?; is "$got" "$want"; }
# await COMMAND...: until it succeeds; the case's own limit is the end of the patience. Its trace would be long.
await() { { local traced=${-//[!x]/}; set +x; } 2>/dev/null; until "$@" >/dev/null 2>&1; do sleep 0.3; done; [ -z "$traced" ] || set -x; }
# Whether a process has exactly this command line; the case's own contains it.
alive() { pgrep -fx "$1" >/dev/null; }
dead() { ! alive "$1"; }
# terminal COMMAND: its output on a terminal of 30 lines and 100 columns; nothing is typed, and the keyboard stays open
terminal() { local keyboard; keyboard=$(mktemp -u "$PWD/keyboard.XXXXXX"); mkfifo "$keyboard"; SHELL=/bin/bash script -qec "stty rows 30 cols 100; $1" /dev/null <>"$keyboard" | tr -d '\r'; }
export -f is has lacks not none status await alive dead terminal

settle() { :; }
# as SECONDS SCRIPT: how a case's script is run
as() { timeout -k 5 "$1" bash -c "$2" </dev/null; }

check() {
  local name=$1 limit=$((${2:-90} * 2)) body began=$SECONDS outcome=failed since folder last=
  body=$(cat)
  [[ "$engine: $name" =~ ${FILTER-} ]] || return 0
  since=$(date +%s)
  folder=$(mktemp -d /tmp/case.XXXXXX)
  chmod 777 "$folder"
  if (cd "$folder" && as "$limit" "set -euo pipefail; set -x; $body") >/tmp/case.log 2>&1; then outcome=passed; fi
  local took=$((SECONDS - began))
  [ "$outcome" = passed ] || last=$(tail -n 3 /tmp/case.log | cut -c 1-400 | tr '\t\r\n' '  |')
  printf 'result\t%s\t%s\t%s\t%s\t%s\t%s\n' "$outcome" "$engine" "$NAME" "$name" "$took" "$last"
  if [ "$outcome" = failed ]; then
    tail -n 25 /tmp/case.log | cut -c 1-400 | sed 's/^/    /'
    [ "$took" -lt "$limit" ] || echo "    (no end within $limit s)"
    journalctl --since "@$since" --no-pager -o cat 2>/dev/null | grep -v -e '^Started ' -e '^Starting ' | tail -n 12 | cut -c 1-400 | sed 's/^/    journal: /'
  fi
  timeout -k 5 60 bash -c "$(declare -f settle); settle" >/dev/null 2>&1 </dev/null || true
  rm -rf --one-file-system "$folder"
}

nightly() { if [ -n "${CORE-}" ]; then cat >/dev/null; else check "$@"; fi; }
