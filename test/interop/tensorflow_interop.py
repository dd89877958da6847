#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks our files against TensorFlow, both ways.

Not part of the test suite, because TensorFlow is large. In a scratch
environment:

    python3 -m venv scratch && scratch/bin/pip install tensorflow-cpu safetensors
    cmake --preset release && cmake --build build
    scratch/bin/python test/interop/tensorflow_interop.py build

It writes files with TensorFlow and lets bertc read them (through the helper
interop-io, test/unit/io/InteropIo.cpp), then the other way round, and compares
every value. Prints "interop: ok" at the end.
"""

import argparse
import json
import os
import subprocess
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

SEED = 20240607
RECORDS = 500


def make_variables(rng):
    """Names of the reference, every type that a checkpoint of ours can hold."""
    layer = "bert/encoder/layer_0/attention/self/query"
    return {
        "bert/embeddings/word_embeddings": rng.normal(size=(97, 24)).astype("f4"),
        layer + "/kernel": rng.normal(size=(24, 24)).astype("f4"),
        layer + "/bias": rng.normal(size=(24,)).astype("f4"),
        layer + "/kernel/adam_m": rng.normal(size=(24, 24)).astype("f4"),
        "cls/predictions/output_bias": rng.normal(size=(97,)).astype("f4"),
        "global_step": np.int64(12345),
        "bertc/run_state": rng.integers(0, 256, 100).astype(np.uint8),
        "types/f64": rng.normal(size=(3, 5)),
        "types/i32": rng.integers(-9, 9, (2, 2)).astype(np.int32),
        "types/i16": rng.integers(-9, 9, (4,)).astype(np.int16),
        "types/i8": rng.integers(-9, 9, (4,)).astype(np.int8),
        "types/bool": np.array([True, False]),
        "types/f16": rng.normal(size=(7,)).astype("f2"),
        "types/empty": np.zeros((0, 3), "f4"),
    }


def save_with_tensorflow(variables, prefix, strings):
    names = list(variables) + ["types/strings"]
    tensors = [tf.constant(v) for v in variables.values()] + [tf.constant(strings)]
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=tensors,
    )


def compare(found, expected, what):
    expected = np.asarray(expected)
    assert found.dtype == expected.dtype, (what, found.dtype, expected.dtype)
    assert found.shape == expected.shape, (what, found.shape, expected.shape)
    assert found.tobytes() == expected.tobytes(), what


def check_checkpoints(tool, folder, variables):
    """TensorFlow writes, we convert to safetensors and back, TensorFlow reads."""
    from safetensors.numpy import load_file

    strings = ["", "one", "x" * 300]
    theirs = os.path.join(folder, "theirs", "model.ckpt-7")
    os.makedirs(os.path.dirname(theirs))
    save_with_tensorflow(variables, theirs, strings)
    tool("verify", theirs)
    tool("strings", theirs, "types/strings", "\n".join(strings))

    middle = os.path.join(folder, "middle.safetensors")
    tool("convert", theirs, middle)
    loaded = load_file(middle)
    assert set(loaded) == set(variables)
    for name, value in variables.items():
        compare(loaded[name], value, "safetensors " + name)

    ours = os.path.join(folder, "ours")
    tool("save", middle, ours, "7")
    prefix = tf.train.latest_checkpoint(ours)
    assert prefix == os.path.join(ours, "model.ckpt-7"), prefix
    reader = tf.train.load_checkpoint(prefix)
    shapes = reader.get_variable_to_shape_map()
    assert set(shapes) == set(variables), set(shapes) ^ set(variables)
    for name, value in variables.items():
        compare(np.asarray(reader.get_tensor(name)), value, "checkpoint " + name)
    # A second save over the same name spreads over two data files.
    tool("save", middle, ours, "7")
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(ours))
    for name, value in variables.items():
        compare(np.asarray(reader.get_tensor(name)), value, "again " + name)


def make_example(rng):
    def ints(count, high):
        values = rng.integers(0, high, count).tolist()
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    weights = rng.normal(size=20).astype("f4").tolist()
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                "input_ids": ints(128, 30522),
                "input_mask": ints(128, 2),
                "segment_ids": ints(128, 2),
                "masked_lm_positions": ints(20, 128),
                "masked_lm_ids": ints(20, 30522),
                "masked_lm_weights": tf.train.Feature(
                    float_list=tf.train.FloatList(value=weights)
                ),
                "next_sentence_labels": ints(1, 2),
                "negative": tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[-1, -(2**63), 2**63 - 1])
                ),
                "name": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[rng.bytes(9), b""])
                ),
            }
        )
    )


def check_records(tool, folder, rng):
    """TensorFlow writes records, we re-encode each, TensorFlow reads them."""
    examples = [make_example(rng) for _ in range(RECORDS)]
    theirs = os.path.join(folder, "theirs.tfrecord")
    with tf.io.TFRecordWriter(theirs) as writer:
        for example in examples:
            writer.write(example.SerializeToString())
    ours = os.path.join(folder, "ours.tfrecord")
    tool("reencode", theirs, ours)
    count = 0
    for raw, expected in zip(tf.data.TFRecordDataset(ours), examples):
        assert tf.train.Example.FromString(raw.numpy()) == expected
        count += 1
    assert count == RECORDS, count
    # The same records framed by us are the same file.
    copied = os.path.join(folder, "copied.tfrecord")
    tool("reframe", theirs, copied)
    with open(theirs, "rb") as a, open(copied, "rb") as b:
        assert a.read() == b.read()


def check_events(tool, folder):
    """Two sessions of ours: 1..20, then continued from a checkpoint at 10.
    TensorFlow reads every event; TensorBoard, where it is installed, shows the
    second session's points from step 11 on."""
    logs = os.path.join(folder, "logs")
    tool("events", logs, "1", "20")
    tool("events", logs, "11", "15")
    counts = []
    for name in sorted(os.listdir(logs)):
        events = list(
            tf.compat.v1.train.summary_iterator(os.path.join(logs, name)))
        assert events[0].file_version == "brain.Event:2"
        assert events[1].session_log.status == tf.compat.v1.SessionLog.START
        for event in events[2:]:
            loss, session = event.summary.value
            assert (loss.tag, session.tag) == ("loss", "session")
            assert loss.simple_value == np.float32(1 / event.step)
        counts.append((events[1].step, len(events) - 2))
    assert counts == [(1, 20), (11, 5)], counts
    try:
        from tensorboard.backend.event_processing import event_accumulator
    except ImportError:
        return "not installed"
    shown = event_accumulator.EventAccumulator(logs).Reload().Scalars("session")
    expected = [(step, 1 if step < 11 else 11) for step in range(1, 16)]
    assert [(point.step, point.value) for point in shown] == expected, shown
    return "checked"


def write_golden(folder):
    """The files of test/data/io: small, and every kind of entry once."""
    os.makedirs(folder, exist_ok=True)
    ramp = np.arange(12, dtype="f4").reshape(3, 4)
    variables = {
        "bert/pooler/dense/kernel": ramp,
        "bert/pooler/dense/kernel/adam_m": -ramp,
        "global_step": np.int64(7038),
        "half": np.array([1.5, -2.0], "f2"),
    }
    save_with_tensorflow(
        variables, os.path.join(folder, "tensorflow.ckpt"), ["alpha", ""]
    )
    with tf.io.TFRecordWriter(os.path.join(folder, "tensorflow.tfrecord")) as writer:
        for count in range(3):
            feature = {
                "ids": tf.train.Feature(
                    int64_list=tf.train.Int64List(value=[-1, count, 30521])
                ),
                "weights": tf.train.Feature(
                    float_list=tf.train.FloatList(value=[0.5] * count)
                ),
                "text": tf.train.Feature(
                    bytes_list=tf.train.BytesList(value=[b"record %d" % count])
                ),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", nargs="?", help="build folder of bertc")
    parser.add_argument("--write-golden", metavar="DIR", help="only write test/data/io")
    options = parser.parse_args()
    if options.write_golden:
        write_golden(options.write_golden)
        return
    if not options.build:
        parser.error("name the build folder")
    program = os.path.join(options.build, "test-bin", "interop-io")

    def tool(*arguments):
        subprocess.run([program, *arguments], check=True)

    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        check_checkpoints(tool, folder, make_variables(rng))
        check_records(tool, folder, rng)
        tensorboard = check_events(tool, folder)
    print("interop: ok", json.dumps({"tensorflow": tf.__version__,
                                     "tensorboard": tensorboard}))


if __name__ == "__main__":
    main()
