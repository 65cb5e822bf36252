"""What is wrong with a lab's exercise package, labkit/exercises/labNN: every fault with its place."""

import ast
import functools
import traceback
from pathlib import Path
from types import ModuleType

from labkit.exercises.engine import check
from labkit.exercises.exercise import Exercise, Misconception, Property
from labkit.exercises.forms import NotMeant
from labkit.exercises.limits import Capture, OutOfTime, time_limit
from labkit.exercises.quiz import Question
from labkit.exercises.values import fresh
from labkit.messages import LabkitError

TEXTS = ("TITLE", "SLUG", "BUILDS")  # what __init__.py says of the lab, beside EXERCISES and QUESTIONS
SECONDS_FOR_A_MISTAKE = 1.0  # of the process's own time, for all cases


class Package:
    """A lab's folder of exercises, read without being imported.

    root: the checkout.  number: the lab's.
    """

    def __init__(self, root, number):
        self.root, self.number = root, number
        self.folder = root / "labkit" / "exercises" / f"lab{number}"

    @functools.cached_property
    def trees(self):
        """{path: syntax tree} of the modules that are Python; `broken` says what is wrong with the others."""
        self.broken, trees = [], {}
        for path in sorted(self.folder.glob("*.py")):
            if path.name.startswith(".") or not path.is_file():  # an editor's lock, a link to nowhere
                continue
            try:
                trees[path] = ast.parse(path.read_text(encoding="utf-8"))
            except SyntaxError as error:
                self.broken.append(self._said(path, error.lineno or 1, f"not valid Python: {error.msg}"))
            except ValueError as error:  # not UTF-8, or a null byte
                self.broken.append(self._said(path, 1, f"not a text in UTF-8: {error}"))
        return trees

    def load(self, lookup):
        """The package, imported. Raises LabkitError that names each file and line that Python can't take.

        lookup: lab number -> module.
        """
        try:
            return lookup(self.number)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a stray exit() would end the build without a word
            if self.trees is not None and self.broken:
                raise LabkitError("\n".join(self.broken)) from error
            place = self._place_of(error)
            if not place:
                raise  # not a line of the author's
            raise LabkitError(self._said(*place, _in_words(error, "the module"))) from error

    def problems(self, module):
        """Faults of the imported package as lines FILE:LINE: message."""
        found, front = [], self.folder / "__init__.py"
        for name in (*TEXTS, "EXERCISES", "QUESTIONS"):
            if not hasattr(module, name):
                example = {"EXERCISES": "(MY_EXERCISE,)", "QUESTIONS": "(), for a lab that asks none"}
                found.append(self._said(front, 1, f"no {name}; expected {name} = {example.get(name, '...')}"))
        for name in TEXTS:
            value = getattr(module, name, "x")
            if not isinstance(value, str) or not value.strip():
                found.append(self._assigned(name, f"{name} is {value!r}; expected a text"))
            elif "|" in value or len(value.splitlines()) > 1:
                said = f"{name} is {value!r}; expected one line without |, for it stands in README's tables"
                found.append(self._assigned(name, said))
        for name, kind in (("EXERCISES", Exercise), ("QUESTIONS", Question)):
            found += self._tuple_problems(name, getattr(module, name, ()), kind)
        if getattr(module, "EXERCISES", None) == ():
            found.append(self._assigned("EXERCISES", "EXERCISES is empty; a lab has at least one exercise"))
        return found + [fault for task in exercises_of(module) for fault in self._exercise_problems(task)]

    def trial_problems(self, module):
        """What goes wrong when each reference is called on its own cases: lines FILE:LINE: message."""
        return [fault for task in exercises_of(module) for fault in self._trial_problems(task)]

    def _tuple_problems(self, name, value, kind):
        """A list of things of one kind, each with a name of its own."""
        if not isinstance(value, tuple | list):
            said = f"{name} is one {type(value).__name__}; expected a tuple: {name} = (THIS,), with its comma"
            return [self._assigned(name, said)]
        found, seen = [], set()
        for item in value:
            if not isinstance(item, kind):
                said = f"{name} holds {item!r:.60}; expected {kind.__name__}(...) and nothing else"
                found.append(self._assigned(name, said))
                continue
            key = item.name if kind is Exercise else item.key
            if key in seen:
                what = "exercises are called" if kind is Exercise else "questions have the key"
                found.append(self._at(key, f"two {what} {key!r}"))
            seen.add(key)
        return found

    def _exercise_problems(self, task):
        say = lambda message: self._at(task.name, f"exercise {task.name}: {message}")
        found = []
        if not isinstance(task.name, str) or not task.name.isidentifier():
            return [self._at(task.name, f"exercise {task.name!r}: expected the name of a function")]
        if not isinstance(task.title, str) or not task.title.strip():
            found.append(say("no title"))
        if isinstance(task.minutes, bool) or not isinstance(task.minutes, int) or task.minutes < 1:
            found.append(say(f"minutes is {task.minutes!r}; expected a whole number, at least 1"))
        for what in ("reference", "cases", "observe", "form"):
            if not callable(getattr(task, what)):
                found.append(say(f"{what} is {getattr(task, what)!r:.40}; expected a function"))
        found += self._part_problems(task, "properties", Property, say)
        found += self._part_problems(task, "misconceptions", Misconception, say)
        return found

    def _part_problems(self, task, which, kind, say):
        """The properties or the misconceptions of an exercise."""
        value = getattr(task, which)
        if not isinstance(value, tuple | list):
            said = (
                f"{which} is one {type(value).__name__}; expected a tuple: ({which.upper()},), with its comma"
            )
            return [say(said)]
        if not value:
            return [say(f"no {which}: expected {_WANTED[which]}")]
        found, seen = [], set()
        for item in value:
            if not isinstance(item, kind):
                found.append(say(f"{which} holds {item!r:.60}; expected {kind.__name__}(...)"))
                continue
            if item.name in seen:
                found.append(
                    self._at(item.name, f"exercise {task.name}: two {which} are called {item.name!r}")
                )
            seen.add(item.name)
            judge = _property_problem if kind is Property else _misconception_problem
            message = judge(item)
            if message:
                found.append(self._at(item.name, f"exercise {task.name}, {item.name!r}: {message}"))
        return found

    def _trial_problems(self, task):
        try:
            return self._reference_problems(task) or self._mistake_problems(task)
        except (KeyboardInterrupt, OutOfTime):
            raise
        except BaseException as error:  # of its cases, its form or what else is asked of it
            if not self._place_of(error):
                raise
            return [self._raised(task, error, "it can't be tried")]

    def _reference_problems(self, task):
        try:
            cases = task.cases(1)
        except Exception as error:
            return [self._raised(task, error, "its cases can't be made")]
        if not cases:
            return [self._at(task.name, f"exercise {task.name}: cases(seed) gives none")]
        for place, case in enumerate(cases):
            try:
                value = task.reference(*fresh(case.args))
                task.form(value)
            except NotMeant as error:
                said = task.form.refusal(value, str(error))[0]
                return [self._at(task.name, f"exercise {task.name}: its reference {said}")]
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                meant = isinstance(error, Exception) and (last.line or "").startswith("raise ")
                if place == 0 or not meant:  # an error may be what is right
                    return [self._raised(task, error, f"its reference fails for {case.shown:.60}")]
        report = check(task.reference, task)
        if report.passed:
            return []
        why = f"{report.shown.name}: {report.shown.message}" if report.shown else report.problem
        said = (
            f"exercise {task.name}: its own reference does not pass its check. {' '.join(why.split()):.200}"
        )
        return [self._at(task.name, said)]

    def _mistake_problems(self, task):
        """Mistakes that hold a mistake of the author's. Each would match itself, and so seem recognised."""
        found, cases = [], task.cases(1)
        for mistake in task.misconceptions:
            error = next(
                (e for f in (mistake.wrong, *mistake.spellings) if (e := misspelt(f, cases))),
                None,
            )
            if error:
                said = f"{mistake.name!r} fails itself: {type(error).__name__}: {error}"
                place = self._place_of(error)
                found.append(self._said(*place, said) if place else self._at(mistake.name, said))
        return found

    def _raised(self, task, error, what):
        said = f"exercise {task.name}: {what}: {_in_words(error, 'it')}"
        place = self._place_of(error)
        return self._said(*place, said) if place else self._at(task.name, said)

    def _place_of(self, error):
        """(path, line) of the last line of this package that an error went through; () when there is none."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if self.folder in (path := Path(frame.filename)).parents:
                return path, frame.lineno
        return ()

    def _at(self, text, message):
        """The message with the place where `text` stands as a string in the package; else its __init__.py."""
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and node.value == text:
                    return self._said(path, node.lineno, message)
        return self._said(self.folder / "__init__.py", 1, message)

    def _assigned(self, name, message):
        """The message with the line of __init__.py where `name` gets its value."""
        front = self.folder / "__init__.py"
        for node in ast.walk(self.trees.get(front, ast.Module([], []))):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
                return self._said(front, node.lineno, message)
        return self._said(front, 1, message)

    def _said(self, path, line, message):
        return f"{path.relative_to(self.root).as_posix()}:{line}: {' '.join(message.split())}"


_WANTED = {
    "properties": "what every right answer does, worth points",
    "misconceptions": "the mistakes that students make, with hints",
}


def misspelt(function, cases):
    """The first error over a name that isn't there, when a function is called on each case; None without one.

    Students write wrong answers that raise, so other errors may be meant: shapes, types, an index. A name, an
    import or a function that its module lacks is the author's; so is a variable read too early, if on every
    case: students forget a branch, too. One that loops is called for a moment alone.
    """
    unbound = []
    try:
        with Capture(), time_limit(SECONDS_FOR_A_MISTAKE):
            for case in cases:
                try:
                    function(*fresh(case.args))
                except UnboundLocalError as error:
                    unbound.append(error)
                except Exception as error:
                    of_a_module = isinstance(error, AttributeError) and isinstance(error.obj, ModuleType)
                    if of_a_module or isinstance(error, NameError | ImportError):
                        return error
    except (OutOfTime, SystemExit):
        pass
    return unbound[0] if len(unbound) == len(cases) else None


def _in_words(error, what):
    """An error in one line. `what` ends the program where there is an exit() in it."""
    if isinstance(error, LabkitError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"{what} ends the program (SystemExit)"
    return f"{type(error).__name__}: {error}"


def exercises_of(module):
    """What can be used of a module's EXERCISES."""
    value = getattr(module, "EXERCISES", ())
    return [task for task in value if isinstance(task, Exercise)] if isinstance(value, tuple | list) else []


def is_whole(module):
    """Does a lab's package have all that a source can be held against, whatever else is wrong with it?"""
    parts = (("EXERCISES", Exercise), ("QUESTIONS", Question))
    return (
        hasattr(module, "SLUG")
        and all(
            isinstance(value := getattr(module, name, None), tuple | list)
            and all(isinstance(item, kind) for item in value)
            for name, kind in parts
        )
        and len(module.EXERCISES) > 0
    )


def _property_problem(prop):
    if isinstance(prop.points, bool) or not isinstance(prop.points, int) or prop.points < 1:
        return f"points is {prop.points!r}; expected a whole number, at least 1"
    return "" if callable(prop.holds) else "holds is no function"


def _misconception_problem(wrong):
    if not callable(wrong.wrong):
        return f"wrong is {wrong.wrong!r:.40}; expected the function that students write"
    if isinstance(wrong.hints, str):
        return "hints is one text; expected a tuple of three, each with its comma"
    if not wrong.hints or not all(isinstance(hint, str) and hint.strip() for hint in wrong.hints):
        return f"hints is {wrong.hints!r:.60}; expected three texts that climb: what, why, where to look"
    return ""
