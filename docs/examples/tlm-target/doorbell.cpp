// SPDX-License-Identifier: Apache-2.0
//
// A doorbell in plain SystemC and TLM-2.0; nothing of Tollgate but the factory at the end.
//
//   0x0  ID      read-only, 0x0d00be11
//   0x4  ALARM   write N: the interrupt rises N nanoseconds later; write 0: it falls
//   0x8  RINGS   read-only, how often it rang
//
// An access takes `latency_ns` (an argument from Lua), spent in wait(): the PE that asks simply gets its
// answer later.
#include <tollgate/tlm-target.h>

#include <tlm_utils/simple_target_socket.h>
#include <cstdlib>
#include <cstring>

struct Doorbell : sc_core::sc_module {
    tlm_utils::simple_target_socket<Doorbell> socket;
    sc_core::sc_out<bool> irq;

    Doorbell(sc_core::sc_module_name name, sc_core::sc_time latency)
        : sc_module(name), socket("socket"), irq("irq"), latency_(latency)
    {
        SC_HAS_PROCESS(Doorbell);
        socket.register_b_transport(this, &Doorbell::b_transport);
        SC_METHOD(ring);
        sensitive << alarm_;
        dont_initialize();
    }

  private:
    void b_transport(tlm::tlm_generic_payload &gp, sc_core::sc_time &delay)
    {
        uint32_t value = 0;

        if (gp.get_data_length() != 4 || gp.get_address() > 8 || gp.get_address() % 4) {
            gp.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        wait(delay + latency_); // the requester's local time, then ours
        delay = sc_core::SC_ZERO_TIME;
        if (gp.is_write()) {
            std::memcpy(&value, gp.get_data_ptr(), 4);
            if (gp.get_address() == 4)
                set_alarm(value);
        } else {
            value = gp.get_address() == 0 ? 0x0d00be11 : gp.get_address() == 8 ? rings_ : 0;
            std::memcpy(gp.get_data_ptr(), &value, 4);
        }
        gp.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    void set_alarm(uint32_t ns)
    {
        if (ns)
            alarm_.notify(sc_core::sc_time(ns, sc_core::SC_NS));
        else
            irq.write(false);
    }

    void ring()
    {
        rings_++;
        irq.write(true);
    }

    sc_core::sc_time latency_;
    sc_core::sc_event alarm_;
    uint32_t rings_ = 0;
};

// What Tollgate looks for in the shared object.
extern "C" const char *tollgate_tlm_target(const tollgate_tlm_args *args, tollgate_tlm_target_ports *ports)
{
    double latency_ns = 0;

    if (args->abi != TOLLGATE_TLM_ABI)
        return "built for another version of tlm-target.h";
    if (args->size < 12)
        return "the window is smaller than its registers";
    for (size_t i = 0; i < args->n; i++) {
        if (std::strcmp(args->keys[i], "latency_ns"))
            return "unknown argument; known ones: latency_ns";
        latency_ns = std::atof(args->values[i]);
    }
    auto *d = new Doorbell(args->name, sc_core::sc_time(latency_ns, sc_core::SC_NS));
    ports->socket = &d->socket;
    ports->irq = &d->irq;
    return nullptr;
}
