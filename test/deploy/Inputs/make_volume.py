# SPDX-License-Identifier: Apache-2.0
"""Fills a folder as docs/kubernetes.md says for the volume /data, with a tiny
model, little text, and a plan for each manifest.

usage: make_volume.py BIN_DIR DATA MANIFEST..."""
import json
import os
import pathlib
import subprocess
import sys

from manifests import ROOT, Job

BIN = pathlib.Path(sys.argv[1]).resolve()
DATA = pathlib.Path(sys.argv[2])
BERT = DATA / "tensorflow/bert"
MODEL = BERT / "wwm_uncased_L-24_H-1024_A-16"
TEXT = ROOT / "test/data/text"
INPUTS = ROOT / "test/tools/bert-run/Inputs"


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True,
                          text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")


def make_model():
    MODEL.mkdir(parents=True)
    config = json.loads((INPUTS / "tiny.json").read_text())
    config.update(vocab_size=1200, max_position_embeddings=512)
    (MODEL / "bert_config.json").write_text(json.dumps(config))
    (MODEL / "vocab.txt").write_text((TEXT / "vocab.txt").read_text())


def make_records():
    run(sys.executable, INPUTS / "make_corpus.py", DATA / "corpus.txt")
    for length, predictions in ((128, 20), (512, 80)):
        out = (BERT / "books_wiki_en_corpus/tfrecord" / f"seq_len_{length}" /
               "books_wiki_en_corpus")
        out.parent.mkdir(parents=True)
        run(BIN / "bert-data", "pretrain", "--quiet", "--input-file",
            DATA / "corpus.txt", "--output-dir", out, "--vocab-file",
            MODEL / "vocab.txt", "--max-seq-length", length,
            "--max-predictions-per-seq", predictions, "--test-split", 0.3)


def make_tasks():
    run(sys.executable, INPUTS / "make_pairs.py", TEXT / "genesis.txt",
        DATA / "pairs")
    os.rename(DATA / "pairs/mrpc", BERT / "MRPC")
    (BERT / "SQuAD").mkdir()
    for kind in ("train", "dev"):
        run(sys.executable, INPUTS / "make_questions.py", kind,
            TEXT / "genesis.txt", BERT / f"SQuAD/{kind}-v1.1.json")


def make_plan(job):
    """A plan for CPUs, whatever the target: its flags are what is tried."""
    plan = DATA / job.rank[2].removeprefix("/data/")
    plan.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--batch-size", job.flag("train-batch-size"),
             "--max-seq-length", job.flag("max-seq-length"),
             "--optimizer", "lamb" if job.task == "pretrain" else "adamw"]
    if job.task == "pretrain":
        flags += ["--max-predictions-per-seq",
                  job.flag("max-predictions-per-seq")]
    run(BIN / "bertc", "compile", MODEL / "bert_config.json", "--task",
        job.task, "--mode", "train", *flags, "-o", plan)
    return plan


def main():
    make_model()
    make_records()
    make_tasks()
    plans = {path: make_plan(Job(path)) for path in sys.argv[3:]}
    first = next(plan for path, plan in plans.items() if "phase1" in path)
    run(BIN / "bert-run", "pretrain", first, "--do-train",
        "--num-train-steps", 1, "--input-files-dir",
        BERT / "books_wiki_en_corpus/tfrecord/seq_len_128/"
        "books_wiki_en_corpus/training", "--output-dir", DATA / "start")
    run(BIN / "bert-run", "convert", DATA / "start",
        MODEL / "bert_model.ckpt", "--weights-only")


main()
