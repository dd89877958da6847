# SPDX-License-Identifier: Apache-2.0
"""Copies a safetensors file with changes, by the standard library only.
usage: edit_weights.py IN OUT [drop=REGEX] [rows=NAME]
drop leaves out tensors whose name matches; rows gives one a row less."""
import json
import re
import struct
import sys

source, target, *changes = sys.argv[1:]
changes = dict(change.split("=", 1) for change in changes)
with open(source, "rb") as file:
    size, = struct.unpack("<Q", file.read(8))
    header, data = json.loads(file.read(size)), file.read()
kept, content = {}, b""
for name, info in header.items():
    if name == "__metadata__" or ("drop" in changes and
                                  re.search(changes["drop"], name)):
        continue
    begin, end = info["data_offsets"]
    if name == changes.get("rows"):
        end -= (end - begin) // info["shape"][0]
        info["shape"][0] -= 1
    kept[name] = {**info, "data_offsets": [len(content),
                                           len(content) + end - begin]}
    content += data[begin:end]
with open(target, "wb") as file:
    text = json.dumps(kept).encode()
    file.write(struct.pack("<Q", len(text)) + text + content)
