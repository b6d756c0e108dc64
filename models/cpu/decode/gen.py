#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the A64 decoder out of the *.decode files of this directory.

  gen.py OUT_DIR FILE.decode...   writes OUT_DIR/a64_ops.h and OUT_DIR/a64_decode.c

One line is one encoding, as the Arm ARM draws it, most significant bit first:

  NAME  bits... | attribute, attribute ...

bits:        0/1 literals in any grouping; x a bit that is ignored; name or name:width a field. They add up to 32.
attributes:
  W f, Wsp f    writes general register field f (31: discarded; Wsp: the stack pointer). f is rd, rn, rm or ra
  R f, Rsp f    reads it (31: zero; Rsp: stack pointer)
  RW f          reads and writes it
  R f=N, ...    the same for a register that the instruction implies: PACIASP is RW rd=30, Rsp rn=31
  WV f, RV f, RWV f   the same for vector registers
  nzcv=r|w|rw   uses or sets the flags
  imm=NAME      op->imm: a field, or the function a64_imm_NAME(insn) of a64_imm.h
  ra=(EXPR)     op->ra, where it is no register: a number from 0 to 255 that the handler needs (C, over field names)
  tc=CLASS      timing class (models/cpu/op.h), default alu
  feat=F        needs cpu feature F (several: feat=A+B)
  else=NAME     handler of a core without the feature, for which the word is allocated all the same (default: undefined)
  if=(EXPR)     allocated only when EXPR over field names (C) is true
  var=f.g       one handler per value of the fields: name_0, name_1 ...
  sel=NAME:N    one handler out of N, chosen by a64_sel_NAME(insn)
  slow=F:NAME   handler NAME instead when the cpu has feature F (or one of several: F+G)
  fn=NAME       handler name, default the encoding's name in lower case
  end           ends a block of decoded operations (branches, exceptions, changes of context)
  setsra        loads a second register into ra
  setsrn        writes the base register rn back
  is=A+B        what later stages ask of the instruction: names of A64_PROPERTIES (a64.h), in lower case
  elem=EXPR     it accesses memory: log2 of an element's bytes
  count=EXPR    elements, default 1
  acq=EXPR, rel=EXPR  the access is an acquire, a release, when EXPR is true
  isv=EXPR      a stage 2 abort of its says what it wanted (D19.2.37): rd is the register, 64 bits wide when EXPR is true

Within { and } the first match wins; elsewhere two encodings that match the same word are an error.
"""
import io
import os
import re
import sys

SLOTS = ("rd", "rn", "rm", "ra")
PROPERTIES = ("pcrel", "conditional", "read", "load", "store", "exclusive", "atomic", "unprivileged", "signed", "brk", "hlt", "land_call",
              "land_jump", "land_pac", "direct", "indirect", "call", "return")
ACCESS = ("count", "acq", "rel", "isv")


class Encoding:
    def __init__(self, name, where, group):
        self.name, self.where, self.group = name, where, group
        self.mask = self.value = 0
        self.fields = {}
        self.implied = {}  # register slot: number
        self.attrs = {}
        self.regs = []  # (mode, field)
        self.flags = set()

    @property
    def fn(self):
        return self.attrs.get("fn", self.name.lower())

    def variants(self):
        if "sel" in self.attrs:
            return int(self.attrs["sel"].split(":")[1])
        n = 1
        for f in self.var_fields():
            n <<= self.fields[f][1]
        return n

    def var_fields(self):
        return self.attrs["var"].split(".") if "var" in self.attrs else []

    def properties(self):
        return self.attrs["is"].split("+") if "is" in self.attrs else []

    def handlers(self):
        if "sel" in self.attrs or "var" in self.attrs:
            return [f"{self.fn}_{i}" for i in range(self.variants())]
        return [self.fn]


def die(where, text):
    sys.exit(f"{where}: {text}")


def split_attrs(text):
    out, depth, cur = [], 0, ""
    for ch in text:
        depth += ch == "("
        depth -= ch == ")"
        if ch == "," and depth == 0:
            out.append(cur.strip())
            cur = ""
        else:
            cur += ch
    out.append(cur.strip())
    return [a for a in out if a]


def parse_line(line, where, group):
    left, _, right = line.partition("|")
    tokens = left.split()
    enc = Encoding(tokens[0], where, group)
    pos = 32
    for tok in tokens[1:]:
        if re.fullmatch(r"[01x]+", tok):
            for ch in tok:
                pos -= 1
                if pos < 0:
                    die(where, f"{enc.name}: more than 32 bits")
                if ch != "x":
                    enc.mask |= 1 << pos
                    enc.value |= (ch == "1") << pos
        else:
            m = re.fullmatch(r"([a-zA-Z_]\w*)(?::(\d+))?", tok)
            if not m:
                die(where, f"{enc.name}: cannot read '{tok}'")
            width = int(m.group(2) or 1)
            pos -= width
            if pos < 0:
                die(where, f"{enc.name}: more than 32 bits")
            if m.group(1) in enc.fields:
                die(where, f"{enc.name}: field {m.group(1)} twice")
            enc.fields[m.group(1)] = (pos, width)
    if pos:
        die(where, f"{enc.name}: {32 - pos} bits, expected 32")
    for a in split_attrs(right):
        m = re.fullmatch(r"(Wsp|W|Rsp|RW|R|WV|RV|RWV)\s+(\w+)(?:=(\d+))?", a)
        if m:
            if m.group(3):
                enc.implied[m.group(2)] = int(m.group(3))
            if (m.group(2) not in enc.fields) == (m.group(2) not in enc.implied) or m.group(2) not in SLOTS:
                die(where, f"{enc.name}: no register field {m.group(2)} (one of {', '.join(SLOTS)})")
            enc.regs.append((m.group(1), m.group(2)))
        elif a in ("end", "setsra", "setsrn"):
            enc.flags.add(a)
        elif re.match(r"(nzcv|imm|ra|tc|feat|else|if|var|sel|slow|fn|is|elem|count|acq|rel|isv)=", a):
            k, v = a.split("=", 1)
            enc.attrs[k] = v
        else:
            die(where, f"{enc.name}: unknown attribute '{a}'")
    if "ra" in enc.attrs and ("setsra" in enc.flags or any(f == "ra" for _, f in enc.regs)):
        die(where, f"{enc.name}: ra is a register")
    for f in enc.var_fields():
        if f not in enc.fields:
            die(where, f"{enc.name}: no field {f}")
    for f in enc.properties():
        if f not in PROPERTIES:
            die(where, f"{enc.name}: no property {f} (one of {', '.join(PROPERTIES)})")
    if ("elem" in enc.attrs) != bool({"load", "store"} & set(enc.properties())):
        die(where, f"{enc.name}: elem= goes with is=load or is=store")
    if "elem" not in enc.attrs and set(ACCESS) & set(enc.attrs):
        die(where, f"{enc.name}: {', '.join(ACCESS)} go with elem=")
    if "else" in enc.attrs and ("feat" not in enc.attrs or "sel" in enc.attrs or "var" in enc.attrs):
        die(where, f"{enc.name}: else= goes with feat= and one handler")
    return enc


def parse(paths):
    encs, group, n_groups = [], None, 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r"\\\n", " ", text)
        for no, line in enumerate(text.split("\n"), 1):
            line = line.split("#", 1)[0].strip()
            where = f"{path}:{no}"
            if not line:
                continue
            if line == "{":
                if group is not None:
                    die(where, "groups do not nest")
                n_groups += 1
                group = n_groups
            elif line == "}":
                group = None
            else:
                encs.append(parse_line(line, where, group))
    return encs


def check(encs):
    names = {}
    for e in encs:
        if e.name in names:
            die(e.where, f"{e.name} stands at {names[e.name]} already")
        names[e.name] = e.where
    for i, a in enumerate(encs):
        for b in encs[i + 1:]:
            if a.group is not None and a.group == b.group:
                continue
            common = a.mask & b.mask
            if (a.value & common) == (b.value & common) and "if" not in a.attrs and "if" not in b.attrs:
                die(b.where, f"{b.name} overlaps {a.name} ({a.where})")


def ex(enc, f):
    if f in enc.implied:
        return f"{enc.implied[f]}u"
    pos, width = enc.fields[f]
    return f"((insn >> {pos}) & 0x{(1 << width) - 1:x}u)"


def expr(enc, text):
    return re.sub(r"[A-Za-z_]\w*", lambda m: ex(enc, m.group(0)) if m.group(0) in enc.fields else m.group(0), text)


def emit_case(enc, index, base, ids):
    out = [f"    case {index}: /* {enc.name} */"]
    if "feat" in enc.attrs:
        cond = " && ".join(f"cpu_features_has(feat, CPU_FEAT_{x})" for x in enc.attrs["feat"].split("+"))
        if "else" not in enc.attrs:
            out.append(f"        if (!({cond}))\n            return -1;")
        elif enc.attrs["else"] == "hint":  # a NOP touches nothing
            out.append(f"        if (!({cond})) {{\n            info->tclass = CPU_TC_ALU;")
            out.append(f"            return {ids['hint']};\n        }}")
    # fields
    srcs, dst = [], None
    for mode, f in enc.regs:
        e = ex(enc, f)
        vec = mode.endswith("V")
        if vec:
            out.append(f"        op->{f} = (uint8_t){e};")
        elif mode in ("R",):
            out.append(f"        op->{f} = (uint8_t){e}; /* 31: CPU_X_ZERO */")
        elif mode in ("W", "RW"):
            out.append(f"        op->{f} = (uint8_t)({e} == 31 ? CPU_X_SINK : {e});")
        else:
            out.append(f"        op->{f} = (uint8_t)({e} == 31 ? CPU_X_SP : {e});")
        slot = f"(uint8_t)(CPU_SLOT_V0 + op->{f})" if vec else f"op->{f}"
        if mode in ("W", "Wsp", "RW", "WV", "RWV") and dst is None:
            dst = slot
        if mode in ("R", "Rsp", "RW", "RV", "RWV"):
            srcs.append(slot)
    nzcv = enc.attrs.get("nzcv", "")
    if "r" in nzcv:
        srcs.append("CPU_SLOT_FLAGS")
    if "w" in nzcv and dst is None:
        dst = "CPU_SLOT_FLAGS"
        nzcv = nzcv.replace("w", "")
    srcs = srcs[:3]
    if dst:
        out.append(f"        info->d = {dst};")
    for i, s in enumerate(srcs, 1):
        out.append(f"        info->s{i} = {s};")
    tc = "CPU_TC_" + enc.attrs.get("tc", "alu").upper()
    if "w" in nzcv:
        tc += " | CPU_TC_SETS_NZCV"
    if "setsra" in enc.flags:
        tc += " | CPU_TC_SETS_RA"
    if "setsrn" in enc.flags:
        tc += " | CPU_TC_SETS_RN"
    out.append(f"        info->tclass = {tc};")
    if "imm" in enc.attrs:
        i = enc.attrs["imm"]
        out.append(f"        op->imm = {ex(enc, i) if i in enc.fields else f'(uint64_t)a64_imm_{i}(insn)'};")
    if "ra" in enc.attrs:
        out.append(f"        op->ra = (uint8_t){expr(enc, enc.attrs['ra'])};")
    if "end" in enc.flags:
        out.append("        *end = true;")
    if "slow" in enc.attrs:
        feats, handler = enc.attrs["slow"].split(":")
        cond = " || ".join(f"cpu_features_has(feat, CPU_FEAT_{x})" for x in feats.split("+"))
        out.append(f"        if ({cond})\n            return {ids[handler]};")
    if "sel" in enc.attrs:
        out.append(f"        return {base} + (int)a64_sel_{enc.attrs['sel'].split(':')[0]}(insn);")
    elif "var" in enc.attrs:
        parts, shift = [], 0
        for f in reversed(enc.var_fields()):
            parts.append(f"({ex(enc, f)} << {shift})")
            shift += enc.fields[f][1]
        out.append(f"        return {base} + (int)({' | '.join(parts)});")
    else:
        if enc.attrs.get("else", "hint") != "hint":
            out.append(f"        if (!({cond}))\n            return {ids[enc.attrs['else']]};")
        out.append(f"        return {base};")
    return "\n".join(out)


def emit_attributes(encs):
    """What later stages ask: a64_properties[] and a64_access(), by the number in cpu_op_info (0: no instruction)."""
    out = ["const uint32_t a64_properties[] = {\n    0,\n"]
    for e in encs:
        out.append("    " + (" | ".join("A64_" + f.upper() for f in e.properties()) or "0") + f", /* {e.name} */\n")
    out.append("};\n\nstruct a64_access a64_access(const struct cpu_op_info *info)\n{\n    const uint32_t insn = info->insn;\n\n    (void)insn; /* a part of the decoder may have no accesses */\n")
    out.append("    switch (info->encoding) {\n")
    for i, e in enumerate(encs, 1):
        if "elem" not in e.attrs:
            continue
        row = [f".size = (uint8_t)({expr(e, e.attrs['elem'])})", f".count = (uint8_t)({expr(e, e.attrs.get('count', '1'))})"]
        row += [f".{k} = {expr(e, e.attrs[k])}" for k in ("acq", "rel") if k in e.attrs]
        if "isv" in e.attrs:
            row.append(f".isv = true, .wide = {expr(e, e.attrs['isv'])}, .rt = (uint8_t){ex(e, 'rd')}")
        out.append(f"    case {i}: /* {e.name} */\n        return (struct a64_access){{{', '.join(row)}}};\n")
    out.append("    default:\n        return (struct a64_access){0};\n    }\n}\n\n")
    return "".join(out)


def write_changed(path, text):
    try:
        with open(path, encoding="utf-8") as f:
            if f.read() == text:
                return
    except FileNotFoundError:
        pass
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    out_dir, paths = sys.argv[1], sys.argv[2:]
    encs = parse(paths)
    check(encs)
    if len(encs) >= 1 << 11:
        sys.exit("gen.py: more encodings than cpu_op_info.encoding can name")
    ids, order = {}, []
    bases = []
    for e in encs:
        hs = e.handlers()
        if hs[0] in ids:
            base = ids[hs[0]]
            if order[base:base + len(hs)] != hs:
                die(e.where, f"{e.name}: handler {hs[0]} is used with other variants elsewhere")
        else:
            base = len(order)
            for h in hs:
                ids[h] = len(order)
                order.append(h)
        bases.append(base)
    for e in encs:
        if "else" in e.attrs and e.attrs["else"] not in ids:
            ids[e.attrs["else"]] = len(order)
            order.append(e.attrs["else"])
    os.makedirs(out_dir, exist_ok=True)
    note = "/* Generated by models/cpu/decode/gen.py from the .decode files: do not edit. */\n"
    # Compared before it is written: the handlers are compiled again when their names change, not for each encoding.
    with io.StringIO() as f:
        f.write(note + "#ifndef A64_OPS_H\n#define A64_OPS_H\n\n#define A64_HANDLERS(X) \\\n")
        f.write(" \\\n".join(f"    X({h})" for h in order))
        f.write(f"\n\n#define A64_N_HANDLERS {len(order)}\n#define A64_N_ENCODINGS {len(encs)}\n\n#endif\n")
        write_changed(os.path.join(out_dir, "a64_ops.h"), f.getvalue())
    buckets = [[] for _ in range(2048)]
    for i, e in enumerate(encs):
        hi_mask, hi_value = e.mask >> 21, e.value >> 21
        for b in range(2048):
            if (b & hi_mask) == hi_value:
                buckets[b].append(i)
    with open(os.path.join(out_dir, "a64_decode.c"), "w", encoding="utf-8") as f:
        f.write(note + '#include "models/cpu/decode/a64.h"\n#include "models/cpu/decode/a64_imm.h"\n\n')
        f.write("static const struct {\n    uint32_t mask, value;\n} encodings[] = {\n")
        for e in encs:
            f.write(f"    {{0x{e.mask:08x}, 0x{e.value:08x}}}, /* {e.name} */\n")
        f.write("};\n\nconst char *const a64_encoding_names[] = {\n")
        f.writelines(f'    "{e.name}",\n' for e in encs)
        f.write("};\n\n" + emit_attributes(encs) + "static const uint16_t first[2049] = {\n")
        cands, starts = [], []
        seen = {}
        flat = []
        for b in buckets:
            starts.append(len(flat))
            flat.extend(b)
        starts.append(len(flat))
        f.write("    " + ", ".join(map(str, starts)) + "};\n")
        f.write("static const uint16_t candidates[] = {\n    " + ", ".join(map(str, flat)) + "};\n\n")
        f.write("/* Predicates of encodings that are only partly allocated. */\n")
        f.write("static bool allocated(unsigned i, uint32_t insn)\n{\n    switch (i) {\n")
        for i, e in enumerate(encs):
            if "if" in e.attrs:
                f.write(f"    case {i}: /* {e.name} */\n        return {expr(e, e.attrs['if'])};\n")
        f.write("    default:\n        return true;\n    }\n}\n\n")
        f.write("""int a64_match(uint32_t insn)
{
    unsigned b = insn >> 21;

    for (unsigned k = first[b]; k < first[b + 1]; k++) {
        unsigned i = candidates[k];

        if ((insn & encodings[i].mask) == encodings[i].value && allocated(i, insn))
            return (int)i;
    }
    return -1;
}

unsigned a64_match_count(uint32_t insn)
{
    unsigned n = 0;

    for (unsigned i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
        n += (insn & encodings[i].mask) == encodings[i].value && allocated(i, insn);
    return n;
}

int a64_decode(const struct cpu_features *feat, uint32_t insn, struct cpu_op *op, struct cpu_op_info *info, bool *end)
{
    const int match = a64_match(insn);

    op->imm = 0;
    op->rd = op->rn = op->rm = op->ra = CPU_X_ZERO;
    info->insn = insn;
    info->encoding = (unsigned)(match + 1);
    info->d = CPU_SLOT_NOWHERE;
    info->s1 = info->s2 = info->s3 = CPU_SLOT_NONE;
    *end = false;
    switch (match) {
""")
        for i, e in enumerate(encs):
            f.write(emit_case(e, i, bases[i], ids) + "\n")
        f.write("    default:\n        return -1;\n    }\n}\n")


main()
