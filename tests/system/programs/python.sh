# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# python3 on numbers, texts and bytes: checks/python.py.
cd /tmp && exec python3 -B /checks/python.py
