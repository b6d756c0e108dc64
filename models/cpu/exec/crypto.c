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
