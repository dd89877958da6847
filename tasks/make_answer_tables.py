#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes AnswerTables.cpp: what Python's str and re do to each code point.

  python3 tasks/make_answer_tables.py   (standard library only)

SQuAD's official metric is a Python script, so its rules are those of
str.lower() and of \\b in a regular expression. They are recorded from Python
itself; context matters to one letter only, the Greek sigma, for which
str.lower() wants to know which characters have case and which are skipped.
"""
import pathlib
import unicodedata

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
SIGMA, FINAL = "\u03a3", "\u03c2"


def is_word(c):
    return chr(c).isalnum()


def is_ignorable(c):
    return (("A" + chr(c) + SIGMA).lower().endswith(FINAL)
            and not (chr(c) + SIGMA).lower().endswith(FINAL))


def is_cased(c):
    return (chr(c) + SIGMA).lower().endswith(FINAL)


def ranges(holds):
    result = []
    for c in POINTS:
        if not holds(c):
            continue
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return result


def lower_runs():
    """Runs first, first + step, ..., last that all become c + delta."""
    pairs = []
    for c in POINTS:
        lower = chr(c).lower()
        if len(lower) == 1 and lower != chr(c):
            pairs.append((c, ord(lower) - c))
        elif len(lower) != 1:
            assert chr(c) == "\u0130" and lower == "i\u0307"
    runs = []
    for c, delta in pairs:
        if runs:
            run = runs[-1]
            gap = c - run[1]
            if run[3] == delta and gap <= 2 and run[2] in (0, gap):
                run[1], run[2] = c, gap
                continue
        runs.append([c, c, 0, delta])
    return [[first, last, step or 1, delta]
            for first, last, step, delta in runs]


def table(kind, name, comment, rows):
    cells = ["{" + ", ".join(hex(v) if i < 2 else str(v)
                             for i, v in enumerate(row)) + "}"
             for row in rows]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) + 2 > 80:
            lines.append(line)
            line = "   "
        line += " " + cell + ","
    lines.append(line)
    body = "\n".join(lines)
    return (f"// {comment}\nconst {kind} {name}[] = {{\n{body}\n}};\n"
            f"const size_t {name}Count = {len(rows)};\n")


def main():
    parts = [
        table("CharacterRange", "wordRanges", "str.isalnum().",
              ranges(is_word)),
        table("CharacterRange", "casedRanges",
              "Letters with case, for the sigma.", ranges(is_cased)),
        table("CharacterRange", "ignorableRanges",
              "Skipped in looking for letters with case.",
              ranges(is_ignorable)),
        table("LowerRun", "lowerRuns", "str.lower() where it is one letter.",
              lower_runs()),
    ]
    text = ("// SPDX-License-Identifier: Apache-2.0\n//\n"
            "// Written by tasks/make_answer_tables.py from Python's str, "
            f"Unicode {unicodedata.unidata_version}.\n"
            "#include \"tasks/AnswerTables.h\"\n\n"
            "namespace bertc::answer {\n\n"
            "// clang-format off\n" + "\n".join(parts) +
            "// clang-format on\n\n} // namespace bertc::answer\n")
    path = pathlib.Path(__file__).resolve().parent / "AnswerTables.cpp"
    path.write_text(text)


if __name__ == "__main__":
    main()
