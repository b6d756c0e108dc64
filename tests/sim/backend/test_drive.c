/* SPDX-License-Identifier: Apache-2.0 */
/* Drives: modes, snapshot against a model in memory, locks, images that change, every error a user can make.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sim/backend/backend.h"

#define SIZE (64u << 10)

static char dir[64], image[128];

static void fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 31 + (i >> 8) + seed);
}

static void write_image(size_t n)
{
    uint8_t *p = malloc(n + 1);
    FILE *f = fopen(image, "wb");

    fill(p, n, 0);
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    free(p);
}

static uint8_t *read_image(size_t n)
{
    uint8_t *p = calloc(1, n);
    FILE *f = fopen(image, "rb");

    assert_int_equal(fread(p, 1, n, f), n);
    fclose(f);
    return p;
}

static struct tg_blockdev *open_mode(struct backend *b, const char *mode)
{
    char spec[200];
    struct tg_blockdev *d;
    struct tg_error err = {""};

    snprintf(spec, sizeof(spec), "file=%s%s%s", image, mode ? ",mode=" : "", mode ? mode : "");
    if (backend_drive(b, spec, &d, &err))
        fail_msg("%s", err.text);
    return d;
}

static void refuses(struct backend *b, const char *spec, const char *text)
{
    struct tg_blockdev *d;
    struct tg_error err = {""};
    int rc = backend_drive(b, spec, &d, &err);

    if (rc >= 0 || d || !strstr(err.text, text))
        fail_msg("'%s': %d, found '%s', expected '%s' in it", spec, rc, err.text, text);
}

static void read_write(void **state)
{
    struct backend *b = backend_new(NULL);
    struct tg_blockdev *d;
    uint8_t buf[4096], want[SIZE], *now;

    (void)state;
    write_image(SIZE);
    fill(want, SIZE, 0);
    d = open_mode(b, NULL);
    assert_int_equal(d->size(d->opaque), SIZE);
    assert_false(d->read_only);
    assert_int_equal(d->read(d->opaque, 1024, buf, sizeof(buf)), 0);
    assert_memory_equal(buf, want + 1024, sizeof(buf));
    memset(buf, 0xaa, sizeof(buf));
    assert_int_equal(d->write(d->opaque, SIZE - 4096, buf, 4096), 0);
    assert_int_equal(d->flush(d->opaque), 0);
    assert_int_equal(d->write(d->opaque, SIZE, buf, 512), -EIO); /* never grows */
    assert_int_equal(d->write(d->opaque, SIZE - 512, buf, 1024), -EIO);
    assert_int_equal(d->read(d->opaque, SIZE - 512, buf, 1024), -EIO);
    if (!d->discard(d->opaque, 4096, 4096, true)) /* not on every file system */
        memset(want + 4096, 0, 4096);
    memset(want + SIZE - 4096, 0xaa, 4096);
    now = read_image(SIZE);
    assert_memory_equal(now, want, SIZE);
    free(now);
    backend_free(b);
}

static void read_only(void **state)
{
    struct backend *b = backend_new(NULL);
    struct tg_blockdev *d;
    uint8_t buf[512];

    (void)state;
    write_image(SIZE);
    d = open_mode(b, "ro");
    assert_true(d->read_only);
    assert_int_equal(d->read(d->opaque, 0, buf, 512), 0);
    assert_int_equal(d->write(d->opaque, 0, buf, 512), -EROFS);
    assert_int_equal(d->discard(d->opaque, 0, 512, true), -EROFS);
    assert_int_equal(d->flush(d->opaque), 0);
    backend_free(b);
}

/* Random reads and writes of a snapshot agree with an array; the image stays as it was. The size is no
 * multiple of a cluster. */
static void snapshot(void **state)
{
    enum { N = SIZE + 512 * 3 };
    struct backend *b = backend_new(NULL);
    struct tg_blockdev *d;
    uint8_t *want = malloc(N), *before, *buf = malloc(N);
    unsigned x = 1;

    (void)state;
    write_image(N);
    before = read_image(N);
    memcpy(want, before, N);
    chmod(image, 0444);
    d = open_mode(b, "snapshot");
    assert_int_equal(d->size(d->opaque), N);
    assert_false(d->read_only);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t at, n;

        x = x * 1103515245 + 12345;
        at = (x >> 8) % (N / 512) * 512;
        x = x * 1103515245 + 12345;
        n = (1 + (x >> 8) % (i % 5 ? 20 : 100)) * 512;
        if (n > N - at)
            n = N - at;
        if (x & 1u << 30) {
            fill(buf, n, i);
            memcpy(want + at, buf, n);
            assert_int_equal(d->write(d->opaque, at, buf, n), 0);
        } else {
            assert_int_equal(d->read(d->opaque, at, buf, n), 0);
            assert_memory_equal(buf, want + at, n);
        }
    }
    assert_int_equal(d->read(d->opaque, 0, buf, N), 0);
    assert_memory_equal(buf, want, N);
    assert_int_equal(d->read(d->opaque, N, buf, 512), -EIO);
    assert_int_equal(d->write(d->opaque, N, buf, 512), -EIO);
    assert_int_equal(d->discard(d->opaque, 0, 4096, false), 0);
    assert_int_equal(d->discard(d->opaque, 0, 4096, true), -EOPNOTSUPP);
    backend_free(b);
    free(buf);
    buf = read_image(N);
    assert_memory_equal(buf, before, N);
    free(buf);
    free(before);
    free(want);
    chmod(image, 0644);
}

static void shrinks(void **state)
{
    static const char *const modes[] = {"rw", "ro", "snapshot"};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct backend *b = backend_new(NULL);
        struct tg_blockdev *d;
        uint8_t buf[4096] = {0};

        write_image(SIZE);
        d = open_mode(b, modes[i]);
        assert_int_equal(truncate(image, 10000), 0);
        assert_int_equal(d->size(d->opaque), 10000 / 512 * 512);
        assert_int_equal(d->read(d->opaque, 0, buf, 4096), 0);
        assert_int_equal(d->read(d->opaque, 8192, buf, 4096), -EIO);
        assert_int_equal(d->read(d->opaque, SIZE - 4096, buf, 4096), -EIO);
        if (!d->read_only)
            assert_int_equal(d->write(d->opaque, SIZE - 4096, buf, 4096), -EIO);
        backend_free(b);
    }
}

static void locks(void **state)
{
    struct backend *b = backend_new(NULL);
    char rw[200], ro[200], snap[200];
    struct tg_blockdev *d;
    struct tg_error err;

    (void)state;
    write_image(SIZE);
    snprintf(rw, sizeof(rw), "file=%s", image);
    snprintf(ro, sizeof(ro), "mode=ro,file=%s", image);
    snprintf(snap, sizeof(snap), "file=%s,mode=snapshot", image);
    open_mode(b, "rw");
    refuses(b, rw, "in use");
    refuses(b, ro, "in use");
    refuses(b, snap, "in use");
    backend_free(b);
    b = backend_new(NULL);
    assert_int_equal(backend_drive(b, ro, &d, &err), 0);
    assert_int_equal(backend_drive(b, snap, &d, &err), 0); /* readers share */
    refuses(b, rw, "in use");
    backend_free(b);
}

static void errors(void **state)
{
    struct backend *b = backend_new(NULL);
    char spec[256], tricky[160];
    struct tg_blockdev *d;
    struct tg_error err;

    (void)state;
    write_image(1000);
    snprintf(spec, sizeof(spec), "file=%s", image);
    refuses(b, spec, "found 1000 bytes, expected a multiple of 512");
    refuses(b, "file=/nowhere/at/all", "No such file");
    snprintf(spec, sizeof(spec), "file=%s", dir);
    refuses(b, spec, "directory"); /* EISDIR when opened for writing */
    snprintf(spec, sizeof(spec), "file=%s,mode=ro", dir);
    refuses(b, spec, "found a directory");
    refuses(b, "file=/dev/null,mode=ro", "found a special file");
    refuses(b, "", "expected file=");
    refuses(b, "file=", "expected file=");
    refuses(b, "disk.img", "found 'disk.img'");
    refuses(b, "file=x,format=qcow2", "found 'format'");
    refuses(b, "file=x,mode=rx", "found mode 'rx', expected rw, ro or snapshot");
    refuses(b, "mode=ro", "found no file");
    if (getuid()) {
        write_image(SIZE);
        chmod(image, 0444);
        snprintf(spec, sizeof(spec), "file=%s", image);
        refuses(b, spec, "mode=snapshot");
        chmod(image, 0644);
    }
    /* a comma in a name is written twice */
    write_image(SIZE);
    snprintf(tricky, sizeof(tricky), "%s/a,b", dir);
    assert_int_equal(rename(image, tricky), 0);
    snprintf(spec, sizeof(spec), "file=%s/a,,b,mode=ro", dir);
    assert_int_equal(backend_drive(b, spec, &d, &err), 0);
    assert_int_equal(d->size(d->opaque), SIZE);
    unlink(tricky);
    backend_free(b);
}

/* The temporary file of a snapshot cannot be made: a message, no crash. */
static void no_temporary(void **state)
{
    struct backend *b = backend_new(NULL);
    char spec[200], *old = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;

    (void)state;
    write_image(SIZE);
    setenv("TMPDIR", "/nowhere", 1);
    snprintf(spec, sizeof(spec), "file=%s,mode=snapshot", image);
    refuses(b, spec, "temporary file for the snapshot in /nowhere");
    if (old)
        setenv("TMPDIR", old, 1);
    else
        unsetenv("TMPDIR");
    free(old);
    backend_free(b);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tollgate-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(image, sizeof(image), "%s/disk.img", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(image);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_write),   cmocka_unit_test(read_only), cmocka_unit_test(snapshot),
        cmocka_unit_test(shrinks),      cmocka_unit_test(locks),     cmocka_unit_test(errors),
        cmocka_unit_test(no_temporary),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
