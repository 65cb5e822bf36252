"""A class in numbers: what became of each exercise, and which known mistakes were made how often."""

from collections import Counter
from dataclasses import dataclass, field

from labkit.grading.grades import Grade, bounded, printable

BAR, MOST, WIDTH = 16, 5, 200  # characters of a bar on the screen; mistakes shown; characters of a line
# How an answer ended that came back with nothing -> the name of that outcome in `plotting.class_map`.
ENDED = {"error": "an exception", "time": "a time-out", "crash": "a crash", "syntax": "a syntax error"}


@dataclass
class Tally:
    """One exercise over the class. The names of outcomes are those of `plotting.class_map`.

    who, held, erred: the grades behind each outcome, each property that holds, each known mistake.
    """

    lab: str
    exercise: str
    outcomes: Counter[str] = field(default_factory=Counter)
    mistakes: Counter[str] = field(default_factory=Counter)
    who: dict[str, list[Grade]] = field(default_factory=dict)
    held: dict[str, list[Grade]] = field(default_factory=dict)
    erred: dict[str, list[Grade]] = field(default_factory=dict)

    @property
    def students(self):
        """How many it was graded for."""
        return sum(self.outcomes.values())

    def add(self, grade, report):
        """Count one student."""
        became = outcome(grade, report)
        self.outcomes[became] += 1
        self.who.setdefault(became, []).append(grade)
        for one in report["properties"]:
            self.held.setdefault(one["name"], []).extend([grade] if one["passed"] else [])
        if report["misconception"]:
            self.mistakes[report["misconception"]] += 1
            self.erred.setdefault(report["misconception"], []).append(grade)


def tally(grades):
    """A Tally for each exercise of each lab, in the labs' order."""
    found = {}
    for grade in sorted(grades, key=lambda grade: grade.lab):
        for report in grade.exercises:
            key = (grade.lab, report["exercise"])
            found.setdefault(key, Tally(*key)).add(grade, report)
    return list(found.values())


def outcome(grade, report):
    """What became of one exercise of one student."""
    if report["status"] == "passed":
        return "passed"
    if grade.problem:
        return "no notebook"
    if report["misconception"]:  # says more than how it ended
        return "a known mistake"
    if ended := ENDED.get(report.get("ended", "")):
        return ended
    if report["status"] in ("unsolved", "missing"):  # the stub, or no such function
        return "no answer"
    return "another mistake"


def summary(grades):
    """The class on the screen: each lab's points, each exercise's passes, the most frequent mistakes."""
    tallies = tally(grades)
    lines = []
    for lab in sorted({grade.lab for grade in grades}):
        some = [grade for grade in grades if grade.lab == lab]
        lines += ["", _headline(lab, some)]
        lines += [_line(one) for one in tallies if one.lab == lab]
    common = Counter({(t.lab, t.exercise, name): n for t in tallies for name, n in t.mistakes.items()})
    if common:
        lines += ["", "The most frequent mistakes that were recognised:"]
    for (lab, exercise, name), n in common.most_common(MOST):
        text = f"  {n:4} student{' ' if n == 1 else 's'}  {exercise} (lab {lab}): {name}"
        lines.append(_shown(text))
    return "\n".join(lines[1:])


def _headline(lab, grades):
    problems = sum(bool(grade.problem) for grade in grades)
    known = sum(bool(grade.id or grade.email) for grade in grades)
    points = sorted(grade.points for grade in grades)
    most = max(grade.max_points for grade in grades)
    text = f"Lab {lab}: {len(grades)} student{'' if len(grades) == 1 else 's'}"
    if most:
        text += f", points from {points[0]} to {points[-1]} of {most}"
        text += f", half have {points[len(points) // 2]} or more"
    if problems:
        text += f"; nothing to grade for {problems}"
    if 0 < known < len(grades):  # where nobody has one, nobody asked for it
        text += f"; {len(grades) - known} without an id or e-mail"
    return _shown(text)


def _line(one):
    passed = one.outcomes["passed"]
    full = round(BAR * passed / one.students)
    text = f"  {one.exercise:22} {'#' * full:.<{BAR}} {passed:4} of {one.students} passed"
    rest = [f"{name.split(' ', 1)[1]} {one.outcomes[name]}" for name in ENDED.values() if one.outcomes[name]]
    return _shown(f"{text}; {', '.join(rest)}" if rest else text)


def _shown(text):
    return bounded(printable(text), WIDTH)
