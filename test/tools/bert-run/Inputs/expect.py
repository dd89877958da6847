# SPDX-License-Identifier: Apache-2.0
"""Runs a command and checks its exit code and that its output (stdout and
stderr) holds every given text.
usage: expect.py CODE TEXT... -- COMMAND..."""
import subprocess
import sys

split = sys.argv.index("--")
code, texts, command = int(sys.argv[1]), sys.argv[2:split], sys.argv[split + 1:]
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                      text=True, timeout=300, check=False)
missing = [text for text in texts if text not in done.stdout]
if done.returncode != code or missing:
    print(done.stdout)
    sys.exit(f"{command}: exit code {done.returncode}, expected {code}; "
             f"not found: {missing}")
