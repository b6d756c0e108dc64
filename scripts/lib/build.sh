# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Configuring and building, for the scripts that need the program. Sourced after common.sh.

# tg_tree PRESET: sets TG_BIN to the tree that this preset is built in.
tg_tree() {
    case $1 in
    release) TG_BIN=$TG_BUILD ;;
    *) TG_BIN=$TG_BUILD/$1 ;;
    esac
}

# tg_build PRESET [TARGET...]: configures (CMakePresets.json) and builds; sets TG_BIN (tg_tree).
# On a terminal ninja's progress is shown; otherwise the output goes to build/log and is shown on failure.
tg_build() {
    local preset=$1 targets=()
    shift
    tg_tree "$preset"
    while [ $# -gt 0 ]; do
        targets+=(--target "$1")
        shift
    done
    if [ -e "$TG_BIN/CMakeCache.txt" ] && ! grep -qF "CMAKE_HOME_DIRECTORY:INTERNAL=$TG_ROOT" "$TG_BIN/CMakeCache.txt"; then
        note "$TG_BIN belongs to another clone: configuring afresh"
        rm -rf "$TG_BIN/CMakeCache.txt" "$TG_BIN/CMakeFiles"
    fi
    # CMake cannot change the compiler of a tree.
    if [ "$preset" = sanitizers ] && [ -e "$TG_BIN/CMakeCache.txt" ] &&
        ! grep -q '^CMAKE_C_COMPILER:.*clang-19$' "$TG_BIN/CMakeCache.txt"; then
        note "$TG_BIN is of another compiler: configuring afresh"
        rm -rf "$TG_BIN/CMakeCache.txt" "$TG_BIN/CMakeFiles"
    fi
    logged "configure-$preset" cmake -S "$TG_ROOT" --preset "$preset" -B "$TG_BIN"
    if [ -t 1 ]; then
        cmake --build "$TG_BIN" -j "$TG_JOBS" ${targets[@]+"${targets[@]}"} ||
            die "the build failed" "the messages above say where; 'scripts/setup build' installs what it needs"
    else
        logged "build-$preset" cmake --build "$TG_BIN" -j "$TG_JOBS" ${targets[@]+"${targets[@]}"}
    fi
    # Tests and scripts look for guests beside the program, whichever tree it is in.
    if [ "$TG_BIN" != "$TG_BUILD" ]; then
        mkdir -p "$TG_BUILD/guests"
        ln -sfn "$TG_BUILD/guests" "$TG_BIN/guests"
    fi
}
