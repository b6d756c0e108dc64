/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLM-2.0 modules around the C bus: PE initiators, the fabric, device targets. Private to sim/tlm.
 *
 *   PE (C) -> tg_bus_port -> PeBus.socket -> FabricBus.from[i] -> fabric (C) routes -> RAM (C)
 *                                                                  -> FabricBus.to[r] -> DeviceBus.socket ->
 * tg_model_transport (C)
 *                                                                                     -> an external target's
 * socket
 */
#ifndef TG_SIM_TLM_BUS_H
#define TG_SIM_TLM_BUS_H

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <memory>
#include <vector>

extern "C" {
#include "sim/machine/machine.h"
}

namespace tg
{

/* Attributes that generic payloads do not have. */
struct Attrs : tlm::tlm_extension<Attrs> {
    tg_bus_attrs attrs{};
    tg_time time = 0;                   /* of the request */
    uint8_t served = TG_SERVED_UNKNOWN; /* out: enum tg_bus_served */
    tlm::tlm_extension_base *clone() const override
    {
        return new Attrs(*this);
    }
    void copy_from(const tlm::tlm_extension_base &other) override
    {
        attrs = static_cast<const Attrs &>(other).attrs;
        time = static_cast<const Attrs &>(other).time;
        served = static_cast<const Attrs &>(other).served;
    }
};

/* A payload with its extension, reused: creating one allocates. */
struct Payload {
    tlm::tlm_generic_payload gp;
    Attrs attrs;
    Payload()
    {
        gp.set_extension(&attrs);
    }
    ~Payload()
    {
        gp.clear_extension(&attrs);
    }
};

class PayloadPool
{
  public:
    Payload *get()
    {
        if (free_.empty()) {
            all_.push_back(std::make_unique<Payload>());
            return all_.back().get();
        }
        Payload *p = free_.back();
        free_.pop_back();
        return p;
    }
    void put(Payload *p)
    {
        free_.push_back(p);
    }

  private:
    std::vector<std::unique_ptr<Payload>> all_;
    std::vector<Payload *> free_;
};

inline tg_time now_ps()
{
    return sc_core::sc_time_stamp().value();
}

/* Turns a payload back into a C transaction. */
tg_bus_txn to_txn(tlm::tlm_generic_payload &gp, const sc_core::sc_time &delay);
/* Writes response and latency of a transaction into payload and delay. */
void answer(tlm::tlm_generic_payload &gp, sc_core::sc_time &delay, const tg_bus_txn &txn);

/* The initiator socket of one PE. */
struct PeBus : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<PeBus> socket;
    /* Around an access to anything but RAM, at the requester's local time. */
    void (*before_device)(void *opaque, tg_time at) = nullptr;
    void (*after_device)(void *opaque) = nullptr;
    void *opaque = nullptr;

    PeBus(sc_core::sc_module_name name, tg_model *fabric, PayloadPool &pool);
    tg_bus_port port();

  private:
    static void transport(void *opaque, tg_bus_txn *txn);
    static bool get_dmi(void *opaque, uint64_t addr, tg_dmi *out);
    tg_model *fabric_;
    PayloadPool &pool_;
};

/* A device of ours behind a target socket. */
struct DeviceBus : sc_core::sc_module {
    tlm_utils::simple_target_socket<DeviceBus> socket;

    DeviceBus(sc_core::sc_module_name name, const tg_bus_target &target);

  private:
    void b_transport(tlm::tlm_generic_payload &gp, sc_core::sc_time &delay);
    tg_bus_target target_;
};

/* The fabric: a target for every PE, an initiator for every device window. */
struct FabricBus : sc_core::sc_module {
    using From = tlm_utils::simple_target_socket_tagged<FabricBus>;
    using To = tlm_utils::simple_initiator_socket_tagged<FabricBus>;

    FabricBus(sc_core::sc_module_name name, machine *m, PayloadPool &pool);
    From &from(unsigned pe)
    {
        return *from_[pe];
    }
    /* Puts an initiator socket before a window of the address map (not RAM). `before`: called before accesses
     * that may take SystemC time; NULL: they do not. */
    To &expose(size_t region, void (*before)(void *), void *opaque);

  private:
    struct Window {
        FabricBus *bus;
        std::unique_ptr<To> socket;
        void (*before)(void *);
        void *opaque;
    };
    void b_transport(int pe, tlm::tlm_generic_payload &gp, sc_core::sc_time &delay);
    bool get_direct_mem_ptr(int pe, tlm::tlm_generic_payload &gp, tlm::tlm_dmi &dmi);
    static void forward(void *opaque, tg_bus_txn *txn);

    machine *m_;
    PayloadPool &pool_;
    tg_bus_port fabric_;
    std::vector<std::unique_ptr<From>> from_;
    std::vector<std::unique_ptr<Window>> windows_; /* by region; empty for RAM */
};

/* An external target: loaded from its shared object, bound to the fabric and, through a signal, to its
 * interrupt line. */
struct ExternalBus : sc_core::sc_module {
    ExternalBus(sc_core::sc_module_name name, machine_external *x, uint64_t size);
    /* Empty, or what went wrong. */
    std::string load(FabricBus::To &to);

  private:
    void irq_changed();
    machine_external *x_;
    uint64_t size_;
    sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS>
        irq_; /* every PE that reaches the target is a writer */
};

} // namespace tg

#endif
