# SPDX-License-Identifier: Apache-2.0
"""Writes a vocabulary of COUNT tokens, as vocab.txt or as tokenizer.json by
the name. usage: make_vocabulary.py FILE COUNT"""
import json
import sys

path, count = sys.argv[1], int(sys.argv[2])
tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
tokens += [f"w{i}" for i in range(count - len(tokens))]
with open(path, "w", encoding="utf-8") as out:
    if path.endswith(".json"):
        words = {token: i for i, token in reversed(list(enumerate(tokens)))}
        json.dump({"model": {"type": "WordPiece", "vocab": words}}, out)
    else:
        out.write("".join(token + "\n" for token in tokens))
