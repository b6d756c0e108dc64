# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every script here needs: where things are, how to say what happens, how to fail with advice.
# Sourced, never run. Sets TG_ROOT (the clone) and TG_BUILD (the build directory; TG_BUILD in the environment wins).

TG_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TG_BUILD=${TG_BUILD:-$TG_ROOT/build}
TG_JOBS=${TG_JOBS:-$(nproc 2>/dev/null || echo 2)}
export TG_ROOT TG_BUILD TG_JOBS

# Bold headings on a terminal only; logs stay plain.
if [ -t 1 ]; then
    TG_BOLD=$'\e[1m' TG_PLAIN=$'\e[0m'
else
    TG_BOLD='' TG_PLAIN=''
fi

# step TEXT: a heading, with the seconds since the script began.
step() { printf '%s==> [%4ds] %s%s\n' "$TG_BOLD" "$SECONDS" "$*" "$TG_PLAIN"; }

# note TEXT: one line of progress below a heading.
note() { printf '    %s\n' "$*"; }

# die TEXT [ADVICE]...: says what failed and what to do, ends with status 1.
die() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    shift
    local advice
    for advice in "$@"; do printf '  %s\n' "$advice" >&2; done
    exit 1
}

# usage_error TEXT: a wrong command line, ends with status 2.
usage_error() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    printf "try '%s --help'\n" "$0" >&2
    exit 2
}

# print_help FILE: the comment block after the SPDX line is the help text.
print_help() { sed -n '3,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$1"; }

# have COMMAND: is it there?
have() { command -v "$1" >/dev/null 2>&1; }

# logged NAME COMMAND...: runs it with its output in build/log/NAME.log; on failure shows the end of it.
logged() {
    local name=$1 log
    shift
    mkdir -p "$TG_BUILD/log"
    log=$TG_BUILD/log/$name.log
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die "'$*' failed" "the whole output is in $log"
    fi
}
