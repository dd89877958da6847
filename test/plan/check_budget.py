"""check_budget.py SECONDS MEGABYTES COMMAND...: fails when the command fails,
uses more processor time (not wall time, which others share), or more resident
memory. Processor time too is longer on a machine that has much else to do, so
the best of three runs counts."""
import os
import subprocess
import sys

seconds, megabytes = float(sys.argv[1]), float(sys.argv[2])
times = []
while len(times) < 3 and (not times or min(times) > seconds):
    process = subprocess.Popen(sys.argv[3:], stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"exit code {os.waitstatus_to_exitcode(status)}")
    times.append(used.ru_utime + used.ru_stime)
    memory = used.ru_maxrss / 1000
    print(f"{times[-1]:.2f} s, {memory:.0f} MB")
    if memory > megabytes:
        sys.exit(f"expected at most {megabytes} MB")
if min(times) > seconds:
    sys.exit(f"expected at most {seconds} s")
