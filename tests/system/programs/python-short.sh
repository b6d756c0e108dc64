# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
cd /tmp && exec python3 -B /checks/python.py hashes floats integers bytes_and_packing databases processes
