"""Diagnosis by simulation: which of the known wrong answers behaves like this one?"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

from labkit.exercises.calls import call_on_copies, message_kind, observe_outcome
from labkit.exercises.exercise import Exercise, Misconception, Property, Raised, Trial, WrongForm
from labkit.exercises.properties import alike
from labkit.exercises.state import drawn_alike

PAIR_SECONDS = 5.0  # of own time: where a model has to run, not all pairs of choices can be tried


def diagnose(
    trial: Trial,
    exercise: Exercise,
    prop: Property | None = None,
    focus: int | None = None,
    exactly: bool = False,
) -> Misconception | None:
    """The misconception that explains the answer best, or None.

    prop, focus: the property that the report shows as failing, and the case that it shows: the hint is about
    these, so a mistake that does not behave like the answer there, or is right there, explains nothing.

    exactly: whether only a mistake that explains every case is named, as where something else is shown first.

    Best is one that behaves like the answer on every case; then two choices made wrongly at once, of which
    the first that goes wrong in the shown case is named; then one that explains all of what the shown
    property looks at. The last resort is the one that explains the shown case and, of several, the most
    failing ones. One that would have failed where the answer is right is not the student's mistake, and its
    hint would be false.
    """
    failing = [k for k in range(len(trial.cases)) if not alike(trial.expected[k], trial.observed[k])]
    if not failing:
        return None
    focus = focus if focus in failing else failing[0]
    return _best(trial, exercise, prop, focus, failing, exactly)


def _best(
    trial: Trial, exercise: Exercise, prop: Property | None, focus: int, failing: list[int], exactly: bool
) -> Misconception | None:
    everywhere = all(isinstance(observed, Raised) for observed in trial.observed)
    evidence = _Evidence(trial, exercise, focus, everywhere)

    known = [(wrong, call) for wrong in exercise.misconceptions for call in (wrong.wrong, *wrong.spellings)]
    suspects = [(wrong, behaviour) for wrong, call in known if (behaviour := evidence.of(call))]
    for wrong, behaviour in suspects:
        if all(behaviour.agrees(k) for k in range(len(trial.cases))):
            return wrong
    built = [wrong for wrong in exercise.misconceptions if wrong.choices]
    until = time.process_time() + PAIR_SECONDS
    # Those first that say a part of what the answer says wrongly: the time may be up before the last pair.
    for pair in combinations(sorted(built, key=evidence.parts_explained, reverse=True), 2):
        if time.process_time() > until:
            break
        first, second = sorted(pair, key=built.index)
        if first.build and first.build is second.build and not first.choices.keys() & second.choices.keys():
            behaviour = evidence.of(first.build(**first.choices, **second.choices), by_words=True)
            if behaviour and all(behaviour.agrees(k) for k in range(len(trial.cases))):
                return first if evidence.goes_wrong(first.wrong) else second
    return None if exactly else evidence.by_part(suspects, failing, prop)


class _Evidence:
    """What the answer did, against which suspects are held."""

    def __init__(self, trial: Trial, exercise: Exercise, focus: int, everywhere: bool) -> None:
        self.trial, self.exercise, self.focus, self.everywhere = trial, exercise, focus, everywhere

    def of(self, function: Callable, by_words: bool = False) -> _Behaviour | None:
        """The _Behaviour of a wrong answer; None when it is not the student's in the case shown."""
        behaviour = _Behaviour(self, function, by_words=by_words)
        return behaviour if behaviour.differs(self.focus) and behaviour.agrees(self.focus) else None

    def goes_wrong(self, function: Callable) -> bool:
        """Is a wrong answer wrong in the case shown?"""
        return _Behaviour(self, function).differs(self.focus)

    def parts_explained(self, wrong: Misconception) -> int:
        """How many of the properties see something wrong in the shown case that this mistake says too."""
        case, explained = self.trial.cases[self.focus], 0
        for prop in self.exercise.properties:
            if prop.where(case):
                behaviour = _Behaviour(self, wrong.wrong, prop.project)
                explained += behaviour.differs(self.focus) and behaviour.agrees(self.focus)
        return explained

    def by_part(
        self, suspects: list[tuple[Misconception, _Behaviour]], failing: list[int], prop: Property | None
    ) -> Misconception | None:
        """The suspect that explains the shown property, or most of what fails and nothing that is right."""
        where = prop.where if prop is not None else lambda case: True
        about = [k for k, case in enumerate(self.trial.cases) if where(case)]
        if prop is not None:
            best = self.by_projection(about, prop.project)
            if best is not None:
                return best
        best, most = None, 0
        for wrong, behaviour in suspects:
            agrees = [behaviour.agrees(k) for k in range(len(self.trial.cases))]
            explained = sum(agrees[k] for k in failing)
            possible = behaviour.says_the_same(self.focus) and all(
                agreed or k in failing and behaviour.raises(k) == isinstance(self.trial.observed[k], Raised)
                for k, agreed in enumerate(agrees)
            )
            if possible and explained > most:
                best, most = wrong, explained
        return best

    def by_projection(self, about: list[int], project: Callable[[Any], Any]) -> Misconception | None:
        """The first misconception that behaves like the answer in all that a property looks at."""
        for wrong in self.exercise.misconceptions:
            for call in (wrong.wrong, *wrong.spellings):
                behaviour = _Behaviour(self, call, project)
                if not behaviour.differs(self.focus):
                    continue
                if self.focus in about and all(behaviour.agrees(k) for k in (self.focus, *about)):
                    return wrong
        return None


class _Behaviour:
    """What one wrong answer does on the cases, computed as it is asked for.

    by_words: whether its errors must be in the student's words; two choices at once can fail in many ways.
    """

    def __init__(
        self,
        evidence: _Evidence,
        function: Callable,
        project: Callable[[Any], Any] = lambda observed: observed,
        by_words: bool = False,
    ) -> None:
        self.evidence, self.function, self.project = evidence, function, project
        self.by_words = by_words or evidence.everywhere
        known = {} if by_words else evidence.trial.behaviours  # pairs are too many to be kept
        self.seen: dict[int, Any] = known.setdefault(function, {})  # place of a case -> what it does there

    def __call__(self, place: int) -> Any:
        if place not in self.seen:
            exercise, case = self.evidence.exercise, self.evidence.trial.cases[place]
            with drawn_alike(0):  # the same whatever was asked before
                outcome = call_on_copies(self.function, case.args, exercise.form, ours=True)
                self.seen[place] = observe_outcome(outcome, exercise, case)
        return self.seen[place]

    def agrees(self, place: int) -> bool:
        """Does it behave like the student's answer here?

        An answer that fails everywhere, or returns another kind of thing, must do so in the same words.
        """
        mine, theirs = self(place), self.evidence.trial.observed[place]
        both = isinstance(mine, Raised) and isinstance(theirs, Raised)
        if both and (self.by_words or mine.type is WrongForm):
            return mine.type is theirs.type and message_kind(mine.message) == message_kind(theirs.message)
        return alike(self._part(mine), self._part(theirs))

    def says_the_same(self, place: int) -> bool:
        """If it fails with an error here, are the words of the two the same?"""
        mine, theirs = self(place), self.evidence.trial.observed[place]
        return not isinstance(mine, Raised) or message_kind(mine.message) == message_kind(theirs.message)

    def raises(self, place: int) -> bool:
        """Does it fail with an error here?"""
        return isinstance(self(place), Raised)

    def differs(self, place: int) -> bool:
        """Is it wrong here?"""
        return not alike(self._part(self.evidence.trial.expected[place]), self._part(self(place)))

    def _part(self, observed: Any) -> Any:
        if isinstance(observed, Raised):
            return observed
        try:
            return self.project(observed)
        except Exception:
            return None
