/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --dump-state. At a moment within the run a copy of the process lets the PEs finish what they are in the middle of,
 * writes, and ends; the run itself knows nothing of it and does what it does without.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "sim/cli/cli.h"
#include "sim/machine/dump.h"
#include "sim/machine/machine.h"

int cli_dump_parse(struct cli_dump *d, const char *text, struct tg_error *err)
{
    const char *at = text ? strrchr(text, '@') : NULL;
    int rc = 0;

    if (!text)
        return 0;
    if (at && !strncmp(at, "@insns=", 7))
        rc = cli_number("dump-state", at + 7, &d->insns, err);
    else if (at && !strncmp(at, "@time=", 6))
        rc = cli_time("dump-state", at + 6, &d->at, err);
    else if (at)
        return tg_error_set(err, EINVAL, "--dump-state %s: found '%s', expected insns=N or time=T", text,
                            at + 1);
    if (rc)
        return rc;
    if (at && !d->insns && !d->at)
        return tg_error_set(err, EINVAL, "--dump-state %s: found 0, expected a moment after the start", text);
    if (at == text || !*text)
        return tg_error_set(err, EINVAL, "--dump-state: found no name, expected one of a file");
    d->path = strndup(text, at ? (size_t)(at - text) : strlen(text));
    return d->path ? 0 : tg_error_set(err, ENOMEM, "out of memory");
}

/* Complains; 0 or CLI_USER. */
static int write_state(const struct cli_dump *d)
{
    FILE *f = fopen(d->path, "w");
    struct tg_error err = {""};
    int rc = f ? machine_dump_state(d->m, f, &err) : -errno;

    if (!f)
        return cli_complain("%s: %s", d->path, strerror(errno));
    if (fclose(f) && !rc)
        rc = tg_error_set(&err, errno, "%s", strerror(errno));
    return rc ? cli_complain("%s: %s", d->path, err.text) : 0;
}

void cli_dump_moment(void *opaque)
{
    struct cli_dump *d = opaque;
    int status = 0, null;
    pid_t pid;

    d->done = true;
    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        machine_stop(d->m, MACHINE_FAILED, "%s: cannot fork: %s", d->path, strerror(errno));
        return;
    }
    if (!pid) {
        d->writer = true;
        /* What the guest still prints, the run prints. */
        null = open("/dev/null", O_RDWR);
        if (null >= 0) {
            dup2(null, STDIN_FILENO);
            dup2(null, STDOUT_FILENO);
        }
        machine_stop(d->m, MACHINE_LIMIT, "its state is wanted");
        return;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) /* its message stands above */
        machine_stop(d->m, MACHINE_FAILED, "%s: the state was not written", d->path);
}

int cli_dump_end(struct cli_dump *d, int rc, struct tg_error *err)
{
    if (!d->path)
        return rc;
    if (d->writer)
        _exit(write_state(d));
    if (rc)
        return rc;
    if (!d->at && !d->insns)
        return write_state(d) ? tg_error_set(err, EIO, "%s: the state was not written", d->path) : 0;
    if (!d->done)
        return tg_error_set(err, EINVAL, "--dump-state: the run ended before the moment; %s was not written",
                            d->path);
    return 0;
}

void cli_dump_free(struct cli_dump *d)
{
    free(d->path);
}
