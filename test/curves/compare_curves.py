#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains one model twice on the same batches and compares the losses.

Same text (the King James Bible unless --text), vocabulary, records, seed,
dropout and schedule; only precision and target of the plans differ: f32, bf16,
or either with a target behind it. Prints a table, writes every step's losses
as CSV and both curves as SVG, and fails when the mean gap is not below
--limit. Needs a build and Python without packages:

    test/curves/compare_curves.py --work WORK                  # f32, bf16
    test/curves/compare_curves.py --work WORK --dropout 0 --limit 1e-4 \\
        --second f32-gaudi2 --synapse-library \\
        build/lib/libbertc-synapse-stand-in.so

The gap of a step is |second - first| / first of its total loss, before the
update of that step. Targets draw dropout from generators of their own: with
dropout two targets agree as two seeds do.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("--first", default="f32", metavar="PRECISION[-TARGET]")
    p.add_argument("--second", default="bf16", metavar="PRECISION[-TARGET]")
    p.add_argument("--synapse-library", help="of a Gaudi target")
    p.add_argument("--work", required=True, help="folder for everything made")
    p.add_argument("--text", help="default: tools/kjv-text")
    p.add_argument("--config", default=str(ROOT / "models/configs/bert_demo.json"))
    p.add_argument("--dropout", type=float, help="instead of the config's")
    p.add_argument("--steps", type=int, default=300)
    p.add_argument("--warmup", type=int, default=30)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--length", type=int, default=64)
    p.add_argument("--predictions", type=int, default=10)
    p.add_argument("--optimizer", default="lamb")
    p.add_argument("--learning-rate", default="4e-3")
    p.add_argument("--seed", default="1")
    p.add_argument("--limit", type=float, default=0.01)
    p.add_argument("--csv")
    p.add_argument("--svg")
    return p.parse_args()


def run(*command):
    print("$", *command, file=sys.stderr, flush=True)
    subprocess.run([str(c) for c in command], check=True,
                   stdout=subprocess.DEVNULL)


def records(a, bin_dir, work, vocab_size):
    text = pathlib.Path(a.text) if a.text else work / "text.txt"
    if not text.exists():
        made = subprocess.run([ROOT / "tools/kjv-text"], check=True,
                              stdout=subprocess.PIPE)
        text.write_bytes(made.stdout)
    vocab, folder = work / "vocab.txt", work / f"records-{a.length}"
    if not vocab.exists():
        run(bin_dir / "bert-data", "vocab", "--input", text, "--vocab-size",
            vocab_size, "--output-file", vocab)
    if not folder.exists():
        run(bin_dir / "bert-data", "pretrain", "--input-file", text,
            "--vocab-file", vocab, "--output-dir", folder, "--max-seq-length",
            a.length, "--max-predictions-per-seq", a.predictions)
    training = folder / "training"
    return training if training.exists() else folder


def train(a, bin_dir, work, config, variant, folder):
    precision, _, target = variant.partition("-")
    plan, log = work / f"{variant}.plan", work / f"{variant}.dllog"
    run(bin_dir / "bertc", "compile", config, "--task", "pretrain",
        "--batch-size", a.batch, "--max-seq-length", a.length,
        "--max-predictions-per-seq", a.predictions, "--optimizer", a.optimizer,
        "--precision", precision, "--target", target or "cpu", "-o", plan)
    out = work / f"run-{variant}"
    subprocess.run(["rm", "-rf", str(out)], check=True)
    run(bin_dir / "bert-run", "pretrain", plan, "--input-files-dir", folder,
        "--output-dir", out, "--do-train", "--num-train-steps", a.steps,
        "--num-warmup-steps", a.warmup, "--learning-rate", a.learning_rate,
        "--save-checkpoints-steps", 10 * a.steps, "--display-loss-steps", 1,
        "--seed", a.seed, "--dllog-path", log,
        *(["--synapse-library", a.synapse_library]
          if target and a.synapse_library else []))
    losses = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line.removeprefix("DLLL "))
        if isinstance(entry.get("step"), int) and "total_loss" in entry["data"]:
            losses[entry["step"]] = entry["data"]["total_loss"]
    return losses


def smooth(values, width=9):
    half = width // 2
    return [sum(values[max(0, i - half):i + half + 1]) /
            len(values[max(0, i - half):i + half + 1])
            for i in range(len(values))]


def svg(steps, curves, title, path):
    width, height, left, top, right, bottom = 720, 400, 56, 40, 16, 44
    low = min(min(c) for _, _, c in curves)
    high = max(max(c) for _, _, c in curves)
    low, high = int(low), int(high) + 1

    def x(step):
        span = max(1, steps[-1] - steps[0])
        return left + (step - steps[0]) / span * (width - left - right)

    def y(loss):
        return top + (high - loss) / (high - low) * (height - top - bottom)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
             f'height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="#ffffff"/>',
             f'<text x="{left}" y="20" font-size="14">{title}</text>']
    for loss in range(low, high + 1):
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y(loss):.1f}" '
                     f'y2="{y(loss):.1f}" stroke="#dddddd"/>'
                     f'<text x="{left - 8}" y="{y(loss) + 4:.1f}" '
                     f'text-anchor="end">{loss}</text>')
    for step in range(0, steps[-1] + 1, max(1, steps[-1] // 6)):
        if step >= steps[0]:
            parts.append(f'<text x="{x(step):.1f}" y="{height - bottom + 18}" '
                         f'text-anchor="middle">{step}</text>')
    parts.append(f'<text x="{(left + width - right) / 2:.0f}" y="{height - 8}" '
                 'text-anchor="middle">update</text>')
    for i, (name, style, values) in enumerate(curves):
        points = " ".join(f"{x(s):.1f},{y(v):.2f}"
                          for s, v in zip(steps, values))
        parts.append(f'<polyline points="{points}" fill="none" {style}/>')
        row = top + 16 + 18 * i
        parts.append(f'<line x1="{width - 190}" x2="{width - 160}" y1="{row}" '
                     f'y2="{row}" {style}/><text x="{width - 152}" '
                     f'y="{row + 4}">{name}</text>')
    parts.append("</svg>\n")
    pathlib.Path(path).write_text("\n".join(parts))


def main():
    a = arguments()
    work = pathlib.Path(a.work)
    work.mkdir(parents=True, exist_ok=True)
    bin_dir = pathlib.Path(a.build) / "bin"
    config = json.loads(pathlib.Path(a.config).read_text())
    if a.dropout is not None:
        config["hidden_dropout_prob"] = a.dropout
        config["attention_probs_dropout_prob"] = a.dropout
    config["max_position_embeddings"] = max(
        a.length, config["max_position_embeddings"])
    (work / "config.json").write_text(json.dumps(config))
    folder = records(a, bin_dir, work, config["vocab_size"])
    first, second = (train(a, bin_dir, work, work / "config.json", v, folder)
                     for v in (a.first, a.second))
    steps = sorted(set(first) & set(second))
    if len(steps) < a.steps:
        sys.exit(f"only {len(steps)} of {a.steps} steps are in both logs")
    gaps = [abs(second[s] - first[s]) / first[s] for s in steps]
    if a.csv:
        rows = [f"{s},{first[s]:.6f},{second[s]:.6f}" for s in steps]
        pathlib.Path(a.csv).write_text("\n".join(
            [f"step,{a.first},{a.second}"] + rows) + "\n")
    print(f"{'updates':>12} {a.first:>11} {a.second:>11} {'mean gap':>9} {'largest':>9}")
    for i in range(0, len(steps), 50):
        part, g = steps[i:i + 50], gaps[i:i + 50]
        print(f"{part[0]:>5} to {part[-1]:>3} "
              f"{sum(first[s] for s in part) / len(part):>11.4f} "
              f"{sum(second[s] for s in part) / len(part):>11.4f} "
              f"{sum(g) / len(g):>9.3%} {max(g):>9.3%}")
    mean = sum(gaps) / len(gaps)
    print(f"all {len(steps)}: mean gap {mean:.4%}, largest {max(gaps):.4%}")
    if a.svg:
        f, b = ([c[s] for s in steps] for c in (first, second))
        svg(steps, [(a.first, 'stroke="#1f5fbf" stroke-width="2.5"', smooth(f)),
                    (a.second, 'stroke="#d9480f" stroke-width="1.5" '
                     'stroke-dasharray="5 4"', smooth(b))],
            f"total loss, {config['num_hidden_layers']} layers of "
            f"{config['hidden_size']}, mean of 9 updates; mean gap {mean:.3%}",
            a.svg)
    sys.exit(0 if mean < a.limit else 1)


if __name__ == "__main__":
    main()
