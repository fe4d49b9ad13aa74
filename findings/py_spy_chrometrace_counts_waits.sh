#!/bin/sh
# py-spy record without --idle samples threads that run; its formats should agree about how long that was.  The
# chrometrace joins two samples of the same function over the wait between them, speedscope does not.
. "$(dirname "$0")/common.sh"
pypi py-spy==0.4.3
python3 - <<'PYTHON'
import json, os, subprocess, sys
from common import seen, written

folder = os.environ["FOLDER"]
program = written("program.py", '''
import time

def burn(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass

end = time.perf_counter() + 6
while time.perf_counter() < end:
    burn(0.02)
    time.sleep(0.06)
print(time.process_time())
''')

def recorded(form):
    out = os.path.join(folder, form)
    command = [folder + "/venv/bin/py-spy", "record", "--rate", "100", "--format", form, "--output", out, "--",
               sys.executable, "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    with open(out) as file:
        return json.load(file), float(next(line for line in done.stdout.splitlines() if line[:1].isdigit()))

trace, used = recorded("chrometrace")
begun, burnt = None, 0.0
for event in trace:
    if event["name"] == "burn":
        if event["ph"] == "B":
            begun = event["ts"]
        elif begun is not None:
            burnt, begun = burnt + (event["ts"] - begun) / 1e6, None
scope, used_too = recorded("speedscope")
frames = [frame["name"] for frame in scope["shared"]["frames"]]
samples = sum(
    any(frames[at] == "burn" for at in sample) for profile in scope["profiles"] for sample in profile["samples"]
)
weights = scope["profiles"][0]["weights"]
each = weights[0] if weights else 0.0
seen(f"burn: {burnt:.1f} s in the chrometrace, {samples * each:.1f} s in speedscope; the process used {used:.1f} and {used_too:.1f} s",
     burnt > 2 * used and samples * each < 1.5 * used_too)
PYTHON
