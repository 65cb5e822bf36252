"""A class in numbers: what became of each exercise, and which known mistakes were made how often."""

from collections import Counter
from dataclasses import dataclass, field

BAR, MOST = 16, 5  # characters of a bar on the screen; mistakes shown for a class


@dataclass
class Tally:
    """One exercise over the class. The names of outcomes are those of `plotting.class_map`."""

    lab: str
    exercise: str
    outcomes: Counter = field(default_factory=Counter)
    mistakes: Counter = field(default_factory=Counter)

    @property
    def students(self):
        """How many it was graded for."""
        return sum(self.outcomes.values())


def tally(grades):
    """A Tally for each exercise of each lab, in the labs' order."""
    found = {}
    for grade in sorted(grades, key=lambda grade: grade.lab):
        for report in grade.exercises:
            key = (grade.lab, report["exercise"])
            one = found.setdefault(key, Tally(*key))
            one.outcomes[outcome(grade, report)] += 1
            if report["misconception"]:
                one.mistakes[report["misconception"]] += 1
    return list(found.values())


def outcome(grade, report):
    """What became of one exercise of one student."""
    if report["status"] == "passed":
        return "passed"
    if grade.problem:
        return "no notebook"
    if report["status"] in ("unsolved", "missing"):  # the stub, no such function, or no Python
        return "no answer"
    return "a known mistake" if report["misconception"] else "another mistake"


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
        lines.append(f"  {n:4} student{' ' if n == 1 else 's'}  {exercise} (lab {lab}): {name}")
    return "\n".join(lines[1:])


def _headline(lab, grades):
    problems = sum(bool(grade.problem) for grade in grades)
    points = sorted(grade.points for grade in grades)
    text = f"Lab {lab}: {len(grades)} student{'' if len(grades) == 1 else 's'}"
    if points and grades[0].max_points:
        text += f", points from {points[0]} to {points[-1]} of {grades[0].max_points}"
        text += f", half have {points[len(points) // 2]} or more"
    return f"{text}; nothing to grade for {problems}" if problems else text


def _line(one):
    passed = one.outcomes["passed"]
    full = round(BAR * passed / one.students)
    return f"  {one.exercise:22} {'#' * full:.<{BAR}} {passed:4} of {one.students} passed"
