/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shared object must offer to be placed on Tollgate's bus: one function, `tollgate_tlm_target`, that
 * builds a TLM-2.0 target in plain SystemC. From Lua: tlm.target{ library = "path.so", base = ..., size =
 * ..., args = {...} }. Worked example: docs/examples/tlm-target.
 *
 * The target sees offsets from its base, the attributes of generic payloads, and may call wait() in
 * b_transport (the access then takes that long) or add to the delay. Transactions come from PEs and DMA
 * masters: 1, 2, 4 or 8 bytes, no byte enables, no streaming.
 */
#ifndef TG_SIM_TLM_EXTERNAL_H
#define TG_SIM_TLM_EXTERNAL_H

#include <systemc>
#include <tlm>

#define TOLLGATE_TLM_ABI 1

/* In: what stands in Lua. */
struct tollgate_tlm_args {
    unsigned abi;              /* TOLLGATE_TLM_ABI of the program */
    const char *name;          /* for the sc_module */
    uint64_t size;             /* bytes of its window */
    size_t n;                  /* number of args */
    const char *const *keys;   /* of the table args, sorted */
    const char *const *values; /* as text */
};

/* Out: what was built. The module lives until the end of the process. */
struct tollgate_tlm_target_ports {
    tlm::tlm_base_target_socket_b<> *socket = nullptr; /* required */
    sc_core::sc_out<bool> *irq = nullptr;              /* optional: level, active high; bound by Tollgate */
};

/* nullptr for success, or a message for the user (static or living in the module). */
typedef const char *tollgate_tlm_target_fn(const tollgate_tlm_args *args, tollgate_tlm_target_ports *ports);
extern "C" tollgate_tlm_target_fn tollgate_tlm_target;

#endif
