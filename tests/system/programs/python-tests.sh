# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# python-tests.sh TEST...: what is printed of each of python's own tests is its name; all of it when it fails.
cd /tmp || exit 1
for t in "$@"; do
    if python3 -B -m test -q "$t" >log 2>&1; then
        echo "$t"
    else
        echo "$t: status $?"
        busybox tail -n 60 log
        bad=1
    fi
done
exit "${bad:-0}"
