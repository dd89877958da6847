# SPDX-License-Identifier: Apache-2.0
"""Weights for and checks of `bert-run squad`, by the standard library only.
usage: check_squad.py weights INSPECT.json OUT.safetensors
         large random weights, so that answers differ from each other
       check_squad.py log FOLDER SUMMARY.json
         dllog lines of training and evaluation, falling loss
       check_squad.py same FOLDER FOLDER TOLERANCE [any]
         both nbest_predictions.json list the same answers, in the same order
         where their probabilities differ, with logits within TOLERANCE; unless
         any, most answers are not alike
       check_squad.py scores DATA FOLDER [SUMMARY.json]
         eval_results.txt (and the summary) against the official rules"""
import array
import collections
import json
import math
import random
import re
import string
import struct
import sys


def weights(inspected, out):
    rng = random.Random(5)
    with open(inspected, encoding="utf-8") as source:
        variables = json.load(source)["variables"]
    header, body = {}, b""
    for variable in variables:
        if variable["role"] != "Weight":
            continue
        shape, name = variable["shape"], variable["name"]
        mean = 1.0 if name.endswith("gamma") else 0.0
        size = 3.0 if "cls/squad" in name else 0.2
        data = array.array("f", (rng.gauss(mean, size)
                                 for _ in range(math.prod(shape)))).tobytes()
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(out, "wb") as target:
        target.write(struct.pack("<Q", len(text)) + text + body)


def load(folder, name):
    with open(f"{folder}/{name}.json", encoding="utf-8") as source:
        return json.load(source)


def same(one, other, tolerance, alike=None):
    tolerance = float(tolerance)
    ours, theirs = (load(x, "nbest_predictions") for x in (one, other))
    assert list(ours) == list(theirs), "questions differ"
    for question, answers in ours.items():
        expected = {a["text"]: a for a in theirs[question]}
        best = answers[0]["probability"]
        for answer in answers:
            if best - answer["probability"] > 0.9 * best:
                break  # at the end of the list ties decide what is in it
            known = expected[answer["text"]]
            for key in ("start_logit", "end_logit"):
                error = abs(answer[key] - known[key])
                assert error <= tolerance, (question, answer, known)
    first, second = (load(x, "predictions") for x in (one, other))
    differ = [q for q in first if first[q] != second[q]]
    assert len(differ) <= (0 if tolerance < 0.01 else len(first) // 10), differ
    assert first == {q: a[0]["text"] for q, a in ours.items()}
    print(f"{len(first)} questions, {len(differ)} answers differ, "
          f"{len(set(first.values()))} distinct")
    assert alike or len(set(first.values())) > len(first) // 2


def normalise(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(prediction, gold):
    ours, theirs = normalise(prediction).split(), normalise(gold).split()
    common = sum((collections.Counter(ours) &
                  collections.Counter(theirs)).values())
    return 2.0 * common / (len(ours) + len(theirs)) if common else 0.0


def scores(data, folder, summary=None):
    predictions = load(folder, "predictions")
    with open(data, encoding="utf-8") as source:
        articles = json.load(source)["data"]
    exact = overlap = total = 0
    for question in (q for a in articles for p in a["paragraphs"]
                     for q in p["qas"] if q.get("answers")):
        ours = predictions[question["id"]]
        golds = [a["text"] for a in question["answers"]]
        exact += max(normalise(ours) == normalise(g) for g in golds)
        overlap += max(f1(ours, g) for g in golds)
        total += 1
    with open(f"{folder}/eval_results.txt", encoding="utf-8") as source:
        found = dict(line.strip().split(" = ") for line in source)
    assert int(found["questions"]) == total, (found, total)
    found = {"exact_match": float(found["exact_match"]),
             "f1": float(found["f1"])}
    if summary:
        with open(summary, encoding="utf-8") as source:
            document = json.load(source)
        assert document["schema"] == "bertc.squad"
        for key, value in found.items():
            assert document["evaluation"][key] == value
    for key, value in (("exact_match", exact), ("f1", overlap)):
        assert abs(found[key] - 100.0 * value / total) < 1e-9, (key, found)
    print(found, "of", total)


def log(folder, summary):
    with open(f"{folder}/bert_dllog.json", encoding="utf-8") as source:
        lines = [json.loads(line.removeprefix("DLLL ")) for line in source]
    with open(summary, encoding="utf-8") as source:
        document = json.load(source)
    steps = [line for line in lines if isinstance(line.get("step"), int)]
    assert steps[-1]["step"] == document["global_step"] > 15, steps[-1]
    losses = [line["data"]["avg_loss_step"] for line in steps]
    assert losses[-1] < losses[0] - 0.2, losses
    last = lines[-1]["data"]
    for key in ("exact_match", "f1"):
        assert last[key] == document["evaluation"][key], last
    print(losses)


commands = {"weights": weights, "scores": scores, "same": same, "log": log}
commands[sys.argv[1]](*sys.argv[2:])
