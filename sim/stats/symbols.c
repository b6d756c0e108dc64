/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol tables out of ELF and text files, sorted by address. See symbols.h. ELF for the Arm 64-bit
 * architecture, IHI 0056: 5.5 (mapping symbols). */
#include "sim/stats/symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_LENGTH 4096

struct symbol {
    uint64_t at, size; /* size 0: unknown */
    bool local;
    char *name;
};

struct space {
    struct symbol *v;
    size_t n, cap;
};

struct symbols {
    struct space spaces[SYMBOLS_SPACES];
};

struct symbols *symbols_new(void)
{
    return calloc(1, sizeof(struct symbols));
}

static void drop(struct space *p, size_t from)
{
    while (p->n > from)
        free(p->v[--p->n].name);
}

void symbols_free(struct symbols *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < SYMBOLS_SPACES; i++) {
        drop(&s->spaces[i], 0);
        free(s->spaces[i].v);
    }
    free(s);
}

static bool add(struct space *p, uint64_t at, uint64_t size, bool local, const char *name, size_t len)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 1024;
        struct symbol *v = realloc(p->v, cap * sizeof(*v));

        if (!v)
            return false;
        p->v = v;
        p->cap = cap;
    }
    struct symbol *y = &p->v[p->n];

    *y = (struct symbol){.at = at, .size = size, .local = local, .name = strndup(name, len)};
    if (!y->name)
        return false;
    p->n++;
    return true;
}

/* By address; of several at one address the last is the one to show: with a size, global, first by name. */
static int order(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (!x->size != !y->size)
        return x->size ? 1 : -1;
    if (x->local != y->local)
        return x->local ? -1 : 1;
    return -strcmp(x->name, y->name);
}

/* "$x", "$d.12" mark code and data inside of functions. */
static bool is_mapping(const char *name)
{
    return name[0] == '$' && (name[1] == 'x' || name[1] == 'd') && (!name[2] || name[2] == '.');
}

/* ---- ELF ---- */

static int load_elf(struct space *p, const char *path, int fd, uint64_t offset, uint64_t entry,
                    struct tg_error *err)
{
    Elf *elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ, NULL);
    const Elf64_Ehdr *h = elf ? elf64_getehdr(elf) : NULL;
    Elf_Scn *scn = NULL;
    int rc = 0;

    if (!h || h->e_machine != EM_AARCH64) {
        rc = tg_error_set(err, EINVAL, "symbols '%s': an ELF file, but not a 64-bit one for AArch64", path);
        goto out;
    }
    uint64_t end = h->e_shoff + (uint64_t)h->e_shnum * h->e_shentsize;
    struct stat st;

    if (fstat(fd, &st) || end < h->e_shoff || end > (uint64_t)st.st_size) {
        rc = tg_error_set(
            err, EINVAL,
            "symbols '%s': truncated: the file has %lld bytes, its section headers end at byte %llu", path,
            (long long)st.st_size, (unsigned long long)end);
        goto out;
    }
    uint64_t shift = offset + (entry && h->e_type == ET_DYN ? entry - h->e_entry : 0);

    while (!rc && (scn = elf_nextscn(elf, scn))) {
        const Elf64_Shdr *sh = elf64_getshdr(scn);
        Elf_Data *data = sh && sh->sh_type == SHT_SYMTAB ? elf_getdata(scn, NULL) : NULL;

        if (sh && sh->sh_type == SHT_SYMTAB && !data)
            rc = tg_error_set(err, EINVAL, "symbols '%s': the symbol table cannot be read: %s", path,
                              elf_errmsg(-1));
        if (!data || !data->d_buf)
            continue;
        for (size_t i = 0; i < data->d_size / sizeof(Elf64_Sym); i++) {
            Elf64_Sym y;

            memcpy(&y, (const char *)data->d_buf + i * sizeof(y), sizeof(y));
            unsigned type = ELF64_ST_TYPE(y.st_info);
            const char *name = elf_strptr(elf, sh->sh_link, y.st_name);

            if (y.st_name && !name) {
                rc = tg_error_set(err, EINVAL,
                                  "symbols '%s': the name of symbol %zu lies outside its string table", path,
                                  i);
                break;
            }
            if ((type != STT_FUNC && type != STT_NOTYPE) || y.st_shndx == SHN_UNDEF ||
                y.st_shndx >= SHN_LORESERVE || !name || !*name || is_mapping(name))
                continue;
            if (!add(p, y.st_value + shift, y.st_size, ELF64_ST_BIND(y.st_info) == STB_LOCAL, name,
                     strlen(name))) {
                rc = tg_error_set(err, ENOMEM, "out of memory");
                break;
            }
        }
    }
out:
    elf_end(elf);
    return rc;
}

/* ---- text: address, type, name; kallsyms has a module in brackets behind ---- */

static bool parse_line(const char *line, uint64_t *at, char *type, const char **name, size_t *len)
{
    char *end;

    errno = 0;
    *at = strtoull(line, &end, 16);
    if (end == line || errno || *end != ' ' || !end[1] || end[2] != ' ')
        return false;
    *type = end[1];
    *name = end + 3;
    *len = strcspn(*name, " \t\r\n");
    return *len > 0;
}

static int load_text(struct space *p, const char *path, FILE *f, uint64_t offset, struct tg_error *err)
{
    char line[LINE_MAX_LENGTH];
    bool only_zeros = true;

    for (unsigned n = 1; fgets(line, sizeof(line), f); n++) {
        const char *name;
        uint64_t at;
        size_t len;
        char type;

        if (line[strspn(line, " \t\r\n")] == 0)
            continue;
        if (line[0] == ' ') /* nm: undefined symbols have no address */
            continue;
        if (!parse_line(line, &at, &type, &name, &len))
            return tg_error_set(err, EINVAL,
                                "symbols '%s': line %u is not of the form 'ffff800080010000 T name' (nm, "
                                "System.map, kallsyms), and the file is not ELF",
                                path, n);
        only_zeros &= !at;
        /* Absolute ones are no places; data ends what stands before it. */
        if (type == 'A' || type == 'a' || is_mapping(name))
            continue;
        if (!add(p, at + offset, 0, type >= 'a' && type <= 'z' && type != 'w', name, len))
            return tg_error_set(err, ENOMEM, "out of memory");
    }
    if (ferror(f))
        return tg_error_set(err, EIO, "symbols '%s': %s", path, strerror(errno));
    if (only_zeros && p->n)
        return tg_error_set(err, EINVAL,
                            "symbols '%s': all addresses are 0, as an unprivileged user sees kallsyms", path);
    return 0;
}

/* ---- both ---- */

/* 0: a regular file, opened; *elf: what it is. */
static int open_file(const char *path, int *fd, bool *elf)
{
    char magic[SELFMAG];

    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return -errno;
    ssize_t n = read(*fd, magic, sizeof(magic));

    if (n < 0 || lseek(*fd, 0, SEEK_SET) < 0) {
        int rc = -errno;

        close(*fd);
        return rc;
    }
    *elf = n == SELFMAG && !memcmp(magic, ELFMAG, SELFMAG);
    return 0;
}

int symbols_load(struct symbols *s, enum symbols_space space, const char *path, uint64_t offset,
                 uint64_t entry, struct tg_error *err)
{
    struct space *p = &s->spaces[space];
    size_t before = p->n;
    bool elf;
    int fd, rc = open_file(path, &fd, &elf);

    if (rc)
        return tg_error_set(err, -rc, "symbols '%s': %s", path, strerror(-rc));
    if (elf) {
        rc = load_elf(p, path, fd, offset, entry, err);
        close(fd);
    } else {
        FILE *f = fdopen(fd, "r");

        rc = f ? load_text(p, path, f, offset, err) : tg_error_set(err, ENOMEM, "out of memory");
        if (f)
            fclose(f);
        else
            close(fd);
    }
    if (!rc && p->n == before)
        rc = tg_error_set(err, EINVAL, "symbols '%s': found no symbols", path);
    if (rc) {
        drop(p, before);
        return rc;
    }
    qsort(p->v, p->n, sizeof(*p->v), order);
    return 0;
}

bool symbols_has(const char *path)
{
    struct symbols *s = symbols_new();
    struct tg_error err;
    bool elf = false, found = false;
    int fd;

    if (s && !open_file(path, &fd, &elf)) {
        found = elf && !load_elf(&s->spaces[0], path, fd, 0, 0, &err) && s->spaces[0].n;
        close(fd);
    }
    symbols_free(s);
    return found;
}

size_t symbols_count(const struct symbols *s, enum symbols_space space)
{
    return s->spaces[space].n;
}

const char *symbols_at(const struct symbols *s, enum symbols_space space, uint64_t pc)
{
    const struct space *p = &s->spaces[space];
    size_t lo = 0, hi = p->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (p->v[mid].at <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo)
        return NULL;
    const struct symbol *y = &p->v[lo - 1];

    return pc - y->at < (y->size ? y->size : SYMBOLS_REACH) ? y->name : NULL;
}
