/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AES, SHA, SM3 and SM4 instructions compute (Arm ARM DDI 0487 C7.2 and J1.3; FIPS 197, FIPS 180-4;
 * GB/T 32905, 32907). Registers
 * are given as their bytes or 32-bit lanes, lane 0 first; d is Vd, read and written unless said otherwise; d
 * may be the same register as n or m.
 */
#ifndef TG_CPU_CRYPTO_H
#define TG_CPU_CRYPTO_H

#include <stdint.h>

/* d = SubBytes(ShiftRows(d ^ n)), and the inverse transformations. */
void crypto_aese(uint8_t d[16], const uint8_t n[16]);
void crypto_aesd(uint8_t d[16], const uint8_t n[16]);
/* d = MixColumns(n), InvMixColumns(n); d is only written. */
void crypto_aesmc(uint8_t d[16], const uint8_t n[16]);
void crypto_aesimc(uint8_t d[16], const uint8_t n[16]);

enum crypto_sha1_fn { CRYPTO_CHOOSE, CRYPTO_PARITY, CRYPTO_MAJORITY };
/* Four rounds of SHA-1: d holds a..d, e is the fifth word, w the schedule words with the round constant
 * added. */
void crypto_sha1(enum crypto_sha1_fn fn, uint32_t d[4], uint32_t e, const uint32_t w[4]);
/* Message schedule. */
void crypto_sha1su0(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);
void crypto_sha1su1(uint32_t d[4], const uint32_t n[4]);

/* Four rounds of SHA-256: d and n are the two halves of the state, m the schedule words with the round
 * constants added. */
void crypto_sha256h(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);
void crypto_sha256h2(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);
void crypto_sha256su0(uint32_t d[4], const uint32_t n[4]);
void crypto_sha256su1(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);

/* SHA-512 by two rounds, as words of 64 bits: d is Vd, n and m the other registers; the message schedule. */
void crypto_sha512h(uint64_t d[2], const uint64_t n[2], const uint64_t m[2]);
void crypto_sha512h2(uint64_t d[2], const uint64_t n[2], const uint64_t m[2]);
void crypto_sha512su0(uint64_t d[2], const uint64_t n[2]);
void crypto_sha512su1(uint64_t d[2], const uint64_t n[2], const uint64_t m[2]);

/* ---- crypto_sm.c ---- */

enum crypto_sm3_fn { CRYPTO_SM3_XOR, CRYPTO_SM3_MAJORITY, CRYPTO_SM3_CHOOSE };
void crypto_sm3partw1(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);
void crypto_sm3partw2(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);
/* d is only written. */
void crypto_sm3ss1(uint32_t d[4], const uint32_t n[4], const uint32_t m[4], const uint32_t a[4]);
/* SM3TT1A and B, SM3TT2A and B: w is the word of Vm that the index names. */
void crypto_sm3tt1(enum crypto_sm3_fn fn, uint32_t d[4], const uint32_t n[4], uint32_t w);
void crypto_sm3tt2(enum crypto_sm3_fn fn, uint32_t d[4], const uint32_t n[4], uint32_t w);
/* Four rounds of SM4 with the keys n; of its key expansion with the constants m (d is only written). */
void crypto_sm4e(uint32_t d[4], const uint32_t n[4]);
void crypto_sm4ekey(uint32_t d[4], const uint32_t n[4], const uint32_t m[4]);

#endif
