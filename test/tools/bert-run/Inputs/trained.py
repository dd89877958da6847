# SPDX-License-Identifier: Apache-2.0
"""What a run of training leaves behind, and how it is asked to end: shared by
the scripts beside it, by the standard library only."""
import json
import math
import pathlib
import signal
import struct
import subprocess
import time


def tensors(path):
    """(type, shape, bytes) of each tensor of a safetensors file, by name."""
    content = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    data = content[8 + size:]
    return {name: (info["dtype"], info["shape"],
                   data[slice(*info["data_offsets"])])
            for name, info in sorted(header.items())}


def norm(values):
    return math.sqrt(math.fsum(x * x for x in values))


def final_state(program, output, step):
    """All tensors of a checkpoint in one deterministic file. (A save that was
    repeated after a kill may have other file names.)"""
    target = pathlib.Path(output) / "final.safetensors"
    subprocess.run([program, "convert", f"{output}/model.ckpt-{step}",
                    str(target), "--quiet"], check=True)
    content = target.read_bytes()
    assert b"bertc/run_state" in content and b"adam_v" in content
    return content


def updates(output):
    """What the log says of updates, of those that it has whole: a writer that
    was killed leaves half a line."""
    path = pathlib.Path(output) / "bert_dllog.json"
    found = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            entry = json.loads(line.removeprefix("DLLL "))
        except ValueError:
            continue
        if isinstance(entry.get("step"), int):
            found.append(entry)
    return found


def end(process):
    if process.poll() is None:
        process.kill()
        process.wait()


def terminate(arguments, output, log, seconds, end_all=end):
    """SIGTERM to mpirun in the midst of training, which must end within
    `seconds`, not with 0. The checkpoints that are there then."""
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out)
        try:
            while not updates(output):
                assert process.poll() is None, "ended before it trained"
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=seconds) != 0, "exit code 0"
        finally:
            end_all(process)
    return [path.with_suffix("") for path in
            pathlib.Path(output).glob("model.ckpt-*.index")]
