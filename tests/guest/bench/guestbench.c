/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestbench: work for scripts/bench, a static arm64 Linux program.
 *
 *   guestbench WORK ROUNDS [THREADS]   does the work on so many threads at once, each pinned to a CPU of its
 * own, and prints 'bench: begin', 'bench: end' around it and 'bench: answer CHECKSUM' behind guestbench phase
 * NAME              begins a phase of that name in Tollgate's database (docs/guest-hints.md)
 *
 * On other machines the hint is an undefined instruction, and nothing happens. Measures nothing itself.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

enum { MAX_THREADS = 64 };

struct work {
    const char *name;
    uint64_t (*round)(uint64_t seed);
};

static const struct work works[] = {
    {"integer", bench_integer},
    {"float", bench_float},
};

struct job {
    const struct work *work;
    unsigned long rounds;
    unsigned cpu;
    pthread_barrier_t *start;
    uint64_t sum;
};

/* ---- phases ---- */

static void on_undefined(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static void phase(const char *name)
{
    struct sigaction ignore = {.sa_sigaction = on_undefined, .sa_flags = SA_SIGINFO};
    uint64_t word = 0;

    sigaction(SIGILL, &ignore, NULL);
    memcpy(&word, name, strnlen(name, sizeof(word)));
    register uint64_t x0 __asm__("x0") = word;
    __asm__ volatile("hlt #0x7100" ::"r"(x0) : "memory");
}

/* ---- work ---- */

static void *do_job(void *opaque)
{
    struct job *j = opaque;
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(j->cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one)) {
        fprintf(stderr, "guestbench: cannot use CPU %u: %s\n", j->cpu, strerror(errno));
        exit(1);
    }
    pthread_barrier_wait(j->start);
    for (unsigned long i = 0; i < j->rounds; i++)
        j->sum = bench_fold(j->sum, j->work->round(i + 1));
    return NULL;
}

static int measure(const struct work *work, unsigned long rounds, unsigned n)
{
    static struct job jobs[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    pthread_barrier_t start;
    int e;

    pthread_barrier_init(&start, NULL, n + 1);
    for (unsigned i = 0; i < n; i++) {
        jobs[i] = (struct job){.work = work, .rounds = rounds, .cpu = i, .start = &start};
        e = pthread_create(&threads[i], NULL, do_job, &jobs[i]);
        if (e) {
            fprintf(stderr, "guestbench: cannot start thread %u: %s\n", i, strerror(e));
            return 1;
        }
    }
    printf("bench: begin\n");
    fflush(stdout);
    phase("work");
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    printf("bench: end\n");
    fflush(stdout);
    phase("after");
    for (unsigned i = 1; i < n; i++) {
        if (jobs[i].sum != jobs[0].sum) {
            fprintf(stderr, "guestbench: CPU %u computed %016lx, CPU 0 %016lx\n", i, jobs[i].sum,
                    jobs[0].sum);
            return 1;
        }
    }
    printf("bench: answer %016lx\n", jobs[0].sum);
    return 0;
}

static int usage(const char *what)
{
    fprintf(stderr,
            "guestbench: %s\nusage: guestbench integer|float ROUNDS [THREADS] | guestbench phase NAME\n",
            what);
    return 2;
}

int main(int argc, char **argv)
{
    unsigned long rounds, threads = 1;
    char *end;

    if (argc == 3 && !strcmp(argv[1], "phase")) {
        phase(argv[2]);
        return 0;
    }
    if (argc != 3 && argc != 4)
        return usage("two or three arguments are expected");
    rounds = strtoul(argv[2], &end, 10);
    if (*end || !rounds)
        return usage("ROUNDS is a number from 1");
    if (argc == 4) {
        threads = strtoul(argv[3], &end, 10);
        if (*end || !threads || threads > MAX_THREADS)
            return usage("THREADS is a number from 1 to 64");
    }
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (!strcmp(argv[1], works[i].name))
            return measure(&works[i], rounds, (unsigned)threads);
    }
    return usage("no such work");
}
