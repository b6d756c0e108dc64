/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minivmm: a small KVM virtual machine monitor, to run trapbench and Linux as KVM guests. This file reads the
 * options and waits for the end; vm.c talks to KVM, load.c fills memory, pl011.c and console.c are the
 * console. Does not do disks, networks, migration, or kernels other than plain arm64 Images.
 */
#include "minivmm.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: minivmm [--kernel] IMAGE [--initrd FILE] [--append STRING] [--cpus N] [--mem SIZE]\n"
    "               [--gic 2|3] [--no-pmu] [--no-stdin] [--thp] [--stats] [--dump-dtb FILE]\n"
    "               [--module KERNEL [--module RAMDISK] [--module-append STRING]]\n"
    "\n"
    "  --kernel IMAGE   plain arm64 Image\n"
    "  --initrd FILE    initial RAM disk\n"
    "  --append STRING  kernel command line\n"
    "  --cpus N         vCPUs, 1 to 8 (default 1)\n"
    "  --mem SIZE       memory in MiB, or with suffix K, M or G (default 256M)\n"
    "  --gic 2|3        version of the virtual GIC (default: 3 when KVM has it)\n"
    "  --no-pmu         no virtual PMU (default: when KVM has one)\n"
    "  --el2 vhe|nvhe   the guest starts at EL2 (the host needs kvm-arm.mode=nested), with HCR_EL2.E2H fixed "
    "to 1 or 0\n"
    "  --no-stdin       leave standard input alone\n"
    "  --thp            let the host back guest memory with huge pages\n"
    "  --stats          at the end, print how many exits came to user space\n"
    "  --module FILE    for a hypervisor as the kernel: its first domain's kernel, then ramdisk (Xen)\n"
    "  --module-append STRING  that kernel's command line\n"
    "  --dump-dtb FILE  write the guest's device tree\n"
    "\n"
    "On a terminal, Ctrl-A x ends the guest. Exit status: 0 the guest powered off or asked for a reset, 1 it "
    "crashed,\n"
    "2 an error of the user or of the host.\n";

static void message(const char *fmt, va_list ap, const char *reason)
{
    console_restore();
    fprintf(stderr, "minivmm: ");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "%s%s\n", reason ? ": " : "", reason ? reason : "");
}

void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    message(fmt, ap, NULL);
    va_end(ap);
    _exit(EXIT_USER);
}

void die_errno(const char *fmt, ...)
{
    int err = errno;
    va_list ap;
    va_start(ap, fmt);
    message(fmt, ap, strerror(err));
    va_end(ap);
    _exit(EXIT_USER);
}

static uint64_t parse_number(const char *option, const char *s, uint64_t min, uint64_t max, bool size)
{
    char *end;
    errno = 0;
    uint64_t n = strtoull(s, &end, 10), unit = 1;
    if (size) {
        unit = *end == 'G' ? UINT64_C(1) << 30 : *end == 'K' ? UINT64_C(1) << 10 : UINT64_C(1) << 20;
        if (*end == 'G' || *end == 'M' || *end == 'K')
            end++;
    }
    bool bad = errno || end == s || *end || *s == '-' || n > max / unit || n * unit < min;
    if (bad && size)
        die("--%s %s: expected a size from 8M to 64G, such as 256M", option, s);
    if (bad)
        die("--%s %s: expected a number from %u to %u", option, s, (unsigned)min, (unsigned)max);
    return n * unit;
}

static void parse_options(struct options *o, int argc, char **argv)
{
    enum {
        KERNEL = 1,
        INITRD,
        APPEND,
        CPUS,
        MEM,
        NO_PMU,
        NO_STDIN,
        THP,
        STATS,
        GIC,
        EL2,
        DUMP,
        MODULE,
        MODULE_APPEND,
        HELP
    };
    static const struct option options[] = {
        {"kernel", required_argument, NULL, KERNEL},
        {"initrd", required_argument, NULL, INITRD},
        {"append", required_argument, NULL, APPEND},
        {"cpus", required_argument, NULL, CPUS},
        {"mem", required_argument, NULL, MEM},
        {"gic", required_argument, NULL, GIC},
        {"el2", required_argument, NULL, EL2},
        {"no-pmu", no_argument, NULL, NO_PMU},
        {"no-stdin", no_argument, NULL, NO_STDIN},
        {"thp", no_argument, NULL, THP},
        {"stats", no_argument, NULL, STATS},
        {"dump-dtb", required_argument, NULL, DUMP},
        {"module", required_argument, NULL, MODULE},
        {"module-append", required_argument, NULL, MODULE_APPEND},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    int c;
    *o = (struct options){.append = "", .cpus = 1, .mem = UINT64_C(256) << 20};
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case KERNEL:
            o->kernel = optarg;
            break;
        case INITRD:
            o->initrd = optarg;
            break;
        case APPEND:
            o->append = optarg;
            break;
        case CPUS:
            o->cpus = (unsigned)parse_number("cpus", optarg, 1, MAX_CPUS, false);
            break;
        case MEM:
            o->mem =
                parse_number("mem", optarg, UINT64_C(8) << 20, UINT64_C(64) << 30, true) & ~UINT64_C(0xffff);
            break;
        case GIC:
            o->gic = (unsigned)parse_number("gic", optarg, 2, 3, false);
            break;
        case EL2:
            if (strcmp(optarg, "vhe") && strcmp(optarg, "nvhe"))
                die("--el2 %s: expected vhe or nvhe", optarg);
            o->el2 = true;
            o->e2h0 = !strcmp(optarg, "nvhe");
            break;
        case NO_PMU:
            o->no_pmu = true;
            break;
        case NO_STDIN:
            o->no_stdin = true;
            break;
        case THP:
            o->thp = true;
            break;
        case STATS:
            o->stats = true;
            break;
        case DUMP:
            o->dump_dtb = optarg;
            break;
        case MODULE:
            if (o->n_modules == GUEST_DT_MODULES)
                die("--module %s: a kernel and a ramdisk are all", optarg);
            o->modules[o->n_modules++] = optarg;
            break;
        case MODULE_APPEND:
            o->module_args = optarg;
            break;
        case HELP:
            fputs(usage, stdout);
            exit(0);
        default:
            fputs("minivmm: see --help\n", stderr);
            exit(EXIT_USER);
        }
    }
    if (!o->kernel && optind < argc)
        o->kernel = argv[optind++];
    if (optind < argc)
        die("'%s': more than one kernel; see --help", argv[optind]);
    if (!o->kernel)
        die("no kernel given; see --help");
}

int main(int argc, char **argv)
{
    struct vmm *v = calloc(1, sizeof(*v));
    if (!v)
        die("out of memory");
    parse_options(&v->opt, argc, argv);
    v->end_status = -1;
    pthread_mutex_init(&v->end_lock, NULL);
    pthread_cond_init(&v->end_cond, NULL);
    pl011_init(&v->uart);
    vm_create(v);
    load_guest(v);
    console_start(v);
    vm_start(v);
    pthread_mutex_lock(&v->end_lock);
    while (v->end_status < 0)
        pthread_cond_wait(&v->end_cond, &v->end_lock);
    int status = v->end_status;
    pthread_mutex_unlock(&v->end_lock);
    pl011_flush(&v->uart);
    console_restore();
    for (unsigned i = 0; v->opt.stats && i < v->opt.cpus;
         i++) /* other vCPUs may still run; the counts are theirs */
        fprintf(stderr, "minivmm: exits vcpu=%u mmio=%llu other=%llu\n", i,
                (unsigned long long)v->vcpu[i].mmio_exits, (unsigned long long)v->vcpu[i].other_exits);
    _exit(status); /* vCPU threads may be inside the guest; nothing is left to tidy up */
}
