# SPDX-License-Identifier: Apache-2.0
"""Does with a manifest what Kubernetes and the MPI operator would do: starts its
workers and its launcher as pods made of the image, evicts a worker, stops the
launcher, kills a worker, and expects checkpoints, an end in time, and the next
launcher to go on.

usage: try_operator.py IMAGE_ROOT BUILD DATA WORK_DIR MANIFEST
       try_operator.py probe      0 when namespaces can be made"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from pods import Network, Pod, run

KILL_AFTER = "8"    # seconds between SIGTERM and SIGKILL of ranks
LIMIT = 100         # within which a launcher has to end


class Cluster:
    def __init__(self, image, data, work, job):
        self.job, self.work, self.data = job, work, data
        name = job.job["metadata"]["name"]
        self.names = [f"{name}-worker-{i}" for i in range(job.workers)]
        self.output = data / job.flag("output-dir").removeprefix("/data/")
        self.log = work / "launcher.log"
        self.prepare(image, name)
        self.net = Network()
        self.launcher = Pod("launcher", self.net.join("launcher", "10.78.0.2"),
                            image, work, data)
        self.workers = [
            Pod(name, self.net.join(f"w{i}", f"10.78.0.{10 + i}"), image, work,
                data) for i, name in enumerate(self.names)]

    def prepare(self, image, name):
        """Key, hosts and hostfile in the operator's forms."""
        (image / "var/lib/bertc/.ssh").mkdir(exist_ok=True)
        (image / "etc/mpi").mkdir(exist_ok=True)
        (image / "etc/hosts").touch()
        ssh = self.work / "ssh"
        ssh.mkdir()
        run("ssh-keygen", "-q", "-t", "ecdsa", "-b", "521", "-m", "PEM", "-N",
            "", "-C", "", "-f", ssh / "id_rsa")
        shutil.copy(ssh / "id_rsa.pub", ssh / "authorized_keys")
        for file in ssh.iterdir():
            os.chown(file, 0, 1000)
            file.chmod(0o644)
        (self.work / "mpi").mkdir()
        domain = f"{name}.default.svc"
        (self.work / "mpi/hostfile").write_text("".join(
            f"{one}.{domain} slots={self.job.slots}\n" for one in self.names))
        (self.work / "hosts").write_text(
            "127.0.0.1 localhost\n10.78.0.2 launcher\n" + "".join(
                f"10.78.0.{10 + i} {one}.{domain} {one}\n"
                for i, one in enumerate(self.names)))

    def start_worker(self, number):
        self.workers[number].start(
            self.job.worker["command"], {"K_MPI_JOB_ROLE": "worker"},
            self.work / f"worker-{number}.log")
        deadline = time.time() + 10
        while self.workers[number].execute(
                ["/bin/bash", "-c", "</dev/tcp/127.0.0.1/2222"]).returncode:
            assert time.time() < deadline, "the worker is not ready"
            time.sleep(0.2)

    def start_launcher(self, steps):
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", **self.job.environment,
            "OMPI_MCA_orte_keep_fqdn_hostnames": "true",
            "OMPI_MCA_orte_default_hostfile": "/etc/mpi/hostfile",
            "OMPI_MCA_plm_rsh_args": "-o ConnectionAttempts=10",
            "OMPI_MCA_orte_set_default_slots": str(self.job.slots),
            "OMPI_MCA_odls_base_sigkill_timeout": KILL_AFTER,
            # Variables that ranks are not given.
            "BERTC_VERBOSE": "dispatch"}
        changed = {"num-train-steps": steps, "threads": 1,
                   "num-accumulation-steps": 1, "max-eval-steps": 1,
                   "save-checkpoints-steps": 1000000,
                   "display-loss-steps": 1}
        kept = [word for word in self.job.command if word.partition("=")[0]
                .lstrip("-").replace("_", "-") not in changed]
        self.launcher.start(
            kept + [f"--{name}={value}" for name, value in changed.items()],
            environment, self.log)

    def step(self):
        """Of the newest line of the log, and of the newest checkpoint."""
        log = self.output / "bert_dllog.json"
        steps = re.findall(r'"step": ?(\d+)', log.read_text()) \
            if log.exists() else []
        saved = [int(path.stem.split("-")[1])
                 for path in self.output.glob("model.ckpt-*.index")]
        return int(steps[-1]) if steps else 0, max(saved, default=0)

    def wait_for_step(self, wanted):
        deadline = time.time() + 120
        while self.step()[0] < wanted:
            assert self.launcher.process.poll() is None, self.text()
            assert time.time() < deadline, f"no step {wanted}\n{self.text()}"
            time.sleep(0.2)

    def wait(self, limit=LIMIT):
        began = time.time()
        code = self.launcher.process.wait(timeout=limit)
        return code, time.time() - began

    def text(self):
        return self.log.read_text()[-4000:]

    def close(self):
        for pod in [self.launcher, *self.workers]:
            pod.stop()
        self.net.close()


def begin(cluster, steps, at_least):
    cluster.start_launcher(steps)
    cluster.wait_for_step(cluster.step()[1] + at_least)


def end_saved(cluster, what, before):
    code, seconds = cluster.wait()
    saved = cluster.step()[1]
    assert code and saved > before, \
        f"{what}: code {code}, checkpoint {saved}\n{cluster.text()}"
    print(f"{what}: launcher ended with {code} after {seconds:.0f} s, "
          f"checkpoint of step {saved}")
    return saved


def rank_environment(pod):
    found = pod.execute(["/bin/sh", "-c", "tr '\\0' '\\n' < "
                         "/proc/$(pgrep -x bert-run | head -n 1)/environ"])
    return found.stdout


def scenario(cluster):
    for number in range(cluster.job.workers):
        cluster.start_worker(number)
    begin(cluster, 1000000, 5)
    for number, pod in enumerate(cluster.workers):
        count = len(pod.execute(["pgrep", "-x", "bert-run"]).stdout.split())
        assert count == cluster.job.slots, f"worker {number} has {count} ranks"
    environment = rank_environment(cluster.workers[-1])
    assert "BERTC_PIN_RANKS=0" in environment, environment
    assert "BERTC_VERBOSE" not in environment, environment
    hook = cluster.workers[-1].execute(
        cluster.job.worker["lifecycle"]["preStop"]["exec"]["command"])
    assert hook.returncode == 0, hook.stderr
    saved = end_saved(cluster, "a worker is evicted", 0)

    begin(cluster, 1000000, 5)
    cluster.launcher.signal(signal.SIGTERM)
    saved = end_saved(cluster, "the launcher is stopped", saved)

    begin(cluster, 1000000, 5)
    cluster.workers[-1].stop()
    code, seconds = cluster.wait()
    assert code and cluster.step()[1] == saved, cluster.text()
    print(f"a worker is gone: launcher ended with {code} after {seconds:.0f} s")

    cluster.start_worker(cluster.job.workers - 1)
    cluster.start_launcher(saved + 7)
    code, _ = cluster.wait(120)
    assert code == 0 and cluster.step()[1] == saved + 7, cluster.text()
    print(f"a new worker, the same command: done, step {saved + 7}")


def probe():
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs",
         "tmpfs", "/mnt"], capture_output=True, check=False)
    found = all(map(shutil.which, ("ip", "nsenter", "ssh-keygen")))
    sys.exit(0 if found and os.geteuid() == 0 and done.returncode == 0 else 1)


def main():
    if sys.argv[1:] == ["probe"]:
        probe()
    from manifests import Job
    image, build, data, work = (pathlib.Path(name).resolve()
                                for name in sys.argv[1:5])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    run("cmake", "--install", build, "--component", "runtime", "--prefix",
        work / "installed")
    for path in [data, *data.rglob("*")]:
        os.chown(path, 1000, 1000)    # fsGroup
    cluster = Cluster(image, data, work, Job(sys.argv[5]))
    shutil.rmtree(cluster.output, ignore_errors=True)
    try:
        scenario(cluster)
    finally:
        cluster.close()


main()
