"""exit_code.py CODE COMMAND...: fails unless the command ends with CODE."""
import subprocess
import sys

found = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL).returncode
if found != int(sys.argv[1]):
    sys.exit(f"exit code {found}, expected {sys.argv[1]}")
