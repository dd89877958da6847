#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes test/data/text/tokenizer-golden.json from Hugging Face's tokenizers.

  python test/golden/make_tokenizer_golden.py   (needs `tokenizers`)

Two kinds of golden values:
- ids of every line of genesis.txt and torture.txt, uncased and cased, with
  special tokens matched and words of at most 100 characters, as that package
  does;
- normalised words of every code point in several contexts, for the four
  combinations of lower case and accent stripping, as a hash for each block of
  4096 code points. Ids follow from words, so this covers any vocabulary.
"""
import hashlib
import json
import pathlib

import tokenizers
from tokenizers import BertWordPieceTokenizer, normalizers, pre_tokenizers

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "text"
BLOCK = 4096
# One line a code point; each place tests another neighbourhood.
CONTEXT = ("{0} a{0}b A{0}\u0301{0}\u00c9 x\u0323{0}\u0302\U0001D165{0}\u1b44 "
           "{0}.{0}{0} \u4e2d{0}\u302e\u05b0Z")
SPLIT = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def block_hashes(lower, strip):
    normalize = normalizers.BertNormalizer(True, True, strip,
                                           lower).normalize_str
    hashes = []
    for first in range(0, 0x110000, BLOCK):
        digest = hashlib.sha256()
        for c in range(first, first + BLOCK):
            if 0xD800 <= c < 0xE000:
                continue
            line = CONTEXT.replace("{0}", chr(c))
            words = [word for word, _ in SPLIT(normalize(line))]
            digest.update(("\x1f".join(words) + "\n").encode())
        hashes.append(digest.hexdigest()[:16])
    return hashes


def ids(lower):
    name = "vocab.txt" if lower else "vocab-cased.txt"
    tokenizer = BertWordPieceTokenizer(str(FOLDER / name), lowercase=lower)
    result = {}
    for file in ("genesis.txt", "torture.txt"):
        text = (FOLDER / file).read_bytes().decode("utf-8")
        lines = text.split("\n")[:-1]
        result[file] = [e.ids for e in tokenizer.encode_batch(
            lines, add_special_tokens=False)]
    return result


def main():
    golden = {
        "made_by": f"tokenizers {tokenizers.__version__}",
        "context": CONTEXT,
        "block": BLOCK,
        "words": [{"lower": lower, "strip": strip,
                   "hashes": block_hashes(lower, strip)}
                  for lower in (False, True) for strip in (False, True)],
        "uncased": ids(True),
        "cased": ids(False),
    }
    out = FOLDER / "tokenizer-golden.json"
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
