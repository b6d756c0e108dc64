/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AES and SHA instructions compute (Arm ARM DDI 0487 C7.2 and J1.3; FIPS 197, FIPS 180-4). Registers
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

#endif
