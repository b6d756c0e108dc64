/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives: raw images read and written with pread and pwrite (never mapped: an image that shrinks gives an I/O
 * error, not a signal). A snapshot keeps changed clusters at their own offsets in an unnamed sparse file,
 * with a bitmap in memory of which are there.
 */
#define _GNU_SOURCE
#include "sim/backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sim/backend/source.h"

#define SECTOR  512u
#define CLUSTER 4096u

enum mode { MODE_RW, MODE_RO, MODE_SNAPSHOT };

struct drive {
    struct backend_source source; /* first */
    struct tg_blockdev dev;
    char *path;
    int fd;
    int overlay;     /* -1: none */
    uint64_t opened; /* size when opened, bytes */
    uint8_t *dirty;  /* a bit per cluster, snapshot only */
};

static int pread_all(int fd, uint64_t offset, uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = pread(fd, p, n, (off_t)offset);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        if (k == 0)
            return -EIO; /* the image has become shorter */
        p += k;
        offset += (uint64_t)k;
        n -= (size_t)k;
    }
    return 0;
}

static int pwrite_all(int fd, uint64_t offset, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t k = pwrite(fd, p, n, (off_t)offset);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        p += k;
        offset += (uint64_t)k;
        n -= (size_t)k;
    }
    return 0;
}

static uint64_t file_size(const struct drive *d)
{
    struct stat st;
    off_t end;

    if (fstat(d->fd, &st))
        return 0;
    if (S_ISREG(st.st_mode))
        return (uint64_t)st.st_size;
    end = lseek(d->fd, 0, SEEK_END); /* block devices */
    return end < 0 ? 0 : (uint64_t)end;
}

static uint64_t drive_size(void *opaque)
{
    struct drive *d = opaque;
    uint64_t size = file_size(d);

    if (d->dirty && size > d->opened)
        size = d->opened; /* what the bitmap covers */
    return size / SECTOR * SECTOR;
}

static bool is_dirty(const struct drive *d, uint64_t cluster)
{
    return d->dirty && (d->dirty[cluster / 8] >> cluster % 8 & 1);
}

static int drive_read(void *opaque, uint64_t offset, void *data, size_t n)
{
    struct drive *d = opaque;
    uint8_t *p = data;

    if (!d->dirty)
        return pread_all(d->fd, offset, p, n);
    if (offset > d->opened || n > d->opened - offset)
        return -EIO;
    while (n) { /* runs of clusters from the same file */
        bool dirty = is_dirty(d, offset / CLUSTER);
        size_t k = CLUSTER - offset % CLUSTER;
        int rc;

        while (k < n && is_dirty(d, (offset + k) / CLUSTER) == dirty)
            k += CLUSTER;
        if (k > n)
            k = n;
        rc = pread_all(dirty ? d->overlay : d->fd, offset, p, k);
        if (rc)
            return rc;
        p += k;
        offset += k;
        n -= k;
    }
    return 0;
}

/* Brings a cluster into the overlay before part of it changes. */
static int copy_up(struct drive *d, uint64_t cluster)
{
    uint8_t buf[CLUSTER] = {0};
    uint64_t at = cluster * CLUSTER;
    size_t n = d->opened - at < CLUSTER ? (size_t)(d->opened - at) : CLUSTER;
    int rc = pread_all(d->fd, at, buf, n);

    return rc ? rc : pwrite_all(d->overlay, at, buf, CLUSTER);
}

static int drive_write(void *opaque, uint64_t offset, const void *data, size_t n)
{
    struct drive *d = opaque;
    uint64_t size = drive_size(d), first = offset / CLUSTER, last = (offset + n - 1) / CLUSTER;
    int rc = 0;

    if (d->dev.read_only)
        return -EROFS;
    if (!n)
        return 0;
    if (offset > size || n > size - offset) /* never grow the image */
        return -EIO;
    if (!d->dirty)
        return pwrite_all(d->fd, offset, data, n);
    if (offset % CLUSTER && !is_dirty(d, first))
        rc = copy_up(d, first);
    if (!rc && (offset + n) % CLUSTER && !is_dirty(d, last) && (last != first || !(offset % CLUSTER)))
        rc = copy_up(d, last);
    if (!rc)
        rc = pwrite_all(d->overlay, offset, data, n);
    for (uint64_t c = first; !rc && c <= last; c++)
        d->dirty[c / 8] |= (uint8_t)(1u << c % 8);
    return rc;
}

static int drive_flush(void *opaque)
{
    struct drive *d = opaque;

    if (d->dirty || d->dev.read_only) /* a snapshot does not outlive us */
        return 0;
    return fdatasync(d->fd) && errno != EINVAL && errno != EROFS ? -errno : 0;
}

static int drive_discard(void *opaque, uint64_t offset, uint64_t n, bool zero)
{
    struct drive *d = opaque;

    if (d->dev.read_only)
        return -EROFS;
    if (!n)
        return 0;
    if (d->dirty) /* the caller writes zeroes; a discard is only a hint */
        return zero ? -EOPNOTSUPP : 0;
    if (!fallocate(d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)n))
        return 0;
    return zero || errno != EOPNOTSUPP ? -errno : 0;
}

static void drive_close(struct backend_source *s)
{
    struct drive *d = (struct drive *)s;

    if (d->fd >= 0)
        close(d->fd);
    if (d->overlay >= 0)
        close(d->overlay);
    free(d->dirty);
    free(d->path);
    free(d);
}

/* ---- opening ---- */

/* The value of one option, up to a single comma; ",," stands for a comma. Moves *p behind it. */
static char *take_value(const char **p)
{
    char *v = malloc(strlen(*p) + 1), *w = v;

    while (v && **p) {
        if (**p == ',' && (*p)[1] != ',')
            break;
        *p += **p == ',';
        *w++ = *(*p)++;
    }
    if (v)
        *w = 0;
    if (**p == ',')
        ++*p;
    return v;
}

static int parse(const char *spec, char **path, enum mode *mode, struct tg_error *err)
{
    static const char *const modes[] = {"rw", "ro", "snapshot"};
    const char *p = spec;
    int rc = 0;

    *path = NULL;
    *mode = MODE_RW;
    while (*p && !rc) {
        const char *eq = strchr(p, '=');
        size_t key = eq ? (size_t)(eq - p) : strcspn(p, ",");
        char *value;

        if (!eq || !((key == 4 && !memcmp(p, "file", 4)) || (key == 4 && !memcmp(p, "mode", 4)))) {
            rc = tg_error_set(err, EINVAL,
                              "drive '%s': found '%.*s', expected file=NAME[,mode=rw|ro|snapshot]", spec,
                              (int)key, p);
            break;
        }
        bool file = *p == 'f';

        p = eq + 1;
        value = take_value(&p);
        if (!value) {
            rc = tg_error_set(err, ENOMEM, "out of memory");
        } else if (file) {
            free(*path);
            *path = value;
        } else {
            unsigned i = 0;

            while (i < 3 && strcmp(modes[i], value))
                i++;
            if (i == 3)
                rc = tg_error_set(err, EINVAL, "drive '%s': found mode '%s', expected rw, ro or snapshot",
                                  spec, value);
            *mode = (enum mode)i;
            free(value);
        }
    }
    if (!rc && (!*path || !**path))
        rc = tg_error_set(err, EINVAL, "drive '%s': found no file, expected file=NAME[,mode=rw|ro|snapshot]",
                          spec);
    if (rc) {
        free(*path);
        *path = NULL;
    }
    return rc;
}

static int take_lock(struct drive *d, enum mode mode, struct tg_error *err)
{
    struct flock lock = {.l_type = mode == MODE_RW ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};

    if (!fcntl(d->fd, F_OFD_SETLK, &lock))
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        return tg_error_set(err, EBUSY, "drive '%s': in use by another drive or program%s", d->path,
                            mode == MODE_RW ? "" : ", which writes it");
    return 0; /* a file system without locks */
}

static int open_overlay(struct drive *d, struct tg_error *err)
{
    const char *dir = getenv("TMPDIR");
    int rc;

    if (!dir || !*dir)
        dir = "/tmp";
    d->overlay = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (d->overlay < 0) { /* not every file system has unnamed files */
        char name[512];

        snprintf(name, sizeof(name), "%s/tollgate-XXXXXX", dir);
        d->overlay = mkostemp(name, O_CLOEXEC);
        if (d->overlay >= 0)
            unlink(name);
    }
    if (d->overlay < 0 || ftruncate(d->overlay, (off_t)((d->opened + CLUSTER - 1) / CLUSTER * CLUSTER))) {
        rc = errno;
        return tg_error_set(err, rc, "drive '%s': temporary file for the snapshot in %s: %s", d->path, dir,
                            strerror(rc));
    }
    d->dirty = calloc(1, (size_t)(d->opened / CLUSTER / 8 + 1));
    return d->dirty ? 0 : tg_error_set(err, ENOMEM, "out of memory");
}

/* Formats that a guest could make nothing of: their blocks are not where a disk has them. */
static const struct {
    uint64_t offset;
    unsigned length;
    const char *magic, *is;
} formats[] = {
    {0, 4, "QFI\xfb", "qcow2"},         {0, 4, "KDMV", "VMDK"},
    {0, 8, "conectix", "VHD"},          {0, 8, "vhdxfile", "VHDX"},
    {64, 4, "\x7f\x10\xda\xbe", "VDI"},
};

static int check_format(const struct drive *d, struct tg_error *err)
{
    uint8_t head[SECTOR];

    if (d->opened < sizeof(head) || pread_all(d->fd, 0, head, sizeof(head)))
        return 0; /* whoever reads it is told */
    for (size_t i = 0; i < TG_ARRAY_SIZE(formats); i++)
        if (!memcmp(head + formats[i].offset, formats[i].magic, formats[i].length))
            return tg_error_set(
                err, EINVAL,
                "drive '%s': found a %s image, expected a raw one; qemu-img convert -O raw makes one",
                d->path, formats[i].is);
    return 0;
}

static int open_image(struct drive *d, enum mode mode, struct tg_error *err)
{
    struct stat st;
    int rc;

    d->fd = open(d->path, (mode == MODE_RW ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (d->fd < 0) {
        rc = errno;
        return tg_error_set(err, rc, "drive '%s': %s%s", d->path, strerror(rc),
                            mode == MODE_RW && (rc == EACCES || rc == EROFS || rc == EPERM)
                                ? " (opened for writing; mode=ro and mode=snapshot only read it)"
                                : "");
    }
    if (fstat(d->fd, &st))
        return tg_error_set(err, errno, "drive '%s': %s", d->path, strerror(errno));
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
        return tg_error_set(err, EINVAL, "drive '%s': found a %s, expected a raw image or a block device",
                            d->path, S_ISDIR(st.st_mode) ? "directory" : "special file");
    rc = take_lock(d, mode, err);
    if (rc)
        return rc;
    d->opened = file_size(d);
    if (d->opened % SECTOR)
        return tg_error_set(err, EINVAL, "drive '%s': found %llu bytes, expected a multiple of %u", d->path,
                            (unsigned long long)d->opened, SECTOR);
    rc = check_format(d, err);
    if (rc)
        return rc;
    return mode == MODE_SNAPSHOT ? open_overlay(d, err) : 0;
}

int backend_drive(struct backend *b, const char *spec, struct tg_blockdev **out, struct tg_error *err)
{
    struct drive *d = calloc(1, sizeof(*d));
    enum mode mode;
    int rc;

    *out = NULL;
    if (!d)
        return tg_error_set(err, ENOMEM, "out of memory");
    d->fd = d->overlay = -1;
    rc = parse(spec, &d->path, &mode, err);
    if (!rc)
        rc = open_image(d, mode, err);
    if (rc) {
        drive_close(&d->source);
        return rc;
    }
    d->dev = (struct tg_blockdev){.read = drive_read,
                                  .write = drive_write,
                                  .flush = drive_flush,
                                  .discard = drive_discard,
                                  .size = drive_size,
                                  .read_only = mode == MODE_RO,
                                  .opaque = d};
    d->source.close = drive_close;
    backend_add(b, &d->source);
    *out = &d->dev;
    return 0;
}
