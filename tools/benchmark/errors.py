# SPDX-License-Identifier: Apache-2.0
"""Errors that end the program, with the exit codes that all programs here
have: 1 failure, 2 usage, 3 bad or missing input, 4 out of memory or disk."""
import errno


class BenchError(Exception):
    """A message for people: lower case, names what was found and expected."""

    def __init__(self, message, code=1):
        super().__init__(message)
        self.code = code


def usage_error(message):
    return BenchError(message, 2)


def input_error(message):
    return BenchError(message, 3)


def os_error(error):
    """An operating system's refusal, e.g. a full disk."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)
    name = f"{error.filename}: " if error.filename else ""
    return BenchError(f"{name}{error.strerror}", 4 if full else 1)
