"""What a Dask worker does for a grader on another machine: it marks one notebook (`mark_there`).

What comes and goes is plain data, as JSON in ASCII: half of a surrogate pair in a student's text would not
get through otherwise. The scheduler loads this module too, to know the tasks by name, so it imports little.
"""

import atexit
import json
import platform
import threading
from pathlib import Path

import labkit
from labkit.messages import LabkitError

DIFFERENT = (
    "it has {there}, and the grader that asks has {here}. Their grades might differ. Bring both to one state "
    "of the course, install it, and start the worker again."
)

_LOCK, _WARM = threading.Lock(), {}  # sandbox -> this process's warm Python


def mark_there(asked, number, seed, sandbox, expected):
    """On a worker: mark one submission.

    Returns JSON: {"reports", "notes"} as `marking.mark` has them, or {"refused"}, why this worker must not
    mark for that grader, {"failed"}, what its machine could not do, or {"fault"}, a mistake of ours. With the
    last three comes the "worker", its address.

    asked: JSON of the "submission" (`Submission.plain`) and of the lab's "statements".
    expected: the asking grader's `edition`.
    """
    try:
        if why := unfit(expected):
            said = {"refused": why}
        else:
            said = _marked(json.loads(asked), number, seed, sandbox)
    # Nothing is raised: there are tracebacks that Dask can't bring to who waits, who then waits for ever.
    except LabkitError as error:
        said = {"failed": str(error)}
    except Exception as error:
        said = {"fault": f"{type(error).__name__}: {error}"[:1000]}
    return json.dumps(said if "reports" in said else said | {"worker": address()})


def _marked(asked, number, seed, sandbox):
    from labkit.grading.grader import Grader
    from labkit.grading.marking import mark
    from labkit.grading.submissions import Submission

    try:
        python = warm(sandbox)
    except LabkitError as error:
        return {"refused": str(error)}
    grader = Grader(number, seed, python, asked["statements"])
    reports, notes = mark(Submission.read(asked["submission"]), grader)
    return {"reports": reports, "notes": notes}


def present():
    """On a scheduler: it has this module, so it will know our tasks."""
    return True


def unfit(expected, sandbox=False):
    """Why this worker must not mark for the grader with that edition, or "".

    sandbox: whether to look for one as well.
    """
    try:
        mine = edition(checkout().root)
        if mine != expected:
            return DIFFERENT.format(there=named(mine), here=named(expected))
        if sandbox:
            from labkit.grading.sandbox import require_sandbox

            require_sandbox()
    except LabkitError as error:
        return str(error)
    return ""


def edition(root):
    """What grades depend on, as plain data: the version, a digest of the rules, the Python (its syntax)."""
    from labkit.grading.classroom import rules

    python = ".".join(platform.python_version_tuple()[:2])
    return {"labkit": labkit.__version__, "rules": rules(root), "python": python}


def named(edition):
    """An edition in a few words."""
    return f"labkit {edition['labkit']}+{edition['rules'][:8]} with Python {edition['python']}"


def address():
    """This worker's, as the scheduler knows it."""
    from distributed import get_worker

    return get_worker().address


def checkout():
    """The course that this process was started in, or that its labkit was installed from."""
    from labkit.authoring.project import Project

    try:
        return Project.here()
    except LabkitError as error:
        try:
            return Project.here(Path(labkit.__file__).parent)
        except LabkitError:
            raise error from None


def warm(sandbox):
    """This process's warm Python, begun when it is first wanted. Threads share it."""
    from labkit.grading.pool import WarmPython

    with _LOCK:
        if sandbox not in _WARM:
            _WARM[sandbox] = python = WarmPython(sandbox)
            atexit.register(python.close)
        return _WARM[sandbox]
