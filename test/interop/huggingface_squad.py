#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The algorithm of make_squad_golden.py against Hugging Face's feature builder.

  python test/interop/huggingface_squad.py   (needs transformers 4; 5 dropped it)

Prints one line a configuration and fails on any difference in ids, segments,
windows, positions, words or maximal contexts. Both get the same tokens: the
slow tokenizer that the builder wants has another Unicode version than the fast
one, whose tokens the golden values are made of. Strides are kept below the
windows: where a stride is larger, Google's builder moves on by a window, while
Hugging Face's leaves text out.
"""
import collections
import json
import pathlib
import sys

from transformers import BertTokenizer
from transformers.data.processors import squad

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "golden"))
import make_squad_golden as golden  # noqa: E402


def builder_tokenizer(lower, tokens):
    name = "vocab.txt" if lower else "vocab-cased.txt"
    tokenizer = BertTokenizer(str(golden.ROOT / "text" / name),
                              do_lower_case=lower)
    tokenizer.tokenize = lambda text, **_: list(tokens.tokenize(text))
    return tokenizer


def questions(data, training):
    for entry in data["data"]:
        for paragraph in entry["paragraphs"]:
            for qa in paragraph["qas"]:
                answer = qa["answers"][0] if training and qa["answers"] else {}
                if training == bool(answer) and paragraph["context"].strip():
                    yield qa["id"], squad.SquadExample(
                        qa["id"], qa["question"], paragraph["context"],
                        answer.get("text"), answer.get("answer_start"), "")


def as_tuple(feature, count, training):
    return (list(feature.input_ids[:count]),
            list(feature.token_type_ids[:count]), any(feature.input_ids[count:]),
            (feature.start_position, feature.end_position) if training else (),
            feature.token_to_orig_map, dict(feature.token_is_max_context))


def compare(data, config, training):
    tokens = golden.Tokenizer(config["lower"])
    squad.squad_convert_example_to_features_init(
        builder_tokenizer(config["lower"], tokens))
    examples, _ = golden.read_examples(data, training)
    ours = collections.defaultdict(list)
    for f in golden.convert(examples, tokens, config, training):
        ours[examples[f.example].qas_id].append(
            (f.ids, f.segments, False, (f.start, f.end) if training else (),
             f.to_orig, f.max_context))
    windows = different = 0
    for qid, example in questions(data, training):
        theirs = squad.squad_convert_example_to_features(
            example, config["max_seq_length"], config["doc_stride"],
            config["max_query_length"], "max_length", training)
        expected = ours[qid]
        windows += len(expected)
        different += len(theirs) != len(expected) or any(
            as_tuple(feature, len(mine[0]), training) != mine
            for feature, mine in zip(theirs, expected))
    print(f"S {config['max_seq_length']}, stride {config['doc_stride']}, "
          f"{'training' if training else 'predicting'}: {windows} windows, "
          f"{different} questions differ")
    return different


def main():
    data = json.loads((golden.ROOT / "tasks" / "squad.json").read_text())
    configs = golden.CONFIGS[:2] + [dict(golden.CONFIGS[2], doc_stride=40)]
    return int(any([compare(data, config, training)
                    for config in configs for training in (True, False)]))


if __name__ == "__main__":
    sys.exit(main())
