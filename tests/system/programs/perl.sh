# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
cd /tmp && exec perl /checks/perl.pl
