"""`make bench`: what should stay fast, as ratios within one run, so that any machine can be compared.

First every lab's solution notebook, with its seconds and memory. Then the ratios: each pair is measured in
turns, and the ratio of the medians is printed: another program running beside it then slows both down alike.
"""

import statistics
import subprocess
import sys
import time

import torch

from tests.bench.against_trainer import bench_against_trainer
from tests.bench.features import bench_features
from tests.bench.grading import bench_grading
from tests.bench.mutants import main as bench_mutants
from tests.bench.notebooks import bench_notebooks
from tests.bench.pretraining import bench_bfloat16, bench_memory

STARTS = 5


def import_seconds(statement):
    """Wall-clock time of a fresh Python that runs one statement."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - begin


def bench_import():
    """`import labkit` against starting Python at all, and against `import torch`."""
    statements = ("pass", "import labkit", "import torch")
    times = {statement: [] for statement in statements}
    for _ in range(STARTS):
        for statement in statements:
            times[statement].append(import_seconds(statement))
    bare, ours, torch_alone = (statistics.median(times[statement]) for statement in statements)
    print(f"import labkit: {ours * 1000:.0f} ms, {ours / bare:.2f} x an empty Python, ", end="")
    print(f"{ours / torch_alone:.3f} x import torch")


if __name__ == "__main__":
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    bench_notebooks()
    bench_import()
    bench_mutants([])
    bench_grading(nbval_on=int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    for kind in ("encoder", "decoder"):
        bench_bfloat16(kind)
        bench_against_trainer(kind)
        bench_memory(kind)
        bench_features(kind)
