/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation contexts: software TLBs that are tagged, not flushed. A view is the software TLB of one context
 * (regime, VMID, ASID and the control registers that shape translation) at one privilege (EL0, privileged,
 * privileged with PAN). A world switch, an ERET or an address-space switch changes c->host.view; TLBI finds the
 * views it names. What a view holds is always the result of a complete walk under its key, so a stale pointer
 * can at most repeat what TLBI has not yet been asked to remove.
 */
#ifndef TG_CPU_MMU_CONTEXT_H
#define TG_CPU_MMU_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;
struct cpu_op;
struct code_page;
struct ram_code;

#define MMU_PAGE_BITS      12 /* software TLB page; larger mappings are entered page by page */
#define MMU_PAGE_SIZE      4096u
#define MMU_PAGE_MASK      (~UINT64_C(4095))
#define MMU_TLB_SIZE       512 /* data entries of a view, direct mapped */
#define MMU_TLB_INDEX(va)  ((unsigned)((va) >> MMU_PAGE_BITS) & (MMU_TLB_SIZE - 1))
#define MMU_XTLB_SIZE      512 /* fetch entries */
#define MMU_XTLB_INDEX(va) ((unsigned)((va) >> MMU_PAGE_BITS) & (MMU_XTLB_SIZE - 1))
#define MMU_NO_TAG \
    UINT64_C(0x800) /* never equals a page address, nor one with the low bits of a misaligned va */

#define MMU_WALK_MAX 28 /* descriptor reads of one nested walk */

enum mmu_access {
    MMU_READ,
    MMU_WRITE,
    MMU_FETCH,
    MMU_RMW, /* atomic: needs read and write; faults report a write unless the read fails (Arm ARM D8.13) */
    MMU_MAINTAIN, /* cache maintenance that loses nothing: only EL0 needs a permission, to read (D8.15.3) */
};

enum mmu_regime {
    MMU_EL10, /* EL1&0, with stage 2 when HCR_EL2.VM */
    MMU_EL2,  /* EL2, E2H = 0 */
    MMU_EL20, /* EL2&0, E2H = 1 */
    MMU_EL3,
    MMU_REGIMES,
};

/* Does the regime tell EL0 from a higher level? It has two table bases, ASIDs and PAN then. */
static inline bool mmu_two_privileges(enum mmu_regime regime)
{
    return regime == MMU_EL10 || regime == MMU_EL20;
}

enum mmu_priv {
    MMU_USER,     /* EL0, or unprivileged access from EL1/EL2 */
    MMU_PRIV,     /* EL1, EL2, EL3 */
    MMU_PRIV_PAN, /* the same with PSTATE.PAN */
    MMU_UNPRIV, /* asks for MMU_USER with the byte order of the privileged: SCTLR_ELx.EE where E0E differs */
    MMU_PRIVS,
};

/* A data entry: host address = va + addend when the page of the access's last byte equals the tag. Accesses
 * that need a look (device memory, watchpoints, pages that are not yet dirty) have no tag for that direction.
 * In timed mode tags of non-cacheable memory have MMU_UNCACHED, which no access to the page equals: the slow
 * path finds the host address by it, and times the access. */
#define MMU_UNCACHED UINT64_C(0x400)
/* In wtag: the page may hold decoded code, of which ram_code tells. */
#define MMU_CODE UINT64_C(0x200)
struct mmu_tlbe {
    uint64_t rtag, wtag;
    uintptr_t addend;
    uint64_t pa_off;            /* pa - va */
    uint32_t dtlb;              /* timed: number of the data TLB's entry that holds the page (ttlb.id) */
    uint8_t size;               /* log2 of the mapping that it came from, bit 7: global */
    uint8_t mem_type;           /* enum tg_mem_type: normal memory */
    struct ram_code *code;      /* with MMU_CODE */
} __attribute__((aligned(64))); /* a line of the host's cache */

struct mmu_xtlbe {
    uint64_t tag;
    uint64_t pa; /* page */
    struct code_page *code;
    bool guarded; /* FEAT_BTI */
};

/* mmu_key.flags */
enum {
    MMU_KEY_S2 = 1,      /* stage 2 is on */
    MMU_KEY_EE2 = 2,     /* stage-2 tables are big-endian (SCTLR_EL2.EE) */
    MMU_KEY_BE = 4,      /* data accesses are big-endian */
    MMU_KEY_ALIGN = 8,   /* alignment checked (SCTLR.A) */
    MMU_KEY_S1ONLY = 16, /* AT S1*: stage 2 only for the table walk */
    MMU_KEY_AT = 32,     /* AT: no dirty state is set */
    MMU_KEY_SECURE = 64, /* Secure state: tables and output are in Secure memory unless descriptors say NS */
    MMU_KEY_SIF = 128,   /* SCR_EL3.SIF: no fetches from Non-secure memory in the Secure state */
    MMU_KEY_NV1 = 256,   /* HCR_EL2.{NV, NV1}: EL1's descriptors have the form of EL2's without VHE */
};

/* Everything that translation depends on besides the tables in memory. */
struct mmu_key {
    uint8_t regime, priv;
    uint16_t vmid, asid, flags; /* MMU_KEY_* */
    uint64_t sctlr, tcr, tcr2, ttbr0, ttbr1, mair;
    uint64_t hcr, vtcr, vttbr;
    uint64_t vstcr, vsttbr; /* FEAT_SEL2: of Secure addresses, in the Secure state */
};

/* A set of 2 MiB regions of virtual addresses, by hash: what is not in it was never entered. */
struct mmu_regions {
    uint64_t bits[4];
};

/* What TLBI asks of a view, apart from the views, which are large: most of them have nothing of what it
 * names. */
struct mmu_brief {
    uint16_t vmid, asid;
    uint8_t regime;
    bool secure;               /* MMU_KEY_SECURE */
    struct mmu_regions global; /* from which global pages were entered since the view was cleared */
    struct mmu_regions large;  /* from which pages of mappings larger than a TLB entry were entered */
    /* bit n: the view's entry n was filled since; others have no tag */
    uint64_t data[MMU_TLB_SIZE / 64], fetch[MMU_XTLB_SIZE / 64];
} __attribute__((aligned(64))); /* a line of the host's cache for each view that has nothing */

struct mmu_view {
    struct mmu_tlbe tlb[MMU_TLB_SIZE];
    struct mmu_xtlbe xtlb[MMU_XTLB_SIZE];
    uint8_t xsize[MMU_XTLB_SIZE]; /* as mmu_tlbe.size */
    struct mmu_key key;
    uint64_t jump_tag;   /* identifies view and its fetch mappings in the jump cache; changes when one of them
                            dies */
    uint64_t actx, gctx; /* tags of the timing TLBs: of this address space, and of global pages of its VM */
    uint64_t last_used;
    struct mmu_brief *brief;
    uint64_t xfilter; /* a bit per hashed page that code was fetched from since jump_tag changed */
    bool own_code;    /* one of them is not global */
    struct mmu_view *hash_next;
};

/* Outcome of a translation. */
struct mmu_result {
    bool fault;
    /* without fault */
    uint64_t pa;
    uint8_t
        mem_type; /* enum tg_mem_type, combined of both stages; with a fault that comes after it, stage 1's */
    uint8_t attr; /* MAIR-style attribute byte and shareability, for PAR_EL1 */
    uint8_t sh;
    bool ns;                /* output is in the Non-secure address space; without EL3 always */
    bool read, write, exec; /* permissions of this view (dirty state permitting) */
    uint8_t log2size;       /* of the smallest mapping on the way */
    bool global;
    bool guarded;        /* FEAT_BTI: indirect branches need a landing pad */
    uint8_t walk_levels; /* number of descriptors read, both stages (timing) */
    /* fault */
    uint8_t fsc;   /* DFSC/IFSC encoding, level included */
    bool s2;       /* stage-2 fault */
    bool s1ptw;    /* stage-2 fault on a stage-1 table walk */
    bool wnr;      /* was because of a write (hardware update of a descriptor included) */
    uint64_t ipa;  /* of a stage-2 fault */
    bool ipa_ns;   /* in the Secure state: of a Non-secure address (HPFAR_EL2.NS) */
    uint8_t level; /* of the stage-1 leaf */
    struct mmu_walk_read {
        uint64_t pa;  /* of the descriptor */
        uint64_t ipa; /* stage 2: what is being translated */
        bool ipa_ns;  /* of the Non-secure IPA space */
        uint8_t stage, level;
        bool uncached;
    } walk[MMU_WALK_MAX]; /* descriptors read, in order (timing) */
};

/* One stage's geometry: granule and the walk's start. */
struct mmu_geometry {
    unsigned grain;   /* log2 of the granule: 12, 14, 16 */
    unsigned ia_bits; /* input address size */
    unsigned oa_bits; /* output address size */
    int level;        /* of the first lookup */
    uint64_t table;   /* its base */
    bool ha, hd;
};

/* The same of stage 1 for one half of the address space, with what it follows from. */
struct mmu_start {
    uint64_t tcr, ttbr;
    uint8_t regime;
    bool user, known;
    bool none;     /* no walks: EPD, E0PD */
    bool uncached; /* walks read memory itself */
    bool hpd;
    struct mmu_geometry g;
};

struct mmu {
    struct mmu_view *views;   /* pool */
    struct mmu_brief *briefs; /* of each view */
    unsigned n_views;
    struct mmu_view *hash[256];
    struct mmu_view *current[MMU_REGIMES][MMU_PRIVS]; /* NULL: the key must be looked up anew */
    struct mmu_view *latest[MMU_REGIMES][MMU_PRIVS];  /* looked up last; its key may have changed since */
    /* Views of the EL1&0 regime under two values of HCR_EL2 while the registers beside it stand: a world
     * switch with VHE changes no other. */
    struct {
        uint64_t hcr;
        struct mmu_view *view[MMU_PRIVS]; /* NULL: not known */
    } el10[2];
    unsigned el10_newer;
    struct mmu_start start[2]; /* of the last walks: lower half, or all; upper half */
    uint64_t next_tag;
    uint64_t tick;
};

int mmu_init(struct cpu *c);
void mmu_fini(struct cpu *c);

/* The regime and privilege in force for accesses at the current EL (and for unprivileged ones). */
enum mmu_regime mmu_current_regime(const struct cpu *c);

/* A register that translation depends on was written: cached choices of views are dropped; contents of views
 * stay. */
void mmu_controls_changed(struct cpu *c);
/* The same for a register that matters to the EL1&0 regime only: a hypervisor's own views stay across a world
 * switch. */
void mmu_el10_controls_changed(struct cpu *c);
/* HCR_EL2 was written. */
void mmu_hcr_changed(struct cpu *c);
/* View for (regime, priv) under the present register values. Never NULL. */
struct mmu_view *mmu_view_get(struct cpu *c, enum mmu_regime regime, enum mmu_priv priv);

/* A complete translation (walk) of va for `access` in the view's context. size in bytes, for alignment faults
 * only. Does the hardware updates of AF and dirty state. No side effects on software TLBs. */
void mmu_translate(struct cpu *c, const struct mmu_key *key, uint64_t va, enum mmu_access access,
                   struct mmu_result *r);

/* TLBI and AT by encoding (TG_SYSENC); traps have been checked. mmu_at: false when a stage-2 fault on the
 * walk was taken to EL2. */
void mmu_tlbi(struct cpu *c, uint32_t enc, uint64_t xt);
bool mmu_at(struct cpu *c, const struct cpu_op *op, uint32_t enc, uint64_t va);
/* Is the top byte of va ignored in the context (TBI)? */
bool mmu_tbi(const struct mmu_key *key, uint64_t va);
/* The same for fetches, for which TBID takes TBI back. */
bool mmu_tbi_fetch(const struct mmu_key *key, uint64_t va);
/* VMID of the EL1&0 regime; 0 while EL2 is not enabled. */
uint16_t mmu_vmid(const struct cpu *c);
/* The context that regime and privilege name under the present register values. */
void mmu_make_key(const struct cpu *c, enum mmu_regime regime, enum mmu_priv priv, struct mmu_key *k);

/* Slow path of a data access that missed: translates, fills the view, checks alignment/watchpoints/tags.
 * Returns a host pointer for RAM (valid for the bytes on the first page), or NULL with *device set (perform
 * through the bus at *pa), or NULL with an exception raised (c->host.cur is the operation): then *faulted is true.
 */
struct mmu_lookup {
    uint8_t *host;
    uint64_t pa;
    uint8_t mem_type;
    bool faulted;
    bool guarded;  /* mmu_fetch */
    bool ns;       /* pa is Non-secure */
    bool code;     /* page holds decoded code: after writing call domain_code_written */
    uint32_t insn; /* mmu_fetch of memory that is not cached as decoded code: the word */
};
void mmu_access(struct cpu *c, struct mmu_view *view, uint64_t va, unsigned size, enum mmu_access access,
                struct mmu_lookup *out);

/* Translates for a fetch at va = c->arch.pc between blocks; false when an exception was raised (instruction
 * abort). *out: the entry of the view's fetch TLB; NULL: memory that cannot be cached as decoded code, the
 * word is in *uncached. */
bool mmu_fetch(struct cpu *c, uint64_t va, struct mmu_xtlbe **out, struct mmu_lookup *uncached);

/* Code at va was entered in the jump cache under this view. */
void mmu_note_code(struct mmu_view *v, uint64_t va);

/* ---- invalidation (TLBI): scope is decided by mmu/tlbi.c ---- */
struct mmu_inval {
    uint8_t regime;
    bool secure; /* the regime of the Secure state (D8.14.1: TLBI acts on the state that SCR_EL3.NS names) */
    bool all;    /* everything of the regime (under vmid when match_vmid) */
    bool match_vmid, match_asid, by_va, by_ipa;
    uint16_t vmid, asid;
    /* [va, va + bytes): of by_va, bits 55:0 are compared; of by_ipa a range of IPAs */
    uint64_t va, bytes;
    bool ipa_ns; /* by_ipa: the range is one of the Non-secure IPA space, of which the Secure state has two */
};
void mmu_invalidate(struct cpu *c, const struct mmu_inval *what);
/* Code appeared on a page: from now on all views' stores to it look for decoded words. */
void mmu_watch_code(struct cpu *c, struct ram_code *code);
void mmu_drop_everything(struct cpu *c);
/* Between fast and timed mode: entries of non-cacheable memory have other tags. */
void mmu_mode_changed(struct cpu *c);
/* Decoded code changed: no view's entries of the jump cache hold any longer; or, all of it went: nor do the
 * fetch TLBs. */
void mmu_forget_jumps(struct cpu *c);
void mmu_drop_fetches(struct cpu *c);

#endif
