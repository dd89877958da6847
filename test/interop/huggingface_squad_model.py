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
score is not within 1e-3 of the next. Then an epoch of training without dropout,
with the same order of the data and the reference's AdamW and schedule: losses of
every update within 1e-3, and the answers of the trained models alike on 99.5% of
the questions.
"""
import json
import math
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
import pytorch_classify as loop  # noqa: E402

CONFIG = {"lower": True, "max_seq_length": 96, "doc_stride": 40,
          "max_query_length": 24, "n_best": 20, "max_answer_length": 30}
BATCH = 16
TOLERANCE = 1e-3


class Tokenizer(golden.Tokenizer):
    """golden.Tokenizer with the model's vocabulary."""

    def __init__(self, vocabulary):
        super().__init__(True)
        self.tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)


def save_model(source, folder, deviation):
    """A head with large weights gives answers that differ from each other, one
    with small weights is what training begins with."""
    torch.manual_seed(1)
    model = BertForQuestionAnswering.from_pretrained(source).eval()
    torch.nn.init.normal_(model.qa_outputs.weight, std=deviation)
    model.save_pretrained(folder)
    shutil.copy(source / "vocab.txt", folder / "vocab.txt")
    return model


def run_ours(build, work, mode, flags=()):
    plan, out = work / f"{mode}.plan", work / mode
    shutil.rmtree(out, ignore_errors=True)
    subprocess.run(
        [build / "bin/bertc", "compile", work / "model/config.json", "--task",
         "squad", "--mode", mode, "--batch-size", str(BATCH),
         "--max-seq-length", str(CONFIG["max_seq_length"]), "-o", plan,
         *(["--optimizer", "adamw"] if mode == "train" else [])],
        check=True, stderr=subprocess.DEVNULL)
    subprocess.run(
        [build / "bin/bert-run", "squad", plan, "--do_predict=True",
         f"--predict_file={work}/questions.json", f"--output_dir={out}",
         f"--init_checkpoint={work}/model", "--quiet", *flags,
         f"--vocab_file={work}/model/vocab.txt",
         f"--doc_stride={CONFIG['doc_stride']}",
         f"--max_query_length={CONFIG['max_query_length']}"], check=True)
    return (json.loads((out / "predictions.json").read_text()),
            json.loads((out / "nbest_predictions.json").read_text()))


def batch_of(features):
    """Inputs of the model, padded."""
    size = CONFIG["max_seq_length"]

    def padded(lists):
        return torch.tensor([x + [0] * (size - len(x)) for x in lists])
    return {"input_ids": padded([f.ids for f in features]),
            "attention_mask": padded([[1] * len(f.ids) for f in features]),
            "token_type_ids": padded([f.segments for f in features])}


@torch.no_grad()
def logits(model, features):
    """[feature][start or end][position], padding included."""
    out = []
    for first in range(0, len(features), BATCH):
        found = model(**batch_of(features[first:first + BATCH]))
        out += zip(found.start_logits.tolist(), found.end_logits.tolist())
    return out


def answers_of(model, data, tokenizer):
    examples, _ = golden.read_examples(data, False)
    features = golden.convert(examples, tokenizer, CONFIG, False)
    values = logits(model, features)
    golden.logit = lambda feature, which, at: values[feature][which][at]
    return golden.predict(examples, features, tokenizer, CONFIG)


def train(model, features):
    """An epoch; the loss of each update."""
    order = loop.epoch_order(len(features), loop.SEED, 0)
    steps, slots, losses = -(-len(order) // BATCH), {}, []
    named = list(model.named_parameters())
    # The loss is over padding too, so that [PAD] learns, in the reference.
    model.bert.embeddings.word_embeddings.padding_idx = None
    for step in range(steps):
        part = [features[i] for i in order[step * BATCH:(step + 1) * BATCH]]
        found = model(**batch_of(part))
        loss = sum(torch.nn.functional.cross_entropy(
            scores, torch.tensor(positions)) for scores, positions in
            ((found.start_logits, [f.start for f in part]),
             (found.end_logits, [f.end for f in part]))) / 2
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w for _, w in named], 1.0)
        loop.adamw(named, slots, loop.learning_rate(step, steps))
        losses.append(float(loss.detach()))
        print(f"\rPyTorch: update {step + 1} of {steps}", end="", flush=True)
    print()
    return losses


def compare_training(build, work, model, data, tokenizer):
    examples, _ = golden.read_examples(data, True)
    expected = train(model, golden.convert(examples, tokenizer, CONFIG, True))
    predictions, _ = run_ours(
        build, work, "train",
        ["--do_train=True", f"--train_file={work}/questions.json",
         "--num_train_epochs=1", f"--learning_rate={loop.LEARNING_RATE}",
         f"--warmup_proportion={loop.WARMUP}", "--deterministic-run",
         f"--seed={loop.SEED}", "--display_loss_steps=1"])
    lines = (work / "train/bert_dllog.json").read_text().splitlines()
    entries = [json.loads(line.removeprefix("DLLL ")) for line in lines]
    losses = [e["data"]["total_loss"] for e in entries
              if isinstance(e.get("step"), int)]
    assert len(losses) == len(expected), (len(losses), len(expected))
    worst = max(abs(a - b) for a, b in zip(losses, expected))
    theirs = answers_of(model, data, tokenizer)
    alike = sum(predictions[q] == a[0][0] for q, a in theirs.items())
    print(f"training: {len(losses)} updates, loss {losses[0]:.4f} to "
          f"{losses[-1]:.4f}, largest difference {worst:.2g}; {alike} of "
          f"{len(theirs)} answers alike")
    assert worst < 1e-3 and alike >= math.ceil(0.995 * len(theirs))


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
    model = save_model(source, work / "model", 1.0)
    data = short_words(golden.make_data())
    (work / "questions.json").write_text(json.dumps(data), encoding="utf-8")
    tokenizer = Tokenizer(str(work / "model/vocab.txt"))
    compare("answers", answers_of(model, data, tokenizer),
            *run_ours(build, work, "infer"))
    model = save_model(source, work / "model", 0.02)
    compare_training(build, work, model, data, tokenizer)


if __name__ == "__main__":
    main()
