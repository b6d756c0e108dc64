#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# /init of Tollgate's guest images. Runs under busybox ash as process 1.
#
# Mounts proc, sysfs, devtmpfs, loads the drivers of the virtio devices that are there, prints the marker line
#     tollgate-init: ready UPTIME
# (seconds since the kernel started), does what it is told, and powers off. What to do, first found wins:
#     tg.run="COMMANDS"  on the kernel command line   runs them in a shell
#     /etc/tg-run        in the image                 the same, from a file
#     nothing                                         an interactive shell on the console
# After commands it prints 'tollgate-init: status N UPTIME'. tg.modules=none loads no drivers; tg.keep keeps the
# shell open after commands.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="${TERM:-vt100}" PS1='guest# '

busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev 2>/dev/null
read -r cmdline </proc/cmdline

# uptime: sets the variable; no process is started for it.
uptime() { read -r uptime _ </proc/uptime; }

# parameter NAME: sets value to what follows NAME= on the command line, with its quotes taken off.
parameter() {
    value=
    case " $cmdline" in
    *" $1="*) value=" $cmdline" value=${value#*" $1="} ;;
    *\""$1="*) value=${cmdline#*\""$1="} value=${value%%\"*} && return ;; # the kernel may quote the whole
    *) return 1 ;;
    esac
    case $value in
    \"*) value=${value#\"} value=${value%%\"*} ;;
    *) value=${value%% *} ;;
    esac
}

# Drivers: the transport first, then what each virtio device asks for.
load_drivers() {
    local alias devices
    if [ ! -d /lib/modules ]; then return; fi
    for alias in /sys/bus/platform/devices/*.virtio_mmio; do
        if [ -e "$alias" ]; then modprobe -q virtio_mmio; fi
        break
    done
    for alias in /sys/bus/pci/devices/*/vendor; do
        if [ -e "$alias" ] && grep -q 0x1af4 "$alias"; then modprobe -q virtio_pci && break; fi
    done
    devices=
    for alias in /sys/bus/virtio/devices/*/modalias; do
        if [ -e "$alias" ] && read -r value <"$alias"; then devices="$devices $value"; fi
    done
    # shellcheck disable=SC2086 # a list
    if [ -n "$devices" ]; then modprobe -qa $devices; fi
}

parameter tg.modules
if [ "$value" != none ]; then load_drivers; fi

uptime
echo "tollgate-init: ready $uptime"

status=
if parameter tg.run; then
    sh -c "$value" </dev/console
    status=$?
elif [ -e /etc/tg-run ]; then
    sh /etc/tg-run </dev/console
    status=$?
fi
if [ -n "$status" ]; then
    uptime
    echo "tollgate-init: status $status $uptime"
fi
case " $cmdline " in
*" tg.keep "*) status= ;;
esac
if [ -z "$status" ]; then
    setsid cttyhack sh 2>/dev/null || sh
fi

sync
uptime
echo "tollgate-init: poweroff $uptime"
poweroff -f
