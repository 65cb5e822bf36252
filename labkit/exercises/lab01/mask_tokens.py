"""Exercise 1.3: what is hidden."""

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab01.mask_tokens_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.exercises.share import Share
from labkit.training import objectives
from labkit.training.objectives import IGNORE


def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """labkit.objectives.mask_tokens at the rate of the paper."""
    return objectives.mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, 0.15, generator)


LARGE = 5000  # tokens from which on shares say something
DRAWS = (
    11  # the seed of every case's generator: what is drawn once for many tokens is far from what it should be
)


def _mask_cases(seed):
    make = torch.Generator().manual_seed(1000 * seed)

    def draw(low, high, *shape):
        return torch.randint(low, high, shape, generator=make)

    only_special = torch.tensor([2, 3] * 14 + [0] * 12).repeat(2, 1)
    cases = [
        (only_special, torch.ones_like(only_special), 4, 9, "2 x 40 ids, all of them special"),
        (draw(0, 30, 1, 2000), torch.zeros(1, 2000).long(), 30, 31, "1 x 2000 ids, none of them special"),
    ]
    ids, special = draw(5, 1000, 400, 150), torch.rand(400, 150, generator=make) < 0.05
    special[::2, 0] = True
    ids[special] = 3
    padding = torch.arange(150) >= draw(100, 151, 400, 1)
    padding[0] = torch.arange(150) >= 100  # the first row is among the shortest
    ids[padding] = 0
    shown = "400 x 150 ids from 5 to 999, special tokens (0, 3) among them, padding behind"
    cases.append((ids, (special | padding).long(), 4, 1000, shown))
    ids, special = draw(0, 10, 100, 200), torch.rand(100, 200, generator=make) < 0.08
    ids[special] = draw(18, 20, 100, 200)[special]
    shown = "100 x 200 ids from 0 to 9, special tokens (18, 19) among them"
    cases.append((ids, special.long(), 17, 20, shown))
    return [
        Case(
            (ids, special, mask_id, vocab_size, torch.Generator().manual_seed(DRAWS)),
            f"{shown}, mask_token_id {mask_id}, vocab_size {vocab_size}",
        )
        for number, (ids, special, mask_id, vocab_size, shown) in enumerate(cases)
    ]


def _describe_masking(output, case):
    """What can be seen of a masking, whatever the order in which it draws its random numbers."""
    input_ids, special, mask_token_id, vocab_size, _ = case.args
    corrupted, labels = output
    if corrupted.shape != input_ids.shape or labels.shape != input_ids.shape:
        return f"shapes {tuple(corrupted.shape)} and {tuple(labels.shape)}"
    filler = _filler(labels)
    special, chosen = special.bool(), labels != filler  # (B, T)
    changed = corrupted != input_ids
    seen = {
        "special tokens with a label": int((chosen & special).sum()),
        "special tokens changed": int((changed & special).sum()),
        "the label of tokens that are not chosen": filler,
        "labels are the original ids": _what_labels_are(labels[chosen], input_ids[chosen], corrupted[chosen]),
        "ordinary tokens changed without being chosen": int((changed & ~chosen & ~special).sum()),
    }
    seen = {key: value if isinstance(value, str) else _some(key, value) for key, value in seen.items()}
    if (~special).sum() < LARGE:
        return seen
    hit, original = corrupted[chosen], input_ids[chosen]
    is_mask, is_same = hit == mask_token_id, hit == original
    fate = torch.where(corrupted == mask_token_id, 1, torch.where(changed, 2, 0))  # (B, T)
    random = chosen & (fate == 2)
    return seen | {
        "ordinary tokens that are chosen": Share.of((chosen & ~special).sum(), (~special).sum(), 0.15),
        "every token is chosen by itself": _scattered(chosen, ~special),
        "ids that are never chosen": _spared(input_ids, chosen, ~special),
        "most of the chosen become": _most(hit, mask_token_id, original),
        "of the chosen, [MASK]": Share.of(is_mask.sum(), len(hit), 0.8, 0.03),
        "of the chosen, another token": Share.of((~is_mask & ~is_same).sum(), len(hit), 0.1, 0.03),
        "of the chosen, unchanged": Share.of(is_same.sum(), len(hit), 0.1, 0.03),
        "every chosen token has a fate of its own": _varied(fate, chosen, at_least=8),
        "every random token is drawn by itself": _varied(corrupted, random, at_least=2),
        "the random tokens are ids": _range(corrupted[random], vocab_size, mask_token_id),
        "something is changed": bool(changed.any()),
        "how many of these": Share.of(
            (changed & ~chosen & ~special).sum(), (~chosen & ~special).sum(), 0, 0.02
        ),
    }


def _what_labels_are(labels, original, corrupted):
    """The labels of the chosen tokens in words."""
    if torch.equal(labels, original):
        return "yes"
    if torch.equal(labels, corrupted):
        return "no, the corrupted ids"
    return f"no, always {int(labels[0])}" if (labels == labels[0]).all() else "no"


def _some(key, count):
    """A number of tokens that hangs on chance, as "some"; the label's value as it is."""
    return count if key.startswith("the label") else "some" if count else "none"


def _filler(labels):
    """What stands where nothing is chosen: -100, or the label of more than half of the tokens."""
    if (labels == IGNORE).any():
        return IGNORE
    values, counts = labels.unique(return_counts=True)
    return int(values[counts.argmax()]) if counts.max() > labels.numel() / 2 else IGNORE


def _scattered(chosen, ordinary):
    """Are there some, but not all, in almost every row and column that has many ordinary tokens?"""
    apart = []
    for dim, name in ((1, "whole rows"), (0, "the same places in all rows")):
        count, room = (chosen & ordinary).sum(dim), ordinary.sum(dim)
        share = (count / room)[room > 0.4 * ordinary.shape[dim]]
        if (share == 0).float().mean() > 0.2:
            apart.append(name)
        if dim == 0 and min(room[0], room[-1]) > 80 and min(count[0], count[-1]) == 0:
            apart.append("never at the first or the last place")
    return f"no: {', '.join(apart)}" if apart else "yes"


def _varied(values, where, at_least):
    """Do these values differ within the rows and within the columns, wherever there are `at_least`?"""
    alike = []
    for v, w, name in ((values, where, "in a row"), (values.T, where.T, "in a column")):
        v, w = v[w.sum(1) >= at_least], w[w.sum(1) >= at_least]
        low, high = v.masked_fill(~w, 10**9).amin(1), v.masked_fill(~w, -1).amax(1)
        if len(v) and (low == high).float().mean() > 0.5:
            alike.append(name)
    return f"no, the same {' and '.join(alike)}" if alike else "yes"


def _spared(input_ids, chosen, ordinary):
    """Ids that stand in the text often, and never get a label."""
    ids, counts = input_ids[ordinary].unique(return_counts=True)
    rate = (chosen & ordinary).sum() / ordinary.sum()
    missing = sorted(set(ids[counts * rate > 20].tolist()) - set(input_ids[chosen & ordinary].tolist()))
    return ", ".join(map(str, missing)) or "none"


def _most(hit, mask_token_id, original):
    """What the largest part of the chosen tokens become."""
    if not len(hit):
        return "nothing is chosen"
    values, counts = hit.unique(return_counts=True)
    number = int(values[counts.argmax()])
    if counts.max() < 0.5 * len(hit):
        same = (hit == original).float().mean() > 0.5
        return "what they were" if same else "different tokens"
    return "mask_token_id" if number == mask_token_id else f"the id {number}, not mask_token_id"


def _range(ids, vocab_size, mask_token_id):
    """From where to where random ids go; in a large vocabulary, only whether they leave it far behind."""
    if not len(ids):
        return "none"
    low, high = int(ids.min()), int(ids.max())
    if high >= 2 * vocab_size:
        return "far beyond vocab_size"
    if vocab_size > 50:
        return "of the vocabulary"
    missing = set(range(low, high)) - set(ids.tolist()) - {mask_token_id}
    return f"{low} to {high}" + (", not all of them" if missing else "")


def _says(name, points, *keys):
    """A Property: these lines of the description are as the reference's."""

    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: (corrupted, labels), two tensors like input_ids\ngot:      {seen}"
        for key in keys:
            if key in expected and seen[key] != expected[key]:
                return f"{key}\n{expected_got(expected[key], seen[key])}"
        return ""

    def project(seen):
        return {key: seen[key] for key in keys if key in seen} if isinstance(seen, dict) else seen

    return compares(name, points, test, project=project)


def _generator_decides(trial):
    input_ids, special, mask_token_id, vocab_size, _ = trial.cases[3].args
    calls = [
        trial.call(input_ids, special, mask_token_id, vocab_size, torch.Generator().manual_seed(seed))
        for seed in (11, 11, 12, 13, 14)
    ]
    if any(outcome.error for outcome in calls):
        return next(outcome.said for outcome in calls if outcome.error)
    (hidden, labels), (again, same_labels), *others = (outcome.value for outcome in calls)
    if labels.shape != input_ids.shape or hidden.shape != input_ids.shape or not (labels != IGNORE).any():
        return "Nothing is drawn: no token is chosen."
    if not torch.equal(labels, same_labels):
        return Fault("Two calls with generators of the same seed hid different tokens.", advice=UNUSED)
    if not torch.equal(hidden, again):
        message = "Two calls with generators of the same seed hid the same tokens in different ways."
        return Fault(message, advice=HALF_USED)
    both = [(labels != IGNORE) & (other != IGNORE) for _, other in others]
    if all(torch.equal(labels, other) for _, other in others):
        return Fault("Generators of different seeds hid the same tokens.", advice=OWN_SEED)
    pairs = torch.cat(
        [torch.stack([hidden[w], other[w]]) for w, (other, _) in zip(both, others, strict=True)], 1
    )
    masked = pairs == mask_token_id
    if (
        pairs.shape[1]
        and (masked[0] == masked[1]).float().mean() > 0.9
        and 0.3 < masked[0].float().mean() < 0.95
    ):
        return Fault("Generators of different seeds gave the chosen tokens the same fates.", advice=OWN_SEED)
    original = torch.cat([input_ids[w] for w in both])
    random = ~masked.any(0) & (pairs != original).all(0)
    if random.sum() >= 4 and (pairs[0] == pairs[1])[random].all():
        return Fault("Generators of different seeds gave the same random tokens.", advice=OWN_SEED)
    return ""


UNUSED = "Every draw needs it: torch.rand(shape, generator=generator)."
HALF_USED = "Every draw needs the generator: the one of the fates and the one of the random tokens as well, torch.randint(..., generator=generator)."
OWN_SEED = "The generator comes with a seed of its own: draw from it, and set no seed and make no other one."

MASK_TOKENS = Exercise(
    name="mask_tokens",
    title="Hide 15%, the 80/10/10 way",
    minutes=15,
    reference=mask_tokens,
    cases=_mask_cases,
    form=forms.tuple_of(forms.tensor(torch.int64), forms.tensor(torch.int64)),
    observe=_describe_masking,
    properties=(
        _says(
            "15% of the ordinary tokens are labelled, special ones never",
            1,
            "ordinary tokens that are chosen",
            "special tokens with a label",
            "every token is chosen by itself",
            "ids that are never chosen",
        ),
        _says(
            "labels are the original ids there, -100 elsewhere",
            1,
            "the label of tokens that are not chosen",
            "labels are the original ids",
            "ordinary tokens that are chosen",
        ),
        _says(
            "80% become [MASK], 10% a random token, 10% stay",
            2,
            "most of the chosen become",
            "of the chosen, [MASK]",
            "of the chosen, another token",
            "of the chosen, unchanged",
            "every chosen token has a fate of its own",
            "every random token is drawn by itself",
            "the random tokens are ids",
        ),
        _says(
            "tokens that are not labelled stay as they are",
            1,
            "special tokens changed",
            "ordinary tokens changed without being chosen",
            "how many of these",
            "something is changed",
        ),
        Property("the generator decides what is hidden", 1, _generator_decides),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
