# SPDX-License-Identifier: Apache-2.0
"""Training on hosts with a slow link between them: the weights are those of as
many ranks on one host, bit for bit, and the time of an update grows by what the
gradients take on such a link. A plan compiled for as many workers, which sends
buckets while it computes, has the same weights on both, too.

usage: slow_link.py BERT_RUN PLAN RECORDS WORK_DIR PLAN_SUMMARY.json HOSTS
                    MBIT_A_SECOND MILLISECONDS WORKERS_PLAN"""
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

from hosts import Hosts, SlowLink
from trained import final_state, updates

STEPS = 12
# What headers, the way to full speed and a busy machine may add.
LONGEST = 2.0
LISTEN = """import socket
server = socket.create_server(("", 7777))
peer = server.accept()[0]
while peer.recv(1 << 20): pass
peer.sendall(b"!")"""
SEND = """import socket, sys, time
peer = socket.create_connection((sys.argv[1], 7777))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
begin = time.monotonic()
peer.sendall(bytes(int(sys.argv[2])))
peer.shutdown(socket.SHUT_WR)
peer.recv(1)
print(time.monotonic() - begin)"""


def seconds_to_send(hosts, size):
    server = subprocess.Popen(
        hosts.enter("b", sys.executable, "-c", LISTEN))
    for _ in range(100):
        done = subprocess.run(
            hosts.enter("a", sys.executable, "-c", SEND, hosts.addresses[1],
                        str(size)), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            server.wait()
            return float(done.stdout)
    raise AssertionError(done.stderr)


def train(program, plan, records, work, hosts, ranks, name, *flags):
    """Seconds of an update, and the weights at the end."""
    output, log = work / name, work / "log.txt"
    with open(log, "w", encoding="utf-8") as out:
        done = subprocess.run(
            hosts.mpirun(
                work, ranks, program, "pretrain", plan, "--do-train",
                f"--input-files-dir={records}", f"--output-dir={output}",
                f"--num-train-steps={STEPS}", "--num-warmup-steps=2",
                "--learning-rate=0.001", "--threads=1", "--quiet",
                "--display-loss-steps=1", "--deterministic-run", *flags),
            stdout=out, stderr=out, check=False, timeout=600)
    assert done.returncode == 0, log.read_text(encoding="utf-8")[-3000:]
    times = [float(entry["elapsedtime"]) for entry in updates(output)]
    # Behind the first few, in which connections are made and find their speed.
    steps = [b - a for a, b in zip(times[3:], times[4:])]
    return statistics.median(steps), final_state(program, output, STEPS)


def train_early(work, name, *arguments):
    """The weights of a plan for several workers; nothing is clipped, so that what
    was sent early counts."""
    seconds, weights = train(*arguments, name, "--json",
                             "--num-accumulation-steps=4")
    found = re.search(r'"allreduce_repeats": (\d+)',
                      (work / "log.txt").read_text(encoding="utf-8"))
    assert found and found[1] == "0", found
    print(f"  {name}: {seconds * 1e3:.1f} ms an update")
    return weights


def main():
    program, plan, records, work, summary = sys.argv[1:6]
    count, rate, delay = int(sys.argv[6]), *map(float, sys.argv[7:9])
    early_plan = sys.argv[9]
    rate, delay = rate * 1e6, delay * 1e-3
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with open(summary, encoding="utf-8") as f:
        parameters = json.load(f)["model"]["num_parameters"]

    with Hosts(count) as hosts:
        fast, expected = train(program, plan, records, work, hosts, 1, "fast")
    print(f"{parameters} parameters, {count} hosts; link between namespaces: "
          f"{fast * 1e3:.1f} ms an update")
    with Hosts(count) as hosts:
        early = train_early(work, "early-fast", program, early_plan, records,
                            work, hosts, 1)
    with SlowLink(count, rate, delay) as hosts:
        size = 8 << 20
        seconds = seconds_to_send(hosts, size)
        print(f"link of {rate / 1e6:g} Mbit/s, {delay * 1e3:g} ms each way: "
              f"{size / 1e6:.1f} MB in {seconds:.2f} s")
        assert seconds > size * 8 / rate, "the link is not slow"
        for wire, width in (("f32", 4), ("bf16", 2)):
            # The ring's bytes, 2 (N - 1) steps of the delay, and the exchange
            # of counts: two messages after each other.
            bound = (2 * (count - 1) / count * parameters * width * 8 / rate +
                     (2 * (count - 1) + 2) * delay)
            for attempt in range(3):  # others may have had the machine
                slow, found = train(program, plan, records, work, hosts, 1,
                                    f"{wire}{attempt}",
                                    "--allreduce-precision", wire)
                assert wire != "f32" or found == expected, "other weights"
                if slow < fast * 3 + bound * LONGEST:
                    break
            print(f"  {wire}: {slow * 1e3:.1f} ms an update, of which the link "
                  f"{(slow - fast) * 1e3:.1f}; at least {bound * 1e3:.1f} by "
                  "rate and delay")
            assert bound * 0.97 < slow < fast * 3 + bound * LONGEST, "throughput"
        assert early == train_early(work, "early-slow", program, early_plan,
                                    records, work, hosts, 1), "early weights"
    print("the same weights")


main()
