#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clusters of different cores (platforms/biglittle.lua): Linux sees them as they are, uses them, and KVM guests move between them.

clusters.py --build DIR TEST

biglittle    one boot of Debian's 6.12: capacities, clusters, caches and PMUs in sysfs; a busy task that may run anywhere ends on a
             big core; a KVM guest is moved from a little core to a big one and back while it makes hypercalls, and each of its
             exits is in the ledger, for one vCPU
topology     what sysfs says of clusters and caches on virt and neoverse-n1 with eight PEs
"""
import re
import sys

from machine import main, need, query

HYPERCALLS = 400000
SYSFS = r"""
for c in /sys/devices/system/cpu/cpu[0-9]*; do
  echo "cpu ${c##*/cpu} capacity $(cat $c/cpu_capacity) cluster $(cat $c/topology/cluster_id) core $(cat $c/topology/core_id)"
  for i in $c/cache/index*; do
    echo "cache ${c##*/cpu} L$(cat $i/level) $(cat $i/type) $(cat $i/size) sets $(cat $i/number_of_sets) line" \
         "$(cat $i/coherency_line_size) cpus $(cat $i/shared_cpu_list)"
  done
done
for p in /sys/bus/event_source/devices/armv8*; do echo "pmu ${p##*/} cpus $(cat $p/cpus)"; done
"""
# Where it runs now: the 39th field of proc_pid_stat(5); the second one, the name, has no spaces here.
TASK = r"""
where() { cut -d' ' -f39 /proc/$1/stat; }
taskset 1 sh -c 'while :; do :; done' &
busy=$!
usleep 100000
echo "task at first on $(where $busy)"
taskset -p f $busy >/dev/null
usleep 700000
echo "task at last on $(where $busy)"
kill $busy
"""
GUEST = r"""
taskset 1 /guest/minivmm --cpus 1 --mem 64M --no-stdin --append 'cases=hypercall hypercall=%d' /guest/trapbench.img >/tmp/guest &
vmm=$!
until grep -q begin /tmp/guest; do usleep 2000; done
move() {
  for t in /proc/$vmm/task/*; do taskset -p $1 ${t##*/} >/dev/null; done
  usleep 20000
  for t in /proc/$vmm/task/*; do echo "guest thread allowed $1 on $(cut -d' ' -f39 $t/stat)"; done
}
for to in 4 1 8 2 4; do move $to; done
wait $vmm
echo "guest status $?"
cat /tmp/guest
""" % HYPERCALLS


def sysfs(text):
    cpus = {int(m.group(1)): tuple(map(int, m.groups()[1:]))
            for m in re.finditer(r"^cpu (\d+) capacity (\d+) cluster (\d+) core (\d+)$", text, re.M)}
    caches = {(int(m.group(1)), m.group(2)): m.groups()[2:]
              for m in re.finditer(r"^cache (\d+) (L\d \w+) (\w+) sets (\d+) line (\d+) cpus (\S+)$", text, re.M)}
    return cpus, caches


def biglittle(test):
    script = test.path("run.sh")
    with open(script, "w", encoding="utf-8") as f:
        f.write(SYSFS + TASK + GUEST)
    db = test.path("run.db")
    image = test.initramfs("k612", "--run", script)
    with test.machine("biglittle", test.linux("k612", image), 4, "fast", db) as g:
        g.expect(r"kvm \[1\]: VHE mode initialized successfully")
        g.expect(r"^tollgate-init: ready")
        g.expect(r"^guest status 0")
        g.expect(r"tollgate-init: status 0 ")
        test.power_off(g)
    text = g.text
    # Two banks of 1 GiB, one of them above 4 GiB.
    for bank in ("0x0000000040000000", "0x0000000880000000"):
        need(bank in text, "no memory at %s in the kernel's log" % bank)
    cpus, caches = sysfs(text)
    need(sorted(cpus) == [0, 1, 2, 3], "CPUs in sysfs: %s" % cpus)
    little, big = cpus[0][0], cpus[2][0]
    need(cpus[1][0] == little and cpus[3][0] == big == 1024 and 100 < little < 700,
         "capacities: %s" % {c: v[0] for c, v in cpus.items()})
    need(cpus[0][1] == cpus[1][1] != cpus[2][1] == cpus[3][1], "clusters: %s" % {c: v[1] for c, v in cpus.items()})
    for cpu, level, want in (
            (0, "L1 Data", ("32K", "128", "64", "0")), (1, "L1 Instruction", ("32K", "128", "64", "1")),
            (1, "L2 Unified", ("128K", "512", "64", "1")), (1, "L3 Unified", ("512K", "512", "64", "0-1")),
            (2, "L1 Data", ("64K", "256", "64", "2")), (3, "L2 Unified", ("512K", "1024", "64", "3")),
            (3, "L3 Unified", ("2048K", "2048", "64", "2-3"))):
        need(caches.get((cpu, level)) == want, "CPU %d, %s: %s instead of %s" % (cpu, level, caches.get((cpu, level)), want))
    for pmu, on in (("armv8_cortex_a55", "0-1"), ("armv8_cortex_a76", "2-3")):
        need(re.search(r"^pmu %s cpus %s$" % (pmu, on), text, re.M), "no PMU %s of CPUs %s" % (pmu, on))
    need(re.search(r"^task at first on 0$", text, re.M), "the busy task did not begin on CPU 0")
    need(re.search(r"^task at last on [23]$", text, re.M), "the busy task is not on a big core")
    # The guest: each thread followed, and every hypercall is an exit of the one vCPU, on whichever core.
    for allowed, on in ((4, 2), (1, 0), (8, 3), (2, 1)):
        need(re.search(r"^guest thread allowed %d on %d$" % (allowed, on), text, re.M), "the guest did not move to CPU %d" % on)
    need(re.search(r"^trapbench: end ran=1 skipped=\d+ failed=0", text, re.M), "trapbench failed in the guest")
    need(query(db, "select vm, vcpu from vcpu") == [(0, 0)], "vCPUs in the ledger: %s" % query(db, "select vm, vcpu from vcpu"))
    ((count,),) = query(db, "select sum(count) from v_exit where reason = 'HVC' and detail like '%4b000000%'")
    need(count == HYPERCALLS, "%d hypercalls, %s exits by them" % (HYPERCALLS, count))
    # Cycles of the two clocks are in rows of their own.
    sets = dict(query(db, "select cpus, sum(count) from v_exit where reason = 'HVC' and detail like '%4b000000%' group by cpus"))
    need(set(sets) == {"little", "big"} and min(sets.values()) > HYPERCALLS // 100, "hypercalls by set: %s" % sets)
    need(set(query(db, "select pe, cpus, core from v_pe")) == {(0, "little", "cortex-a55"), (1, "little", "cortex-a55"),
                                                               (2, "big", "cortex-a76"), (3, "big", "cortex-a76")}, "sets in v_pe")
    ((core, pes),) = query(db, "select core, pes from v_run")
    need((core, pes) == ("2x cortex-a55 + 2x cortex-a76", 4), "v_run: core '%s', %s PEs" % (core, pes))
    need([r[0] for r in query(db, "select hz from v_pe group by pe order by pe")] == [1800000000] * 2 + [2400000000] * 2,
         "clocks in v_pe")
    for key, value in (("little.count", "2"), ("big.core.freq", "2.4GHz"), ("big.cache.size", "2MiB")):
        need(query(db, "select value from config where key = ?", key) == [(value,)], "config has no %s = %s" % (key, value))


def topology(test):
    for core, clusters, l2 in (("cortex-a57", [0] * 8, "2048K"), ("neoverse-n1", [0] * 4 + [1] * 4, "1024K")):
        script = test.path("topology.sh")
        with open(script, "w", encoding="utf-8") as f:
            f.write(SYSFS)
        image = test.initramfs("k612", "--run", script)
        with test.machine(core, test.linux("k612", image), 8) as g:
            g.expect(r"tollgate-init: status 0 ")
            test.power_off(g)
        cpus, caches = sysfs(g.text)
        need([cpus[c][1] for c in sorted(cpus)] == clusters, "%s: clusters %s" % (core, cpus))
        need(len({c[2] for c in cpus.values() if c[1] == 0}) == clusters.count(0), "%s: cores of cluster 0: %s" % (core, cpus))
        need({c[0] for c in cpus.values()} == {1024}, "%s: capacities %s" % (core, cpus))
        for cpu in range(8):
            need(caches[(cpu, "L2 Unified")][0] == l2 and caches[(cpu, "L2 Unified")][3] == str(cpu),
                 "%s: L2 of CPU %d: %s" % (core, cpu, caches[(cpu, "L2 Unified")]))


TESTS = {"biglittle": biglittle, "topology": topology}

if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        print("\n".join(TESTS))
    else:
        main(TESTS)
