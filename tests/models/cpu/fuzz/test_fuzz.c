/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole programs of random words at each exception level: no assertion, no host fault, no hang, no
 * sanitizer's report; and one in sixteen is run twice, with the same end.
 *
 *   fuzz_programs [-n PROGRAMS] [-s SEED] [-f FIRST] [-t SECONDS] [-q]
 *
 * Program k of a seed is the same whatever ran before it: -f K -n 1 repeats it alone. Programs run in a child
 * process. When it dies, or a program takes longer than PATIENCE, the program is named, with how to repeat
 * it, and a new child goes on after it. -t: stops after that time. -q: no progress. Status 1: something was
 * found.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define PROGRAMS    3000
#define PATIENCE    60 /* s for one program, which takes some milliseconds */
#define GIVE_UP     20 /* programs found */
#define CHILD_RUNS  20000
#define TWICE_EVERY 16

/* What the child says of itself. */
struct shared {
    volatile uint64_t number; /* of the program that runs */
    volatile uint64_t insns;
    volatile bool differs; /* it ended otherwise the second time */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_child(struct shared *s, uint64_t seed, uint64_t first, uint64_t end)
{
    for (uint64_t n = first; n < end; n++) {
        uint64_t insns = 0, h;

        s->number = n;
        h = program_run(seed, n, &insns);
        if (n % TWICE_EVERY == 0 && program_run(seed, n, &insns) != h) {
            s->differs = true;
            _exit(1);
        }
        s->insns += insns;
    }
    s->number = end;
    exit(0); /* leaks are looked for */
}

/* Runs [first, end) in a child; returns the first program that did not run to its end, or `end`. */
static uint64_t run(struct shared *s, uint64_t seed, uint64_t first, uint64_t end, char *why, size_t size)
{
    uint64_t seen = first;
    double since = now();
    pid_t pid;
    int status = 0;

    s->number = first;
    s->differs = false;
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        run_child(s, seed, first, end);
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        if (s->number != seen) {
            seen = s->number;
            since = now();
        } else if (now() - since > PATIENCE) {
            kill(pid, SIGABRT);
            nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            snprintf(why, size, "does not end");
            return s->number;
        }
    }
    if (s->differs)
        snprintf(why, size, "ends otherwise the second time");
    else if (WIFSIGNALED(status))
        snprintf(why, size, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        snprintf(why, size, "exit status %d", WEXITSTATUS(status));
    else
        return end;
    return s->number;
}

int main(int argc, char **argv)
{
    uint64_t n = PROGRAMS, seed = 1, first = 0, at, done = 0, found = 0;
    double began = now(), limit = 0;
    bool quiet = false;
    struct shared *s;
    int opt;

    while ((opt = getopt(argc, argv, "n:s:f:t:q")) != -1) {
        if (opt == 'n')
            n = strtoull(optarg, NULL, 0);
        else if (opt == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (opt == 'f')
            first = strtoull(optarg, NULL, 0);
        else if (opt == 't')
            limit = strtod(optarg, NULL);
        else if (opt == 'q')
            quiet = true;
        else
            return 2;
    }
    s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return 2;
    printf("fuzz: %" PRIu64 " programs from %" PRIu64 ", seed %" PRIu64 "\n", n, first, seed);
    for (at = first; at < first + n && found < GIVE_UP && (!limit || now() - began < limit);) {
        uint64_t end = at + CHILD_RUNS < first + n ? at + CHILD_RUNS : first + n, stop;
        char why[80];

        if (limit && end > at + 1000) /* look at the clock more often */
            end = at + 1000;
        stop = run(s, seed, at, end, why, sizeof(why));
        done += stop - at;
        if (stop < end) {
            printf("FOUND: program %" PRIu64 " of seed %" PRIu64 ": %s; repeat: %s -s %" PRIu64 " -f %" PRIu64
                   " -n 1\n",
                   stop, seed, why, argv[0], seed, stop);
            found++;
            done++;
            stop++;
        }
        at = stop;
        if (!quiet)
            printf("fuzz: %" PRIu64 " programs, %" PRIu64 " instructions, %.0f s, %.0f programs/s, %" PRIu64
                   " found\n",
                   done, s->insns, now() - began, (double)done / (now() - began), found);
    }
    printf("fuzz: %" PRIu64 " programs of a thousand words, seed %" PRIu64 ", %" PRIu64
           " instructions, %.1f s\n"
           "%" PRIu64 " passed, %" PRIu64 " failed\n",
           done, seed, s->insns, now() - began, done - found, found);
    return found != 0;
}
