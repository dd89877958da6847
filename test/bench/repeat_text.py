#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a large text for timing bert-data: repeats a text with changes.

Every copy has its words changed at random (one in eight is replaced by another
word of the text, one in fifty by a made-up word), so that copies differ and the
number of distinct words keeps growing as it does in real corpora.

  repeat_text.py SOURCE BYTES > big.txt
"""
import random
import sys


def changed(words, vocabulary, rng):
    for i in range(len(words)):
        draw = rng.random()
        if draw < 0.02:
            words[i] = "".join(rng.choice("abdefgiklmnorstuy")
                               for _ in range(rng.randint(3, 10)))
        elif draw < 0.145:
            words[i] = rng.choice(vocabulary)
    return " ".join(words)


def main():
    source, size = sys.argv[1], int(float(sys.argv[2]))
    lines = open(source, encoding="utf-8").read().split("\n")
    vocabulary = sorted({w for line in lines for w in line.split()})
    rng = random.Random(1)
    written = 0
    # Changing words is slow in Python; a changed copy is reused four times
    # starting at different lines.
    while written < size:
        copy = [changed(line.split(), vocabulary, rng) if line else ""
                for line in lines]
        for _ in range(4):
            start = rng.randrange(len(copy))
            text = "\n".join(copy[start:] + [""] + copy[:start]) + "\n\n"
            sys.stdout.write(text)
            written += len(text)
            if written >= size:
                break


if __name__ == "__main__":
    main()
