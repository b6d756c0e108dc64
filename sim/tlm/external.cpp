/* SPDX-License-Identifier: Apache-2.0 */
/* External TLM-2.0 targets: loading the shared object, building the target, its interrupt. The contract is
 * external.h. */
#include "sim/tlm/external.h"

#include <dlfcn.h>
#include "sim/tlm/bus.h"

namespace tg
{

ExternalBus::ExternalBus(sc_core::sc_module_name name, machine_external *x, uint64_t size)
    : sc_module(name), x_(x), size_(size), irq_("irq")
{
    SC_HAS_PROCESS(ExternalBus);
    SC_METHOD(irq_changed);
    sensitive << irq_;
    dont_initialize();
}

std::string ExternalBus::load(FabricBus::To &to)
{
    std::string at = std::string(x_->site) + ": external target " + x_->name + ": ";
    void *so = dlopen(x_->library, RTLD_NOW | RTLD_LOCAL);

    if (!so)
        return at + dlerror();
    auto fn = reinterpret_cast<tollgate_tlm_target_fn *>(dlsym(so, "tollgate_tlm_target"));
    if (!fn)
        return at + x_->library + " has no function tollgate_tlm_target (see docs/examples/tlm-target)";
    tollgate_tlm_args args{TOLLGATE_TLM_ABI, x_->name, size_, x_->n_args, x_->arg_keys, x_->arg_values};
    tollgate_tlm_target_ports ports;
    const char *message;

    try {
        message = fn(&args, &ports);
    } catch (const std::exception &e) {
        return at + e.what();
    }
    if (message)
        return at + message;
    if (!ports.socket)
        return at + "the target gave no socket";
    to.bind(*ports.socket);
    if (ports.irq)
        ports.irq->bind(irq_);
    else if (x_->irq.set)
        return at + "irq is bound in Lua, but the target has no interrupt output";
    return "";
}

void ExternalBus::irq_changed()
{
    tg_irq_set(&x_->irq, irq_.read(), now_ps());
}

} // namespace tg
