/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts kernel, initrd and device tree into the guest's RAM. RAM + 0: device tree (2 MiB); RAM + 2 MiB +
 * text_offset: the kernel; the initrd after it, 2 MiB-aligned; boot modules at the end, so that a hypervisor
 * finds the memory between in one piece. Plain arm64 Image only
 * (Documentation/arch/arm64/booting.rst).
 */
#include "minivmm.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
enum { DTB_MAX = 65536 };

struct image_header { /* little-endian */
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, pe;
};
#define IMAGE_MAGIC 0x644d5241u

/* Read a whole file to RAM + off; its size. */
static uint64_t load_file(struct vmm *v, const char *path, const char *what, uint64_t off)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        die_errno("%s '%s'", what, path);
    if (!S_ISREG(st.st_mode))
        die("%s '%s' is not a file", what, path);
    uint64_t size = (uint64_t)st.st_size, done = 0;
    if (off > v->opt.mem || size > v->opt.mem - off)
        die("%s '%s' (%llu MiB) does not fit into %llu MiB of memory; use --mem", what, path,
            (unsigned long long)((size + MIB - 1) / MIB), (unsigned long long)(v->opt.mem / MIB));
    while (done < size) {
        ssize_t n = read(fd, v->ram + off + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            die_errno("%s '%s'", what, path);
        if (n == 0)
            die("%s '%s' shrank while it was read", what, path);
        done += (uint64_t)n;
    }
    close(fd);
    return size;
}

static uint64_t up(uint64_t v, uint64_t a)
{
    return (v + a - 1) & ~(a - 1);
}

static uint64_t load_kernel(struct vmm *v) /* first free offset behind it */
{
    struct image_header h;
    uint64_t off = 2 * MIB;
    uint64_t size = load_file(v, v->opt.kernel, "kernel", off);
    memcpy(&h, v->ram + off, sizeof(h));
    if (size < sizeof(h) || le32toh(h.magic) != IMAGE_MAGIC) {
        bool gz = size > 2 && v->ram[off] == 0x1f && v->ram[off + 1] == 0x8b;
        bool zboot = size > 8 && !memcmp(v->ram + off + 4, "zimg", 4);
        die("kernel '%s' is %s; a plain arm64 Image is wanted", v->opt.kernel,
            gz      ? "compressed (gzip)"
            : zboot ? "a compressed EFI image (zboot)"
                    : "no arm64 Image");
    }
    uint64_t text = le64toh(h.text_offset), image = le64toh(h.image_size);
    if (!image)
        text = 0x80000, image = size; /* before Linux 3.17 */
    image = image > size ? image : size;
    if (text > v->opt.mem || image > v->opt.mem || off + text + image > v->opt.mem)
        die("kernel '%s' needs %llu MiB; use --mem", v->opt.kernel,
            (unsigned long long)((off + text + image) / MIB + 1));
    if (text) { /* read again at the right place rather than move it: nothing else of RAM is to be touched */
        memset(v->ram + off, 0, size);
        load_file(v, v->opt.kernel, "kernel", off + text);
    }
    v->entry = GUEST_RAM + off + text;
    return up(off + text + image, 2 * MIB);
}

static void load_modules(struct vmm *v, struct guest_dt *dt)
{
    uint64_t off = v->opt.mem;
    for (unsigned i = 0; i < v->opt.n_modules; i++) {
        struct stat st;
        if (stat(v->opt.modules[i], &st))
            die_errno("module '%s'", v->opt.modules[i]);
        if ((uint64_t)st.st_size > off)
            die("module '%s' does not fit into the memory; use --mem", v->opt.modules[i]);
        off = (off - (uint64_t)st.st_size) & ~(2 * MIB - 1);
        uint64_t size = load_file(v, v->opt.modules[i], "module", off);
        dt->modules[i] = (struct guest_dt_module){GUEST_RAM + off, size, i == 0 ? v->opt.module_args : NULL};
    }
    dt->n_modules = v->opt.n_modules;
}

void load_guest(struct vmm *v)
{
    struct guest_dt dt = {
        .ram_size = v->opt.mem,
        .cpus = v->opt.cpus,
        .gic = v->opt.gic,
        .uart_irq = true,
        .pmu = v->pmu,
        .el2 = v->opt.el2,
        .bootargs = v->opt.append,
    };
    uint64_t free_off = load_kernel(v);
    if (v->opt.initrd) {
        dt.initrd_start = GUEST_RAM + free_off;
        dt.initrd_end = dt.initrd_start + load_file(v, v->opt.initrd, "initrd", free_off);
    }
    load_modules(v, &dt);
    int64_t n = guest_dt_write(&dt, v->ram, DTB_MAX);
    if (n < 0)
        die("the device tree does not fit (is --append very long?)");
    v->dtb = GUEST_RAM;
    if (v->opt.dump_dtb) {
        FILE *f = fopen(v->opt.dump_dtb, "wb");
        if (!f || fwrite(v->ram, 1, (size_t)n, f) != (size_t)n || fclose(f))
            die_errno("cannot write '%s'", v->opt.dump_dtb);
    }
}
