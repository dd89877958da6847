# SPDX-License-Identifier: Apache-2.0
"""Writes a small made-up text: one sentence a line, a blank line between
documents. Words follow each other with strong preferences, so that there is
something to learn."""
import random
import sys

random.seed(3)
subjects = "the king|a shepherd|the old river|my neighbour|the ship".split("|")
verbs = "sees|follows|remembers|carries|waits for".split("|")
objects = "the mountain|bread and salt|seven stars|a quiet house".split("|")
with open(sys.argv[1], "w", encoding="utf-8") as out:
    for _ in range(40):
        subject = random.choice(subjects)
        for _ in range(random.randint(4, 9)):
            verb = random.randrange(len(verbs))
            thing = objects[verb % len(objects)]
            out.write(f"{subject} {verbs[verb]} {thing} .\n")
        out.write("\n")
