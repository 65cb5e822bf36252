"""Exercise 4.4: which heads follow a pattern?"""

import random

import torch

from labkit import attention
from labkit.attention import PATTERNS, SEPARATORS, pattern_targets
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab04.made_maps import random_maps
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged

WORDS = "the cat sat on mat a dog ran after it".split()
AT_LEAST = 0.5
CLEAR = 0.02  # no head of a case is nearer to the threshold than this


def find_heads(maps, tokens, pattern, at_least):
    """labkit.attention.find_heads."""
    return attention.find_heads(maps, tokens, pattern, at_least)


def _head_cases(seed):
    cases = []
    for k in range(3):  # a short text, and two in which heads of all patterns are mixed
        rng = random.Random(100 * seed + k)
        for number, pattern in enumerate(PATTERNS):
            case = None
            while case is None:
                case = _drawn(rng, pattern, length=(5, 8, 9)[k], seed=rng.randrange(10**6))
            maps, tokens = case
            shown = f'maps of shape {tuple(maps.shape)}, tokens {tokens}, "{pattern}", at_least={AT_LEAST}'
            cases.append((k, number, Case((maps, tokens, pattern, AT_LEAST), shown)))
    return [case for _, _, case in sorted(cases, key=lambda item: item[:2])]


def _drawn(rng, pattern, length, seed):
    """Maps whose heads mix a pattern with noise; None when a share is too near the threshold to be fair."""
    words = rng.sample(WORDS, length - 4)
    tokens = ["[CLS]", words[0], *words, "[SEP]"]  # a word that is repeated, between separators
    tokens.insert(rng.randint(3, length - 2), words[0])
    maps = random_maps(seed, 2, 3, length)
    places = [(layer, head) for layer in range(2) for head in range(3)]
    # Four heads of the pattern asked for, strong and weak, and two of others.
    strengths = (0.93, 0.8, 0.62, 0.3)
    others = [name for name in PATTERNS if name != pattern]
    plan = [(pattern, strength) for strength in strengths] + [(name, 0.85) for name in rng.sample(others, 2)]
    rng.shuffle(places)
    for (layer, head), (name, strength) in zip(places, plan, strict=True):
        followed = pattern_targets(tokens, name).float()
        rows = followed.sum(dim=-1, keepdim=True)
        followed = followed / rows.clamp(min=1)
        mixed = strength * followed + (1 - strength) * maps[layer, head]
        maps[layer, head] = torch.where(rows > 0, mixed, maps[layer, head])
    shares = attention.pattern_share(maps, tokens, pattern)
    if (shares - AT_LEAST).abs().min() < CLEAR or not 1 < (shares >= AT_LEAST).sum() < 6:
        return None
    found = attention.find_heads(maps, tokens, pattern, AT_LEAST)
    in_order = sorted(found)
    gaps = [a[2] - b[2] for a, b in zip(found, found[1:], strict=False)]
    # In the order of the text and the other way round, the list must be another than by strength.
    return None if found in (in_order, in_order[::-1]) or min(gaps) < 1e-3 else (maps, tokens)


def _triples(output, case):
    return [(int(layer), int(head), float(share)) for layer, head, share in output]


def _finder(targets=pattern_targets, share=None, order=True, place=lambda layer, head: (layer, head)):
    """find_heads with single choices made wrongly."""

    def wrong(maps, tokens, pattern, at_least):
        shares = (share or _share)(maps, targets(tokens, pattern))
        found = [
            (*place(layer, head), shares[layer, head].item())
            for layer in range(maps.shape[0])
            for head in range(maps.shape[1])
            if shares[layer, head] >= at_least
        ]
        return found if order is None else sorted(found, key=lambda item: item[2], reverse=order)

    return wrong


def _share(maps, targets):
    rows = targets.any(dim=-1)
    return (maps * targets).sum(dim=-1)[..., rows].mean(dim=-1)


def _transposed(tokens, pattern):
    return pattern_targets(tokens, pattern).T if pattern in PATTERNS[:2] else pattern_targets(tokens, pattern)


def _only_itself(tokens, pattern):
    if pattern == "same token":
        return torch.eye(len(tokens), dtype=torch.bool)
    return pattern_targets(tokens, pattern)


def _never_itself(tokens, pattern):
    targets = pattern_targets(tokens, pattern)
    return targets & ~torch.eye(len(tokens), dtype=torch.bool) if pattern == "same token" else targets


def _only_sep(tokens, pattern):
    if pattern == "separator sink":
        return torch.tensor([token == "[SEP]" for token in tokens]).expand(len(tokens), -1)
    return pattern_targets(tokens, pattern)


def _rows_of_separators(tokens, pattern):
    targets = pattern_targets(tokens, pattern)
    return targets.T if pattern == "separator sink" else targets


def _differs(expected, seen):
    if not isinstance(seen, list):
        return f"expected: a list of (layer, head, share)\ngot:      {seen}"
    right, got = sorted(expected), sorted(seen)
    alike = len(right) == len(got) and all(
        e[:2] == g[:2] and abs(e[2] - g[2]) < 1e-3 for e, g in zip(right, got, strict=True)
    )
    return "" if alike else expected_got(expected, seen)


def _out_of_order(expected, seen):
    if not isinstance(seen, list):
        return f"expected: a list of (layer, head, share)\ngot:      {seen}"
    shares = [share for _, _, share in seen]
    return "" if shares == sorted(shares, reverse=True) and shares else expected_got(expected, seen)


def _asks_for(pattern):
    return lambda case: case.args[2] == pattern


FIND_HEADS = Exercise(
    name="find_heads",
    title="Heads that follow a pattern",
    minutes=15,
    reference=find_heads,
    cases=_head_cases,
    observe=_triples,
    properties=(
        *(Property(f"finds every {name} head", 1, each_case(_differs, _asks_for(name))) for name in PATTERNS),
        Property("the strongest head first", 1, each_case(_out_of_order)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "previous and next swapped",
            _finder(targets=_transposed),
            (
                "Previous and next have changed places.",
                "Row i is the token that looks, column j the token looked at: the previous token is j = "
                "i - 1.",
                "offsets[i, j] is j - i: which value has the token before?",
            ),
        ),
        Misconception(
            "tokens without a target count",
            _finder(share=lambda maps, targets: (maps * targets).sum(dim=-1).mean(dim=-1)),
            (
                "Your shares are too low: you divide by all T tokens.",
                "The first token has no previous one. It cannot follow the pattern, and must not count "
                "against it.",
                "Average over the rows that have a target: targets.any(dim=-1).",
            ),
        ),
        Misconception(
            "how often the target is the favourite",
            _finder(
                share=lambda maps, targets: (
                    targets.expand(maps.shape)
                    .gather(-1, maps.argmax(dim=-1, keepdim=True))
                    .squeeze(-1)
                    .float()
                )[..., targets.any(dim=-1)].mean(dim=-1)
            ),
            (
                "You count how often the strongest weight lies on a target.",
                "A head that gives 51% to the token before and one that gives 99% would be alike.",
                "Add up the weights on the targets: (maps * targets).sum(dim=-1).",
            ),
        ),
        Misconception(
            "a single row is enough",
            _finder(share=lambda maps, targets: (maps * targets).sum(dim=-1).amax(dim=-1)),
            (
                "One token that follows the pattern is enough for you.",
                "Every head looks at the token before now and then; a pattern is what it does on average.",
                "mean over the rows, not max.",
            ),
        ),
        Misconception(
            "the same token is only itself",
            _finder(targets=_only_itself),
            (
                "You find tokens that look at themselves, but not at their repetitions.",
                "In this text a word comes more than once; the same token is all of its places.",
                "tokens[i] == tokens[j], for all pairs.",
            ),
        ),
        Misconception(
            "the same token is never itself",
            _finder(targets=_never_itself),
            (
                "You leave out that a token can look at itself.",
                "Its own place is one of the places where the same token stands.",
                "tokens[i] == tokens[j], the diagonal included.",
            ),
        ),
        Misconception(
            "only [SEP] is a separator",
            _finder(targets=_only_sep),
            (
                "Your separators are [SEP] alone.",
                f"A head rests on any token that means nothing: {', '.join(SEPARATORS)}.",
                "Ask whether the token is in labkit.attention.SEPARATORS.",
            ),
        ),
        Misconception(
            "what separators look at",
            _finder(targets=_rows_of_separators),
            (
                "You measure what the separators look at.",
                "A sink is looked at: the separators are the columns.",
                "The same columns are targets in every row.",
            ),
        ),
        Misconception(
            "in the order of the layers",
            _finder(order=None),
            (
                "The right heads, in the order of the layers.",
                "Asked for is the strongest first: the first in the list is the one to look at.",
                "sorted(found, key=lambda item: item[2], reverse=True)",
            ),
        ),
        Misconception(
            "weakest first",
            _finder(order=False),
            (
                "The right heads, the weakest first.",
                "Sorting puts the smallest first unless told otherwise.",
                "reverse=True.",
            ),
        ),
        Misconception(
            "layer and head swapped",
            _finder(place=lambda layer, head: (head, layer)),
            (
                "Layer and head have changed places in your list.",
                "The first axis of the maps is the layer, the second the head.",
                "(layer, head, share).",
            ),
        ),
        Misconception(
            "the threshold is not used",
            lambda maps, tokens, pattern, at_least: find_heads(maps, tokens, pattern, 0.0),
            (
                "You return every head, however weak.",
                "Every head has some share of every pattern; one that follows it has at least at_least.",
                "Compare each share with at_least before you keep the head.",
            ),
        ),
        Misconception(
            "heads counted from 1",
            _finder(place=lambda layer, head: (layer + 1, head + 1)),
            (
                "Your layers and heads are one too high.",
                "Here both are counted from 0, as in maps[layer, head].",
                "range counts from 0: use its numbers as they are.",
            ),
        ),
        Misconception(
            "only the strongest head",
            lambda maps, tokens, pattern, at_least: find_heads(maps, tokens, pattern, at_least)[:1],
            (
                "You return one head where several follow the pattern.",
                "Heads share habits: in BERT several look at the previous token.",
                "Does your function return inside the loop?",
            ),
        ),
    ),
)
