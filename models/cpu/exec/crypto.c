/* SPDX-License-Identifier: Apache-2.0 */
/* The cryptographic instructions: Arm ARM DDI 0487 C7.2. The work is in models/cpu/crypto.c. Encodings:
 * decode/crypto.decode. */
#include "models/cpu/crypto.h"
#include "models/cpu/exec/exec.h"

/* clang-format off */

OPV(aese)      { crypto_aese(VR(rd)->b, VR(rn)->b); return true; }
OPV(aesd)      { crypto_aesd(VR(rd)->b, VR(rn)->b); return true; }
OPV(aesmc)     { crypto_aesmc(VR(rd)->b, VR(rn)->b); return true; }
OPV(aesimc)    { crypto_aesimc(VR(rd)->b, VR(rn)->b); return true; }
OPV(sha1c)     { crypto_sha1(CRYPTO_CHOOSE, VR(rd)->s, VR(rn)->s[0], VR(rm)->s); return true; }
OPV(sha1p)     { crypto_sha1(CRYPTO_PARITY, VR(rd)->s, VR(rn)->s[0], VR(rm)->s); return true; }
OPV(sha1m)     { crypto_sha1(CRYPTO_MAJORITY, VR(rd)->s, VR(rn)->s[0], VR(rm)->s); return true; }
OPV(sha1su0)   { crypto_sha1su0(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sha1su1)   { crypto_sha1su1(VR(rd)->s, VR(rn)->s); return true; }
OPV(sha256h)   { crypto_sha256h(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sha256h2)  { crypto_sha256h2(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sha256su0) { crypto_sha256su0(VR(rd)->s, VR(rn)->s); return true; }
OPV(sha256su1) { crypto_sha256su1(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sha1h)
{
    uint32_t a = VR(rn)->s[0];

    VR(rd)->d[0] = (uint32_t)(a << 30 | a >> 2);
    VR(rd)->d[1] = 0;
    return true;
}

/* ---- Armv8.2 ---- */

OPV(sha512h)   { crypto_sha512h(VR(rd)->d, VR(rn)->d, VR(rm)->d); return true; }
OPV(sha512h2)  { crypto_sha512h2(VR(rd)->d, VR(rn)->d, VR(rm)->d); return true; }
OPV(sha512su0) { crypto_sha512su0(VR(rd)->d, VR(rn)->d); return true; }
OPV(sha512su1) { crypto_sha512su1(VR(rd)->d, VR(rn)->d, VR(rm)->d); return true; }
OPV(sm3partw1) { crypto_sm3partw1(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sm3partw2) { crypto_sm3partw2(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }
OPV(sm3ss1)    { crypto_sm3ss1(VR(rd)->s, VR(rn)->s, VR(rm)->s, VR(ra)->s); return true; }
OPV(sm3tt1a)   { crypto_sm3tt1(CRYPTO_SM3_XOR, VR(rd)->s, VR(rn)->s, VR(rm)->s[op->imm]); return true; }
OPV(sm3tt1b)   { crypto_sm3tt1(CRYPTO_SM3_MAJORITY, VR(rd)->s, VR(rn)->s, VR(rm)->s[op->imm]); return true; }
OPV(sm3tt2a)   { crypto_sm3tt2(CRYPTO_SM3_XOR, VR(rd)->s, VR(rn)->s, VR(rm)->s[op->imm]); return true; }
OPV(sm3tt2b)   { crypto_sm3tt2(CRYPTO_SM3_CHOOSE, VR(rd)->s, VR(rn)->s, VR(rm)->s[op->imm]); return true; }
OPV(sm4e)      { crypto_sm4e(VR(rd)->s, VR(rn)->s); return true; }
OPV(sm4ekey)   { crypto_sm4ekey(VR(rd)->s, VR(rn)->s, VR(rm)->s); return true; }

TG_INLINE uint64_t exec_ror_lane(uint64_t v, unsigned n) { return n ? v >> n | v << (64 - n) : v; }
OPV(eor3) { VR(rd)->q = VR(rn)->q ^ VR(rm)->q ^ VR(ra)->q; return true; }
OPV(bcax) { VR(rd)->q = VR(rn)->q ^ (VR(rm)->q & ~VR(ra)->q); return true; }
OPV(rax1)
{
    union cpu_vreg r;

    for (unsigned i = 0; i < 2; i++)
        r.d[i] = VR(rn)->d[i] ^ exec_ror_lane(VR(rm)->d[i], 63);
    *VR(rd) = r;
    return true;
}
OPV(xar)
{
    for (unsigned i = 0; i < 2; i++)
        VR(rd)->d[i] = exec_ror_lane(VR(rn)->d[i] ^ VR(rm)->d[i], (unsigned)op->imm);
    return true;
}
