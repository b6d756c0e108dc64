/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AArch64 Linux program, run by qemu-aarch64: executes the sequences that test_insn.c sends on standard
 * input (insn_state.h) and writes the states afterwards. Registers go in and out through the signal frame:
 * each sequence ends with an exception, whose handler takes the state, and returns into the next sequence.
 */
#define _GNU_SOURCE
#include <asm/sigcontext.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "insn_state.h"

static struct insn_state *states;
static size_t n_states;
static long current = -1;
static sigjmp_buf done;
static uint64_t *const scratch = (uint64_t *)INSN_SCRATCH;

static struct fpsimd_context *fp_context(ucontext_t *u)
{
    unsigned char *p = u->uc_mcontext.__reserved;

    for (;;) {
        struct _aarch64_ctx *head = (struct _aarch64_ctx *)p;

        if (head->magic == FPSIMD_MAGIC)
            return (struct fpsimd_context *)p;
        if (head->magic == 0)
            abort();
        p += head->size;
    }
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    struct fpsimd_context *fp = fp_context(u);
    struct insn_state *s;

    (void)info;
    if (current >= 0) {
        s = &states[current];
        memcpy(s->x, u->uc_mcontext.regs, sizeof(s->x));
        s->sp = u->uc_mcontext.sp;
        s->pc = u->uc_mcontext.pc;
        s->pstate = u->uc_mcontext.pstate & 0xf0000000;
        memcpy(s->v, fp->vregs, sizeof(s->v));
        s->fpcr = fp->fpcr;
        s->fpsr = fp->fpsr;
        s->end = sig == SIGTRAP ? INSN_END_BRK : sig == SIGILL ? INSN_END_UNDEF : INSN_END_MEMORY;
        s->hash = insn_scratch_hash(scratch);
    }
    if ((size_t)++current == n_states)
        siglongjmp(done, 1);
    s = &states[current];
    insn_scratch_fill(scratch, s->seed);
    memcpy(u->uc_mcontext.regs, s->x, sizeof(s->x));
    u->uc_mcontext.sp = s->sp;
    u->uc_mcontext.pc = s->pc;
    u->uc_mcontext.pstate = (u->uc_mcontext.pstate & ~UINT64_C(0xf0000000)) | s->pstate;
    memcpy(fp->vregs, s->v, sizeof(s->v));
    fp->fpcr = (uint32_t)s->fpcr;
    fp->fpsr = (uint32_t)s->fpsr;
}

int main(void)
{
    static unsigned char stack[1 << 16];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction act = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const int signals[] = {SIGTRAP, SIGILL, SIGSEGV, SIGBUS};
    uint64_t n;

    if (mmap((void *)INSN_BASE, INSN_MAP_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return 1;
    if (fread(&n, sizeof(n), 1, stdin) != 1 ||
        fread((void *)INSN_CODE, 4, INSN_CODE_WORDS, stdin) != INSN_CODE_WORDS)
        return 1;
    n_states = n;
    states = calloc(n, sizeof(*states));
    if (!states || fread(states, sizeof(*states), n, stdin) != n)
        return 1;
    __builtin___clear_cache((char *)INSN_CODE, (char *)(INSN_CODE + 4 * INSN_CODE_WORDS));
    sigaltstack(&alt, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &act, NULL);
    if (!sigsetjmp(done, 0))
        __asm__ volatile("brk #0" ::: "memory");
    if (fwrite(states, sizeof(*states), n, stdout) != n || fflush(stdout))
        return 1;
    return 0;
}
