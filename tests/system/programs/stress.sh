# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# stress-ng with --verify: each stressor so many operations, one at a time; what it says of itself is kept back unless
# it fails.
cd /tmp || exit 1
# NAME OPERATIONS [OPTION...]
while read -r name ops options; do
    # shellcheck disable=SC2086 # a list
    if stress-ng --verify --no-rand-seed --"$name" 1 --"$name"-ops "$ops" $options >log 2>&1 && ! busybox grep -qi "fail:\|error:" log; then
        echo "$name $ops"
    else
        echo "$name $ops: status $?"
        cat log
        bad=1
    fi
done <<EOT
cpu 80 --cpu-method all
matrix 20 --matrix-size 48 --matrix-method all
vecmath 4
atomic 2
memcpy 3
qsort 1 --qsort-size 4096
bsearch 2 --bsearch-size 1024
hash 2
str 20
fp 2
longjmp 1000
fork 20
EOT
exit "${bad:-0}"
