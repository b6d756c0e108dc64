/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oracle images: the same bare-metal program in a PE of ours and in QEMU's `virt`, and what each writes to
 * the UART at 0x09000000. The program ends with PSCI SYSTEM_OFF by SMC from EL2, or with SYS_EXIT of
 * semihosting.
 */
#ifndef TESTS_CPU_IMAGE_H
#define TESTS_CPU_IMAGE_H

#include "pe.h"

#define IMAGE_LOAD (PE_RAM_BASE + 0x200000) /* where QEMU's -kernel puts it, as the image header asks */

/* Runs the image at `path` in a PE with these features and parameters (see pe_new), entered at `el`. The text
 * is the caller's to free. */
char *image_run_pe(const char *path, const char *const *features, const char *const *params, unsigned el);
/* The same in QEMU, entered at EL2: `arguments` is what comes after the program's name, besides the image. */
char *image_run_qemu(const char *qemu, const char *arguments, const char *path);
/* Entered at EL3 of a machine with secure=on. */
char *image_run_qemu_el3(const char *qemu, const char *arguments, const char *path);

/* Compares the two line by line. known: the reason why a pair of lines may differ, or NULL. Prints the first
 * unexplained differences; returns their number. *lines: compared. */
unsigned image_compare(char *ours, char *theirs, const char *(*known)(const char *ours, const char *theirs),
                       unsigned *lines);

#endif
