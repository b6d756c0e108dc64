# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Python's own tests of texts, containers, the interpreter, processes and threads.
exec /bin/sh /checks/python-tests.sh test_re test_bz2 test_lzma test_pickle test_marshal test_memoryview test_unicode test_bytes test_sort \
    test_heapq test_bisect test_itertools test_functools test_operator test_colorsys test_datetime test_dict test_set test_list \
    test_generators test_coroutines test_exceptions test_fork1 test_mmap test_thread test_threading_local test_queue test_ctypes \
    test_unicodedata test_audioop
