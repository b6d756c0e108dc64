/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the user's files whole, and expanding gzip (RFC 1952, by zlib). Does not know what is in them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "sim/boot/internal.h"

void boot_file_free(struct boot_file *f)
{
    free(f->data);
    *f = (struct boot_file){0};
}

static int too_large(const char *what, const char *path, uint64_t size, uint64_t limit, struct tg_error *err)
{
    return tg_error_set(err, EFBIG, "%s '%s': %llu bytes do not fit into the machine's %llu bytes of memory",
                        what, path, (unsigned long long)size, (unsigned long long)limit);
}

int boot_file_read(const char *what, const char *path, uint64_t limit, struct boot_file *out,
                   struct tg_error *err)
{
    *out = (struct boot_file){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return tg_error_set(err, code, "%s '%s': %s", what, path, strerror(code));
    }
    int rc = 0;
    if (!S_ISREG(st.st_mode)) {
        rc = tg_error_set(err, EINVAL, "%s '%s': not a regular file", what, path);
        goto out;
    }
    if ((uint64_t)st.st_size > limit) {
        rc = too_large(what, path, (uint64_t)st.st_size, limit, err);
        goto out;
    }
    if (st.st_size == 0) {
        rc = tg_error_set(err, EINVAL, "%s '%s': the file is empty", what, path);
        goto out;
    }
    out->data = malloc((size_t)st.st_size);
    if (!out->data) {
        rc =
            tg_error_set(err, ENOMEM, "%s '%s': no memory for %lld bytes", what, path, (long long)st.st_size);
        goto out;
    }
    while (out->size < (size_t)st.st_size) {
        ssize_t n = read(fd, out->data + out->size, (size_t)st.st_size - out->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int code = n < 0 ? errno : EIO;
            rc = tg_error_set(err, code, "%s '%s': %s after %zu of %lld bytes", what, path,
                              n < 0 ? strerror(code) : "the file ended", out->size, (long long)st.st_size);
            boot_file_free(out);
            goto out;
        }
        out->size += (size_t)n;
    }
    uint8_t more;
    if (read(fd, &more, 1) > 0) {
        rc = tg_error_set(err, EBUSY,
                          "%s '%s': more than the %lld bytes that it had when opened; is it being written?",
                          what, path, (long long)st.st_size);
        boot_file_free(out);
    }
out:
    close(fd);
    return rc;
}

/* ---- gzip ---- */

struct output {
    uint8_t *data; /* malloc'd */
    size_t size, room;
    uint64_t limit;
};

static bool is_gzip(const uint8_t *p, size_t n)
{
    return n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static bool all_zero(const uint8_t *p, size_t n)
{
    while (n && !*p) {
        p++;
        n--;
    }
    return !n;
}

/* Room for at least one more byte. 0, -ENOMEM, or -EFBIG: there is one byte too much already. */
static int make_room(struct output *o)
{
    if (o->size > o->limit)
        return -EFBIG;
    if (o->size < o->room)
        return 0;
    /* One byte more than allowed, which tells a file that fits exactly from one that does not. */
    uint64_t room = o->room > o->limit / 2 ? o->limit + 1 : o->room * 2 + 4096;
    uint8_t *more = room <= SIZE_MAX ? realloc(o->data, (size_t)room) : NULL;
    if (!more)
        return -ENOMEM;
    o->data = more;
    o->room = (size_t)room;
    return 0;
}

/* Expands one member from byte *fed on. */
static int expand_member(z_stream *z, const struct boot_file *f, size_t *fed, struct output *o,
                         const char **fault)
{
    int z_rc = Z_OK;
    while (z_rc != Z_STREAM_END) {
        int rc = make_room(o);
        if (rc)
            return rc;
        /* zlib counts in unsigned int: feed and drain in pieces. */
        size_t in = f->size - *fed > (1u << 30) ? (1u << 30) : f->size - *fed;
        size_t out = o->room - o->size > (1u << 30) ? (1u << 30) : o->room - o->size;
        z->next_in = f->data + *fed;
        z->avail_in = (unsigned)in;
        z->next_out = o->data + o->size;
        z->avail_out = (unsigned)out;
        z_rc = inflate(z, Z_NO_FLUSH);
        *fed += in - z->avail_in;
        o->size += out - z->avail_out;
        bool starved = z_rc == Z_BUF_ERROR || (z_rc == Z_OK && *fed == f->size && z->avail_out);
        if (starved || (z_rc != Z_OK && z_rc != Z_STREAM_END)) {
            *fault = starved ? "ends too early" : "is damaged";
            return -EINVAL;
        }
    }
    return o->size > o->limit ? -EFBIG : 0;
}

int boot_file_gunzip(const char *what, const char *path, uint64_t limit, struct boot_file *f,
                     struct tg_error *err)
{
    if (!is_gzip(f->data, f->size))
        return 0;
    z_stream z = {.next_in = f->data, .avail_in = 0};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return tg_error_set(err, ENOMEM, "%s '%s': no memory to expand it", what, path);
    struct output o = {.limit = limit < UINT64_MAX ? limit : limit - 1};
    const char *fault = NULL;
    size_t fed = 0, members = 0;
    int rc = 0;
    do {
        rc = inflateReset(&z) == Z_OK ? expand_member(&z, f, &fed, &o, &fault) : -ENOMEM;
        members++;
    } while (!rc && is_gzip(f->data + fed, f->size - fed));
    inflateEnd(&z);
    if (rc == -EFBIG)
        tg_error_set(err, EFBIG, "%s '%s': expands to more than the machine's %llu bytes of memory", what,
                     path, (unsigned long long)limit);
    else if (rc == -ENOMEM)
        tg_error_set(err, ENOMEM, "%s '%s': no memory to expand it", what, path);
    else if (rc && members > 1)
        tg_error_set(err, EINVAL, "%s '%s': gzip data %s after %zu of %zu bytes, in member %zu", what, path,
                     fault, fed, f->size, members);
    else if (rc)
        tg_error_set(err, EINVAL, "%s '%s': gzip data %s after %zu of %zu bytes", what, path, fault, fed,
                     f->size);
    else if (!all_zero(f->data + fed, f->size - fed))
        rc = tg_error_set(
            err, EINVAL,
            "%s '%s': %zu bytes behind the end of the gzip data at byte %zu, expected the end of the "
            "file, zeros or another gzip member",
            what, path, f->size - fed, fed);
    if (rc) {
        free(o.data);
        return rc;
    }
    size_t packed = f->size;
    free(f->data);
    *f = (struct boot_file){.data = o.data, .size = o.size, .packed = packed};
    return 0;
}
