"""Each lab's solution notebook, run in a process of its own: its time, and the most memory it held.

The course promises 60 s and 1.2 GB on two cores; what is printed is what was measured, here and now. Beside
another busy program the wall clock says little: the processor's seconds are printed too.
"""

import json
import subprocess
import sys
import threading

import psutil

from labkit.authoring.notebook import to_text
from labkit.authoring.project import Project
from labkit.authoring.reference import solution_without_outputs

SECONDS, BYTES = 60, 1.2e9
SAMPLE = 0.2  # seconds between two looks at the memory, where the system keeps no record of the highest

# Runs the notebook on stdin as `labkit build --reference` does. Its last line: the seconds that it took, the
# processor's seconds, and the most memory that a process started by it (the kernel) has held, both from the
# system's own record of ended children. Windows keeps no such record.
CHILD = """
import json, sys, time, nbformat
from labkit.authoring.reference import run
try:
    import resource
except ImportError:  # Windows
    resource = None
notebook = nbformat.reads(sys.stdin.read(), as_version=4)
begin = time.perf_counter()
run(notebook, sys.argv[1])
seconds = time.perf_counter() - begin
unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
used = resource.getrusage(resource.RUSAGE_CHILDREN) if resource else None
computing, peak = (used.ru_utime + used.ru_stime, used.ru_maxrss * unit) if used else (0, 0)
print(json.dumps([seconds, computing, peak]))
"""


def bench_notebooks(slugs=None, project=None):
    """Print time and memory of each lab's solution notebook.

    Returns {slug: (seconds, processor's seconds, bytes)}.
    """
    project = project or Project.here()
    measured = {}
    for slug in slugs or project.slugs():
        seconds, computing, peak = measured[slug] = measure(
            to_text(solution_without_outputs(project.lab(slug), project)), project.root
        )
        verdict = "within" if seconds < SECONDS and peak < BYTES else "OVER"
        said = f"{seconds:.0f} s ({computing:.0f} s of computing), {peak / 1e9:.2f} GB"
        print(f"{slug}: {said}, {verdict} {SECONDS} s and {BYTES / 1e9:g} GB", flush=True)
    return measured


def measure(text, root):
    """(seconds, processor's seconds, most bytes held at once) of a notebook's kernel.

    Raises RuntimeError when a cell fails.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    seen, done = [0], threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, seen, done))
    watch.start()
    said, errors = process.communicate(text)
    done.set()
    watch.join()
    if process.returncode != 0:
        raise RuntimeError(f"the notebook did not run to its end: {errors[-2000:]}")
    seconds, computing, peak = json.loads(said.splitlines()[-1])
    return seconds, computing, max(peak, *seen)


def _watch(pid, seen, done):
    """Note the memory of the process's descendants, all together, until `done`."""
    while not done.wait(SAMPLE):
        total = 0
        try:
            for child in psutil.Process(pid).children(recursive=True):
                total += child.memory_info().rss
        except psutil.Error:
            continue  # one of them has just ended
        seen.append(total)
