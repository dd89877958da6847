#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes test/data/tasks/squad-metric-golden.json (standard library only).

  python3 test/golden/make_squad_metric_golden.py

The rules of SQuAD's official evaluation, written down in Python once more, over
a pool of texts that are hard on them: every kind of white space, articles next
to accents and digits, Greek and Turkish capitals, punctuation of all scripts,
nothing at all. Each case is a whole file of predictions, chosen from the pool by
a generator of random numbers that the test has too; kept of it are a checksum of
what the script prints and, for the first ones, that text itself.
"""
import hashlib
import json
import pathlib
import random
import re
import string
import unicodedata
from collections import Counter

OUT = (pathlib.Path(__file__).resolve().parent.parent / "data" / "tasks" /
       "squad-metric-golden.json")
CASES, QUESTIONS, SHOWN = 4000, 12, 20
WORDS = """a an the A An THE The a. (the) a's an-d the_ _a a\u0301 \u00e0 the\u0308
    of Bible book day night evening and And AND Noah Noah's God 1 2 3rd 40 forty
    4.5 $5 10,000 U.S. U.S.A x\u00b2 \u2167 \u0661\u0662 a\u00b2 \u00bda
    caf\u00e9 CAF\u00c9 cafe\u0301 na\u00efve \u00c5ngstr\u00f6m \u212b \u212a
    stra\u00dfe STRASSE \u1e9e \u0130stanbul \u0130 istanbul I\u0307 \u0131
    \u039f\u0394\u039f\u03a3 \u03a3 \u03a3\u03a3 A\u03a3 a\u03a3' \u03a3a
    \u039f\u0394\u039f\u03a3\u0301 \u039f\u0394\u039f\u03a3.\u03a3 'A\u03a3'
    \u1fbf\u03a3 \u02b0\u03a3 \u0345\u03a3 \u10a0 \u13a0 \uab70 \U00010400
    \u01c5 \u01c4 \u4e2d\u6587 \u4e2d a\u4e2d \u3042 \ud55c\uad6d \u0627\u0644
    \u0938\u094d\u0924\u0947 \u0e01\u0e33 \U0001f600 a\U0001f600 \U0001f600the
    \u2019 don\u2019t don't \u201cthe\u201d \u00abthe\u00bb \u2014 a\u2014an - --
    \u3002 \uff01 \uff41 \uff21 \uff3f \u203f the\u203f a\u200d \u200bthe
    a\u00ad \ufeffa \u00b7a !?# %s ~ ` ^ | { } [the] <a>""".split()
SPACES = [" "] * 20 + ["  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x1f",
                       "\x85", "\u00a0", "\u1680", "\u2003", "\u2009", "\u2028",
                       "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\u180e",
                       ""]


def normalize_answer(s):
    s = s.lower()
    s = "".join(c for c in s if c not in set(string.punctuation))
    s = re.sub(r"\b(a|an|the)\b", " ", s)
    return " ".join(s.split())


def f1_score(prediction, truth):
    prediction = normalize_answer(prediction).split()
    truth = normalize_answer(truth).split()
    same = sum((Counter(prediction) & Counter(truth)).values())
    if same == 0:
        return 0
    precision = 1.0 * same / len(prediction)
    recall = 1.0 * same / len(truth)
    return (2 * precision * recall) / (precision + recall)


def exact_match_score(prediction, truth):
    return normalize_answer(prediction) == normalize_answer(truth)


def evaluate(questions):
    """questions: (prediction or None, gold answers)."""
    f1 = exact = total = 0
    for prediction, truths in questions:
        total += 1
        if prediction is None:
            continue
        exact += max(exact_match_score(prediction, t) for t in truths)
        f1 += max(f1_score(prediction, t) for t in truths)
    return {"exact_match": 100.0 * exact / total, "f1": 100.0 * f1 / total}


def make_pool():
    rng = random.Random(20160516)
    pool = ["", " ", "the", "a an the", "!"]
    while len(pool) < 700:
        # Few words, so that predictions and answers share some.
        words = rng.choices(WORDS, k=rng.choice((1, 1, 2, 2, 3, 4, 6)))
        text = words[0]
        for word in words[1:]:
            text += rng.choice(SPACES) + word
        pool.append(text)
    for c in range(0x80, 0x20000):
        # Every kind of character next to an article, sampled.
        if (not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) != "Cn"
                and rng.random() < 0.004):
            pool.append(f"a{chr(c)} {chr(c)}the {chr(c)}")
    return pool


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 +
                      1442695040888963407) % 2**64
        return (self.state >> 33) % bound


def case(seed, pool):
    """Half of the answers are near their prediction, so that scores vary."""
    random_ = Lcg(seed)
    questions = []
    for _ in range(QUESTIONS):
        truths = [pool[random_.below(len(pool))]
                  for _ in range(1 + random_.below(3))]
        kind = random_.below(8)
        prediction = pool[random_.below(len(pool))]
        if kind == 0:
            prediction = None
        elif kind < 3:
            prediction = truths[-1]
        elif kind < 5:
            prediction = "The " + truths[0] + ", " + prediction
        questions.append((prediction, truths))
    return questions


def main():
    pool = make_pool()
    results = [json.dumps(evaluate(case(seed, pool)))
               for seed in range(CASES)]
    golden = {
        "unicode": unicodedata.unidata_version,
        "questions": QUESTIONS,
        "pool": pool,
        "normalized": [normalize_answer(text) for text in pool],
        "shown": results[:SHOWN],
        "sha256": [hashlib.sha256(result.encode()).hexdigest()[:8]
                   for result in results],
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
