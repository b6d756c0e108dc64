/* SPDX-License-Identifier: Apache-2.0 */
/* TLM-2.0 modules around the C bus; see bus.h. Time in transactions is absolute, in payloads an offset from
 * SystemC's now. */
#include "sim/tlm/bus.h"

extern "C" {
#include "models/interconnect/interconnect.h"
}

using sc_core::sc_time;

namespace tg
{

static tg_bus_resp from_tlm(tlm::tlm_response_status s)
{
    switch (s) {
    case tlm::TLM_OK_RESPONSE:
        return TG_BUS_OK;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE:
        return TG_BUS_DECERR;
    default: /* an incomplete one too: the target did not answer */
        return TG_BUS_SLVERR;
    }
}

/* Sends a C transaction through a socket; fills in response and latency. */
template <typename Socket> static void send(Socket &socket, PayloadPool &pool, tg_bus_txn *txn)
{
    Payload *p = pool.get();
    tlm::tlm_generic_payload &gp = p->gp;
    tg_time now = now_ps();
    /* A requester's clock may be a little behind (an event that runs late): never a negative delay. */
    tg_time ahead = txn->time > now ? txn->time - now : 0;
    sc_time delay = sc_time::from_value(ahead + txn->latency);

    gp.set_command(txn->write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    gp.set_address(txn->addr);
    gp.set_data_ptr(static_cast<unsigned char *>(txn->data));
    gp.set_data_length(txn->size);
    gp.set_streaming_width(txn->size);
    gp.set_byte_enable_ptr(nullptr);
    gp.set_dmi_allowed(false);
    gp.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    p->attrs.attrs = txn->attrs;
    p->attrs.time = now + ahead;
    p->attrs.served = TG_SERVED_UNKNOWN;
    socket->b_transport(gp, delay);
    txn->resp = from_tlm(gp.get_response_status());
    txn->served = p->attrs.served;
    /* What passed in wait() is latency too. */
    tg_time end = now_ps() + delay.value();
    txn->latency = end > now + ahead ? end - now - ahead : 0;
    pool.put(p);
}

tg_bus_txn to_txn(tlm::tlm_generic_payload &gp, const sc_time &delay)
{
    tg_bus_txn txn{};
    Attrs *a = gp.get_extension<Attrs>();

    txn.addr = gp.get_address();
    txn.data = gp.get_data_ptr();
    txn.size = gp.get_data_length();
    txn.write = gp.is_write();
    txn.time = now_ps() + delay.value();
    if (a) {
        txn.attrs = a->attrs;
        /* The delay so far is the request's own time and what the hops before took. */
        txn.latency = txn.time > a->time ? txn.time - a->time : 0;
        txn.time -= txn.latency;
    }
    return txn;
}

void answer(tlm::tlm_generic_payload &gp, sc_time &delay, const tg_bus_txn &txn)
{
    /* txn.time is fixed, now may have advanced while a target waited. */
    tg_time end = txn.time + txn.latency, now = now_ps();

    delay = sc_time::from_value(end > now ? end - now : 0);
    gp.set_response_status(txn.resp == TG_BUS_OK       ? tlm::TLM_OK_RESPONSE
                           : txn.resp == TG_BUS_DECERR ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                                       : tlm::TLM_GENERIC_ERROR_RESPONSE);
    if (Attrs *a = gp.get_extension<Attrs>())
        a->served = txn.served;
}

PeBus::PeBus(sc_core::sc_module_name name, tg_model *fabric, PayloadPool &pool)
    : sc_module(name), socket("socket"), fabric_(fabric), pool_(pool)
{
}

void PeBus::transport(void *opaque, tg_bus_txn *txn)
{
    PeBus *b = static_cast<PeBus *>(opaque);
    const fabric_range *r = fabric_lookup(b->fabric_, txn->addr);
    bool device = r && !r->memory;

    if (device)
        b->before_device(b->opaque, txn->time);
    send(b->socket, b->pool_, txn);
    if (device)
        b->after_device(b->opaque);
}

bool PeBus::get_dmi(void *opaque, uint64_t addr, tg_dmi *out)
{
    PeBus *b = static_cast<PeBus *>(opaque);
    Payload *p = b->pool_.get();
    tlm::tlm_dmi dmi;
    bool ok = false;

    p->gp.set_command(tlm::TLM_WRITE_COMMAND);
    p->gp.set_address(addr);
    p->gp.set_data_length(1);
    p->attrs.attrs = {};
    /* What is not given for a Non-secure access may be for a Secure one. */
    for (int secure = 0; secure < 2 && !ok; secure++) {
        p->attrs.attrs.secure = out->secure = secure;
        ok = b->socket->get_direct_mem_ptr(p->gp, dmi);
    }
    b->pool_.put(p);
    if (!ok)
        return false;
    out->base = dmi.get_start_address();
    out->size = dmi.get_end_address() - dmi.get_start_address() + 1;
    out->host = dmi.get_dmi_ptr();
    out->writable = dmi.is_write_allowed();
    return true;
}

tg_bus_port PeBus::port()
{
    tg_bus_port p{};

    p.transport = transport;
    p.get_dmi = get_dmi;
    p.opaque = this;
    return p;
}

DeviceBus::DeviceBus(sc_core::sc_module_name name, const tg_bus_target &target)
    : sc_module(name), socket("socket"), target_(target)
{
    socket.register_b_transport(this, &DeviceBus::b_transport);
}

void DeviceBus::b_transport(tlm::tlm_generic_payload &gp, sc_time &delay)
{
    tg_bus_txn txn = to_txn(gp, delay);

    target_.transport(target_.opaque, &txn);
    answer(gp, delay, txn);
}

FabricBus::FabricBus(sc_core::sc_module_name name, machine *m, PayloadPool &pool)
    : sc_module(name), m_(m), pool_(pool), fabric_(fabric_port(m->fabric))
{
    for (unsigned i = 0; i < m->n_pes; i++) {
        from_.push_back(std::make_unique<From>(("pe" + std::to_string(i)).c_str()));
        from_.back()->register_b_transport(this, &FabricBus::b_transport, static_cast<int>(i));
        from_.back()->register_get_direct_mem_ptr(this, &FabricBus::get_direct_mem_ptr, static_cast<int>(i));
    }
    /* SystemC wants ports made inside the module's constructor. */
    for (size_t r = 0; r < m->n_regions; r++) {
        windows_.push_back(nullptr);
        if (m->regions[r].memory)
            continue;
        windows_[r] = std::make_unique<Window>();
        windows_[r]->bus = this;
        windows_[r]->socket = std::make_unique<To>(("window" + std::to_string(r)).c_str());
    }
}

FabricBus::To &FabricBus::expose(size_t region, void (*before)(void *), void *opaque)
{
    Window *w = windows_[region].get();
    machine_region *r = &m_->regions[region];

    w->before = before;
    w->opaque = opaque;
    r->target.transport = forward;
    r->target.get_dmi = nullptr;
    r->target.opaque = w;
    return *w->socket;
}

void FabricBus::b_transport(int, tlm::tlm_generic_payload &gp, sc_time &delay)
{
    tg_bus_txn txn = to_txn(gp, delay);

    fabric_.transport(fabric_.opaque, &txn);
    answer(gp, delay, txn);
}

bool FabricBus::get_direct_mem_ptr(int, tlm::tlm_generic_payload &gp, tlm::tlm_dmi &dmi)
{
    tg_dmi out{};
    const Attrs *a = gp.get_extension<Attrs>();

    if (!fabric_.get_dmi(fabric_.opaque, gp.get_address(), &out))
        return false;
    if (out.secure && !(a && a->attrs.secure))
        return false;
    dmi.set_start_address(out.base);
    dmi.set_end_address(out.base + (out.size - 1));
    dmi.set_dmi_ptr(out.host);
    if (out.writable)
        dmi.allow_read_write();
    else
        dmi.allow_read();
    return true;
}

void FabricBus::forward(void *opaque, tg_bus_txn *txn)
{
    Window *w = static_cast<Window *>(opaque);

    if (!txn->data) { /* timing only: a target of registers has nothing to say to it */
        txn->resp = TG_BUS_SLVERR;
        return;
    }
    if (w->before)
        w->before(w->opaque);
    send(*w->socket, w->bus->pool_, txn);
    if (w->before) {
        /* What the target wrote to signals is seen after an update phase, and our method on them runs in the
         * one after that: the requester must find its interrupt line as its access left it. */
        sc_core::wait(sc_core::SC_ZERO_TIME);
        sc_core::wait(sc_core::SC_ZERO_TIME);
    }
}

} // namespace tg
