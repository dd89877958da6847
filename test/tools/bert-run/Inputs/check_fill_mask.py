# SPDX-License-Identifier: Apache-2.0
"""fill-mask against exec on the same text.
usage: check_fill_mask.py vocab FILE         writes 300 tokens
       check_fill_mask.py inputs FILE        the batch of "w1 [MASK] w2 [MASK]"
       check_fill_mask.py compare JSON LOG_PROBS"""
import json
import struct
import sys

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TOKENS = SPECIAL + [f"w{i}" for i in range(295)]
IDS = [2, TOKENS.index("w1"), 4, TOKENS.index("w2"), 4, 3]
BATCH, LENGTH, PREDICTIONS = 2, 16, 3


def save(path, tensors):
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        content = struct.pack(f"<{len(values)}i", *values)
        header[name] = {"dtype": "I32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def padded(values, width):
    return values + [0] * (width * BATCH - len(values))


kind, path = sys.argv[1:3]
if kind == "vocab":
    with open(path, "w", encoding="utf-8") as out:
        out.write("".join(token + "\n" for token in TOKENS))
elif kind == "inputs":
    shape = [BATCH, LENGTH]
    save(path, {"input_ids": (shape, padded(IDS, LENGTH)),
                "input_mask": (shape, padded([1] * len(IDS), LENGTH)),
                "segment_ids": (shape, padded([], LENGTH)),
                "masked_lm_positions": ([BATCH, PREDICTIONS],
                                        padded([2, 4], PREDICTIONS))})
else:
    with open(sys.argv[3], "rb") as source:
        size, = struct.unpack("<Q", source.read(8))
        header, data = json.loads(source.read(size)), source.read()
    info = header["masked_lm_log_probs"]
    begin, end = info["data_offsets"]
    scores = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    width = info["shape"][1]
    with open(path, encoding="utf-8") as source:
        masks = json.load(source)["texts"][0]["masks"]
    assert [mask["position"] for mask in masks] == [2, 4], masks
    for row, mask in enumerate(masks):
        log_probs = scores[row * width:(row + 1) * width]
        best = sorted(range(width), key=lambda i: (-log_probs[i], i))[:4]
        assert [word["id"] for word in mask["words"]] == best, (mask, best)
        for word in mask["words"]:
            assert word["token"] == TOKENS[word["id"]]
            difference = word["log_probability"] - log_probs[word["id"]]
            assert abs(difference) < 1e-5, difference
