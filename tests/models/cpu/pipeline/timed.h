/* SPDX-License-Identifier: Apache-2.0 */
/* A timed PE for tests: MMU on with an identity mapping, steady-state cycles of a loop body. Latency of the
 * bus: 100 ns (pe.c). */
#ifndef TESTS_CPU_PIPELINE_TIMED_H
#define TESTS_CPU_PIPELINE_TIMED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "models/base/sysenc.h"
#include "pe.h"

#define T_CODE   PE_RAM_BASE
#define T_TABLES (PE_RAM_BASE + (UINT64_C(1) << 20))
#define T_DATA   (PE_RAM_BASE + (UINT64_C(16) << 20))

#define T_PARAMS 64 /* names and values besides kind and freq */

/* A PE at EL1 in timed mode. kind "inorder" or "window"; more: pairs as in pe_new, ended by NULL; 1 GHz, so
 * that the bus takes 100 cycles. pages4k: 4 KiB pages instead of one block. */
struct pe *t_new(const char *kind, const char *const *more, bool pages4k);
/* The same beside another PE, with its RAM and its tables; freed before it. */
struct pe *t_new_beside(struct pe *first, const char *kind, const char *const *more);
/* Cycles of `times` repetitions of body (n words), unrolled by 64, in steady state: caches, TLBs and
 * predictors are warm. */
uint64_t t_steady(struct pe *p, const uint32_t *body, unsigned n, unsigned times);
/* Runs straight-line code once, from cold code to after its last word: cycles. */
uint64_t t_once(struct pe *p, const uint32_t *code, unsigned n);
void t_sum(struct pe *p); /* the buckets sum to the cycles */
uint64_t t_bucket(struct pe *p, enum cpu_bucket b);
uint64_t t_counter(struct pe *p, const char *name);

#endif
