# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# apt with a private state directory for arm64 packages: build/guests/apt. Sourced after common.sh.
#
# The machine's apt.conf (proxies, certificates) is followed; its sources are read and mapped by aptsources.py; its
# lists, cache, status, pins and hooks are left alone. Signatures are verified by apt as always.

TG_APT=$TG_BUILD/guests/apt
TG_APT_ARCH=arm64
TG_APT_SUITES=

# Set to --sources to have lists of source packages, too.
TG_APT_SOURCES=

# apt_private COMMAND...: apt-get, apt-cache with the private configuration and the suites chosen last.
apt_private() {
    local tool=$1
    shift
    LC_ALL=C "$tool" -c="$TG_APT/${TG_APT_SUITES// /+}/apt.conf" "$@"
}

# apt_private_use SUITE...: makes these suites (and no others) what is looked at; fetches their lists once per run.
apt_private_use() {
    local dir key="$*"
    TG_APT_SUITES=$key
    dir=$TG_APT/${key// /+}
    if [ -e "$dir/fresh.$$" ]; then return; fi
    mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/empty" "$TG_APT/archives/partial"
    : >"$dir/status"
    python3 "$TG_ROOT/scripts/lib/aptsources.py" ${TG_APT_SOURCES:+"$TG_APT_SOURCES"} --arch "$TG_APT_ARCH" "$@" >"$dir/sources/debian.sources" ||
        die "no Debian archive in this machine's apt configuration for: $*" \
            "add the archive of Debian 12 to /etc/apt/sources.list.d and run this again"
    # Read after the machine's own configuration (apt.conf(5)): what follows overrides it. The hooks that
    # a desktop or container adds to 'apt-get update' would touch the machine's own cache, so none runs here.
    # As root the download is not handed to user _apt, who often cannot reach a clone in a home directory.
    cat >"$dir/apt.conf" <<EOT
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
APT::Architecture "$TG_APT_ARCH";
APT::Architectures { "$TG_APT_ARCH"; };
APT::Sandbox::User "root";
APT::Get::List-Cleanup "true";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "60";
Acquire::https::Timeout "60";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$dir/empty";
Dir::State "$dir";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::State::extended_states "$dir/extended_states";
Dir::Cache "$dir";
Dir::Cache::archives "$TG_APT/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$dir";
EOT
    note "package lists: $key"
    # --error-on=any: an unreachable mirror is otherwise only a warning.
    if ! apt_private apt-get update -qq --error-on=any >"$dir/update.log" 2>&1; then
        tail -n 8 "$dir/update.log" >&2
        die "cannot fetch the package lists of: $*" \
            "check the network and the proxy, and that 'apt-get update' works on this machine, then run it again;" \
            "what has been fetched already is kept. 'scripts/test --quick' and 'scripts/demo --quick' need no download."
    fi
    rm -f "$dir"/fresh.*
    : >"$dir/fresh.$$"
}

# apt_private_depends PACKAGE REGEX: the first dependency of PACKAGE that matches.
apt_private_depends() {
    apt_private apt-cache show --no-all-versions "$1" 2>/dev/null |
        sed -n 's/^Depends: //p' | tr -d ' ' | tr ',|' '\n' | sed 's/(.*//' | grep -E -m 1 "$2" || true
}

# apt_private_version PACKAGE: the candidate's version.
apt_private_version() {
    apt_private apt-cache show --no-all-versions "$1" | sed -n '0,/^Version: /s/^Version: //p'
}

# apt_private_closure PACKAGE...: the packages and all they depend on, one a line.
apt_private_closure() {
    apt_private apt-get install -qq --simulate --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | sort
}

# apt_private_download PACKAGE...: prints the paths of the .deb files, fetched unless they are in the cache already.
# apt checks the size and the hash named by the signed lists, for a cached file too.
apt_private_download() {
    local dir=$TG_APT/archives
    if ! (cd "$dir" && apt_private apt-get download -q "$@") >"$TG_APT/download.log" 2>&1; then
        tail -n 8 "$TG_APT/download.log" >&2
        die "cannot download: $*" \
            "check the network and the free space of $TG_APT, and run it again; finished files are kept"
    fi
    # 'URI' FILE SIZE HASH, also for files that are there already.
    apt_private apt-get download --print-uris -qq "$@" >"$TG_APT/uris.txt" 2>/dev/null || true
    local file n=0
    while read -r _ file _; do
        [ -e "$dir/$file" ] || die "apt reported success but $file is not in $dir"
        echo "$dir/$file"
        n=$((n + 1))
    done <"$TG_APT/uris.txt"
    [ "$n" = $# ] || die "apt names $n files for $# packages: $*"
}
