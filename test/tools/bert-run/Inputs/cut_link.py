# SPDX-License-Identifier: Apache-2.0
"""Two hosts made of network namespaces, one rank on each. The link between them
is cut in the midst of a run: all end in time, with the rank named; the same
command goes on from the last checkpoint, and the end is that of a run that was
not disturbed. Needs root and ip.

usage: cut_link.py BERT_RUN PLAN RECORDS WORK_DIR
       cut_link.py probe     0 when namespaces can be made"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

STEPS = 400
LIMIT = 12
NAMES = [f"bertc-{os.getpid()}-{side}" for side in "ab"]
ADDRESSES = ["10.77.13.1", "10.77.13.2"]
LINKS = [f"bl{os.getpid() % 100000}{side}" for side in "ab"]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def make():
    for name in NAMES:
        ip("netns", "add", name)
    ip("link", "add", LINKS[0], "netns", NAMES[0], "type", "veth", "peer",
       "name", LINKS[1], "netns", NAMES[1])
    for name, address, link in zip(NAMES, ADDRESSES, LINKS):
        ip("-n", name, "addr", "add", address + "/24", "dev", link)
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "link", "set", link, "up")


def remove():
    for name in NAMES:
        subprocess.run(["ip", "netns", "del", name], capture_output=True,
                       check=False)


def agent(work):
    """What mpirun calls in the place of ssh: HOST COMMAND..."""
    path = work / "agent.sh"
    path.write_text("#!/bin/sh\nshift\nexec ip netns exec "
                    f"{NAMES[1]} sh -c \"$*\"\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def training(program, plan, records, output):
    return [program, "pretrain", plan, "--do-train",
            f"--input-files-dir={records}", f"--output-dir={output}",
            f"--num-train-steps={STEPS}", "--num-warmup-steps=4",
            "--learning-rate=0.001", "--num-accumulation-steps=2",
            "--save-checkpoints-steps=10", "--threads=1", "--quiet",
            f"--collective-timeout={LIMIT}"]


def hosts(shell, *arguments):
    # mpirun itself finds out by the same silence, in 5 + 3 * 2 seconds.
    return ["ip", "netns", "exec", NAMES[0], "mpirun", "--mca",
            "plm_rsh_agent", str(shell), "--mca", "btl", "tcp,self",
            "--mca", "oob_tcp_keepalive_time", "5",
            "--mca", "oob_tcp_keepalive_intvl", "2",
            "--mca", "oob_tcp_keepalive_probes", "3",
            "--mca", "oob_tcp_if_include", "10.77.13.0/24",
            "--mca", "btl_tcp_if_include", "10.77.13.0/24",
            "--host", ",".join(ADDRESSES), "-np", "2", *arguments]


def final_state(program, output):
    target = output / "final.safetensors"
    subprocess.run([program, "convert", str(output / f"model.ckpt-{STEPS}"),
                    str(target), "--quiet"], check=True)
    return target.read_bytes()


def cut(arguments, output, log):
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=out)
        while not any(output.glob("model.ckpt-*.index")):
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
        ip("-n", NAMES[1], "link", "set", LINKS[1], "down")
        begin = time.monotonic()
        code = process.wait(timeout=120)
    seconds = time.monotonic() - begin
    text = log.read_text()
    assert code != 0, text
    assert seconds < LIMIT * 2 + 15, f"{seconds} s\n{text}"
    assert "rank 1 (" in text and "has not answered" in text, text
    assert "during '" in text or "after '" in text, text
    print(f"ended with {code}")


def main():
    if sys.argv[1] == "probe":
        try:
            make()
        finally:
            remove()
        return
    program, plan, records, work = sys.argv[1:5]
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    whole, parts = work / "whole", work / "parts"
    subprocess.run(["mpirun", "--oversubscribe", "-np", "2",
                    *training(program, plan, records, whole)], check=True)
    try:
        make()
        shell = agent(work)
        arguments = hosts(shell, *training(program, plan, records, parts))
        cut(arguments, parts, work / "log.txt")
        ip("-n", NAMES[1], "link", "set", LINKS[1], "up")
        subprocess.run(arguments, check=True)
    finally:
        remove()
    assert final_state(program, whole) == final_state(program, parts)
    print("gone on: bit-identical")


main()
