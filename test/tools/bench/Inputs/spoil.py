# SPDX-License-Identifier: Apache-2.0
"""Writes copies of a benchmark set, each with one thing wrong.
usage: spoil.py SET FOLDER"""
import copy
import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    good = json.load(file)
for case in good["cases"]:
    case["config"] = os.path.join(
        os.path.dirname(os.path.abspath(sys.argv[1])), case["config"])


def write(name, change):
    document = copy.deepcopy(good)
    change(document, document["cases"][0])
    with open(os.path.join(sys.argv[2], name + ".json"), "w",
              encoding="utf-8") as out:
        json.dump(document, out)


def first(**changes):
    return lambda document, case: case.update(changes)


write("version", lambda document, case: document.update(schema_version=2))
write("unknown-key", first(batchsize=3))
write("missing-key", lambda document, case: case.pop("batch_size"))
write("wrong-type", first(batch_size=True))
write("too-small", first(steps=0))
write("unknown-value", first(precision="f16"))
write("repeated", lambda document, case: document["cases"].append(case))
write("slash", first(name="tiny/f32"))
write("no-config", first(config="bert_huge"))
write("empty", lambda document, case: document.update(cases=[]))
