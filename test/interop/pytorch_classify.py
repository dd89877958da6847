#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bert-run classify against the same loop in PyTorch with Hugging Face's model
and tokenizer: losses of every update and predictions after one epoch.

  tools/kjv-text > kjv.txt
  python test/interop/pytorch_classify.py BUILD/bin MODEL kjv.txt WORK
      [--pairs 3210] [--tests 1000] [--batch 32] [--length 64] [--packed K]

(needs torch, transformers, safetensors). MODEL is a Hugging Face folder, e.g.
of all-MiniLM-L6-v2. A pair is a verse and the one behind it, of the New
Testament (class 1) or the Old one, both short enough not to be cut, as Hugging
Face cuts texts of equal length otherwise than the reference. No dropout, the same order of the data, the
reference's AdamW and schedule. Fails when a loss of an update differs by more
than 1e-3 or fewer than 99.5% of the predictions agree. With --packed only the
predictions of the trained model are compared, since updates hold other
sequences.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess

import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel, BertTokenizerFast

SEED, MASK64 = 12345, (1 << 64) - 1
LEARNING_RATE, WARMUP = 5e-5, 0.1
OLD_TESTAMENT = 929  # chapters


def mix(x):
    x = (x + 0x9e3779b97f4a7c15) & MASK64
    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & MASK64
    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & MASK64
    return x ^ (x >> 31)


def epoch_order(size, seed, epoch):
    """run/EpochOrder.cpp."""
    half = 1
    while half < 31 and (1 << (2 * half)) < size:
        half += 1
    mask = (1 << half) - 1
    state, keys = mix(seed) ^ mix(epoch + 0x6c62272e07bb0142), []
    for _ in range(8):
        state = mix(state)
        keys.append(state)

    def at(value):
        while True:
            left, right = value >> half, value & mask
            for key in keys:
                left, right = right, left ^ (mix(right ^ key) & mask)
            value = (left << half) | right
            if value < size:
                return value
    return [at(i) for i in range(size)]


def make_pairs(path, count, seed):
    rng = random.Random(seed)
    text = pathlib.Path(path).read_text(encoding="utf-8")
    chapters = [c.strip().split("\n") for c in text.split("\n\n") if c.strip()]
    chapters = [[v for v in c if len(v.split()) <= 20] for c in chapters]
    chapters = chapters[:OLD_TESTAMENT], chapters[OLD_TESTAMENT:]
    rows = []
    while len(rows) < count:
        label = rng.randrange(2)
        chapter = rng.choice(chapters[label])
        if len(chapter) > 1:
            at = rng.randrange(len(chapter) - 1)
            rows.append((label, chapter[at], chapter[at + 1]))
    return rows


def write_tsv(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        f.write("label\tfirst\tsecond\n")
        f.writelines(f"{label}\t{a}\t{b}\n" for label, a, b in rows)


def make_model(source, target):
    """A copy of the folder with a new classifier in it."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "vocab.txt"):
        shutil.copy(source / name, target / name)
    weights = {k.removeprefix("bert."): v
               for k, v in load_file(source / "model.safetensors").items()
               if "position_ids" not in k}
    torch.manual_seed(1)
    hidden = weights["pooler.dense.weight"].shape[0]
    weights["classifier.weight"] = 0.02 * torch.randn(2, hidden)
    weights["classifier.bias"] = torch.zeros(2)
    save_file({k: v.contiguous() for k, v in weights.items()},
              target / "model.safetensors", {"format": "pt"})


class Classifier(torch.nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.bert = BertModel.from_pretrained(folder)
        weights = load_file(folder / "model.safetensors")
        self.classifier = torch.nn.Linear(*weights["classifier.weight"].T.shape)
        self.classifier.weight.data.copy_(weights["classifier.weight"])
        self.classifier.bias.data.copy_(weights["classifier.bias"])

    def forward(self, batch):
        return self.classifier(self.bert(**batch).pooler_output)


def encode(tokenizer, rows, length):
    return tokenizer([r[1] for r in rows], [r[2] for r in rows],
                     truncation="longest_first", max_length=length,
                     padding="max_length", return_tensors="pt")


def pick(batch, rows):
    return {k: v[rows] for k, v in batch.items()}


def learning_rate(step, steps):
    warmup = int(steps * WARMUP)
    if step < warmup:
        return LEARNING_RATE * step / warmup
    return LEARNING_RATE / (1 - warmup / steps) * (1 - step / steps)


@torch.no_grad()
def adamw(named, slots, rate):
    """docs/numerics.md: no bias correction, decay not for norms and biases."""
    for name, w in named:
        m, v = slots.setdefault(name, (torch.zeros_like(w),
                                       torch.zeros_like(w)))
        m.mul_(0.9).add_(w.grad, alpha=0.1)
        v.mul_(0.999).addcmul_(w.grad, w.grad, value=0.001)
        decay = 0.0 if "LayerNorm" in name or "bias" in name else 0.01
        w -= rate * (m * torch.rsqrt(v + 1e-12) + decay * w)


def train(model, batch, labels, size):
    order = epoch_order(len(labels), SEED, 0)
    steps, slots, losses = -(-len(order) // size), {}, []
    named = list(model.named_parameters())
    for step in range(steps):
        rows = torch.tensor(order[step * size:(step + 1) * size])
        loss = torch.nn.functional.cross_entropy(
            model(pick(batch, rows)), labels[rows])
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w for _, w in named], 1.0)
        adamw(named, slots, learning_rate(step, steps))
        losses.append(float(loss.detach()))
        print(f"\rPyTorch: update {step + 1} of {steps}, loss {losses[-1]:.4f}",
              end="", flush=True)
    print()
    return losses


@torch.no_grad()
def predict(model, batch, size=64):
    parts = [model(pick(batch, slice(i, i + size)))
             for i in range(0, len(batch["input_ids"]), size)]
    return torch.softmax(torch.cat(parts), -1)


def run_bertc(args, model, work):
    plan, output = work / "classify.plan", work / "run"
    shutil.rmtree(output, ignore_errors=True)
    packed = ["--packed", args.packed] if args.packed else []
    compiled = [args.bin / "bertc", "compile", model / "config.json", "--task",
                "classify", "--num-labels", 2, "--batch-size", args.batch,
                "--max-seq-length", args.length, "--optimizer", "adamw",
                "-o", plan, *packed]
    subprocess.run([str(x) for x in compiled], check=True,
                   stdout=subprocess.DEVNULL)
    command = [args.bin / "bert-run", "classify", plan, "--task_name=tsv",
               f"--data_dir={work}", "--text-columns=first,second",
               "--label-column=label", f"--vocab_file={model}/vocab.txt",
               f"--init_checkpoint={model}", f"--output_dir={output}",
               "--do_train=True", "--do_eval=True", "--do_predict=True",
               "--num_train_epochs=1", f"--learning_rate={LEARNING_RATE}",
               f"--warmup_proportion={WARMUP}", "--deterministic-run",
               f"--seed={SEED}", "--display_loss_steps=1", "--quiet", "--json"]
    done = subprocess.run([str(x) for x in command], check=True,
                          stdout=subprocess.PIPE)
    losses = []
    for line in (output / "bert_dllog.json").read_text().splitlines():
        entry = json.loads(line.removeprefix("DLLL "))
        if isinstance(entry.get("step"), int):
            losses.append(entry["data"]["total_loss"])
    rows = (output / "test_results.tsv").read_text().splitlines()
    probabilities = torch.tensor([[float(x) for x in row.split("\t")]
                                  for row in rows])
    return losses, probabilities, json.loads(done.stdout), output


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=3210)
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--packed", type=int, default=0)
    return parser.parse_args()


def trained_model(folder, output):
    """The checkpoint of bert-run in PyTorch."""
    converted = folder / "trained.safetensors"
    subprocess.run([str(ARGS.bin / "bert-run"), "convert", str(output),
                    str(converted), "--hf-names", "--weights-only", "--quiet"],
                   check=True)
    model = Classifier(folder / "start")
    weights = load_file(converted)
    missing, _ = model.load_state_dict(weights, strict=False)
    assert not [x for x in missing if "position_ids" not in x], missing
    return model


def main():
    args = ARGS
    args.work.mkdir(parents=True, exist_ok=True)
    rows = make_pairs(args.text, args.pairs + args.tests, 7)
    parts = {"train": rows[:args.pairs], "test": rows[args.pairs:]}
    for name, part in (*parts.items(), ("dev", parts["test"])):
        write_tsv(args.work / f"{name}.tsv", part)
    start = args.work / "start"
    make_model(args.model, start)
    ours, ours_p, summary, output = run_bertc(args, start, args.work)
    accuracy = summary["evaluation"]["eval_accuracy"]

    tokenizer = BertTokenizerFast(str(start / "vocab.txt"), do_lower_case=True)
    test = encode(tokenizer, parts["test"], args.length)
    if args.packed:
        model = trained_model(args.work, output)
    else:
        model = Classifier(start)
        batch = encode(tokenizer, parts["train"], args.length)
        labels = torch.tensor([r[0] for r in parts["train"]])
        theirs = train(model, batch, labels, args.batch)
        assert len(ours) == len(theirs), (len(ours), len(theirs))
        worst = max(abs(a - b) for a, b in zip(ours, theirs))
        print(f"{len(ours)} updates, loss {ours[0]:.4f} to {ours[-1]:.4f}; "
              f"largest difference of a loss {worst:.2e}")
        assert worst <= 1e-3, "losses differ"
    theirs_p = predict(model, test)
    agree = (ours_p.argmax(-1) == theirs_p.argmax(-1)).double().mean().item()
    right = torch.tensor([r[0] for r in parts["test"]])
    print(f"{args.tests} predictions: {100 * agree:.2f}% agree, largest difference "
          f"of a probability {(ours_p - theirs_p).abs().max():.2e}; accuracy "
          f"{accuracy:.4f}, PyTorch's "
          f"{(theirs_p.argmax(-1) == right).double().mean():.4f}")
    assert agree >= 0.995, "predictions differ"


if __name__ == "__main__":
    ARGS = parse()
    main()
