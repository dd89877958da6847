#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`bert-run squad` against Hugging Face's BertForQuestionAnswering in PyTorch.

  python test/interop/huggingface_squad_model.py BUILD_DIR MODEL_FOLDER WORK

Needs torch, transformers and tokenizers. MODEL_FOLDER is any BERT of Hugging
Face's (config.json, vocab.txt, model.safetensors); it gets a random head and is
saved to WORK/model, which `bert-run squad` reads as it is. Windows, n-best and
texts of the other side are those of make_squad_golden.py, the reference's
algorithm over the tokens of Hugging Face's tokenizers, with PyTorch's logits.
Fails when a logit differs by more than 1e-3, or an answer differs although its
score is not within 1e-3 of the next.
"""
import json
import pathlib
import shutil
import subprocess
import sys

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertForQuestionAnswering

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "golden"))
import make_squad_golden as golden  # noqa: E402

CONFIG = {"lower": True, "max_seq_length": 96, "doc_stride": 40,
          "max_query_length": 24, "n_best": 20, "max_answer_length": 30}
BATCH = 16
TOLERANCE = 1e-3


class Tokenizer(golden.Tokenizer):
    """golden.Tokenizer with the model's vocabulary."""

    def __init__(self, vocabulary):
        super().__init__(True)
        self.tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)


def save_model(source, folder):
    torch.manual_seed(1)
    model = BertForQuestionAnswering.from_pretrained(source).eval()
    torch.nn.init.normal_(model.qa_outputs.weight, std=1.0)
    model.save_pretrained(folder)
    shutil.copy(source / "vocab.txt", folder / "vocab.txt")
    return model


def run_ours(build, work, flags):
    plan = work / f"squad{''.join(flags)}.plan"
    subprocess.run(
        [build / "bin/bertc", "compile", work / "model/config.json", "--task",
         "squad", "--mode", "infer", "--batch-size", str(BATCH),
         "--max-seq-length", str(CONFIG["max_seq_length"]), *flags, "-o", plan],
        check=True, stderr=subprocess.DEVNULL)
    out = work / "out"
    subprocess.run(
        [build / "bin/bert-run", "squad", plan, "--do_predict=True",
         f"--predict_file={work}/questions.json", f"--output_dir={out}",
         f"--init_checkpoint={work}/model",
         f"--vocab_file={work}/model/vocab.txt",
         f"--doc_stride={CONFIG['doc_stride']}",
         f"--max_query_length={CONFIG['max_query_length']}"], check=True)
    return (json.loads((out / "predictions.json").read_text()),
            json.loads((out / "nbest_predictions.json").read_text()))


@torch.no_grad()
def logits(model, features):
    """[feature][start or end][position], padding included."""
    size, out = CONFIG["max_seq_length"], []
    for first in range(0, len(features), BATCH):
        part = features[first:first + BATCH]

        def padded(lists):
            return torch.tensor([x + [0] * (size - len(x)) for x in lists])
        found = model(padded([f.ids for f in part]),
                      padded([[1] * len(f.ids) for f in part]),
                      padded([f.segments for f in part]))
        out += zip(found.start_logits.tolist(), found.end_logits.tolist())
    return out


def compare(name, expected, predictions, nbest):
    assert list(expected) == list(predictions), "other questions"
    worst, ties = 0.0, 0
    for qid, answers in expected.items():
        scores = [a[1] + a[2] for a in answers]
        found = nbest[qid]
        for (text, start, end), ours in zip(answers, found):
            error = max(abs(start - ours["start_logit"]),
                        abs(end - ours["end_logit"]))
            if text != ours["text"]:
                # Two spans that score alike may stand in either order.
                score = ours["start_logit"] + ours["end_logit"]
                assert abs(score - start - end) < 2 * TOLERANCE, (qid, answers)
                ties += 1
                continue
            worst = max(worst, error)
        clear = len(scores) == 1 or scores[0] - scores[1] > TOLERANCE
        assert not clear or predictions[qid] == answers[0][0], qid
    assert worst < TOLERANCE, worst
    print(f"{name}: {len(expected)} questions, largest difference of a logit "
          f"{worst:.2g}, {ties} n-best places that tie")


def short_words(data):
    """Without words of over 100 characters: those are [UNK] in Hugging Face,
    words of up to 200 characters are not in the reference."""
    for entry in data["data"]:
        entry["paragraphs"] = [
            p for p in entry["paragraphs"]
            if all(len(word) <= 100 for text in
                   [p["context"], *(q["question"] for q in p["qas"])]
                   for word in text.split())]
    return data


def main():
    build, source, work = map(pathlib.Path, sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    model = save_model(source, work / "model")
    data = short_words(golden.make_data())
    (work / "questions.json").write_text(json.dumps(data), encoding="utf-8")
    tokenizer = Tokenizer(str(work / "model/vocab.txt"))
    examples, _ = golden.read_examples(data, False)
    features = golden.convert(examples, tokenizer, CONFIG, False)
    values = logits(model, features)
    golden.logit = lambda feature, which, at: values[feature][which][at]
    expected = golden.predict(examples, features, tokenizer, CONFIG)
    compare("unpacked", expected, *run_ours(build, work, []))


if __name__ == "__main__":
    main()
