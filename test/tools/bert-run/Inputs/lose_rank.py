# SPDX-License-Identifier: Apache-2.0
"""Loses ranks of pre-training runs at random moments, by SIGKILL and SIGSTOP.
All others must end in time with the rank named and an exit code that is not 0;
the same command goes on behind the last checkpoint, and the end is that of a run
that was not disturbed. Then SIGTERM to mpirun, which must save.

Moments are drawn from what the run has come to, never from a clock alone, so
that they fall alike on machines of any speed: a while after the ranks started
(before or while they find each other), or after a checkpoint appeared (among
them the last one, when all is over but for the end).

usage: lose_rank.py BERT_RUN PLAN RECORDS WORK_DIR [KILLS STOPS [SEED]]
           [-- FLAG...]: further flags of bert-run
"""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

from trained import final_state, terminate, updates

RANKS = 3
STEPS = 16
# On a machine so busy that a rank is silent for the first without being lost, the
# next one is taken.
LIMITS = [4, 16, 64]
SLOW = re.compile("has not answered for|nothing has moved for|"
                  "have not (found each other|ended together) for")
SECONDS_TO_LEAVE = 3
LOSSES_OF_A_RUN = 3
# mpirun itself may hang when all ranks have gone: PMIx 4.2.2 can corrupt its
# list of collectives when ranks die in MPI's own start or end.
LAUNCHER_LIMIT = 20
FLAGS = []


def command(program, plan, records, output, steps=STEPS, save=2,
            leave=SECONDS_TO_LEAVE, limit=LIMITS[-1]):
    return ["mpirun", "--oversubscribe", "--mca", "odls_base_sigkill_timeout",
            str(leave), "-np", str(RANKS), program, "pretrain", plan,
            "--do-train", f"--input-files-dir={records}",
            f"--output-dir={output}", f"--num-train-steps={steps}",
            "--num-warmup-steps=4", "--learning-rate=0.01",
            "--num-accumulation-steps=2", f"--save-checkpoints-steps={save}",
            "--display-loss-steps=1", "--threads=1", "--quiet",
            f"--collective-timeout={limit}", *FLAGS]


def ranks_of(process):
    """Rank by process number of the living ranks that mpirun has started."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            # PID (NAME) STATE PARENT ...
            stat = (entry / "stat").read_text()
            name, state, parent = re.match(r"\d+ \((.*)\) (\S) (\d+)",
                                           stat).groups()
            if name != "bert-run" or int(parent) != process.pid or state in "ZX":
                continue
            environment = (entry / "environ").read_bytes().split(b"\0")
        except (OSError, AttributeError):
            continue  # not a process, or no more
        for variable in environment:
            if variable.startswith(b"OMPI_COMM_WORLD_RANK="):
                found[int(entry.name)] = int(variable.split(b"=")[1])
    return found


def appeared(output):
    """The last checkpoint whose index is there; not yet verified, maybe."""
    steps = [int(path.suffixes[0].split("-")[1])
             for path in output.glob("model.ckpt-*.index")]
    return max(steps, default=0)


def newest(output):
    """The last checkpoint that is complete: that the state names."""
    try:
        state = (output / "checkpoint").read_text()
    except FileNotFoundError:
        return 0
    return int(re.match(r'model_checkpoint_path: "model.ckpt-(\d+)"',
                        state)[1])


class Loser:
    """Loses one rank of a run at a moment of its choice."""

    def __init__(self, how, output, limit, rng):
        self.how, self.output, self.rng = how, output, rng
        # MPI's own start and end get twice the limit; then mpirun kills, which
        # takes SECONDS_TO_LEAVE. The rest is for machines with much else to do.
        self.longest = 2 * limit + SECONDS_TO_LEAVE + 45
        done = newest(output)
        later = [step for step in range(done + 2, STEPS + 1, 2)]
        # A third of them before the first checkpoint of this run.
        self.after = rng.choice(later) if later and rng.random() < 0.67 else 0
        self.pause = rng.random() * (0.06 if self.after else 0.9)
        self.victim = None
        self.launcher_hung = False

    def told(self):
        when = f"checkpoint {self.after}" if self.after else "the start"
        whom = (f"rank {self.victim[1]} (pid {self.victim[0]})" if self.victim
                else "no rank")
        return f"SIG{self.how} of {whom}, {self.pause:.3f} s after {when}"

    def wait(self, process):
        while process.poll() is None:
            if self.after and appeared(self.output) >= self.after:
                break
            if not self.after and len(ranks_of(process)) == RANKS:
                break
            time.sleep(0.001)
        time.sleep(self.pause)

    def strike(self, process):
        """Whether a rank was there to be lost."""
        ranks = ranks_of(process)
        if len(ranks) < RANKS or process.poll() is not None:
            return False
        self.victim = self.rng.choice(sorted(ranks.items()))
        try:
            os.kill(self.victim[0], getattr(signal, f"SIG{self.how}"))
        except ProcessLookupError:
            return False
        return True

    def watch(self, process):
        seconds, alone, last = 0, 0, time.monotonic()
        while process.poll() is None:
            assert seconds < self.longest, f"still there after {seconds:.0f} s"
            time.sleep(0.05)
            # Longer than a second: the machine itself slept, or all of this.
            now = time.monotonic()
            step, last = min(now - last, 1), now
            seconds += step
            ranks = list(ranks_of(process))
            alone = 0 if ranks else alone + step
            if alone > LAUNCHER_LIMIT:
                process.kill()
                process.wait()
                self.launcher_hung = True
                return seconds - alone
            if self.how == "STOP" and ranks == [self.victim[0]]:
                # The others had ended well: nobody waits for it but mpirun.
                try:
                    os.kill(self.victim[0], signal.SIGCONT)
                except ProcessLookupError:
                    pass
        return seconds

    def check_named(self, text):
        """Ours name the rank and what was being done; mpirun the rank."""
        pid, rank = self.victim
        ours = rf"rank {rank} \([^)]*pid {pid}\)"
        if re.search(rf"{ours}.*(during|after|beyond) '", text) or re.search(
                rf"(during|after) '.*{ours}", text):
            return "with the collective"
        if f"rank {rank} (pid {pid}) is stopped" in text:
            return "at the start or end"
        # In its own start and end it may say PID 0.
        if re.search(rf"noticed that process rank {rank} with PID", text):
            return "by mpirun"
        raise AssertionError("the rank is not named")


def lose(arguments, loser, log, counts):
    """Runs the command and loses one of its ranks. The exit code, and whether
    the loss ended it."""
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(arguments, stderr=out, stdout=out)
        try:
            loser.wait(process)
            if not loser.strike(process):
                return process.wait(timeout=300), False
            seconds = loser.watch(process)
        finally:
            end(process)
    if process.returncode == 0:  # it had nothing left to do
        return 0, False
    named = loser.check_named(log.read_text(encoding="utf-8"))
    counts[f"{loser.how} named {named}"] = counts.get(
        f"{loser.how} named {named}", 0) + 1
    if loser.launcher_hung:
        counts["mpirun itself hung"] = counts.get("mpirun itself hung", 0) + 1
    print(f"  {loser.told()}: ended with {process.returncode} after "
          f"{seconds:.1f} s, named {named}", flush=True)
    counts["longest"] = max(counts.get("longest", 0), seconds)
    return process.returncode, True


def end(process):
    """Whatever has gone wrong, nothing stays behind."""
    if process.poll() is None:
        for pid in ranks_of(process):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # by itself in between
        process.kill()
        process.wait()


class Trials:
    """Runs that lose ranks, until all of `hows` have happened."""

    def __init__(self, train, program, work, expected, hows, rng):
        # train(output, limit) is the command.
        self.train, self.program, self.work = train, program, work
        self.expected, self.hows, self.rng = expected, list(hows), rng
        self.limits, self.counts = list(LIMITS), {}

    def attempt(self, output, loser):
        """One start of the command. Whether it came to the end."""
        log = self.work / "log.txt"
        before, logged = newest(output), len(updates(output))
        arguments = self.train(output, self.limits[0] if loser else LIMITS[-1])
        try:
            if loser:
                code, lost = lose(arguments, loser, log, self.counts)
                self.hows = self.hows[1:] if lost else self.hows
            else:
                with open(log, "w", encoding="utf-8") as out:
                    code = subprocess.run(arguments, stdout=out, stderr=out,
                                          check=False, timeout=300).returncode
                lost = False
            assert lost or code == 0, f"exit code {code}"
        except AssertionError:
            slow = SLOW.search(log.read_text(encoding="utf-8"))
            if not loser or not slow or len(self.limits) == 1:
                raise
            self.limits.pop(0)
            print(f"  the limit is {self.limits[0]} s from now on: {slow[0]}")
            return False
        new = [entry["step"] for entry in updates(output)[logged:]]
        assert not new or new[0] == before + 1, \
            f"went on with step {new[0]}, saved was {before}"
        assert newest(output) >= before, "a checkpoint is gone"
        return code == 0

    def trial(self, number):
        output = self.work / f"trial{number}"
        for attempt in range(2 * LOSSES_OF_A_RUN + 1):
            # It is left alone in the end, however little it came on till then.
            disturbed = self.hows and attempt < 2 * LOSSES_OF_A_RUN
            loser = Loser(self.hows[0], output, self.limits[0],
                          self.rng) if disturbed else None
            try:
                if self.attempt(output, loser):
                    break
            except Exception as error:
                raise RuntimeError(
                    f"trial {number}, attempt {attempt}: "
                    f"{loser.told() if loser else 'alone'}: {error}") from error
        assert final_state(self.program, output, STEPS) == self.expected, \
            f"trial {number}: another result"
        left = [p.name for p in output.iterdir() if ".tmp-" in p.name]
        assert not left, f"trial {number}: left behind {left}"
        shutil.rmtree(output)

    def run(self):
        number = 0
        while self.hows:
            number += 1
            self.trial(number)
        for name, count in sorted(self.counts.items()):
            print(f"  {name}: {count:.1f} s" if name == "longest"
                  else f"  {name}: {count}")
        print(f"{number} runs: all bit-identical")


def stop(program, plan, records, work, leave):
    """The checkpoints of a run whose mpirun gets SIGTERM."""
    output = work / f"stopped{leave}"
    return terminate(
        command(program, plan, records, output, steps=10000000, save=10000000,
                leave=leave), output, work / "log.txt", leave + 60, end)


def run(program, plan, records, work, kills, stops, seed):
    rng = random.Random(seed)
    whole = work / "whole"
    # Nothing is lost here: how slow the machine is does not matter.
    with open(work / "log.txt", "w", encoding="utf-8") as out:
        subprocess.run(command(program, plan, records, whole),
                       check=True, stdout=out, stderr=out)
    expected = final_state(program, whole, STEPS)
    hows = ["KILL"] * kills + ["STOP"] * stops
    rng.shuffle(hows)

    def train(output, limit):
        return command(program, plan, records, output, limit=limit)

    Trials(train, program, work, expected, hows, rng).run()
    # A machine may be too busy to save within three seconds.
    saved = stop(program, plan, records, work, SECONDS_TO_LEAVE)
    if not saved:
        saved = stop(program, plan, records, work, 30)
    assert len(saved) == 1, f"SIGTERM to mpirun: {saved} were saved"
    print("SIGTERM to mpirun saved")


def main():
    if "--" in sys.argv:
        at = sys.argv.index("--")
        FLAGS.extend(sys.argv[at + 1:])
        del sys.argv[at:]
    program, plan, records, work = sys.argv[1:5]
    kills, stops = (int(a) for a in (sys.argv[5:7] or (3, 1)))
    seed = int(sys.argv[7]) if len(sys.argv) > 7 else int(time.time())
    print(f"seed {seed}", flush=True)
    work = pathlib.Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        run(program, plan, records, work, kills, stops, seed)
    except Exception as error:  # the cause comes last
        print("".join(traceback.format_tb(error.__traceback__)[-2:]),
              file=sys.stderr)
        lines = (work / "log.txt").read_text(encoding="utf-8").splitlines()
        print("\n".join(line for line in lines[-25:] if line.strip("- ")),
              file=sys.stderr)
        sys.exit(f"seed {seed}: {error}")


main()
