# SPDX-License-Identifier: Apache-2.0
"""Looks for the problems with packages that image.test makes, where
tools/check-image had an index to find them with.

usage: packages.py OUTPUT"""
import pathlib
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
wanted = ["package no-such-package is not in Debian's index",
          "package libleveldb1z is not in Debian's index",
          "package python3-minimal comes along",
          "is of libleveldb1d, which the image does not have"]
missing = [line for line in wanted if line not in text]
if missing and "packages: left out" not in text:
    sys.exit(f"not found: {missing}\n{text}")
