/* SPDX-License-Identifier: Apache-2.0 */
/* tollgate run: joins platform, backends, loader, statistics and the run loop, and says how it ended. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "models/cpu/cpu.h"
#include "sim/backend/backend.h"
#include "sim/boot/machine_boot.h"
#include "sim/cli/cli.h"
#include "sim/ledger/ledger.h"
#include "sim/machine/machine.h"
#include "sim/platform/platform.h"
#include "sim/stats/stats.h"
#include "sim/tlm/tlm.h"

struct options {
    struct boot_options boot;
    struct cli_devices devices;
    struct cli_texts modules, sets, switches;
    struct cli_record record;
    const char *mode, *db;
    uint64_t max_insns, max_time, seed, max_resets;
    const char *dump_state;
    bool quiet, verbose;
};

#define O(field) offsetof(struct options, field)
static const struct cli_arg args[] = {
    {"kernel", CLI_TEXT, "FILE", "Linux arm64 Image or ELF", O(boot.kernel)},
    {"initrd", CLI_TEXT, "FILE", "initial ramdisk", O(boot.initrd)},
    {"append", CLI_TEXT, "TEXT", "kernel command line", O(boot.append)},
    {"dtb", CLI_TEXT, "FILE", "device tree; default: generated", O(boot.dtb)},
    {"dump-dtb", CLI_TEXT, "FILE", "write the device tree that the guest gets", O(boot.dump_dtb)},
    {"firmware", CLI_TEXT, "FILE", "EL3 or UEFI firmware, in the platform's flash", O(boot.firmware)},
    {"module", CLI_TEXTS, "KIND:FILE[,domain=NAME][,bootargs=...]",
     "boot module for a hypervisor: kernel, ramdisk, dtb, xsm, other", O(modules)},
    {"drive", CLI_TEXTS, "file=F[,mode=M]", "virtio block device; mode rw, ro or snapshot",
     O(devices.drives)},
    {"net", CLI_TEXT, "user|none", "virtio network device", O(devices.net)},
    {"console", CLI_TEXT, "stdio|file:F|pty|null", "serial console; default: stdio (Ctrl-A h helps)",
     O(devices.console)},
    {"secure-console", CLI_TEXT, "file:F|pty|null", "serial console of the Secure state; default: null",
     O(devices.secure_console)},
    {"virtio-console", CLI_TEXT, "stdio|file:F|pty|null", "a virtio console besides",
     O(devices.virtio_console)},
    {"rng", CLI_FLAG, NULL, "virtio entropy device", O(devices.rng)},
    {"mode", CLI_TEXT, "fast|timed", "functional, or with the timing model; default: fast", O(mode)},
    {"switch", CLI_TEXTS, "MODE@MOMENT",
     "change the mode: fast or timed, at insns=N, pc=ADDRESS or phase=NAME; in this order", O(switches)},
    {"set", CLI_TEXTS, "KEY=VALUE", "change a value of the platform: cpus.core.l2.size=1MiB", O(sets)},
    {"db", CLI_TEXT, "FILE", "database that the run is added to", O(db)},
    {"events", CLI_MAYBE, "exits|traps|all[,max=N]",
     "write single events into the database; default: exits, max=1M", O(record.events)},
    {"profile", CLI_MAYBE, "PERIOD", "sample program counters each PERIOD cycles or so; default: 100k",
     O(record.profile)},
    {"sample", CLI_TIME, "T", "write what was counted so far at each multiple of this simulated time: 1ms",
     O(record.sample)},
    {"symbols", CLI_TEXTS, "[guest:]FILE[+0xOFFSET]", "names for these: ELF file, System.map, kallsyms",
     O(record.symbol_files)},
    {"dump-state", CLI_TEXT, "FILE[@MOMENT]",
     "write the state of every model as JSON, at insns=N or time=T; default: at the end", O(dump_state)},
    {"max-insns", CLI_NUMBER, "N", "stop after N instructions of all PEs", O(max_insns)},
    {"max-time", CLI_TIME, "T", "stop at a simulated time: 250ms", O(max_time)},
    {"max-resets", CLI_NUMBER, "N", "resets by the guest before it counts as a reset loop; default: 4",
     O(max_resets)},
    {"seed", CLI_NUMBER, "N", "of everything random; default: 1", O(seed)},
    {"quiet", CLI_FLAG, NULL, "no progress, no summary", O(quiet)},
    {"verbose", CLI_FLAG, NULL, "also what models have to say about themselves", O(verbose)},
};

struct run {
    struct options o;
    struct machine *m;
    struct backend *backend;
    struct machine_boot *boot;
    struct ledger *ledger;
    struct stats *stats;
    struct cli_progress progress;
    struct tlm_switches switches;
    struct cli_phases phases;
    struct cli_dump dump;
    bool interactive; /* a person at the terminal */
    bool real_time;   /* idle guests shall not run ahead of the host's clock */
};

/* Signal handlers have nothing but globals: how many came, and whose terminal to restore. */
static volatile sig_atomic_t signals;
static struct backend *volatile signal_backend;

static void on_signal(int number)
{
    if (signals++) {
        if (signal_backend)
            backend_terminal_restore(signal_backend);
        _exit(128 + number);
    }
}

/* ---- calls from the run loop ---- */

static void on_poll(void *opaque, tg_time now)
{
    struct run *r = opaque;

    if (signals)
        machine_stop(r->m, MACHINE_SIGNAL, "interrupted");
    if (backend_quit(r->backend))
        machine_stop(r->m, MACHINE_SIGNAL, "Ctrl-A x");
    if (backend_failure(r->backend))
        machine_stop(r->m, MACHINE_FAILED, "%s", backend_failure(r->backend));
    cli_progress_show(&r->progress, now, machine_insns(r->m), r->ledger ? ledger_total_exits(r->ledger) : 0);
}

static bool on_input_open(void *opaque)
{
    struct run *r = opaque;

    return backend_input_open(r->backend);
}

/* Input from people and networks comes in real time, so idle time must not fly past it: it takes as long as
 * it takes, or a tenth of that when a program types. */
static void on_idle_wait(void *opaque, tg_time now, tg_time until)
{
    struct run *r = opaque;
    uint64_t ns = 100000000;

    if (until != TG_TIME_NEVER) {
        uint64_t real = (until - now) / TG_NS / (r->real_time ? 1 : 10);

        ns = real < ns ? real : ns;
    }
    if (ns >= 1000)
        backend_wait(r->backend, ns);
}

static void on_note(void *opaque, const char *text)
{
    struct run *r = opaque;

    cli_progress_end(&r->progress);
    fprintf(stderr, "tollgate: %s%s\n", text, r->interactive ? "\r" : "");
}

static void on_log(void *opaque, enum tg_log_level level, const char *who, const char *text)
{
    struct run *r = opaque;

    if (level > TG_LOG_WARN && !r->o.verbose)
        return;
    cli_progress_end(&r->progress);
    fprintf(stderr, "tollgate: %s: %s%s%s\n", who, level == TG_LOG_GUEST_ERROR ? "guest error: " : "", text,
            r->interactive ? "\r" : "");
}

static int on_start(void *opaque, struct machine *m, tg_time now, struct tg_error *err)
{
    struct run *r = opaque;
    int rc = machine_boot_start(r->boot, now, err);

    if (!rc && !m->resets) {
        uint64_t entry = machine_boot_result(r->boot)->entry;

        if (machine_boot_result(r->boot)->note[0])
            fprintf(stderr, "tollgate: %s\n", machine_boot_result(r->boot)->note);
        cli_record_image(&r->o.record, r->o.boot.kernel, entry);
        cli_record_image(&r->o.record, r->o.boot.firmware, entry);
    }
    return rc;
}

static bool on_hint(void *opaque, struct cpu *c, uint32_t imm)
{
    struct run *r = opaque;
    uint64_t x0 = cpu_get_x(c, 0);
    char name[9];

    switch (imm) {
    case LEDGER_HINT_PHASE:
        ledger_hint_name(x0, name);
        cli_phases_mark(&r->phases, &r->switches, name);
        return true;
    case LEDGER_HINT_EXIT:
        if (x0)
            machine_stop(r->m, MACHINE_STUCK, "the guest ended the run with status %llu",
                         (unsigned long long)x0);
        else
            machine_stop(r->m, MACHINE_POWEROFF, "the guest ended the run");
        return true;
    case LEDGER_HINT_MODE:
        machine_set_mode(r->m, x0 == CPU_TIMED ? CPU_TIMED : CPU_FAST);
        return true;
    default:
        return false;
    }
}

/* ---- before and after ---- */

static char *join_command(int argc, char **argv)
{
    size_t size = sizeof("tollgate");
    char *s;

    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + 1;
    s = malloc(size);
    if (!s)
        return NULL;
    strcpy(s, "tollgate");
    for (int i = 0; i < argc; i++)
        strcat(strcat(s, " "), argv[i]);
    return s;
}

static int parse_modules(struct options *o, struct tg_error *err)
{
    struct boot_module *v = calloc(o->modules.n + 1, sizeof(*v));

    if (!v)
        return tg_error_set(err, ENOMEM, "out of memory");
    o->boot.modules = v;
    for (; o->boot.n_modules < o->modules.n; o->boot.n_modules++) {
        int rc = boot_module_parse(o->modules.v[o->boot.n_modules], &v[o->boot.n_modules], err);

        if (rc)
            return rc;
    }
    return 0;
}

/* Builds everything up to the first instruction. 0 or -errno with err set; 1: there is nothing to run
 * (--dump-dtb only). */
static int prepare(struct run *r, const char *platform, enum cpu_mode mode, const char *command,
                   struct tg_error *err)
{
    struct platform_options po = {.sets = r->o.sets.v, .n_sets = r->o.sets.n, .seed = r->o.seed};
    char *dir = platform_dir(), *path = platform_find(platform, dir, err);
    bool nothing = !r->o.boot.kernel && !r->o.boot.firmware;
    int rc = path ? 0 : -ENOENT;

    po.platforms_dir = dir;
    if (!rc)
        rc = platform_build(path, &po, &r->m, err);
    free(path);
    free(dir);
    if (!rc && nothing && !r->o.boot.dump_dtb)
        rc = tg_error_set(err, EINVAL, "run: nothing to start: give --kernel or --firmware");
    if (rc)
        return rc;
    r->m->log_line = on_log;
    r->m->log_opaque = r;
    r->backend = backend_new(r->m->env.evq);
    if (!r->backend)
        return tg_error_set(err, ENOMEM, "out of memory");
    if (nothing)
        r->o.devices.console = "null";
    if (r->o.db && !*r->o.db)
        return tg_error_set(err, EINVAL, "--db: found no name, expected one of a file");
    rc = parse_modules(&r->o, err);
    if (!rc)
        rc = cli_switches(&r->o.switches, &r->switches, err);
    if (!rc)
        rc = cli_record_prepare(&r->o.record, r->o.db, err);
    if (!rc)
        rc = cli_dump_parse(&r->dump, r->o.dump_state, err);
    if (!rc)
        rc = cli_attach(r->m, r->backend, &r->o.devices, err);
    if (!rc)
        rc = machine_realize(r->m, err);
    if (rc)
        return rc;
    machine_reset(r->m);
    if (nothing) {
        rc = machine_boot_dump_dtb(r->m, &r->o.boot, err);
        return rc ? rc : 1;
    }
    for (unsigned i = 0; i < r->m->n_pes; i++)
        cpu_set_mode(r->m->pes[i].cpu, mode);
    rc = machine_boot_new(r->m, &r->o.boot, &r->boot, err);
    if (rc)
        return rc;
    r->ledger = ledger_attach(r->m);
    if (!r->ledger)
        return tg_error_set(err, ENOMEM, "out of memory");
    if (r->o.db)
        rc = stats_open_machine(r->o.db, r->m, mode == CPU_TIMED ? "timed" : "fast", command, TG_VERSION,
                                &r->stats, err);
    if (r->stats)
        stats_on_note(r->stats, on_note, r);
    if (!rc && r->stats)
        rc = cli_record_begin(&r->o.record, r->m, r->ledger, r->stats, err);
    cli_phases_begin(&r->phases, r->m, r->ledger, r->stats, &r->o.record, mode);
    return rc;
}

/* Before anything is made: the run loop sees a signal that came while the machine was built. */
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    sigemptyset(&sa.sa_mask);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error of write(), like a full disk */
}

static void wire(struct run *r)
{
    struct machine *m = r->m;

    m->start = on_start;
    m->start_opaque = r;
    m->guest_hint = on_hint;
    m->hint_opaque = r;
    m->poll = on_poll;
    m->poll_opaque = r;
    m->input_open = on_input_open;
    m->idle_wait = on_idle_wait;
    m->input_opaque = r;
    r->interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
                     (!r->o.devices.console || !strcmp(r->o.devices.console, "stdio"));
    r->real_time = isatty(STDIN_FILENO) || (r->o.devices.net && !strcmp(r->o.devices.net, "user")) ||
                   (r->o.devices.console && !strcmp(r->o.devices.console, "pty"));
    signal_backend = r->backend;
}

/* The database's last rows, the summary, the exit status. */
static int finish(struct run *r, int rc, const struct tg_error *run_err)
{
    static const char *const words[] = {
        [MACHINE_POWEROFF] = "powered off", [MACHINE_RESET] = "reset",     [MACHINE_LIMIT] = "limit reached",
        [MACHINE_SIGNAL] = "interrupted",   [MACHINE_STUCK] = "stopped",   [MACHINE_FAILED] = "stopped",
        [MACHINE_BUG] = "stopped",          [MACHINE_RUNNING] = "stopped",
    };
    struct machine *m = r->m;
    double host = cli_host_seconds() - r->progress.start;
    int status = rc ? CLI_USER : machine_exit_status(m);
    uint64_t insns = machine_insns(m);
    struct tg_error err;
    char n[32], x[32], no_guest[256];

    cli_progress_end(&r->progress);
    backend_flush(r->backend);
    backend_terminal_restore(r->backend);
    if (r->stats) {
        bool lost = cli_phases_end(&r->phases, false, &err) == -ENOMEM, failed;

        failed = stats_finish(r->stats, machine_stop_name(rc ? MACHINE_FAILED : m->stop),
                              rc ? run_err->text : m->stop_text, host, &err) ||
                 lost;
        /* When the database ended the run, its message is the run's. */
        if (failed && !rc && m->stop != MACHINE_FAILED)
            cli_complain("%s", err.text);
        status = failed && !status ? CLI_USER : status;
    }
    if (rc)
        cli_complain("%s", run_err->text);
    else if (machine_exit_status(m))
        cli_complain("%s", m->stop_text);
    cli_record_end(&r->o.record, r->o.quiet);
    if (!r->o.quiet && !rc && r->ledger && ledger_no_guest(r->ledger, no_guest, sizeof(no_guest)))
        fprintf(stderr, "tollgate: %s\n", no_guest);
    if (!r->o.quiet && !rc)
        fprintf(stderr, "tollgate: %s at %.6f s, %s instructions, %s exits; %.1f s, %.1f MIPS\n",
                words[m->stop], (double)machine_now(m) / TG_SEC, cli_thousands(insns, n),
                cli_thousands(r->ledger ? ledger_total_exits(r->ledger) : 0, x), host,
                host > 0 ? (double)insns / 1e6 / host : 0);
    return status;
}

static void clean_up(struct run *r)
{
    signal_backend = NULL;
    stats_close(r->stats);
    ledger_free(r->ledger);
    machine_boot_free(r->boot);
    machine_free(r->m);
    if (r->backend)
        backend_free(r->backend);
    for (unsigned i = 0; i < r->o.boot.n_modules; i++)
        boot_module_fini((struct boot_module *)&r->o.boot.modules[i]);
    free((void *)r->o.boot.modules);
    free(r->o.devices.drives.v);
    free(r->o.modules.v);
    free(r->o.sets.v);
    free(r->o.switches.v);
    free(r->switches.v);
    cli_record_free(&r->o.record);
    cli_dump_free(&r->dump);
}

int cli_run(int argc, char **argv)
{
    struct run r = {.o = {.seed = 1, .max_resets = 4}};
    struct tlm_options to;
    struct tg_error err = {""};
    enum cpu_mode mode;
    const char *platform[1];
    char *command;
    size_t n;
    int rc = cli_parse("run", args, TG_ARRAY_SIZE(args), argc, argv, &r.o, platform, 1, &n, &err);

    if (rc == 1) {
        cli_help("run PLATFORM [OPTION]...",
                 "Runs a platform: a Lua file, or the name of one that 'tollgate list platforms' shows.\n",
                 args, TG_ARRAY_SIZE(args));
        return CLI_OK;
    }
    if (rc || (n == 0 && tg_error_set(&err, EINVAL, "run: a platform is missing: tollgate run PLATFORM.lua")))
        rc = cli_complain("%s", err.text);
    else
        rc = cli_mode(r.o.mode, &mode);
    if (rc) {
        clean_up(&r);
        return rc;
    }
    catch_signals();
    command = join_command(argc, argv);
    rc = prepare(&r, platform[0], mode, command, &err);
    free(command);
    if (rc) {
        struct tg_error ignored;

        if (r.stats) /* its row is there already */
            stats_finish(r.stats, machine_stop_name(MACHINE_FAILED), err.text, 0, &ignored);
        rc = rc < 0 ? cli_complain("%s", err.text) : CLI_OK;
        clean_up(&r);
        return rc;
    }
    wire(&r);
    to = (struct tlm_options){.max_time = r.o.max_time,
                              .max_insns = r.o.max_insns,
                              .max_resets = (unsigned)r.o.max_resets,
                              .switches = r.switches.n ? &r.switches : NULL,
                              .profile_period = r.o.record.period,
                              .profile = cli_record_sample,
                              .profile_opaque = &r.o.record,
                              .sample_period = r.o.record.sample,
                              .sample = cli_record_series,
                              .sample_opaque = &r.o.record,
                              .moment_at = r.dump.at,
                              .moment_insns = r.dump.insns,
                              .moment = cli_dump_moment,
                              .moment_opaque = &r.dump};
    r.dump.m = r.m;
    backend_start(r.backend);
    cli_progress_start(&r.progress, !r.o.quiet && isatty(STDERR_FILENO) && !r.interactive);
    rc = tlm_run(r.m, &to, &err);
    rc = cli_dump_end(&r.dump, rc, &err);
    rc = finish(&r, rc, &err);
    clean_up(&r);
    return rc;
}
