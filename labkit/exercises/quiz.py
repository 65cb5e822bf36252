"""Multiple choice with an explanation for every choice, right or wrong.

In a notebook a question is a list of lines that open: HTML's own <details>, so that it works without a
kernel, without scripts, in JupyterLab, VS Code, Colab and in notebooks the reader has not trusted
(JupyterLab's sanitizer drops style sheets, `role` and `aria-*` there; <details> needs none of them).
As text a question shows its lettered choices and gives nothing away; `question.answer("B")` replies.

By hand: packages with quizzes for notebooks draw them with scripts or widgets, which need all of that.
"""

from __future__ import annotations

import html
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labkit.messages import LabkitError
from labkit.plotting.keys import OWN_KEYS

_STYLE = """<style>
.labkit-quiz summary:hover { text-decoration: underline; }
.labkit-quiz summary:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
</style>"""
_BOX = "border: 1px solid #767676; border-radius: 6px; padding: 8px 14px; margin: 8px 0; max-width: 46em"
_LINE = "margin: 6px 0; padding: 2px 0"
_SUMMARY = "cursor: pointer; padding: 6px 4px; line-height: 1.5"
_ANSWER = "margin: 2px 0 8px 20px; padding: 4px 12px; line-height: 1.5; border-left: 5px solid {colour}"
_RIGHT, _WRONG = ("✓", "Right.", "#009E73"), ("✗", "Not this one.", "#D55E00")


class Feedback(str):
    """Text that a notebook shows as it stands, without quotes and \\n."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Choice:
    """One choice: its text, whether it is right, and why (said to whoever picks it)."""

    text: str
    correct: bool
    explanation: str


@dataclass
class Question:
    """A question with two to eight choices; exactly one is right, unless `multiple` (then one or more).

    key: its name, unique in a quiz. source: where the lecture says it, e.g. "slide 12". Text is plain, with
    `code` between backticks. given: the answers so far, as strings of letters such as "B".
    """

    key: str
    prompt: str
    choices: tuple[Choice, ...]
    source: str = ""
    multiple: bool = False
    given: list[str] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.choices = tuple(self.choices)
        where = f"question {self.key!r}"
        if not self.key or not self.prompt.strip():
            raise LabkitError(f"{where}: key and prompt must not be empty.")
        if not 2 <= len(self.choices) <= 8:
            raise LabkitError(f"{where}: it has {len(self.choices)} choices, expected 2 to 8.")
        for letter, choice in zip(self.letters, self.choices, strict=True):
            if not choice.text.strip() or not choice.explanation.strip():
                raise LabkitError(f"{where}: choice {letter} needs a text and an explanation.")
        right = len(self.correct_letters)
        if right == 0 or (right > 1 and not self.multiple):
            expected = "at least one" if self.multiple else "exactly one (or multiple=True)"
            raise LabkitError(f"{where}: {right} choices are marked correct, expected {expected}.")

    @property
    def letters(self) -> str:
        """The letters of its choices: "ABC" for three."""
        return string.ascii_uppercase[: len(self.choices)]

    @property
    def correct_letters(self) -> str:
        """The right answer, e.g. "B" or "AC"."""
        return "".join(x for x, c in zip(self.letters, self.choices, strict=True) if c.correct)

    @property
    def solved(self) -> bool:
        """Whether the latest answer is the right one."""
        return bool(self.given) and self.given[-1] == self.correct_letters

    def answer(self, letters: str | Iterable[str]) -> Feedback:
        """Feedback on an answer such as "B" (or "AC" where several are right); the answer is recorded."""
        letters = self._letters_from(letters)
        self.given.append(letters)
        lines = []
        for letter in letters:
            choice = self.choices[self.letters.index(letter)]
            sign, verdict, _ = _RIGHT if choice.correct else _WRONG
            lines.append(f"{sign} {letter}: {verdict} {choice.explanation}")
        missing = len(set(self.correct_letters) - set(letters))
        if missing and all(self.choices[self.letters.index(x)].correct for x in letters):
            lines.append(f"{missing} more {'is' if missing == 1 else 'are'} right.")
        return Feedback("\n".join(lines))

    def _letters_from(self, given: Any) -> str:
        """'b', 'AC', ['A', 'C'] -> letters in order, each once; anything else: a plain message."""
        parts = given if isinstance(given, (list, tuple, set)) else [given]
        text = "".join(p for p in parts if isinstance(p, str))
        letters = re.sub(r"[\s,;]+", "", text).upper()
        known = all(isinstance(p, str) for p in parts) and letters and set(letters) <= set(self.letters)
        if not known:
            first, last = self.letters[0], self.letters[-1]
            raise LabkitError(
                f"{given!r} is not one of the choices. Answer with a letter from {first} to {last}, "
                f'in quotes: .answer("{first}").'
            )
        if len(set(letters)) > 1 and not self.multiple:
            raise LabkitError(f'one choice is right here. Give one letter, such as .answer("{letters[0]}").')
        return "".join(sorted(set(letters)))

    @property
    def text(self) -> str:
        """The question as text: lettered choices, no answer."""
        lines = [self.prompt + (f" ({self.source})" if self.source else "")]
        lines += [f"  {x}  {choice.text}" for x, choice in zip(self.letters, self.choices, strict=True)]
        lines.append("More than one may be right." if self.multiple else "One is right.")
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """The question as HTML without scripts: each choice opens onto its own explanation."""
        source = f" <small>({_inline(self.source)})</small>" if self.source else ""
        several = "More than one may be right. " if self.multiple else ""
        lines = "".join(map(self._line, self.letters, self.choices))
        return (
            f'{_STYLE}<div class="labkit-quiz mathjax_ignore tex2jax_ignore" role="group" '
            f'aria-label="Question: {html.escape(self.prompt.replace("`", ""))}" style="{_BOX}">'
            f'<p><strong role="heading" aria-level="3">Question.</strong> {_inline(self.prompt)}{source}</p>'
            # What opens inside is read out at once, without moving to it.
            f'<div aria-live="polite">{lines}</div>'
            f"<p><small>{several}Click a choice, or Tab to it and press Enter or Space: "
            f"it says whether it is right, and why.</small></p></div>"
        )

    @staticmethod
    def _line(letter: str, choice: Choice) -> str:
        sign, verdict, colour = _RIGHT if choice.correct else _WRONG
        return (
            f'<details style="{_LINE}"><summary {OWN_KEYS} style="{_SUMMARY}"><strong>{letter}</strong>&ensp;'
            f'{_inline(choice.text)}</summary><div style="{_ANSWER.format(colour=colour)}">'
            f"{sign} <strong>{verdict}</strong> {_inline(choice.explanation)}</div></details>"
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def show(self) -> None:
        """Show the question here: HTML in a notebook, else text."""
        _show(self)


class Quiz:
    """The questions of a lab, in order, by key."""

    def __init__(self, questions: Iterable[Question], title: str = "Quiz") -> None:
        self.title = title
        self.questions: dict[str, Question] = {}
        for question in questions:
            if question.key in self.questions:
                raise LabkitError(f"two questions have the key {question.key!r}: keys must be unique.")
            self.questions[question.key] = question
        if not self.questions:
            raise LabkitError("a quiz needs at least one question.")

    def __getitem__(self, key: str) -> Question:
        if key not in self.questions:
            raise LabkitError(f"there is no question {key!r}. There are: {', '.join(self.questions)}.")
        return self.questions[key]

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions.values())

    def __len__(self) -> int:
        return len(self.questions)

    @property
    def text(self) -> str:
        """All questions as text, numbered."""
        numbered = (f"{i}. {question.text}" for i, question in enumerate(self, start=1))
        return f"{self.title}\n\n" + "\n\n".join(numbered)

    @property
    def score(self) -> tuple[int, int, int]:
        """(right, answered, all): counted on the latest answer to each question."""
        return sum(q.solved for q in self), sum(bool(q.given) for q in self), len(self)

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        page = f"<p><strong>{_inline(self.title)}</strong></p>" + "".join(q.html for q in self)
        return {"text/html": page, "text/plain": self.text}

    def show(self) -> None:
        """Show all questions here: HTML in a notebook, else text."""
        _show(self)


def _inline(text: str) -> str:
    """Plain text as HTML, with `code` between backticks; a dollar sign starts no formula."""
    pieces = html.escape(text).replace("$", "<span>$</span>").split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is a backtick
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))


def _show(thing: Question | Quiz) -> None:
    from IPython import display, get_ipython

    display.display(thing) if get_ipython() else print(thing.text)
