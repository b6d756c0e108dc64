# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Python's own tests (libpython3.11-testsuite) of what computes with numbers.
exec /bin/sh /checks/python-tests.sh test_hashlib test_hmac test_decimal test_math test_cmath test_float test_long test_int test_complex \
    test_fractions test_strtod test_struct test_json test_random test_array test_binascii test_base64 test_zlib test_statistics
