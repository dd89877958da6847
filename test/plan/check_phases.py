"""check_phases.py BERTC BERTC_OPT CONFIG PREFIX: dumps each phase of each model
and reads it back with bertc-opt; the text must not change."""
import itertools
import subprocess
import sys

bertc, bertc_opt, config, prefix = sys.argv[1:]
PHASES = ["import", "mask", "gradients", "optimizer", "precision", "fuse",
          "distribute", "lower", "memory"]
TASKS = {
    "pretrain": ["--max-predictions-per-seq", "3"],
    "classify": ["--num-labels", "3"],
    "squad": [],
    "encode": [],
}

failures = 0
for (task, flags), phase in itertools.product(TASKS.items(), PHASES):
    for mode in ["train", "infer"]:
        if task == "encode" and mode == "train":
            continue
        workers = ["--workers", "3"] if mode == "train" else []
        dump = f"{prefix}.{task}.{mode}.{phase}.mlir"
        subprocess.run([bertc, "compile", config, "--task", task, "--mode",
                        mode, "--batch-size", "2", "--max-seq-length", "16",
                        *flags, *workers, "--compile-to", phase, "-o", dump], check=True)
        again = subprocess.run([bertc_opt, dump], check=True,
                               capture_output=True, text=True).stdout
        with open(dump) as file:
            if file.read().strip() != again.strip():
                print(f"{task} {mode}: phase {phase} prints differently")
                failures += 1
sys.exit(1 if failures else 0)
