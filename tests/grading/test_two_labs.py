"""Several labs in one run: what they share is not used by two threads at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from labkit.grading.grader import Grader


def test_models_are_loaded_by_one_thread_at_a_time_whichever_lab_asks():
    """Transformers leaves out weights when two threads load a model at once."""
    inside, most = [], []

    def cases(seed):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return []

    graders = [Grader(number, seed=1, python=None) for number in ("01", "02")]
    tasks = [replace(next(iter(grader.tasks.values())), cases=cases) for grader in graders]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda pair: pair[0].expectation(pair[1]), zip(graders, tasks, strict=True)))
    assert len(made) == 2 and most == [1, 1]
