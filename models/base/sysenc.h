/* SPDX-License-Identifier: Apache-2.0 */
/* System-register encodings as one number: op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0], as in MSR/MRS
 * bits 20:5. */
#ifndef TG_BASE_SYSENC_H
#define TG_BASE_SYSENC_H

#include <stdint.h>
#include "models/base/bits.h"

#define TG_SYSENC(op0, op1, crn, crm, op2) \
    ((((uint32_t)(op0)) << 14) | ((op1) << 11) | ((crn) << 7) | ((crm) << 3) | (op2))
#define TG_SYSENC_OP0 TG_FIELD(15, 14)
#define TG_SYSENC_OP1 TG_FIELD(13, 11)
#define TG_SYSENC_CRN TG_FIELD(10, 7)
#define TG_SYSENC_CRM TG_FIELD(6, 3)
#define TG_SYSENC_OP2 TG_FIELD(2, 0)

/* How an access to a system register ends. */
enum tg_sysreg_result {
    TG_SYSREG_OK,
    TG_SYSREG_UNDEF,    /* exception to the current EL (EL1 for EL0), EC 0 */
    TG_SYSREG_TRAP_EL1, /* EC 0x18 to EL1 */
    TG_SYSREG_TRAP_EL2,
    TG_SYSREG_TRAP_EL3,
};

#endif
