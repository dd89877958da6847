# SPDX-License-Identifier: Apache-2.0
"""Questions over real text in the JSON of SQuAD 1.1. A paragraph is one to four
lines; a question quotes the words around its answer.
usage: make_questions.py KIND TEXT OUT [PARAGRAPHS [FIRST_LINE]]
kinds: train   one answer each
       dev     some with several answers, the sixth without any
       plain   those of dev, without answers, as in a file to be answered"""
import json
import random
import sys

kind, source, out = sys.argv[1:4]
count, first = [int(x) for x in sys.argv[4:]] + [16, 0][len(sys.argv) - 4:]
with open(source, encoding="utf-8") as text:
    lines = [line.strip() for line in text if line.count(" ") > 7][first:]
rng = random.Random(1 if kind == "train" else 2)


def words(context, begin, end):
    spaces = [-1] + [i for i, c in enumerate(context) if c == " "]
    spaces.append(len(context))
    return spaces[begin] + 1, spaces[end]


def question(context, name, several):
    """Three words, the answer of one to three, three words. Of an article alone
    the official rules leave nothing."""
    listed = context.split(" ")
    while True:
        size = rng.randrange(1, 4)
        at = rng.randrange(0, len(listed) - 6 - size + 1)
        if listed[at + 3] not in ("a", "an", "the") or size > 1:
            break
    before, after = [slice(*words(context, i, i + 3)) for i in
                     (at, at + 3 + size)]
    begin, end = words(context, at + 3, at + 3 + size)
    answers = [{"answer_start": begin, "text": context[begin:end]}]
    if several:
        end = words(context, at + 3, at + 4 + size)[1]
        answers.append({"answer_start": begin, "text": context[begin:end]})
    return {"id": name, "answers": answers,
            "question": f"What stands between {context[before]} and "
                        f"{context[after]}?"}


paragraphs = []
for index in range(count):
    taken, lines = lines[:1 + index % 4], lines[1 + index % 4:]
    if not taken:
        break
    context = " ".join(taken)
    paragraphs.append({"context": context, "qas": [
        question(context, f"q{index}-{i}", kind != "train" and i == 1)
        for i in range(3)]})
for qa in (qa for p in paragraphs for qa in p["qas"]):
    if kind == "plain" or (kind == "dev" and qa["id"] == "q1-2"):
        del qa["answers"]
half = len(paragraphs) // 2
with open(out, "w", encoding="utf-8") as target:
    json.dump({"version": "1.1",
               "data": [{"title": "first", "paragraphs": paragraphs[:half]},
                        {"title": "rest", "paragraphs": paragraphs[half:]}]},
              target, indent=1)
