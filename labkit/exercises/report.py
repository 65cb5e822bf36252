"""What a check says: the same facts as text (for nbval), HTML (for people) and JSON (for graders)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

from labkit.plotting.keys import OWN_KEYS

if TYPE_CHECKING:
    from labkit.exercises.exercise import Exercise

YES, NO = "\u2713", "\u2717"
PRE_STYLE = (
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "color:#1a1a1a;background:#f4f4f4;padding:8px"
)
MORE = "Change your answer and check again: if the same mistake is in it, a further hint comes."
# Graders want an error as well, which says the same in red: where the page's style is ours, it is hidden.
UNWRITTEN = (
    ' class="labkit-unwritten"><style>'
    ".jp-OutputArea-child:has(.labkit-unwritten)+.jp-OutputArea-child{display:none}</style>"
)
MIME = "application/vnd.labkit.check+json"


@dataclass
class PropertyResult:
    """One property of an answer: what it is, what it is worth, whether it holds."""

    name: str
    points: int
    passed: bool
    message: str = ""  # why it does not hold
    case: int | None = None  # the place of the case that the message is about
    guard: bool = False
    advice: str = ""  # what it means, where no misconception is recognised

    @property
    def worth(self) -> str:
        """Its points in words; those for harming nothing come when something is right."""
        later = self.guard and not self.passed and not self.message
        return _points(self.points) + (", once something else is right" if later else "")


@dataclass(repr=False)
class Report:
    """The outcome of one check.

    status: "passed", "wrong", "unsolved" (the stub is still there), or "unusable" (there was no function
    to check, or it could not be called). Shows itself in a notebook.
    """

    exercise: str
    title: str
    status: str
    results: list[PropertyResult] = field(default_factory=list)
    problem: str = ""  # for "unsolved" and "unusable": what is the matter
    misconception: str = ""  # its name, when one was recognised
    hints: list[str] = field(default_factory=list)
    more_hints: bool = False
    printed: str = ""
    repeat: str = ""  # how to call the function on the case that is shown

    def with_hints(self, number: int) -> Report:
        """The same report with only the first `number` hints."""
        return replace(self, hints=self.hints[:number], more_hints=number < len(self.hints))

    @property
    def passed(self) -> bool:
        """True when every property holds."""
        return self.status == "passed"

    @property
    def points(self) -> int:
        """Points reached: those of the properties that hold."""
        return sum(result.points for result in self.results if result.passed)

    @property
    def max_points(self) -> int:
        """Points there are."""
        return sum(result.points for result in self.results)

    @property
    def shown(self) -> PropertyResult | None:
        """The PropertyResult whose message is shown: an error or a change before a difference of values."""
        failed = [result for result in self.results if not result.passed and result.message]
        return min(failed, key=lambda result: not result.guard, default=None)

    @property
    def printed_lines(self) -> list[str]:
        """The first lines of what the function printed: enough to debug, too few to flood."""
        return self.printed.splitlines()[:20]

    @property
    def headline(self) -> str:
        """One line: the exercise, the verdict, the points."""
        verdict = {"passed": "passed", "wrong": "not yet right", "unsolved": "not written yet"}
        words = verdict.get(self.status, "could not be checked")
        return f"{self.exercise}: {words}, {self.points} of {self.max_points} points"

    @property
    def text(self) -> str:
        """The whole report as plain text; for a passing answer it is the same every time."""
        lines = [self.headline]
        if self.problem:
            lines.append(f"  {self.problem}")
        else:
            for result in self.results:
                mark = "[ok]" if result.passed else "[no]"
                lines.append(f"  {mark} {result.name} ({result.worth})")
        if self.shown and not self.problem:
            lines += ["", *(f"  {line}" for line in self.shown.message.splitlines())]
        lines += [f"  {self.repeat}"] if self.repeat else []
        if self.hints:
            lines += ["", *(f"  Hint {k}: {hint}" for k, hint in enumerate(self.hints, 1))]
        if self.more_hints:
            lines.append(f"  ({MORE})")
        if self.printed:
            lines += ["", "  Your function printed:", *(f"  | {line}" for line in self.printed_lines)]
        return "\n".join(lines)

    @property
    def json(self) -> dict[str, Any]:
        """The report as plain data, for graders."""
        return {
            "exercise": self.exercise,
            "status": self.status,
            "points": self.points,
            "max_points": self.max_points,
            "properties": [
                {"name": r.name, "points": r.points, "passed": r.passed, "message": r.message}
                for r in self.results
            ],
            "problem": self.problem,
            "misconception": self.misconception,
            "hints": self.hints,
        }

    @property
    def html(self) -> str:
        """The report as a card; right and wrong are told by sign and word, never by colour alone."""
        colour = {"passed": "#009E73", "wrong": "#D55E00"}.get(self.status, "#0072B2")
        sign = {"passed": YES, "wrong": NO}.get(self.status, "\u2022")
        rows = [
            f"<li>{YES + ' holds' if r.passed else NO + ' does not hold'}: {escape(r.name)} ({r.worth})</li>"
            for r in self.results
            if not self.problem
        ]
        parts = [
            f'<div role="status" aria-live="polite" style="border-left:6px solid {colour};'
            f"background:#fff;color:#1a1a1a;padding:8px 14px;margin:4px 0;max-width:60em;"
            f'font-size:14px;line-height:1.45"{UNWRITTEN if self.status == "unsolved" else ">"}',
            # Not an <h4>: JupyterLab would list every report in the table of contents.
            f'<strong role="heading" aria-level="4">{sign} {escape(self.headline)}</strong>',
            f"<p>{escape(self.problem)}</p>" if self.problem else "",
            f'<ul style="list-style:none;padding-left:4px;margin:6px 0">{"".join(rows)}</ul>' if rows else "",
        ]
        if self.shown and not self.problem:
            shown = self.shown.message + (f"\n\n{self.repeat}" if self.repeat else "")
            parts.append(f'<pre style="{PRE_STYLE}">{escape(shown)}</pre>')
        parts += [f"<p><strong>Hint {k}.</strong> {escape(hint)}</p>" for k, hint in enumerate(self.hints, 1)]
        if self.more_hints:
            parts.append(f"<p>{MORE}</p>")
        if self.printed:
            printed = escape("\n".join(self.printed_lines))
            parts.append(
                f"<details><summary {OWN_KEYS}>What your function printed</summary>"
                f"<pre>{printed}</pre></details>"
            )
        return "".join(parts) + "</div>"

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": self.text, "text/html": self.html, MIME: self.json}


def passing_report(exercise: Exercise) -> Report:
    """The report that every right answer to `exercise` gets."""
    results = [PropertyResult(p.name, p.points, True, guard=p.guard) for p in exercise.properties]
    return Report(exercise.name, exercise.title, "passed", results)


def passing_text(exercise: Exercise) -> str:
    """Its text: the reference that notebook tests compare with."""
    return passing_report(exercise).text


def _points(number: int) -> str:
    return f"{number} point" if number == 1 else f"{number} points"
