"""Exercise 4.4: wrong answers, built from single choices."""

import torch

from labkit.measures.attention import PATTERNS, SEPARATORS

PREVIOUS, NEXT, SAME, SINK = PATTERNS


def equal(tokens):
    return torch.tensor([[left == right for right in tokens] for left in tokens])


def sinks(tokens, known=SEPARATORS):
    return torch.tensor([token in known for token in tokens]).repeat(len(tokens), 1)


def over_rows_with_targets(maps, targets):
    rows = targets.any(dim=-1)
    return (maps * targets).sum(dim=-1)[..., rows].mean(dim=-1)


def strongest_first(found):
    return sorted(found, key=lambda item: item[2], reverse=True)


def build(
    neighbours=lambda offsets, step: offsets == step,
    same=equal,
    sink=sinks,
    maps=lambda maps, tokens, pattern: maps,
    share=over_rows_with_targets,
    reaches=lambda share, at_least: share >= at_least,
    range_of=lambda num_layers, num_heads: (range(num_layers), range(num_heads)),
    order=strongest_first,
    finish=lambda found: found,
):
    """find_heads with single choices made wrongly."""

    def answer(given, tokens, pattern, at_least):
        positions = torch.arange(len(tokens))
        offsets = positions - positions[:, None]
        if pattern in (PREVIOUS, NEXT):
            targets = neighbours(offsets, -1 if pattern == PREVIOUS else 1)
        else:
            targets = same(tokens) if pattern == SAME else sink(tokens)
        shares = share(maps(given, tokens, pattern), targets)
        layers, heads = range_of(*given.shape[:2])
        found = [
            (layer, head, float(shares[layer, head]))
            for layer in layers
            for head in heads
            if reaches(shares[layer, head], at_least)
        ]
        return finish(order(found))

    return answer


# Targets.


def around(offsets, step):
    """torch.roll: the text is a ring."""
    return (offsets - step) % len(offsets) == 0


def not_itself(targets):
    return targets & ~torch.eye(len(targets), dtype=torch.bool)


def first_occurrence(tokens):
    return torch.tensor([[j == tokens.index(token) for j in range(len(tokens))] for token in tokens])


def last_separator(tokens):
    targets = sinks(tokens)
    targets[:, : targets[0].nonzero().max()] = False
    return targets


def first_separator(tokens):
    targets = sinks(tokens)
    targets[:, targets[0].nonzero().min() + 1 :] = False
    return targets


def ends(tokens):
    targets = torch.zeros(len(tokens), len(tokens), dtype=torch.bool)
    targets[:, [0, -1]] = True
    return targets


def by_name(test):
    return lambda tokens: torch.tensor([bool(test(token)) for token in tokens]).repeat(len(tokens), 1)


def from_ordinary_tokens(tokens):
    return sinks(tokens) & ~sinks(tokens).T


# Shares.


def where_columns_are_targets(maps, targets):
    return (maps * targets).sum(dim=-1)[..., targets.any(dim=0)].mean(dim=-1)


def how_often_favourite(maps, targets):
    favourite = maps.argmax(dim=-1, keepdim=True)
    hit = targets.expand(maps.shape).gather(-1, favourite).squeeze(-1).float()
    return hit[..., targets.any(dim=-1)].mean(dim=-1)


def over_columns_with_targets(maps, targets):
    return (maps * targets).sum(dim=-2)[..., targets.any(dim=-2)].mean(dim=-1)


def largest_target(maps, targets):
    return (maps * targets).amax(dim=-1)[..., targets.any(dim=-1)].mean(dim=-1)


def without_separators(maps, tokens, pattern):
    if pattern == SINK:
        return maps
    kept = maps * ~sinks(tokens)
    return kept / kept.sum(dim=-1, keepdim=True).clamp(min=1e-9)


# Whole answers.


def share_of_rows(maps, tokens, pattern, at_least):
    """Each row is compared with at_least, and the rows that reach it are counted."""

    def share(maps, targets):
        rows = (maps * targets).sum(dim=-1)[..., targets.any(dim=-1)]
        return (rows >= at_least).float().mean(dim=-1)

    return build(share=share)(maps, tokens, pattern, at_least)


def every_row(maps, tokens, pattern, at_least):
    """Each row must reach at_least; the share is their mean."""
    lowest = lambda maps, targets: (maps * targets).sum(dim=-1)[..., targets.any(dim=-1)].amin(dim=-1)
    kept = {item[:2] for item in build(share=lowest)(maps, tokens, pattern, at_least)}
    found = build(reaches=lambda share, at_least: True)(maps, tokens, pattern, at_least)
    return [item for item in found if item[:2] in kept]


def rounded_before(maps, tokens, pattern, at_least):
    share = lambda maps, targets: (over_rows_with_targets(maps, targets) * 10).round() / 10
    return build(share=share)(maps, tokens, pattern, at_least - 1e-6)


def by_share(found):
    """A dict with the shares as keys."""
    return strongest_first([(*place, share) for share, place in {i[2]: i[:2] for i in found}.items()])


def best_of_each_layer(found):
    return [item for k, item in enumerate(found) if item[0] not in {other[0] for other in found[:k]}]


def flat_index(maps, tokens, pattern, at_least):
    """divmod by the number of layers."""
    num_layers, num_heads = maps.shape[:2]
    found = build()(maps, tokens, pattern, at_least)
    return [(*divmod(layer * num_heads + head, num_layers), share) for layer, head, share in found]


def no_sink(maps, tokens, pattern, at_least):
    if pattern == SINK:
        raise UnboundLocalError("cannot access local variable 'targets'")
    return build()(maps, tokens, pattern, at_least)


def always_true(maps, tokens, pattern, at_least):
    """if pattern == "previous token" or "next token"."""
    step = -1 if pattern == PREVIOUS else 1
    return build(neighbours=lambda offsets, _: offsets == step)(
        maps, tokens, PREVIOUS if pattern == PREVIOUS else NEXT, at_least
    )


def always_previous(maps, tokens, pattern, at_least):
    """The same, with one branch: every pattern is the previous token."""
    return build()(maps, tokens, PREVIOUS, at_least)
