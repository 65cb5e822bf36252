"""Exercise 2.7: drawing the next token."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab02.sample_next_mistakes import MISCONCEPTIONS, chances
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.models import generation


def sample_next(logits, temperature, top_k, top_p, generator):
    """labkit.generation.sample_next."""
    return generation.sample_next(logits, temperature, top_k, top_p, generator)


PROBS = (0.42, 0.25, 0.15, 0.09, 0.06, 0.03)
SURE = (0.70, 0.12, 0.08, 0.05, 0.03, 0.02)  # of the second text: one that needs fewer tokens to reach p
FORBIDDEN = (0.5, 0.3, 0.15, 0.05, 0.0, 0.0)  # as when the caller rules the end-of-text token out
MANY = tuple((80 + place) / 7136 for place in range(64))
HALVES = (0.5, 0.25, 0.25)  # what is likelier than the second token has exactly 0.5
DRAWS = 1500  # of each of the two texts; a loop over rows takes seconds, not minutes
CHANCE = 0.065  # five standard deviations of a share of 1,500 draws
# (temperature, top_k, top_p, probabilities). With PROBS, 0.8 is crossed by the third token and 0.3
# already by the first; after top_k=3 the rest is rescaled, so that 0.75 needs two tokens instead of three; at
# temperature 1.5, 0.6 needs three instead of two.
SETTINGS = (
    (1.0, 0, 1.0, PROBS),
    (0.7, 0, 1.0, PROBS),
    (1.5, 0, 1.0, PROBS),
    (0, 0, 1.0, PROBS),
    (1.0, 1, 1.0, PROBS),
    (1.0, 3, 1.0, PROBS),
    (1.0, 0, 0.8, PROBS),
    (1.0, 0, 0.3, PROBS),
    (1.0, 3, 0.75, PROBS),
    (1.0, 4, 0.6, PROBS),
    (1.5, 0, 0.6, PROBS),
    (1.5, 10, 1.0, FORBIDDEN),  # more than there are
    (1.0, 0, 0.5, HALVES),
    (1.0, 0, 1.0, MANY),
)


def _sample_cases(seed):
    cases = []
    for number, (temperature, top_k, top_p, given) in enumerate(SETTINGS):
        make = torch.Generator().manual_seed(1000 * seed + number)
        orders = [torch.randperm(len(given), generator=make) for _ in range(2)]
        while orders[0].argmin() == orders[1].argmin() or 0 in (orders[0].argmin(), orders[1].argmin()):
            orders = [torch.randperm(len(given), generator=make) for _ in range(2)]  # favourites: two, not 0
        pair = (given, SURE if given is PROBS else given)
        probs = torch.stack([torch.tensor(p)[order] for p, order in zip(pair, orders, strict=True)])  # (2, V)
        if given is HALVES and not (probs.log().softmax(dim=-1) == probs).all():
            continue  # where this machine rounds, a right answer may keep one token more
        # Logits are log-probabilities up to a constant.
        shift = torch.tensor([[-1.0], [0.5]]) if given is not HALVES else torch.zeros(2, 1)
        logits = (probs.log() + shift).repeat(DRAWS, 1)  # (2 * DRAWS, V), the texts in turn
        generator = torch.Generator().manual_seed(2000 * seed + number)
        lists = " and ".join(str([round(p, 2) for p in row]) for row in probs.tolist())
        if given is MANY:
            lists = "64 tokens of nearly the same probability"
        shown = (
            f"temperature={temperature}, top_k={top_k}, top_p={top_p} and probabilities {lists}, "
            f"{DRAWS} draws of each"
        )
        cases.append(Case((logits, temperature, top_k, top_p, generator), shown))
        if top_k == 1:
            one = "temperature=1.0, top_k=1, top_p=1.0, a batch of one text, and its probabilities "
            given = (logits[:1].clone(), *cases[-1].args[1:-1], torch.Generator().manual_seed(seed))
            cases.append(Case(given, one + str([round(p, 2) for p in probs[0].tolist()])))
    return cases


_KEPT: dict[tuple, list[torch.Tensor]] = {}  # (which case, its logits) -> what `_possible` found


def _possible(case):
    """What the right answer and each known mistake draw with: a list of (texts, V), the right one first."""
    logits, *settings, _ = case.args
    rows = logits[: min(2, len(logits))]
    key = case.shown, str(rows.tolist())
    if key not in _KEPT:
        _KEPT[key] = []
        mistakes = [wrong.choices for wrong in MISCONCEPTIONS if "finish" not in wrong.choices]
        for choices in ({}, *mistakes):
            try:
                probs = chances(rows, *settings, **choices)
            except (RuntimeError, IndexError):  # this mistake draws nothing here
                continue
            if probs.shape == rows.shape and probs.isfinite().all():
                _KEPT[key].append(probs / probs.sum(dim=-1, keepdim=True))
    return _KEPT[key]


def _describe(ids, case):
    """What can be seen of the draws, whatever the order in which random numbers were used.

    Shares that chance explains are reported as what they should be; others as what the nearest known
    mistake draws, or in steps of 10%. Plain numbers, because they travel from a student's process to the
    grader.
    """
    logits = case.args[0]
    if ids.shape != logits.shape[:1]:
        return f"shape {tuple(ids.shape)} instead of {tuple(logits.shape[:1])}"
    if not bool(((ids >= 0) & (ids < logits.shape[1])).all()):
        return f"ids that are none of the {logits.shape[1]} tokens"
    if len(ids) == 1:  # a single draw says nothing about shares; its form is what matters
        return "one id"
    texts = min(2, len(logits))
    ids = ids.reshape(-1, texts)
    counts = torch.stack([torch.bincount(column, minlength=logits.shape[1]) for column in ids.T]) / len(ids)
    right, *wrong = _possible(case)
    seen = {}
    for text in range(texts):
        near = [probs[text] for probs in wrong if (counts[text] - probs[text]).abs().max() < CHANCE]
        near.sort(key=lambda probs: (counts[text] - probs).abs().sum().item())
        shares = near[0] if near else (10 * counts[text]).round() / 10
        if (counts[text] - right[text]).abs().max() < CHANCE:
            shares = right[text]
        seen[f"tokens drawn for text {text}"] = sorted(set(ids[:, text].tolist()))
        seen[f"how often each token, for text {text}"] = [round(share, 2) for share in shares.tolist()]
    return seen


def _generator_decides(trial):
    logits = trial.cases[0].args[0]
    calls = [trial.call(logits, 1.0, 0, 1.0, torch.Generator().manual_seed(seed)) for seed in (11, 11, 12)]
    wrong = next((outcome for outcome in calls if outcome.error), None)
    if wrong:
        return Fault(wrong.said, 0, wrong.advice)
    first, again, other = (outcome.value for outcome in calls)
    if first.shape != logits.shape[:1]:
        return Fault(f"expected: an id for each of {len(logits)} texts\ngot:      {first.numel()} of them", 0)
    if not torch.equal(first, again):
        said = "Two generators of the same seed drew different tokens: hand `generator` to torch.multinomial."
        return Fault(said, 0, "Whoever hands in a generator wants to be able to repeat the draw.")
    if torch.equal(first, other):
        said = "Generators of different seeds drew the same tokens: do not set a seed of your own."
        return Fault(said, 0, "The numbers have to come from `generator`, from where it stands.")
    return ""


def _is(*, tempered, cut):
    def where(case):
        _, temperature, top_k, top_p, _ = case.args
        kind = ("k" if top_k else "") + ("p" if top_p < 1 else "")
        return kind == cut and (tempered is None or (temperature != 1.0) == tempered)

    return where


def _draws(name, points, where):
    """A Property of what the draws look like: a summary, of which no relation would say anything true."""
    return matches_reference(name, points, where, relate=None)


SAMPLE_NEXT = Exercise(
    name="sample_next",
    title="Draw the next token",
    minutes=12,
    reference=sample_next,
    cases=_sample_cases,
    observe=_describe,
    form=forms.tensor(torch.int64),
    seconds=60.0,
    properties=(
        _draws("each token as often as its probability says", 1, _is(tempered=False, cut="")),
        _draws("temperature: 0 is greedy, low is bold, high is wild", 2, _is(tempered=True, cut="")),
        _draws("top_k: only the k likeliest, in their proportions", 1, _is(tempered=None, cut="k")),
        _draws(
            "top_p: the smallest set that reaches p, after temperature and top_k",
            2,
            lambda case: case.args[3] < 1,
        ),
        Property("the generator decides", 1, _generator_decides),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
