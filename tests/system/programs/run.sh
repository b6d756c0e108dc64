#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# run.sh DIRECTORY CHECK...: runs the checks of this directory in the root file system at DIRECTORY, inside a guest.
#
# A check is checks/NAME.sh; its output stands between '== NAME' and '== NAME status N'. What a check prints depends on
# nothing but the processor's answers: no times, no addresses, no random numbers. So it can be held against the same
# run on another machine.
root=$1
shift
busybox mkdir -p "$root/checks"
busybox cp -r /checks/* "$root/checks/"
busybox mount -t proc proc "$root/proc"
busybox mount -t sysfs sys "$root/sys"
busybox mount -t devtmpfs dev "$root/dev"
busybox mkdir -p "$root/dev/shm"
busybox mount -t tmpfs shm "$root/dev/shm"
busybox ip link set lo up
bad=0
for check in "$@"; do
    echo "== $check"
    busybox chroot "$root" /bin/busybox env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LC_ALL=C \
        /bin/sh "/checks/$check.sh" 2>&1 </dev/null
    status=$?
    echo "== $check status $status"
    read -r uptime _ </proc/uptime
    echo "$check ended at $uptime s"
    [ $status = 0 ] || bad=1
done
exit $bad
