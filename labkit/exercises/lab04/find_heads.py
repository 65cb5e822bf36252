"""Exercise 4.4: which heads follow a pattern?"""

import random

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise, Fault, Property
from labkit.exercises.lab04.find_heads_mistakes import MISTAKES
from labkit.exercises.lab04.made_maps import random_maps, written
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.measures import attention
from labkit.measures.attention import PATTERNS, pattern_targets

WORDS = "the cat sat on mat a dog ran after it".split()
CLEAR = 0.02  # no head of a drawn case is nearer to the threshold than this
EQUAL = 1e-5  # shares no further apart than this may come in any order

# Worked by hand. Each pattern with its own threshold; "next token" reaches it exactly.
BY_HAND = torch.tensor(
    [
        [
            [[1 / 4, 1 / 2, 1 / 4], [3 / 4, 1 / 8, 1 / 8], [1 / 8, 3 / 4, 1 / 8]],
            [[1 / 2, 1 / 4, 1 / 4], [1 / 4, 1 / 2, 1 / 4], [1 / 2, 1 / 4, 1 / 4]],
        ]
    ]
)
BY_HAND_TOKENS = ["a", "[SEP]", "a"]
BY_HAND_AT_LEAST = dict(zip(PATTERNS, (0.5, 0.25, 0.5, 0.4), strict=True))

# What is no separator, or not the same token, though it looks like one.
TEXTS = (
    ["[CLS]", "The", "cat", ",", "the", "cat", "of", "[MASK]", ".", "[SEP]"],
    ["<|endoftext|>", "the", "end", "of", "the", "text", ".", "the"],
    ["Then", "[SEP]", "dog", "dogs", "[SEP]", "dog", "then"],
    ["<|endoftext|>", "a", "[CLS]", "a", "<|endoftext|>"],
)
AT_LEAST = (0.25, 0.35, 0.62, 0.45)
DRAWN_AT_LEAST = 0.5


def find_heads(maps, tokens, pattern, at_least):
    """labkit.attention.find_heads."""
    return attention.find_heads(maps, tokens, pattern, at_least)


def _head_cases(seed):
    cases = []
    for pattern in PATTERNS:
        args = (BY_HAND, BY_HAND_TOKENS, pattern, BY_HAND_AT_LEAST[pattern])
        cases.append(Case(args, _shown(*args)))
    for tokens, at_least, shape in zip(TEXTS, AT_LEAST, ((3, 2), (2, 4), (5, 2), (2, 3)), strict=True):
        for number, pattern in enumerate(PATTERNS):
            cases.append(_drawn(random.Random(number), tokens, pattern, at_least, shape))
    cases.append(_exact())
    rng = random.Random(100 * seed)
    for pattern in PATTERNS:
        words = rng.sample(WORDS, 4)
        tokens = ["[CLS]", *words, words[0], rng.choice(words), "[SEP]"]
        cases.append(_drawn(rng, tokens, pattern, DRAWN_AT_LEAST, (2, 3)))
    return cases


def _shown(maps, tokens, pattern, at_least):
    how = written(maps) if maps is BY_HAND else f"maps of shape {tuple(maps.shape)}"
    return f'{how}\ntokens: {tokens}\npattern: "{pattern}", at_least: {at_least}'


def _drawn(rng, tokens, pattern, at_least, shape):
    """Maps whose heads mix a pattern with noise: each can be told from the others and from the threshold."""
    while True:
        maps = random_maps(rng.randrange(10**6), *shape, len(tokens))
        places = [(layer, head) for layer in range(shape[0]) for head in range(shape[1])]
        rng.shuffle(places)
        # Heads of the pattern asked for, strong and weak; the rest follow others.
        others = [name for name in PATTERNS if name != pattern]
        plan = [(pattern, strength) for strength in (0.93, 0.85, 0.75, 0.3)]
        plan += [(name, 0.85) for name in rng.choices(others, k=len(places) - len(plan))]
        for (layer, head), (name, strength) in zip(places, plan, strict=False):
            maps[layer, head] = _following(maps[layer, head], tokens, name, strength)
        if _can_tell(maps, tokens, pattern, at_least):
            args = (maps, tokens, pattern, at_least)
            return Case(args, _shown(*args))


def _following(noise, tokens, pattern, strength):
    """A head that gives `strength` of its attention to a pattern's targets, in rows that have any."""
    targets = pattern_targets(tokens, pattern).float()
    count = targets.sum(dim=-1, keepdim=True)
    mixed = strength * targets / count.clamp(min=1) + (1 - strength) * noise
    return torch.where(count > 0, mixed, noise)


def _can_tell(maps, tokens, pattern, at_least):
    """No share near the threshold; some found and some not; by strength another order than by place."""
    shares = attention.pattern_share(maps, tokens, pattern)
    if (shares - at_least).abs().min() < CLEAR or not 1 < (shares >= at_least).sum() < shares.numel():
        return False
    if at_least == DRAWN_AT_LEAST and ((shares > 0.38) & (shares < at_least)).any():
        return False  # so that a threshold of 0.4 goes wrong on the fixed cases alone, whatever is drawn
    found = attention.find_heads(maps, tokens, pattern, at_least)
    if len(found) < 3 and maps.shape[:2].numel() > 4:
        return False
    gaps = [a[2] - b[2] for a, b in zip(found, found[1:], strict=False)]
    orders = [sorted(found, key=lambda item: item[:2]), sorted(found, key=lambda item: item[1])]
    return found not in (*orders, *(order[::-1] for order in orders)) and min(gaps) > 1e-3


def _exact():
    """Two heads reach the threshold exactly, with numbers that no way of adding up rounds; two fail it."""
    tokens = ["a", "b", "[SEP]", "c", "d"]
    maps = torch.zeros(2, 2, 5, 5)
    for layer, head, share in ((0, 0, 1 / 4), (0, 1, 1 / 2), (1, 0, 3 / 8), (1, 1, 1 / 2)):
        maps[layer, head] = share * torch.eye(5).roll(1, dims=1) + (1 - share) * torch.eye(5)
    args = (maps, tokens, "next token", 0.5)
    return Case(args, f"{_shown(*args)}\ntwo heads have exactly this share")


def _triples(output, case):
    """Heads with equal shares may come in any order: here in that of their places."""
    runs = []
    for triple in output:
        if runs and abs(runs[-1][-1][2] - triple[2]) < EQUAL:
            runs[-1].append(triple)
        else:
            runs.append([triple])
    return [triple for run in runs for triple in sorted(run)]


def _same_heads(expected, seen):
    right, got = sorted(expected), sorted(seen)
    if [item[:2] for item in right] != [item[:2] for item in got]:
        return expected_got(expected, seen) + _first_head(right, got)
    for (layer, head, share), (*_, other) in zip(right, got, strict=True):
        if not abs(share - other) < 1e-3:
            return f"layer {layer}, head {head}\nexpected: a share of {share:.4f}\ngot:      {other:.4f}"
    return ""


def _first_head(right, got):
    found = {item[:2]: item[2] for item in got}
    for layer, head, share in right:
        if (layer, head) not in found:
            return f"\nmissing: layer {layer}, head {head}, whose share is {share:.4f}"
    known = {item[:2] for item in right}
    extra = next(((place, share) for place, share in found.items() if place not in known), None)
    if extra is None:
        return "\na head is in it twice"
    (layer, head), share = extra
    return f"\ntoo many: layer {layer}, head {head}, share {share:.4f}"


def _out_of_order(expected, seen):
    shares = [share for *_, share in seen]
    in_order = all(after < before + EQUAL for before, after in zip(shares, shares[1:], strict=False))
    return "" if in_order else expected_got(expected, seen)


def _in_order(trial):
    """Every list is in order, and there is one in which that can be seen."""
    fault = each_case(_out_of_order)(trial)
    lists = [seen for seen in trial.observed if isinstance(seen, list)]
    if not fault and max(map(len, lists), default=0) < 2:
        return "No list of yours holds two heads, so there is no order to see."
    return fault


def _finds(pattern):
    """The Property of one pattern. What is missing says more than how many are."""
    where = lambda case: case.args[2] == pattern
    each = each_case(_same_heads, where)

    def holds(trial):
        fault = each(trial)
        return Fault(fault.message, fault.case) if fault and not trial.outcomes[fault.case].error else fault

    return Property(f"finds every {pattern} head", 1, holds, where, sorted)


FIND_HEADS = Exercise(
    name="find_heads",
    title="Heads that follow a pattern",
    minutes=15,
    reference=find_heads,
    cases=_head_cases,
    form=forms.list_of(forms.tuple_of(forms.whole, forms.whole, forms.number)),
    observe=_triples,
    properties=(
        *(_finds(pattern) for pattern in PATTERNS),
        Property("the strongest head first", 1, _in_order),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
