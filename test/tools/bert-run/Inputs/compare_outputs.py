# SPDX-License-Identifier: Apache-2.0
"""Compares what one command wrote with plans for two targets, by the standard
library only.
usage: compare_outputs.py runs FOLDER FOLDER TOLERANCE
         output folders of `bert-run classify` or `squad`: the losses of each
         update, evaluations, class probabilities, answers with their logits
       compare_outputs.py tensors FILE FILE TOLERANCE
         safetensors of the same names and shapes; f32 within TOLERANCE (2-norm)
       compare_outputs.py words JSON JSON TOLERANCE
         `bert-run fill-mask --json`: the same words where log-probabilities lie
         further apart than TOLERANCE
Losses and probabilities are relative, logits and logarithms absolute."""
import array
import json
import pathlib
import sys

from trained import norm, tensors, updates


def close(name, a, b, tolerance, least=1e-3):
    assert abs(a - b) <= tolerance * max(abs(a), least), (name, a, b)


def losses(folder):
    return [(entry["step"], entry["data"]["total_loss"])
            for entry in updates(folder) if "total_loss" in entry["data"]]


def compare_losses(one, other, tolerance):
    first, second = losses(one), losses(other)
    assert len(first) > 5, f"{one}: a log of {len(first)} updates"
    assert [step for step, _ in first] == [step for step, _ in second]
    for (step, a), (_, b) in zip(first, second):
        close(f"loss of update {step}", a, b, tolerance)
    spread = max(first, key=lambda x: x[1])[1] - min(
        first, key=lambda x: x[1])[1]
    assert spread > 2 * tolerance, f"losses that hardly move: {first}"
    return f"{len(first)} losses"


def compare_evaluations(one, other, tolerance):
    tables = [dict(line.split(" = ") for line in
                   (folder / "eval_results.txt").read_text().splitlines())
              for folder in (one, other)]
    assert tables[0].keys() == tables[1].keys(), tables
    for name, value in tables[0].items():
        # Roundings of bf16 decide between answers that are nearly as good.
        if tolerance > 1e-3 and "loss" not in name:
            continue
        close(name, float(value), float(tables[1][name]), tolerance)
    return f"{len(tables[0])} figures of the evaluation"


def compare_classes(one, other, tolerance):
    rows = [[[float(x) for x in line.split("\t")] for line in
             (folder / "test_results.tsv").read_text().splitlines()]
            for folder in (one, other)]
    assert len(rows[0]) == len(rows[1]) > 0
    for index, (a, b) in enumerate(zip(*rows)):
        for x, y in zip(a, b):
            close(f"example {index}", x, y, tolerance, 1.0)
    return f"{len(rows[0])} predictions"


def compare_answers(one, other, tolerance):
    lists = [json.loads((folder / "nbest_predictions.json").read_text())
             for folder in (one, other)]
    assert list(lists[0]) == list(lists[1]), "questions differ"
    for question, answers in lists[0].items():
        found = {answer["text"]: answer for answer in lists[1][question]}
        # At the end of the list, ties decide what is in it.
        for answer in answers[:len(answers) // 2]:
            mate = found.get(answer["text"])
            assert mate, (question, answer)
            for name in ("start_logit", "end_logit"):
                close(question, answer[name], mate[name], tolerance, 1.0)
    return f"answers to {len(lists[0])} questions"


def compare_runs(one, other, tolerance):
    one, other = pathlib.Path(one), pathlib.Path(other)
    done = [compare_losses(one, other, tolerance)]
    for name, compare in (("eval_results.txt", compare_evaluations),
                          ("test_results.tsv", compare_classes),
                          ("nbest_predictions.json", compare_answers)):
        assert (one / name).exists() == (other / name).exists(), name
        if (one / name).exists():
            done.append(compare(one, other, tolerance))
    print(f"{', '.join(done)} within {tolerance}")


def compare_tensors(one, other, tolerance):
    first, second = tensors(one), tensors(other)
    assert [(name, *x[:2]) for name, x in first.items()] == [
        (name, *x[:2]) for name, x in second.items()]
    worst = 0.0
    for name, (dtype, _, raw) in first.items():
        also = second[name][2]
        if dtype != "F32":
            assert raw == also, name
            continue
        a, b = array.array("f", raw), array.array("f", also)
        difference = norm(x - y for x, y in zip(a, b)) / norm(a)
        assert difference <= tolerance, (name, difference)
        worst = max(worst, difference)
    print(f"{len(first)} tensors, largest difference {worst:.2g}")


def compare_words(one, other, tolerance):
    texts = [json.loads(pathlib.Path(path).read_text())["texts"]
             for path in (one, other)]
    masks = [[mask["words"] for text in side for mask in text["masks"]]
             for side in texts]
    assert len(masks[0]) == len(masks[1]) > 0
    for words, others in zip(*masks):
        found = {word["id"]: word["log_probability"] for word in others}
        last = words[-1]["log_probability"]
        for word in words:
            value = word["log_probability"]
            if word["id"] in found:
                assert abs(value - found[word["id"]]) <= tolerance, word
            else:
                assert value - last <= 2 * tolerance, (word, others)
    print(f"{len(masks[0])} masks within {tolerance}")


{"runs": compare_runs, "tensors": compare_tensors,
 "words": compare_words}[sys.argv[1]](*sys.argv[2:4], float(sys.argv[4]))
