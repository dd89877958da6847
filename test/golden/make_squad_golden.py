#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes test/data/tasks/squad.json and squad-golden.json.

  python test/golden/make_squad_golden.py   (needs `tokenizers`)

The data: contexts of the committed texts and of lines that are hard on offsets
(accents, decomposed ones, CJK, emoji, repeated answers, every kind of space),
questions of their words, answers that are right, cut inside words, or wrong.

The golden values: windows, positions and predictions of the reference's
run_squad.py, whose algorithm is written down here once more, word by word and
string by string as there, over the tokens of Hugging Face's tokenizers. Logits
are made from a checksum of their place, so that the test has the same.
"""
import collections
import hashlib
import json
import pathlib
import random
import struct
import zlib

from tokenizers import BertWordPieceTokenizer, normalizers, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent / "data"
WHITESPACE = " \t\r\n\u202f"
CONFIGS = [
    {"lower": True, "max_seq_length": 384, "doc_stride": 128,
     "max_query_length": 64, "n_best": 20, "max_answer_length": 30},
    {"lower": True, "max_seq_length": 64, "doc_stride": 30,
     "max_query_length": 12, "n_best": 20, "max_answer_length": 12},
    {"lower": False, "max_seq_length": 96, "doc_stride": 200,
     "max_query_length": 24, "n_best": 5, "max_answer_length": 30},
]
HARD = [
    "Caf\u00e9 \u00c9t\u00e9 (1895\u20131943) was na\u00efve; cafe\u0301 e\u0301te\u0301 too, "
    "na\u00efve caf\u00e9 again, in Stra\u00dfe 12\u00bd, \u00c5ngstr\u00f6m's house.",
    "\u4e2d\u6587\u8a9e\u6587 is Chinese, \u65e5\u672c\u8a9e Japanese: \u6771\u4eac\u90fd2020\u5e74\u306b\u30aa\u30ea\u30f3\u30d4\u30c3\u30af, "
    "and \ud55c\uad6d\uc5b4 Korean\u3002\u3000\u5168\u89d2\u3000spaces \u4e2d\u6587 end",
    "\U0001f600 smile \U0001f468\u200d\U0001f469\u200d\U0001f467 family \U0001f1e9\U0001f1ea flag, "
    "a\U0001f600b inside. \U0001f600 again\U0001f600!",
    "no\u00a0break 10\u00a0km a\u00a0b and a\u202fb or a\u2003b and\u2028line\u2029para "
    "tab\there\r\nnew line\u3000wide\u200bzero\ufeffbom\u00adsoft end",
    "  leading  and   double  spaces \n\n and trailing   ",
    "In 1 in 1 in 1 the day the day the day, (the day) \"the day\" the-day the_day "
    "U.S. U.S.A. $4.5-million 3/4 #tag @home don't rock'n'roll 50% x^2=y~z",
    "\u0391\u03b8\u03ae\u03bd\u03b1 \u039f\u0394\u039f\u03a3 \u0130stanbul I\u0307 \u0131 \u1e9e \u0627\u0644\u0639\u0631\u0628\u064a\u0629 "
    "\u05e2\u05b4\u05d1\u05b0\u05e8\u05b4\u05d9\u05ea \u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 \u1ea4n \u0110\u1eb7ng \ufb01ne \u2167 x\u00b2",
    "control\x01char \x07 \x7f lonely \x00 words \ufffd here",
    "Supercalifragilisticexpialidocious" * 4 + " long word and " + "x" * 120 + " end",
    "one", "\u4e2d", ".", "   ", "",
]


# ---- the reference's algorithm ----

class Tokenizer:
    def __init__(self, lower):
        name = "vocab.txt" if lower else "vocab-cased.txt"
        self.tokenizer = BertWordPieceTokenizer(
            str(ROOT / "text" / name), lowercase=lower)
        self.normalize = normalizers.BertNormalizer(
            True, True, lower, lower).normalize_str
        self.split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
        self.cache = {}

    def tokenize(self, text):
        if text not in self.cache:
            self.cache[text] = self.tokenizer.encode(
                text, add_special_tokens=False).tokens
        return self.cache[text]

    def basic(self, text):
        return [word for word, _ in self.split(self.normalize(text))]

    def ids(self, tokens):
        return [self.tokenizer.token_to_id(token) for token in tokens]


Example = collections.namedtuple(
    "Example", "qas_id question doc_tokens answer start end")
Feature = collections.namedtuple(
    "Feature", "example tokens ids segments to_orig max_context start end "
    "first length")


def read_examples(data, training):
    examples, dropped = [], []
    for entry in data["data"]:
        for paragraph in entry["paragraphs"]:
            doc_tokens, char_to_word, space = [], [], True
            for c in paragraph["context"]:
                if c in WHITESPACE:
                    space = True
                else:
                    if space:
                        doc_tokens.append(c)
                    else:
                        doc_tokens[-1] += c
                    space = False
                char_to_word.append(len(doc_tokens) - 1)
            for qa in paragraph["qas"]:
                answer = start = end = None
                if training:
                    if not qa["answers"]:
                        dropped.append(qa["id"])
                        continue
                    answer = qa["answers"][0]["text"]
                    offset = qa["answers"][0]["answer_start"]
                    start = char_to_word[offset]
                    end = char_to_word[offset + len(answer) - 1]
                    actual = " ".join(doc_tokens[start:end + 1])
                    if actual.find(" ".join(answer.split())) == -1:
                        dropped.append(qa["id"])
                        continue
                examples.append(Example(qa["id"], qa["question"], doc_tokens,
                                        answer, start, end))
    return examples, dropped


def improve_answer_span(doc_tokens, first, last, tokenizer, answer):
    wanted = " ".join(tokenizer.tokenize(answer))
    for start in range(first, last + 1):
        for end in range(last, start - 1, -1):
            if " ".join(doc_tokens[start:end + 1]) == wanted:
                return start, end
    return first, last


def is_max_context(spans, current, position):
    best_score = best = None
    for index, (start, length) in enumerate(spans):
        end = start + length - 1
        if position < start or position > end:
            continue
        score = min(position - start, end - position) + 0.01 * length
        if best_score is None or score > best_score:
            best_score, best = score, index
    return current == best


def convert(examples, tokenizer, config, training):
    features = []
    for number, example in enumerate(examples):
        query = tokenizer.tokenize(example.question)
        query = query[:config["max_query_length"]]
        tok_to_orig, orig_to_tok, doc = [], [], []
        for i, word in enumerate(example.doc_tokens):
            orig_to_tok.append(len(doc))
            for piece in tokenizer.tokenize(word):
                tok_to_orig.append(i)
                doc.append(piece)
        if training:
            tok_start = orig_to_tok[example.start]
            if example.end < len(example.doc_tokens) - 1:
                tok_end = orig_to_tok[example.end + 1] - 1
            else:
                tok_end = len(doc) - 1
            tok_start, tok_end = improve_answer_span(
                doc, tok_start, tok_end, tokenizer, example.answer)
        room = config["max_seq_length"] - len(query) - 3
        spans, start = [], 0
        while start < len(doc):
            length = min(len(doc) - start, room)
            spans.append((start, length))
            if start + length == len(doc):
                break
            start += min(length, config["doc_stride"])
        for index, (start, length) in enumerate(spans):
            tokens = ["[CLS]"] + query + ["[SEP]"]
            segments = [0] * len(tokens)
            to_orig, max_context = {}, {}
            for i in range(start, start + length):
                to_orig[len(tokens)] = tok_to_orig[i]
                max_context[len(tokens)] = is_max_context(spans, index, i)
                tokens.append(doc[i])
                segments.append(1)
            tokens.append("[SEP]")
            segments.append(1)
            first = last = 0
            if (training and tok_start >= start
                    and tok_end <= start + length - 1):
                offset = len(query) + 2
                first = tok_start - start + offset
                last = tok_end - start + offset
            features.append(Feature(
                number, tokens, tokenizer.ids(tokens), segments, to_orig,
                max_context, first, last, start, length))
    return features


def final_text(pred_text, orig_text, tokenizer):
    def strip_spaces(text):
        chars, places = [], {}
        for i, c in enumerate(text):
            if c == " ":
                continue
            places[len(chars)] = i
            chars.append(c)
        return "".join(chars), places

    tok_text = " ".join(tokenizer.basic(orig_text))
    start = tok_text.find(pred_text)
    if start == -1:
        return orig_text
    end = start + len(pred_text) - 1
    orig_ns, orig_places = strip_spaces(orig_text)
    tok_ns, tok_places = strip_spaces(tok_text)
    if len(orig_ns) != len(tok_ns):
        return orig_text
    tok_numbers = {place: i for i, place in tok_places.items()}
    if start not in tok_numbers or tok_numbers[start] not in orig_places:
        return orig_text
    if end not in tok_numbers or tok_numbers[end] not in orig_places:
        return orig_text
    return orig_text[orig_places[tok_numbers[start]]:
                     orig_places[tok_numbers[end]] + 1]


def logit(feature, which, position):
    place = zlib.crc32(struct.pack("<III", feature, which, position))
    return (place % 801 - 400) / 64


def best_indexes(logits, count):
    order = sorted(enumerate(logits), key=lambda x: x[1], reverse=True)
    return [i for i, _ in order[:count]]


def predict(examples, features, tokenizer, config):
    answers = collections.OrderedDict()
    by_example = collections.defaultdict(list)
    for number, feature in enumerate(features):
        by_example[feature.example].append((number, feature))
    for index, example in enumerate(examples):
        prelim = []
        for number, feature in by_example[index]:
            starts = [logit(number, 0, i)
                      for i in range(config["max_seq_length"])]
            ends = [logit(number, 1, i)
                    for i in range(config["max_seq_length"])]
            for start in best_indexes(starts, config["n_best"]):
                for end in best_indexes(ends, config["n_best"]):
                    if start not in feature.to_orig or end not in feature.to_orig:
                        continue
                    if not feature.max_context.get(start, False):
                        continue
                    if end < start:
                        continue
                    if end - start + 1 > config["max_answer_length"]:
                        continue
                    prelim.append((feature, start, end, starts[start],
                                   ends[end]))
        prelim.sort(key=lambda x: x[3] + x[4], reverse=True)
        seen, nbest = {}, []
        for feature, start, end, start_logit, end_logit in prelim:
            if len(nbest) >= config["n_best"]:
                break
            words = example.doc_tokens[feature.to_orig[start]:
                                       feature.to_orig[end] + 1]
            text = " ".join(feature.tokens[start:end + 1])
            text = text.replace(" ##", "").replace("##", "").strip()
            text = " ".join(text.split())
            text = final_text(text, " ".join(words), tokenizer)
            if text in seen:
                continue
            seen[text] = True
            nbest.append((text, start_logit, end_logit))
        answers[example.qas_id] = nbest or [("empty", 0.0, 0.0)]
    return answers


# ---- the data ----

def make_question(rng, qid, context):
    words = context.split()
    count = rng.choice((1, 3, 8, 20))
    question = " ".join(rng.choice(words or ["empty"])
                        for _ in range(count)) + "?"
    qa = {"id": qid, "question": question, "answers": []}
    kind = rng.random()
    if not context.strip() or kind < 0.04:
        return qa
    spans = []
    for _ in range(rng.choice((1, 1, 3))):
        start = rng.randrange(len(context))
        end = min(len(context), start + rng.choice((1, 5, 12, 40)))
        if kind < 0.6:
            # Whole words.
            while start > 0 and not context[start - 1].isspace():
                start -= 1
            while end < len(context) and not context[end].isspace():
                end += 1
        text = context[start:end]
        if text.strip():
            spans.append({"answer_start": start, "text": text})
    if spans and 0.6 < kind < 0.66:
        spans[0]["text"] = spans[0]["text"][::-1]
    qa["answers"] = spans
    return qa


def make_data():
    rng = random.Random(1100)
    lines = (ROOT / "text" / "genesis.txt").read_text().split("\n")
    lines = [line for line in lines if line]
    torture = (ROOT / "text" / "torture.txt").read_bytes().decode().split("\n")
    contexts = list(HARD)
    for size in (1, 2, 4, 9, 20, 40):
        start = rng.randrange(len(lines) - size)
        contexts.append(" ".join(lines[start:start + size]))
    for start in range(0, len(torture), 12):
        contexts.append("\n".join(torture[start:start + 12])[:1500])
    paragraphs, number = [], 0
    for context in contexts:
        qas = []
        for _ in range(6):
            qas.append(make_question(rng, f"q{number:03}", context))
            number += 1
        # As in SQuAD 2.0, either may come first.
        items = [("context", context), ("qas", qas)]
        paragraphs.append(dict(items if number % 4 else items[::-1]))
    half = len(paragraphs) // 2
    return {"version": "1.1",
            "data": [{"title": "hard", "paragraphs": paragraphs[:half]},
                     {"title": "harder", "paragraphs": paragraphs[half:]}]}


def digest(values):
    text = ",".join(str(int(value)) for value in values)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def golden_case(data, config):
    tokenizer = Tokenizer(config["lower"])
    training, dropped = read_examples(data, True)
    case = {"config": config, "dropped": dropped, "training": [],
            "predicting": [], "answers": []}
    for feature in convert(training, tokenizer, config, True):
        case["training"].append(
            [training[feature.example].qas_id, feature.first, feature.length,
             feature.start, feature.end, digest(feature.ids),
             digest(feature.segments)])
    examples, _ = read_examples(data, False)
    features = convert(examples, tokenizer, config, False)
    for feature in features:
        case["predicting"].append(
            [digest(feature.ids), digest(feature.to_orig.values()),
             digest(feature.max_context.values())])
    for qid, nbest in predict(examples, features, tokenizer, config).items():
        rest = "\n".join(f"{text}\t{start}\t{end}"
                         for text, start, end in nbest)
        case["answers"].append(
            [qid, nbest[0][0], len(nbest),
             hashlib.sha256(rest.encode()).hexdigest()[:8]])
    return case


def main():
    data = make_data()
    out = ROOT / "tasks"
    out.mkdir(exist_ok=True)
    (out / "squad.json").write_text(
        json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")
    golden = [golden_case(data, config) for config in CONFIGS]
    (out / "squad-golden.json").write_text(
        json.dumps(golden, separators=(",", ":")) + "\n")
    for case in golden:
        print(len(case["training"]), "training windows,", len(case["dropped"]),
              "questions left out,", len(case["predicting"]), "windows,",
              len(case["answers"]), "answers")


if __name__ == "__main__":
    main()
