# SPDX-License-Identifier: Apache-2.0
"""Checks that summaries of `bert-run pretrain --json` have the same evaluation
of the same sequences. usage: same_evaluation.py SUMMARY SUMMARY..."""
import json
import sys

first, *others = [json.load(open(path, encoding="utf-8"))["evaluation"]
                  for path in sys.argv[1:]]
for other in others:
    assert other["sequences"] == first["sequences"], (first, other)
    assert other["examples"] == other["sequences"] > first["examples"]
    for key in ("masked_lm_accuracy", "masked_lm_loss",
                "next_sentence_accuracy", "next_sentence_loss"):
        assert abs(other[key] - first[key]) <= 1e-4 * abs(first[key]), (
            key, first, other)
