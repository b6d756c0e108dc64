/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /chosen of a device tree, generated or the user's: boot arguments, initrd (Linux' bindings, chosen.txt) and
 * the boot modules of Xen's protocol (docs/misc/arm/device-tree/booting.txt). Changes nothing else in the
 * tree.
 */
#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/boot/internal.h"

static const char *const module_compatible[] = {
    [BOOT_MODULE_KERNEL] = "multiboot,kernel",
    [BOOT_MODULE_RAMDISK] = "multiboot,ramdisk",
    [BOOT_MODULE_DTB] = "multiboot,device-tree",
    [BOOT_MODULE_XSM] = "xen,xsm-policy",
    [BOOT_MODULE_OTHER] = NULL,
};

static int set_string(void *fdt, int node, const char *name, const char *value)
{
    return fdt_setprop(fdt, node, name, value, (int)strlen(value) + 1);
}

/* `parent`: /chosen, or a domain in it. */
static int add_module(void *fdt, int parent, const struct boot_placed_module *p)
{
    char name[40], compatible[64];
    snprintf(name, sizeof(name), "module@%" PRIx64, p->at.base);
    int old = fdt_subnode_offset(fdt, parent, name);
    if (old >= 0) {
        int rc = fdt_del_node(fdt, old);
        if (rc)
            return rc;
    }
    int node = fdt_add_subnode(fdt, parent, name);
    if (node < 0)
        return node;
    int n = 0;
    const char *first = module_compatible[p->module->kind];
    if (first)
        n = snprintf(compatible, sizeof(compatible), "%s", first) + 1;
    n += snprintf(compatible + n, sizeof(compatible) - (size_t)n, "multiboot,module") + 1;
    int rc = fdt_setprop(fdt, node, "compatible", compatible, n);
    if (!rc)
        rc = fdt_setprop_u64(fdt, node, "reg", p->at.base);
    if (!rc)
        rc = fdt_appendprop_u64(fdt, node, "reg", p->at.size);
    if (!rc && p->module->bootargs)
        rc = set_string(fdt, node, "bootargs", p->module->bootargs);
    return rc;
}

/* /chosen, or the domain's node in it; below 0: -FDT_ERR_... */
static int module_parent(const void *fdt, const struct boot_module *m)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    return chosen < 0 || !m->domain ? chosen : fdt_subnode_offset(fdt, chosen, m->domain);
}

static int two_cells(void *fdt, int node)
{
    int rc = fdt_setprop_u32(fdt, node, "#address-cells", 2);
    return rc ? rc : fdt_setprop_u32(fdt, node, "#size-cells", 2);
}

static int patch(void *fdt, const struct boot_chosen *c)
{
    int node = fdt_path_offset(fdt, "/chosen");
    if (node == -FDT_ERR_NOTFOUND)
        node = fdt_add_subnode(fdt, 0, "chosen");
    if (node < 0)
        return node;
    int rc = 0;
    if (c->bootargs) {
        rc = set_string(fdt, node, "bootargs", c->bootargs);
        /* With modules Xen takes plain bootargs for dom0's, unless this tells them apart. */
        if (!rc && c->n_modules)
            rc = set_string(fdt, node, "xen,xen-bootargs", c->bootargs);
    }
    if (!rc && c->initrd.size) {
        rc = fdt_setprop_u64(fdt, node, "linux,initrd-start", c->initrd.base);
        if (!rc)
            rc = fdt_setprop_u64(fdt, node, "linux,initrd-end", c->initrd.base + c->initrd.size);
    }
    if (!rc && c->n_modules) {
        rc = two_cells(fdt, node);
        /* Each new node comes first: put them in backwards, and they stand in the order given. */
        for (unsigned i = c->n_modules; !rc && i > 0; i--) {
            node = module_parent(fdt, c->modules[i - 1].module);
            rc = node < 0 ? node : two_cells(fdt, node);
            if (!rc)
                rc = add_module(fdt, node, &c->modules[i - 1]);
        }
    }
    return rc;
}

int boot_dtb_patch(const char *name, const void *in, size_t in_size, const struct boot_chosen *chosen,
                   void **blob, size_t *size, struct tg_error *err)
{
    *blob = NULL;
    int rc = in_size < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(in, in_size);
    /* Told apart from other damage: a blob that is cut says itself how long it was. */
    if (in_size >= sizeof(struct fdt_header) && fdt_magic(in) == FDT_MAGIC && fdt_totalsize(in) > in_size)
        return tg_error_set(err, EINVAL,
                            "device tree '%s': truncated: the file has %zu bytes, its header says %u", name,
                            in_size, fdt_totalsize(in));
    if (rc)
        return tg_error_set(err, EINVAL, "device tree '%s': %zu bytes, not a valid device tree blob: %s",
                            name, in_size, fdt_strerror(rc));
    for (size_t i = fdt_totalsize(in); i < in_size; i++)
        if (((const char *)in)[i])
            return tg_error_set(
                err, EINVAL,
                "device tree '%s': its header says %u bytes, the file has %zu and is not zero behind "
                "them; expected one device tree",
                name, fdt_totalsize(in), in_size);
    if (in_size > BOOT_DTB_MAX)
        return tg_error_set(err, EINVAL, "device tree '%s': %zu bytes, at most %u are allowed", name, in_size,
                            BOOT_DTB_MAX);
    for (unsigned i = 0; i < chosen->n_modules; i++)
        if (chosen->modules[i].module->domain && module_parent(in, chosen->modules[i].module) < 0)
            return tg_error_set(err, EINVAL, "--module: no node /chosen/%s in device tree '%s' for '%s'",
                                chosen->modules[i].module->domain, name, chosen->modules[i].module->file);
    size_t room = in_size + 4096 + (chosen->bootargs ? 2 * strlen(chosen->bootargs) : 0);
    for (unsigned i = 0; i < chosen->n_modules; i++)
        room += 512 + (chosen->modules[i].module->bootargs ? strlen(chosen->modules[i].module->bootargs) : 0);
    void *out = malloc(room);
    if (!out)
        return tg_error_set(err, ENOMEM, "device tree '%s': no memory", name);
    rc = fdt_open_into(in, out, (int)room);
    if (!rc)
        rc = patch(out, chosen);
    if (!rc)
        rc = fdt_pack(out);
    if (rc) {
        free(out);
        return tg_error_set(err, EINVAL, "device tree '%s': /chosen cannot be written: %s", name,
                            fdt_strerror(rc));
    }
    if (fdt_totalsize(out) > BOOT_DTB_MAX) {
        size_t total = fdt_totalsize(out);
        free(out);
        return tg_error_set(err, EINVAL,
                            "device tree '%s': %zu bytes with its boot arguments, at most %u are allowed",
                            name, total, BOOT_DTB_MAX);
    }
    *blob = out;
    *size = fdt_totalsize(out);
    return 0;
}
