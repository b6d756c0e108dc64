#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derive apt sources for a private arm64 view of Debian from the machine's own apt configuration.

Reads sources.list, *.list (one-line form) and *.sources (deb822 form), finds the entries that are Debian's own
archive, and prints deb822 stanzas for the wanted suites on the same URIs, with the same trust options (Signed-By,
Trusted, Check-Valid-Until ...). No URI of our own is invented: a machine without a Debian entry gets an error.

Does not touch the machine's configuration and does not contact the network.
Formats: sources.list(5) of apt 2.6.

usage: aptsources.py SUITE... [--arch ARCH] [--etc DIR] [--sources]
       SUITE is bookworm, bookworm-updates, bookworm-security, bookworm-backports, trixie, sid, ...
       --sources: of source packages, too
"""
import glob
import os
import re
import sys

RELEASES = ("bullseye", "bookworm", "trixie", "forky", "duke", "sid",
            "oldoldstable", "oldstable", "stable", "testing", "unstable")
# Options that choose what is trusted or how it is fetched go along; those that choose what is
# taken (architectures, languages, targets) are ours.
KEEP = ("signed-by", "trusted", "check-valid-until", "valid-until-min", "valid-until-max", "check-date",
        "date-max-future", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure",
        "inrelease-path", "by-hash", "snapshot")


def parse_deb822(text):
    """Stanzas as dictionaries: lower-case field -> value (continuation lines kept as they are)."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields, last = {}, None
        for line in stanza.split("\n"):
            if line.startswith("#") or not line.strip():
                continue
            if line[0] in " \t" and last:
                fields[last] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                last = name.strip().lower()
                fields[last] = value.strip()
        if fields:
            yield fields


def parse_one_line(text):
    """Lines 'deb [options] uri suite components' as dictionaries of the same shape."""
    for line in text.split("\n"):
        m = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if not m:
            continue
        fields = {"types": "deb", "uris": m.group(2), "suites": m.group(3), "components": m.group(4).strip()}
        for opt in (m.group(1) or "").split():
            name, _, value = opt.partition("=")
            fields[name.rstrip("+-").lower()] = value.replace(",", " ")
        yield fields


def read_all(etc):
    files = [os.path.join(etc, "sources.list")]
    files += sorted(glob.glob(os.path.join(etc, "sources.list.d", "*.list")))
    files += sorted(glob.glob(os.path.join(etc, "sources.list.d", "*.sources")))
    for path in files:
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                text = f.read()
        except OSError:
            continue
        parse = parse_deb822 if path.endswith(".sources") else parse_one_line
        for fields in parse(text):
            if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in (
                    "no", "false", "0"):
                yield fields


def classify(suite):
    """'security', 'archive' or None for a suite that is not Debian's."""
    base = suite.strip("/")
    if base.endswith("/updates"):
        base = base[:-len("/updates")] + "-security"
    for release in RELEASES:
        if base == release + "-security":
            return "security"
        if base in (release, release + "-updates", release + "-backports", release + "-proposed-updates"):
            return "archive"
    return None


def derive(entries, wanted, arch="arm64", sources=False):
    """(list of stanzas, list of suites that no entry serves)"""
    found = {"archive": [], "security": []}
    for fields in entries:
        if "main" not in fields.get("components", "").split():
            continue
        for suite in fields.get("suites", "").split():
            kind = classify(suite)
            if kind and fields not in found[kind]:
                found[kind].append(fields)
    for kind, entries_ in found.items():
        # A third party may also name a suite 'bookworm' with a component 'main'; Debian's keyring tells.
        own = [f for f in entries_ if "debian-archive" in f.get("signed-by", "debian-archive")
               or "BEGIN PGP" in f.get("signed-by", "")]
        found[kind] = own or entries_
    stanzas, missing, seen = [], [], set()
    for suite in wanted:
        kind = "security" if suite.endswith("-security") else "archive"
        if not found[kind]:
            missing.append(suite)
        for fields in found[kind]:
            key = (fields["uris"], suite)
            if key in seen:
                continue
            seen.add(key)
            out = ["Types: deb" + " deb-src" * sources, "URIs: " + fields["uris"], "Suites: " + suite, "Components: main",
                   "Architectures: " + arch, "Languages: none", "Targets: Packages" + " Sources" * sources]
            out += ["%s: %s" % (k.title(), fields[k]) for k in KEEP if k in fields]
            stanzas.append("\n".join(out) + "\n")
    return stanzas, missing


def main(argv):
    etc, arch = "/etc/apt", "arm64"
    sources = "--sources" in argv
    if sources:
        argv.remove("--sources")
    if "--arch" in argv:
        i = argv.index("--arch")
        arch = argv[i + 1]
        del argv[i:i + 2]
    if "--etc" in argv:
        i = argv.index("--etc")
        etc = argv[i + 1]
        del argv[i:i + 2]
    stanzas, missing = derive(list(read_all(etc)), argv, arch, sources)
    if not stanzas:
        sys.stderr.write("no entry of Debian's archive in %s/sources.list or %s/sources.list.d\n" % (etc, etc))
        return 1
    for suite in missing:
        if not suite.endswith("-security"):
            sys.stderr.write("no entry of %s can serve suite %s\n" % (etc, suite))
            return 1
        sys.stderr.write("note: no security entry in %s, going on without %s\n" % (etc, suite))
    print("\n".join(stanzas))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
