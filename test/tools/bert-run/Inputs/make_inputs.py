# SPDX-License-Identifier: Apache-2.0
"""Writes a safetensors file of pre-training inputs with the standard library
only. usage: make_inputs.py FILE BATCH SEQUENCE PREDICTIONS [KEY=VALUE...]
Keys: drop=NAME leaves an input out, wide=1 writes int64, rows=N another batch,
extra=1 adds a tensor that no entry takes."""
import json
import random
import struct
import sys

path, batch, sequence, predictions = sys.argv[1], *map(int, sys.argv[2:5])
options = dict(item.split("=") for item in sys.argv[5:])
batch = int(options.get("rows", batch))
rng = random.Random(1)

tensors = {
    "input_ids": ([batch, sequence], lambda i: rng.randrange(5, 200)),
    "input_mask": ([batch, sequence], lambda i: int(i % sequence < 20)),
    "segment_ids": ([batch, sequence], lambda i: int(i % sequence > 9)),
    "masked_lm_positions": ([batch, predictions], lambda i: i % 20),
    "masked_lm_ids": ([batch, predictions], lambda i: rng.randrange(5, 200)),
    "masked_lm_weights": ([batch, predictions], lambda i: 1.0),
    "next_sentence_labels": ([batch], lambda i: i % 2),
}
if "extra" in options:
    tensors["surplus"] = ([1], lambda i: 0)
for name in options.get("drop", "").split(","):
    tensors.pop(name, None)

header, data = {}, b""
for name, (shape, value) in tensors.items():
    count = 1
    for dim in shape:
        count *= dim
    values = [value(i) for i in range(count)]
    kind, code = ("F32", "f") if isinstance(values[0], float) else ("I32", "i")
    if kind == "I32" and "wide" in options:
        kind, code = "I64", "q"
    content = struct.pack(f"<{count}{code}", *values)
    header[name] = {"dtype": kind, "shape": shape,
                    "data_offsets": [len(data), len(data) + len(content)]}
    data += content
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(path, "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data)
