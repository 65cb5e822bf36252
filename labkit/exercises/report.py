"""What a check says: the same facts as text (for nbval), HTML (for people) and JSON (for graders)."""

from dataclasses import dataclass, field, replace
from html import escape

from labkit.keys import OWN_KEYS

YES, NO = "\u2713", "\u2717"
PRE_STYLE = (
    "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "color:#1a1a1a;background:#f4f4f4;padding:8px"
)
MORE = "Change your answer and check again: if the same mistake is in it, a further hint comes."
MIME = "application/vnd.labkit.check+json"


@dataclass
class PropertyResult:
    """One property of an answer: what it is, what it is worth, whether it holds."""

    name: str
    points: int
    passed: bool
    message: str = ""  # why it does not hold


@dataclass(repr=False)
class Report:
    """The outcome of one check.

    status: "passed", "wrong", "unsolved" (the stub is still there), or "unusable" (there was no function
    to check, or it could not be called). Shows itself in a notebook.
    """

    exercise: str
    title: str
    status: str
    results: list = field(default_factory=list)
    problem: str = ""  # for "unsolved" and "unusable": what is the matter
    misconception: str = ""  # its name, when one was recognised
    hints: list = field(default_factory=list)
    more_hints: bool = False
    printed: str = ""

    def with_hints(self, number):
        """The same report with only the first `number` hints."""
        return replace(self, hints=self.hints[:number], more_hints=number < len(self.hints))

    @property
    def passed(self):
        """True when every property holds."""
        return self.status == "passed"

    @property
    def points(self):
        """Points reached: those of the properties that hold."""
        return sum(result.points for result in self.results if result.passed)

    @property
    def max_points(self):
        """Points there are."""
        return sum(result.points for result in self.results)

    @property
    def printed_lines(self):
        """The first lines of what the function printed: enough to debug, too few to flood."""
        return self.printed.splitlines()[:20]

    @property
    def headline(self):
        """One line: the exercise, the verdict, the points."""
        verdict = {"passed": "passed", "wrong": "not yet right", "unsolved": "not written yet"}
        words = verdict.get(self.status, "could not be checked")
        return f"{self.exercise}: {words}, {self.points} of {self.max_points} points"

    @property
    def text(self):
        """The whole report as plain text; for a passing answer it is the same every time."""
        lines = [self.headline]
        if self.problem:
            lines.append(f"  {self.problem}")
        else:
            for result in self.results:
                mark = "[ok]" if result.passed else "[no]"
                lines.append(f"  {mark} {result.name} ({_points(result.points)})")
        shown = next((r.message for r in self.results if not r.passed and r.message), "")
        if shown and not self.problem:
            lines += ["", *(f"  {line}" for line in shown.splitlines())]
        if self.hints:
            lines += ["", *(f"  Hint {k}: {hint}" for k, hint in enumerate(self.hints, 1))]
        if self.more_hints:
            lines.append(f"  ({MORE})")
        if self.printed:
            lines += ["", "  Your function printed:", *(f"  | {line}" for line in self.printed_lines)]
        return "\n".join(lines)

    @property
    def json(self):
        """The report as plain data, for graders."""
        return {
            "exercise": self.exercise,
            "status": self.status,
            "points": self.points,
            "max_points": self.max_points,
            "properties": [vars(result) for result in self.results],
            "problem": self.problem,
            "misconception": self.misconception,
            "hints": self.hints,
        }

    @property
    def html(self):
        """The report as a card; right and wrong are told by sign and word, never by colour alone."""
        colour = {"passed": "#009E73", "wrong": "#D55E00"}.get(self.status, "#0072B2")
        sign = {"passed": YES, "wrong": NO}.get(self.status, "\u2022")
        rows = [
            f"<li>{YES + ' holds' if r.passed else NO + ' does not hold'}: {escape(r.name)} "
            f"({_points(r.points)})</li>"
            for r in self.results
            if not self.problem
        ]
        shown = next((r.message for r in self.results if not r.passed and r.message), "")
        parts = [
            f'<div role="status" aria-live="polite" style="border-left:6px solid {colour};'
            f"background:#fff;color:#1a1a1a;padding:8px 14px;margin:4px 0;max-width:60em;"
            f'font-size:14px;line-height:1.45">',
            # Not an <h4>: JupyterLab would list every report in the table of contents.
            f'<strong role="heading" aria-level="4">{sign} {escape(self.headline)}</strong>',
            f"<p>{escape(self.problem)}</p>" if self.problem else "",
            f'<ul style="list-style:none;padding-left:4px;margin:6px 0">{"".join(rows)}</ul>' if rows else "",
        ]
        if shown and not self.problem:
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

    def __repr__(self):
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": self.text, "text/html": self.html, MIME: self.json}


def passing_report(exercise):
    """The report that every right answer to `exercise` gets."""
    results = [PropertyResult(p.name, p.points, True) for p in exercise.properties]
    return Report(exercise.name, exercise.title, "passed", results)


def passing_text(exercise):
    """Its text: the reference that notebook tests compare with."""
    return passing_report(exercise).text


def _points(number):
    return f"{number} point" if number == 1 else f"{number} points"
