#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Small safetensors files for lit tests, with the standard library only.
#   tensors.py write OUT x:F32:2x2=1,2,3,4 i:I32:=7
#   tensors.py show IN          prints "x F32 [2, 2] 1.0 2.0 3.0 4.0" lines
import json
import struct
import sys

FORMATS = {"F32": "f", "F64": "d", "I32": "i", "I64": "q"}


def write(path, specs):
    header, data = {}, b""
    for spec in specs:
        name, dtype, rest = spec.split(":")
        dims, values = rest.split("=")
        shape = [int(d) for d in dims.split("x") if d]
        kind = float if dtype.startswith("F") else int
        numbers = [kind(v) for v in values.split(",")]
        raw = struct.pack(f"<{len(numbers)}{FORMATS[dtype]}", *numbers)
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def show(path):
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    for name in sorted(header):
        if name == "__metadata__":
            continue
        entry = header[name]
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        code = FORMATS[entry["dtype"]]
        count = (end - begin) // struct.calcsize(code)
        values = struct.unpack(f"<{count}{code}", content[begin:end])
        print(name, entry["dtype"], entry["shape"], *values)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3:])
    else:
        show(sys.argv[2])
