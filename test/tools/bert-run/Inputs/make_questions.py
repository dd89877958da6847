# SPDX-License-Identifier: Apache-2.0
"""Questions over real text in the JSON of SQuAD 1.1: a paragraph is one to
four verses, a question quotes the words before its answer.
usage: make_questions.py KIND TEXT OUT
kinds: train   one answer each
       dev     some with several answers, one without any
       plain   no answers at all, as in a file to be answered"""
import json
import random
import sys

kind, source, out = sys.argv[1:]
with open(source, encoding="utf-8") as text:
    verses = [line.strip() for line in text if line.strip()]
rng = random.Random({"train": 1, "dev": 2, "plain": 2}[kind])
paragraphs = []
first = 0
for index in range(16):
    last = first + 1 + index % 4
    context = " ".join(verses[first:last])
    first = last
    questions = []
    for number in range(3):
        starts = [i for i, c in enumerate(context) if c == " "]
        at = rng.randrange(4, len(starts) - 4)
        words = rng.randrange(1, 4)
        begin, end = starts[at] + 1, starts[at + words]
        quote = context[starts[at - 4] + 1:starts[at]]
        answers = [{"answer_start": begin, "text": context[begin:end]}]
        if kind == "dev" and number == 1:
            end = starts[at + words + 1]
            answers.append({"answer_start": begin, "text": context[begin:end]})
        question = {"id": f"q{index}-{number}",
                    "question": f"What comes after {quote}?"}
        if kind != "plain":
            question["answers"] = answers
        questions.append(question)
    paragraphs.append({"context": context, "qas": questions})
if kind == "dev":
    del paragraphs[1]["qas"][2]["answers"]
half = len(paragraphs) // 2
with open(out, "w", encoding="utf-8") as target:
    json.dump({"version": "1.1",
               "data": [{"title": "first", "paragraphs": paragraphs[:half]},
                        {"title": "rest", "paragraphs": paragraphs[half:]}]},
              target, indent=1)
