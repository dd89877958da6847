#!/usr/bin/env python3
"""Small sets of two sentences from a text of one sentence a line.

make_pairs.py TEXT FOLDER   writes FOLDER/{mrpc,msr,tsv}/...

A pair is two sentences; its class says whether the first names God. 83
training, 30 development and 21 test pairs, so that no batch size divides them.
"""
import csv
import os
import sys

TRAIN, DEV, TEST = 83, 30, 21
HEADER = ["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"]


def pairs(path):
    with open(path, encoding="utf-8") as f:
        lines = [line.strip() for line in f if line.strip()]
    # Cut short, so that packing has something to do.
    lines = [" ".join(line.split()[:3 + i * 7 % 12])
             for i, line in enumerate(lines)]
    for i in range(TRAIN + DEV + TEST):
        a, b = lines[i], lines[(i * 5 + 3) % len(lines)]
        yield ("1" if "God" in a else "0"), a, b


def write(path, header, rows, **style):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        writer = csv.writer(f, delimiter="\t", lineterminator="\n", **style)
        if header:
            writer.writerow(header)
        writer.writerows(rows)


def main():
    text, folder = sys.argv[1:]
    rows = list(pairs(text))
    parts = {"train": rows[:TRAIN], "dev": rows[TRAIN:TRAIN + DEV],
             "test": rows[TRAIN + DEV:]}
    plain = {"quoting": csv.QUOTE_NONE, "quotechar": None}
    for name, part in parts.items():
        mrpc = [(label, i, i, a, b) for i, (label, a, b) in enumerate(part)]
        write(f"{folder}/mrpc/{name}.tsv", HEADER, mrpc, **plain)
        if name != "dev":
            write(f"{folder}/msr/msr_paraphrase_{name}.txt", HEADER, mrpc,
                  **plain)
        names = {"0": "other", "1": "divine"}
        write(f"{folder}/tsv/{name}.tsv", ["first", "kind", "second"],
              [(a, names[label], b) for label, a, b in part],
              quoting=csv.QUOTE_ALL)


main()
