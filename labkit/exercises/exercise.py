"""What an exercise is made of: cases, properties, and the wrong answers that students really write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labkit.exercises.forms import Form, anything


@dataclass(frozen=True)
class Case:
    """One call of the student's function. `shown` is how the report writes it."""

    args: tuple[Any, ...]
    shown: str


@dataclass(frozen=True)
class Fault:
    """Why a property does not hold.

    message: what was expected and what came, with the smallest case that shows it.
    case: its place among the trial's cases, None for a call of the property's own.
    advice: one sentence on what it means, shown as the hint where no misconception is recognised.
    """

    message: str
    case: int | None = None
    advice: str = ""


@dataclass(frozen=True)
class Property:
    """Something that every right answer does, worth points and named in the student's words.

    holds: a function of a Trial that returns "" when the property holds, else a message or a Fault that says
        with the smallest case what was expected and what came.
    where: selects the cases that the property is about, for the diagnosis.
    project: what of an observation the property is about. Of two mistakes at once, the one is recognised that
        explains this part.
    guard: whether it is about not failing and not changing anything. That alone earns nothing.
    """

    name: str
    points: int
    holds: Callable[[Trial], str | Fault]
    where: Callable[[Case], bool] = lambda case: True
    project: Callable[[Any], Any] = lambda observed: observed
    guard: bool = False


@dataclass(frozen=True)
class Misconception:
    """A wrong implementation that students write, and three hints that climb: what, why, where to look.

    spellings: other ways of writing the same mistake that behave differently in detail (another error,
        another result where the first is undefined).
    build, choices: for a mistake that is one choice made wrongly (`variant`): two such can be tried together.
    """

    name: str
    wrong: Callable[..., Any]
    hints: tuple[str, ...]
    spellings: tuple[Callable[..., Any], ...] = ()
    build: Callable[..., Callable] | None = None
    choices: dict[str, Any] = field(default_factory=dict)


def variant(
    build: Callable[..., Callable], name: str, hints: tuple[str, ...], /, **choices: Any
) -> Misconception:
    """The Misconception build(**choices): single choices of an answer made wrongly.

    build: the right answer for no choices at all. Two variants of one builder whose choices have other names
    are also recognised when an answer makes both mistakes.
    """
    return Misconception(name, build(**choices), hints, build=build, choices=choices)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lab.

    name: of the function that the student writes.
    cases: seed -> list of Case, the smallest first, chosen so that the thing taught shows. What may go wrong
        in few draws stands in it for every seed.
    form: what the docstring promises to return (`forms`). A result of another type that means the same is
        taken as that, in the check and by lab.best; another result is refused.
    observe: (output, case) -> what is compared with the reference; the output itself unless the exercise
        draws random numbers, whose order is nobody's business.
    """

    name: str
    title: str
    minutes: int
    reference: Callable[..., Any]
    cases: Callable[[int], list[Case]]
    properties: tuple[Property, ...]
    misconceptions: tuple[Misconception, ...]
    observe: Callable[[Any, Case], Any] = lambda output, case: output
    seconds: float = 20.0
    form: Form = anything
    # seed -> what is the same in every check (`engine`): to check again, or many answers, is faster.
    kept: dict[int, tuple[list, dict]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def points(self) -> int:
        """The sum over the properties."""
        return sum(prop.points for prop in self.properties)


@dataclass
class Outcome:
    """What one call did: a value or an error, and what it changed that was not its own."""

    value: Any = None
    error: str = ""  # "" when it returned a result of the form that is wanted
    error_type: type[BaseException] | None = None
    changed: str = ""  # a sentence, "" when it left everything as it was
    advice: str = ""  # what the error means in plain words, and what to try

    @property
    def said(self) -> str:
        """The error as a report says it, "" when there was none."""
        return self.error if self.error_type is WrongForm or not self.error else f"raised {self.error}"


class WrongForm(TypeError):
    """A function returned something of another form than its docstring says."""


@dataclass(frozen=True)
class Raised:
    """An observation: the call raised this error, with this message."""

    type: type[BaseException]
    message: str


@dataclass
class Trial:
    """An answer under test, as properties see it."""

    call: Callable[..., Outcome]  # on copies of the arguments
    cases: list[Case]
    expected: list[Any]  # observations of the reference, one per case
    outcomes: list[Outcome] = field(default_factory=list)
    observed: list[Any] = field(default_factory=list)
    # wrong answer of ours -> {place of a case: what it does there}, filled in as it is asked for
    behaviours: dict[Callable, dict[int, Any]] = field(default_factory=dict)
