# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Python's own tests (libpython3.11-testsuite). What is printed is each one's name; all of it when it fails.
cd /tmp || exit 1
for t in test_hashlib test_hmac test_decimal test_math test_cmath test_float test_long test_int test_complex test_fractions test_strtod \
    test_struct test_json test_re test_random test_array test_binascii test_base64 test_zlib test_bz2 test_lzma test_pickle test_marshal \
    test_memoryview test_unicode test_bytes test_bigmem test_sort test_heapq test_bisect test_itertools test_functools test_operator \
    test_statistics test_colorsys test_datetime test_dict test_set test_list test_generators test_coroutines test_exceptions test_fork1 \
    test_mmap test_thread test_threading_local test_queue test_sqlite3 test_ctypes test_unicodedata test_audioop test_zoneinfo; do
    if python3 -B -m test -q "$t" >log 2>&1; then
        echo "$t"
    else
        echo "$t: status $?"
        busybox tail -n 60 log
        bad=1
    fi
done
exit "${bad:-0}"
