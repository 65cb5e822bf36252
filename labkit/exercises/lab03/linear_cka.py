"""Exercise 3.8: are two spaces alike?"""

import torch

from labkit import geometry
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference


def linear_cka(x, y):
    """labkit.geometry.linear_cka."""
    return geometry.linear_cka(x, y)


def _cases(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for num, width_x, width_y, noise in ((6, 2, 3, 0.3), (9, 4, 4, 1.0), (15, 5, 3, 0.6), (12, 3, 6, 3.0)):
        common = torch.randn(num, 2, generator=generator) * torch.tensor([2.0, 1.0])
        spaces = []
        for width in (width_x, width_y):
            mixed = common @ torch.randn(2, width, generator=generator)
            own = noise * torch.randn(num, width, generator=generator)
            spaces.append(mixed + own + torch.randn(width, generator=generator))
        shown = f"linear_cka(x, y), {num} texts, {width_x} and {width_y} numbers each"
        cases.append(Case(tuple(spaces), shown))
    return cases


def _centred(vectors, dim=0):
    return vectors - vectors.mean(dim=dim, keepdim=True)


def _cka(x, y, centre=_centred, top=lambda n: n**2, bottom=lambda a, b: a * b):
    """linear_cka with single choices made wrongly."""
    x, y = centre(x), centre(y)
    return (top((y.T @ x).norm()) / bottom((x.T @ x).norm(), (y.T @ y).norm())).item()


def _wrong(**changes):
    return lambda x, y: _cka(x, y, **changes)


def _lengths_below(x, y):
    x, y = _centred(x), _centred(y)
    return ((y.T @ x).norm() / (x.norm() * y.norm())).item() ** 2


def _of_rows(x, y):
    """Cosines of the vectors themselves, text by text: needs equal widths, so the shorter is filled up."""
    width = max(x.shape[1], y.shape[1])
    x, y = (torch.nn.functional.pad(v, (0, width - v.shape[1])) for v in (x, y))
    return torch.cosine_similarity(x, y).mean().item()


def _number(value):
    return float(value)


def _same_after(change, words):
    """A Property's holds: changing x in this way leaves the result as it was."""

    def holds(trial):
        case, outcome = trial.cases[-1], trial.outcomes[-1]
        x, y = case.args
        changed = trial.call(change(x), y)
        for each in (outcome, changed):
            if each.error:
                return f"For {case.shown}\n{each.said}"
        before, after = float(outcome.value), float(changed.value)
        if not 0 <= before <= 1.0001:
            return f"For {case.shown}\nexpected: a number from 0 to 1\ngot:      {before:.4g}"
        if abs(before - after) < 1e-3:
            return ""
        return f"For {case.shown}\n{words}, your result goes from {before:.4g} to {after:.4g}"

    return holds


def _turned(x):
    generator = torch.Generator().manual_seed(5)
    return x @ torch.linalg.qr(torch.randn(x.shape[1], x.shape[1], generator=generator)).Q


def _itself(trial):
    x, _ = trial.cases[0].args
    outcome = trial.call(x, x)
    if outcome.error:
        return f"For linear_cka(x, x)\n{outcome.said}"
    got = float(outcome.value)
    return "" if abs(got - 1) < 1e-3 else f"For linear_cka(x, x)\nexpected: 1\ngot:      {got:.4g}"


LINEAR_CKA = Exercise(
    name="linear_cka",
    title="Are two spaces alike?",
    minutes=9,
    reference=linear_cka,
    cases=_cases,
    observe=lambda output, case: _number(output),
    properties=(
        matches_reference("linear CKA by the formula", 3),
        Property("a space is as like itself as can be: 1", 1, _itself),
        Property("turning a space changes nothing", 1, _same_after(_turned, "With x turned")),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "not centred",
            _wrong(centre=lambda v: v),
            (
                "Your spaces are not centred.",
                "Two clouds far from 0 look alike just because both are far away.",
                "Take each column's mean away, from x and from y, before anything else.",
            ),
        ),
        Misconception(
            "rows centred instead of columns",
            _wrong(centre=lambda v: _centred(v, dim=1)),
            (
                "You centre each row.",
                "What has to go is where the cloud lies: the mean over the texts, a number for each column.",
                "mean(dim=...): which axis are the texts?",
            ),
        ),
        Misconception(
            "the numerator is not squared",
            _wrong(top=lambda n: n),
            (
                "Your result changes when a space is scaled: its numerator lacks a square.",
                "In numerator and denominator x has to come equally often, or its scale does not cancel.",
                "Look at the formula again: the norm of YᵀX carries a small 2.",
            ),
        ),
        Misconception(
            "everything squared",
            _wrong(bottom=lambda a, b: (a * b) ** 2),
            (
                "Your numbers shrink with the scale of the spaces: the denominator has squares too many.",
                "In the denominator the norms of XᵀX and YᵀY stand as they are.",
                "Only the numerator is squared.",
            ),
        ),
        Misconception(
            "the root of the formula",
            lambda x, y: _cka(x, y) ** 0.5,
            (
                "Your numbers are too large: the root of what they should be.",
                "CKA is to correlation as r² is to r; the formula squares the numerator and takes no root.",
                "norm(YᵀX)² over norm(XᵀX) times norm(YᵀY).",
            ),
        ),
        Misconception(
            "the denominator has only x",
            _wrong(bottom=lambda a, b: a**2),
            (
                "Your denominator has only one of the two spaces.",
                "Then linear_cka(x, y) and linear_cka(y, x) differ, and y's scale counts.",
                "norm(XᵀX) times norm(YᵀY).",
            ),
        ),
        Misconception(
            "nothing to divide by",
            _wrong(bottom=lambda a, b: 1.0 + 0 * a),
            (
                "Your number is not between 0 and 1.",
                "The numerator alone grows with both spaces; a similarity must not.",
                "Divide by what you get when each space is compared with itself.",
            ),
        ),
        Misconception(
            "cosines of the vectors themselves",
            _of_rows,
            (
                "You compare the vectors of a text in the two spaces directly.",
                "Number 7 of one model has nothing to do with number 7 of the other, and the widths may "
                "differ. CKA compares how the texts lie to each other in each space.",
                "YᵀX: its rows are the numbers of one space, its columns those of the other.",
            ),
        ),
        Misconception(
            "the lengths of X and Y below",
            _lengths_below,
            (
                "You divide by the norms of X and Y, not by those of XᵀX and YᵀY.",
                "Then a space is not fully like itself: CKA of X and X must be 1.",
                "What stands above is about products of columns, so what stands below has to be, too.",
            ),
        ),
    ),
)
