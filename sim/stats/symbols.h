/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for program counters: symbol tables of ELF files (by libelf), and text files as nm, System.map and
 * /proc/kallsyms have them ("ffff800080010000 T name"). Knows nothing of address spaces but two: the host's
 * (EL2, EL3, host EL1 and EL0) and the guests'.
 */
#ifndef TG_SIM_STATS_SYMBOLS_H
#define TG_SIM_STATS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "models/base/model.h"

enum symbols_space { SYMBOLS_HOST, SYMBOLS_GUEST, SYMBOLS_SPACES };

struct symbols;
struct symbols *symbols_new(void); /* NULL: out of memory */
void symbols_free(struct symbols *s);

/*
 * Adds a file's symbols, found to be ELF or text by its first bytes. `offset` is added to each address.
 * `entry`: where the entry point of a position-independent ELF program (ET_DYN) was loaded, its symbols move
 * along; 0: they stay. 0; -EINVAL (neither, damaged, no symbols), -errno of the file, with err set.
 */
int symbols_load(struct symbols *s, enum symbols_space space, const char *path, uint64_t offset,
                 uint64_t entry, struct tg_error *err);
/* Is it an ELF file with a symbol table? (--kernel may be a plain Image.) */
bool symbols_has(const char *path);
size_t symbols_count(const struct symbols *s, enum symbols_space space);

/* The symbol that pc lies in, NULL: none. One without a size reaches to the next one, and no further than
 * SYMBOLS_REACH. Valid until the next symbols_load. */
#define SYMBOLS_REACH 0x100000
const char *symbols_at(const struct symbols *s, enum symbols_space space, uint64_t pc);

#endif
