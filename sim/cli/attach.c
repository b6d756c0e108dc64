/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line adds to a platform: consoles, drives, network, entropy, plugged into ports and empty
 * virtio slots. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "models/devices/devices.h"
#include "models/virtio/virtio.h"
#include "sim/backend/backend.h"
#include "sim/cli/cli.h"
#include "sim/machine/machine.h"

static const struct tg_port *port_of(const struct tg_model_class *cls, enum tg_port_kind kind)
{
    for (size_t i = 0; i < cls->n_ports; i++)
        if (cls->ports[i].kind == kind)
            return &cls->ports[i];
    return NULL;
}

static void bind(struct tg_model *m, enum tg_port_kind kind, void *backend)
{
    const struct tg_port *p = port_of(m->cls, kind);

    *(void **)((char *)m + p->offset) = backend;
}

/* A new device in the first empty slot of the platform. */
static int plug(struct machine *m, const struct tg_model_class *cls, const char *name, struct tg_model **out,
                struct tg_error *err)
{
    const struct tg_port *port = tg_model_port(&tg_virtio_mmio_class, "device");
    struct tg_model *slot;

    for (unsigned i = 0; (slot = machine_find_class(m, tg_virtio_mmio_class.name, i)); i++) {
        struct tg_model **device = (struct tg_model **)((char *)slot + port->offset);

        if (*device)
            continue;
        *out = machine_add(m, cls, name);
        if (!*out)
            return tg_error_set(err, ENOMEM, "out of memory");
        *device = *out;
        return 0;
    }
    return tg_error_set(err, EINVAL, "the platform %s has no empty virtio slot for %s", m->name, name);
}

/* As the generated device tree has it (sim/boot/dtb.c). */
#define POWER_KEY_LINE 3

static void press_power_key(void *gpio, tg_time now)
{
    pl061_press(gpio, POWER_KEY_LINE, now);
}

/* The first model with such a port that is of the Secure state; NULL: none. */
static struct tg_model *secure_model(const struct machine *m, enum tg_port_kind kind)
{
    for (size_t i = 0; i < m->n_models; i++)
        if (machine_is_secure(m, m->models[i]) && port_of(m->models[i]->cls, kind))
            return m->models[i];
    return NULL;
}

/* The GPIO block with the power key: the first one that an operating system may use. */
static struct tg_model *key_gpio(const struct machine *m)
{
    struct tg_model *gpio;

    for (unsigned i = 0; (gpio = machine_find_class(m, tg_pl061_class.name, i)); i++)
        if (!machine_is_secure(m, gpio))
            return gpio;
    return NULL;
}

static int attach_secure_console(struct machine *m, struct backend *b, const char *spec, struct tg_error *err)
{
    struct tg_model *uart = secure_model(m, TG_PORT_CHARDEV);
    struct tg_chardev *chardev = NULL;
    int rc;

    if (!uart)
        return tg_error_set(
            err, EINVAL,
            "--secure-console: the platform %s has no serial port of the Secure state, expected one "
            "such as virt's with --set secure=true",
            m->name);
    rc = backend_console(b, spec, &chardev, err);
    if (rc)
        return rc;
    bind(uart, TG_PORT_CHARDEV, chardev);
    if (backend_pty_name(chardev))
        fprintf(stderr, "tollgate: secure console on %s\n", backend_pty_name(chardev));
    return 0;
}

int cli_attach(struct machine *m, struct backend *b, const struct cli_devices *d, struct tg_error *err)
{
    struct tg_chardev *chardev = NULL;
    struct tg_blockdev *drive;
    struct tg_netdev *net;
    struct tg_model *device, *gpio = key_gpio(m);
    char name[32];
    int rc;

    if (gpio)
        backend_on_power_key(b, press_power_key, gpio);

    if (m->console && port_of(m->console->cls, TG_PORT_CHARDEV)) {
        rc = backend_console(b, d->console ? d->console : "stdio", &chardev, err);
        if (rc)
            return rc;
        bind(m->console, TG_PORT_CHARDEV, chardev);
        if (backend_pty_name(chardev))
            fprintf(stderr, "tollgate: console on %s\n", backend_pty_name(chardev));
    } else if (d->console) {
        return tg_error_set(err, EINVAL, "--console: the platform %s has no console", m->name);
    }
    if (d->secure_console) {
        rc = attach_secure_console(m, b, d->secure_console, err);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < d->drives.n; i++) {
        rc = backend_drive(b, d->drives.v[i], &drive, err);
        snprintf(name, sizeof(name), "drive%zu", i);
        if (!rc)
            rc = plug(m, &tg_virtio_blk_class, name, &device, err);
        if (rc)
            return rc;
        bind(device, TG_PORT_BLOCKDEV, drive);
    }
    if (d->net) {
        rc = backend_net(b, d->net, &net, err);
        if (rc)
            return rc;
        if (net) {
            rc = plug(m, &tg_virtio_net_class, "net0", &device, err);
            if (rc)
                return rc;
            bind(device, TG_PORT_NETDEV, net);
        }
    }
    if (d->virtio_console) {
        rc = backend_console(b, d->virtio_console, &chardev, err);
        if (!rc)
            rc = plug(m, &tg_virtio_console_class, "hvc0", &device, err);
        if (rc)
            return rc;
        bind(device, TG_PORT_CHARDEV, chardev);
        if (backend_pty_name(chardev))
            fprintf(stderr, "tollgate: virtio console on %s\n", backend_pty_name(chardev));
    }
    if (d->rng) {
        rc = plug(m, &tg_virtio_rng_class, "rng0", &device, err);
        if (rc)
            return rc;
    }
    return 0;
}
