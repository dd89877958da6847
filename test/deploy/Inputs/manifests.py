# SPDX-License-Identifier: Apache-2.0
"""What a manifest starts: shared by the scripts beside it."""
import importlib.machinery
import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
_loader = importlib.machinery.SourceFileLoader(
    "check_manifests", str(ROOT / "tools/check-manifests"))
_spec = importlib.util.spec_from_loader("check_manifests", _loader)
check_manifests = importlib.util.module_from_spec(_spec)
_loader.exec_module(check_manifests)
yaml = check_manifests.yaml


class Job:
    """An MPIJob: `options` of mpirun, `rank` command, `environment` of the
    launcher, `ranks`, `workers`, `slots`."""

    def __init__(self, path):
        self.name = pathlib.Path(path).stem
        self.job = yaml.safe_load(pathlib.Path(path).read_text("utf-8"))
        spec = self.job["spec"]
        self.slots = spec["slotsPerWorker"]
        self.workers = spec["mpiReplicaSpecs"]["Worker"]["replicas"]
        self.ranks = self.slots * self.workers
        self.launcher, self.worker = (
            spec["mpiReplicaSpecs"][name]["template"]["spec"]["containers"][0]
            for name in ("Launcher", "Worker"))
        self.environment = check_manifests.environment(self.launcher)
        self.command = check_manifests.words(self.launcher)
        self.options, self.rank = check_manifests.split_mpirun(self.command)
        self.task = self.rank[1]

    def flag(self, name):
        return check_manifests.flag(self.rank, name)

    def shortened(self):
        """The rank's command with flags that make seconds of hours."""
        few = {"threads": 1}
        if self.task == "pretrain":
            few.update({"num-train-steps": 2, "num-warmup-steps": 1,
                        "num-accumulation-steps": 2, "max-eval-steps": 1})
        else:
            few["num-train-epochs"] = 0.3
        kept = [word for word in self.rank if word.partition("=")[0]
                .lstrip("-").replace("_", "-") not in few]
        return kept + [f"--{name}={value}" for name, value in few.items()]
