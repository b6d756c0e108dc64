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
    f->data = NULL;
    f->size = 0;
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
out:
    close(fd);
    return rc;
}

int boot_file_gunzip(const char *what, const char *path, uint64_t limit, struct boot_file *f,
                     struct tg_error *err)
{
    if (f->size < 18 || f->data[0] != 0x1f || f->data[1] != 0x8b)
        return 0;
    z_stream z = {.next_in = f->data, .avail_in = 0};
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return tg_error_set(err, ENOMEM, "%s '%s': no memory to expand it", what, path);
    size_t fed = 0, size = 0, room = f->size * 4 + 4096;
    if (room > limit)
        room = (size_t)limit;
    uint8_t *data = malloc(room ? room : 1);
    int rc = 0, z_rc = Z_OK;
    while (data && z_rc != Z_STREAM_END) {
        if (size == room) {
            if (room >= limit) {
                rc = tg_error_set(err, EFBIG,
                                  "%s '%s': expands to more than the machine's %llu bytes of memory", what,
                                  path, (unsigned long long)limit);
                break;
            }
            room = room > limit / 2 ? (size_t)limit : room * 2;
            uint8_t *more = realloc(data, room);
            if (!more) {
                free(data);
                data = NULL;
                break;
            }
            data = more;
        }
        /* zlib counts in unsigned int: feed and drain in pieces. */
        size_t in = f->size - fed > (1u << 30) ? (1u << 30) : f->size - fed;
        size_t out = room - size > (1u << 30) ? (1u << 30) : room - size;
        z.next_in = f->data + fed;
        z.avail_in = (unsigned)in;
        z.next_out = data + size;
        z.avail_out = (unsigned)out;
        z_rc = inflate(&z, Z_NO_FLUSH);
        fed += in - z.avail_in;
        size += out - z.avail_out;
        bool starved = z_rc == Z_BUF_ERROR || (z_rc == Z_OK && fed == f->size && z.avail_out);
        if ((z_rc != Z_OK && z_rc != Z_STREAM_END) || starved) {
            rc = tg_error_set(err, EINVAL, "%s '%s': gzip data %s after %zu of %zu bytes", what, path,
                              starved ? "ends too early" : "is damaged", fed, f->size);
            break;
        }
    }
    inflateEnd(&z);
    if (!data)
        return tg_error_set(err, ENOMEM, "%s '%s': no memory to expand it", what, path);
    if (rc) {
        free(data);
        return rc;
    }
    free(f->data);
    f->data = data;
    f->size = size;
    return 0;
}
