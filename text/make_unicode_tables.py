#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes text/UnicodeTables.cpp.

The tokenizer promises the ids of Hugging Face's BERT tokenizer. That one's
Unicode data is of several versions at once (general categories of Unicode 8,
canonical decompositions of 9, lower-casing and white space of whatever Rust
built it), so no Unicode library gives the same answers. This script asks the
tokenizers package itself, code point by code point, and writes down what it
said; bertc then depends on no Unicode library at all.

Run with a Python that has `tokenizers` (0.23.3 made the committed file):
  python text/make_unicode_tables.py > text/UnicodeTables.cpp
"""
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers


def normalizer(clean=False, cjk=False, strip=False, lower=False):
    return normalizers.BertNormalizer(clean, cjk, strip, lower).normalize_str


CLEAN = normalizer(clean=True)
CJK = normalizer(cjk=True)
STRIP = normalizer(strip=True)
LOWER = normalizer(lower=True)
NFD = normalizers.NFD().normalize_str
SPLIT = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic


def ranges(values):
    """Runs (first, last, value) of equal values in a dict by code point."""
    runs = []
    for c in sorted(values):
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == values[c]:
            runs[-1][1] = c
        else:
            runs.append([c, c, values[c]])
    return runs


def combining_classes():
    """Canonical combining classes, in relative order, as NFD sorts by them.

    The class of c is the highest known class that does not sort behind c.
    """
    marks = {}
    for c in CODE_POINTS:
        k = unicodedata.combining(chr(c))
        if k and NFD(chr(c)) == chr(c):
            marks.setdefault(k, chr(c))
    classes = {}
    for c in CODE_POINTS:
        s = chr(c)
        if s == marks[240]:
            classes[c] = 240
        elif NFD(s) == s and NFD(marks[240] + s)[0] == s:
            above = [k for k in marks
                     if marks[k] != s and NFD(marks[k] + s)[0] == s]
            below = [k for k in marks if k < min(above)]
            classes[c] = max(below, default=1)
    return classes


def emit_ranges(name, comment, runs):
    emit_list("CodePointRange", name, comment,
              ["{%d,%d,%d}," % tuple(run) for run in runs])


def emit_mapping(name, comment, mapping):
    """Arithmetic runs, single pairs, and what maps to several."""
    single = {c: ord(t) for c, t in mapping.items() if len(t) == 1}
    several = {c: t for c, t in mapping.items() if len(t) > 1}
    runs = []
    while single:
        runs.append(longest_run(single))
        for i in range(runs[-1][1]):
            del single[runs[-1][0] + i * runs[-1][2]]
    emit_list("CodePointRun", name + "Runs", comment + ", in runs.",
              ["{0x%x,%d,%d,0x%x,%d}," % r for r in runs if r[1] > 2])
    pairs = []
    for first, count, step, to, to_step in runs:
        if count <= 2:
            pairs += [(first + i * step, to + i * to_step)
                      for i in range(count)]
    emit_list("CodePointPair", name + "Pairs", comment + ", single.",
              ["{%d,%d}," % pair for pair in sorted(pairs)])
    emit_list("CodePointString", name + "Strings", comment + ", several.",
              ["{0x%x,{%s}}," % (c, ",".join("0x%x" % ord(x) for x in t))
               for c, t in sorted(several.items())])


def longest_run(single):
    """(first, count, step, to, to_step) starting at the lowest key."""
    first = min(single)
    best = (first, 1, 1, single[first], 0)
    for step in (1, 2):
        for to_step in (0, 1, 2):
            count = 1
            while single.get(first + count * step) == (single[first] +
                                                       count * to_step):
                count += 1
            if count > best[1]:
                best = (first, count, step, single[first], to_step)
    return best


def emit_list(kind, name, comment, items):
    print(f"\n// {comment}")
    print(f"const {kind} {name}[] = {{")
    emit(items)
    print("};")
    print(f"const size_t {name}Count = {len(items)};")


def emit(items):
    line = "   "
    for item in items:
        if len(line) + 1 + len(item) > 80:
            print(line)
            line = "   "
        line += " " + item
    if line.strip():
        print(line)


def main():
    clean, cjk, punctuation, stripped, mapped, lower = {}, {}, {}, {}, {}, {}
    classes = combining_classes()
    for c in CODE_POINTS:
        s = chr(c)
        cleaned = CLEAN("a" + s + "a")[1:-1]
        if cleaned != s or s == " ":
            assert cleaned in ("", " "), hex(c)
            clean[c] = 1 if cleaned == " " else 0
            continue
        if CJK(s) != s:
            cjk[c] = 0
        pieces = SPLIT("a" + s + "a")
        assert len(pieces) in (1, 3), hex(c)
        if len(pieces) == 3:
            punctuation[c] = 0
        bare = STRIP(s)
        if bare == "":
            stripped[c] = 1 if classes.get(ord(NFD(s)[0]), 0) == 0 else 0
        elif bare != s and c not in HANGUL:
            assert len(bare) <= 3
            mapped[c] = bare
        low = LOWER(s)
        if low != s:
            assert c not in classes and len(low) <= 2
            lower[c] = low
        if len(bare) > 1:
            assert all(len(SPLIT("a" + b + "a")) == 1 for b in bare)
    survivors = {c: k for c, k in classes.items()
                 if STRIP(chr(c)) != "" and c not in clean}

    print("// SPDX-License-Identifier: Apache-2.0")
    print("//")
    print("// Generated by text/make_unicode_tables.py from tokenizers "
          f"{tokenizers.__version__}; do not edit.")
    print("// clang-format off")
    print('#include "text/UnicodeTables.h"')
    print("\nnamespace bertc {")
    emit_ranges("cleanRanges", "Removed (0) or turned into a space (1).",
                ranges(clean))
    emit_ranges("cjkRanges", "Set apart as words of one character.",
                ranges(cjk))
    emit_ranges("punctuationRanges", "Split off as words of one character.",
                ranges(punctuation))
    emit_ranges("accentRanges",
                "Removed by accent stripping: starters (1), others (0).",
                ranges(stripped))
    emit_ranges("combiningClassRanges",
                "Combining classes of characters that accent stripping keeps.",
                ranges(survivors))
    emit_mapping("decomposition", "Decompositions without accents", mapped)
    emit_mapping("lower", "Lower case", lower)
    print("\n} // namespace bertc")


if __name__ == "__main__":
    main()
