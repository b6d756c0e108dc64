# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
cd /tmp && gcc -std=gnu17 -Wall -Werror -O2 /checks/compute.c -o compute -pthread -lm && ./compute
