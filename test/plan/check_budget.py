"""check_budget.py SECONDS MEGABYTES COMMAND...: fails when the command fails,
uses more processor time (not wall time, which others share), or more resident
memory."""
import resource
import subprocess
import sys

seconds, megabytes = float(sys.argv[1]), float(sys.argv[2])
subprocess.run(sys.argv[3:], check=True, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
time, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
print(f"{time:.2f} s, {memory:.0f} MB")
if time > seconds or memory > megabytes:
    sys.exit(f"expected at most {seconds} s and {megabytes} MB")
