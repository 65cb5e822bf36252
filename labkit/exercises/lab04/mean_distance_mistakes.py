"""Exercise 4.3: what students write instead."""

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab04.over_queries import over_queries_mistakes


def _offsets(maps):
    """j - i for each query i and key j.  (T, T)"""
    positions = torch.arange(maps.shape[-1])
    return positions - positions[:, None]


def _sum_over_keys(maps, distance):
    return (maps * distance).sum(dim=-1)


def _build(
    distance=lambda offsets: offsets.abs(),
    maps=lambda maps: maps,
    rows=_sum_over_keys,
    over_queries=lambda rows: rows.mean(dim=-1),
    finish=lambda result, maps: result,
):
    """mean_distance with single choices made wrongly."""

    def answer(given):
        shares = maps(given)
        return finish(over_queries(rows(shares, distance(_offsets(given)))), given)

    return answer


def _favourite(maps, distance):
    return distance.expand(maps.shape).gather(-1, maps.argmax(dim=-1, keepdim=True)).squeeze(-1).float()


def _furthest(maps, distance):
    return ((maps > 0) * distance).amax(dim=-1).float()


def _strongest_product(maps, distance):
    return (maps * distance).amax(dim=-1)


def _counted(maps, distance):
    return ((maps > 0) * distance).sum(dim=-1).float()


def _mean_of_counted(maps, distance):
    return _counted(maps, distance) / (maps > 0).sum(dim=-1)


def _by_distances(maps, distance):
    return (maps * distance).sum(dim=-1) / distance.sum(dim=-1).clamp(min=1e-9)


def _without_itself(maps):
    others = maps * (1 - torch.eye(maps.shape[-1]))
    return others / others.sum(dim=-1, keepdim=True).clamp(min=1e-9)


def _circular(offsets):
    return torch.minimum(offsets.abs(), len(offsets) - offsets.abs())


def _key_positions(offsets):
    return torch.arange(len(offsets)).expand(offsets.shape)


def _first_cut(maps):
    cut = maps.clone()
    cut[..., 0, :], cut[..., 0] = 0.0, 0.0
    return cut


def _product_of_matrices(given):
    return (given @ _offsets(given).abs()).sum(dim=-1).mean(dim=-1)


def _earlier_tokens_alone(maps):
    before = maps.tril()
    total = (before * _offsets(maps).abs()).sum(dim=(-2, -1))
    return total / before.sum(dim=(-2, -1)).clamp(min=1e-9)


def _heads_for_length(maps):
    positions = torch.arange(maps.shape[1])
    return (maps * (positions[:, None] - positions).abs()).sum(dim=-1).mean(dim=-1)


MEAN_LAST = "sum over the keys (dim=-1) first, then mean over the queries."

_SHARED = over_queries_mistakes(_build)
MISTAKES = (
    variant(
        _build,
        "left cancels right",
        (
            "A token on the left cancels one on the right in your sum.",
            "j - i is negative on one side; a distance never is.",
            "(j - i).abs().",
        ),
        distance=lambda offsets: offsets,
    ),
    variant(
        _build,
        "left cancels right, the other sign",
        (
            "Tokens on the right count as negative in your sum: they cancel those on the left.",
            "i - j is negative on one side; a distance never is.",
            "(i - j).abs().",
        ),
        distance=lambda offsets: -offsets,
    ),
    variant(
        _build,
        "absolute value after the sum",
        (
            "You take the absolute value after summing over the keys.",
            "Then a token that looks two to the left and two to the right looks nowhere.",
            "First the distance of each pair, then weight and sum.",
        ),
        rows=lambda maps, distance: (maps * _offsets(maps)).sum(dim=-1).abs(),
    ),
    Misconception(
        "absolute value at the end",
        lambda maps: (maps * _offsets(maps)).sum(dim=-1).mean(dim=-1).abs(),
        (
            "You take the absolute value at the very end.",
            "By then the looks to the left have cancelled those to the right.",
            "First the distance of each pair, then weight and sum.",
        ),
    ),
    variant(
        _build,
        "squared distance",
        (
            "You square the distances.",
            "Squares let one far look outweigh many near ones, and their unit is tokens squared.",
            "abs() instead of ** 2.",
        ),
        distance=lambda offsets: offsets**2,
    ),
    Misconception(
        "the root of the mean square",
        lambda maps: (maps * _offsets(maps) ** 2).sum(dim=-1).mean(dim=-1).sqrt(),
        (
            "You average the squares of the distances and take the root at the end.",
            "That is another mean, in which one far look outweighs many near ones.",
            "abs() instead of ** 2, and no root.",
        ),
        spellings=(lambda maps: (maps * _offsets(maps) ** 2).sum(dim=-1).sqrt().mean(dim=-1),),
    ),
    variant(
        _build,
        "only to the left",
        (
            "Tokens on the right count as 0 away.",
            "clamp(min=0) of i - j, or a lower triangle, drops one side.",
            "(i - j).abs(): both sides count alike.",
        ),
        distance=lambda offsets: (-offsets).clamp(min=0),
    ),
    variant(
        _build,
        "only to the right",
        (
            "Tokens on the left count as 0 away.",
            "clamp(min=0) of j - i, or an upper triangle, drops one side.",
            "(j - i).abs(): both sides count alike.",
        ),
        distance=lambda offsets: offsets.clamp(min=0),
    ),
    variant(
        _build,
        "the neighbour is 2 away",
        (
            "Your distances are 1 too large.",
            "A token is 0 away from itself and 1 from its neighbour.",
            "|i - j| with both counted from the same end.",
        ),
        distance=lambda offsets: offsets.abs() + 1,
    ),
    variant(
        _build,
        "the neighbour is 0 away",
        (
            "Your distances are 1 too small.",
            "The neighbour is 1 away: no token stands between, but the distance is not the gap.",
            "|i - j|, as it is.",
        ),
        distance=lambda offsets: (offsets.abs() - 1).clamp(min=0),
    ),
    variant(
        _build,
        "half the distance",
        (
            "Each of your distances is half of what it should be.",
            "|i - j| counts each pair once in a row: there is nothing to halve.",
            "Leave out the division by 2.",
        ),
        distance=lambda offsets: offsets.abs() / 2,
    ),
    variant(
        _build,
        "only to the left, and 1 too far",
        (
            "Tokens on the right count as 0 away, and the others as 1 too far.",
            "i - j + 1 is 1 for the token itself; and clamp(min=0), or a triangle, drops one side.",
            "(i - j).abs(), with both counted from 0.",
        ),
        distance=lambda offsets: (1 - offsets).clamp(min=0),
    ),
    variant(
        _build,
        "only to the right, and 1 too far",
        (
            "Tokens on the left count as 0 away, and the others as 1 too far.",
            "j - i + 1 is 1 for the token itself; and clamp(min=0), or a triangle, drops one side.",
            "(j - i).abs(), with both counted from 0.",
        ),
        distance=lambda offsets: (offsets + 1).clamp(min=0),
    ),
    variant(
        _build,
        "round the corner",
        (
            "Your text is a ring: the last token stands beside the first.",
            "min(d, T - d) belongs to clocks; in a text the ends are far apart.",
            "|i - j|, as it is.",
        ),
        distance=_circular,
    ),
    variant(
        _build,
        "no more than 8",
        (
            "A token far away counts as nearer than it is: your distances end at a largest one.",
            "Models with relative positions clip them; here distances are measured.",
            "|i - j|, as it is, however far.",
        ),
        distance=lambda offsets: offsets.abs().clamp(max=8),
    ),
    variant(
        _build,
        "the place of the key",
        (
            "You weight the place j of the token looked at, not how far away it is.",
            "A head that always looks at the next token would look further and further.",
            "positions[:, None] - positions is a table of all differences.",
        ),
        distance=_key_positions,
    ),
    variant(
        _build,
        "no table of differences",
        (
            "All your distances are 0: positions - positions subtracts each place from itself.",
            "For a table one of the two must stand upright, as a column.",
            "positions[:, None] - positions is (T, T).",
        ),
        distance=lambda offsets: torch.zeros(len(offsets)),
    ),
    variant(
        _build,
        "not weighted",
        (
            "Your number is the same for all heads.",
            "It is the mean distance of all pairs; attention says which pairs count.",
            "Multiply the distances with the maps before you sum.",
        ),
        maps=lambda maps: torch.full_like(maps, 1 / maps.shape[-1]),
    ),
    variant(
        _build,
        "summed, not weighted",
        (
            "You add up the distances of all tokens: the weights do nothing.",
            "A head that looks at its neighbour would get the same number as one that looks far away.",
            "Multiply the distances with the maps before you sum.",
        ),
        maps=torch.ones_like,
    ),
    variant(
        _build,
        "a weight above 0 counts as 1",
        (
            "All tokens with a weight above 0 count the same: your distances are not weighted.",
            "maps > 0 says who is looked at, and nothing of how much.",
            "maps * distance, then sum over the keys.",
        ),
        rows=_counted,
    ),
    variant(
        _build,
        "the mean of all that are looked at",
        (
            "You take the plain mean over the tokens with a weight above 0: your distances are not weighted.",
            "maps > 0 says who is looked at, and nothing of how much.",
            "maps * distance, then sum over the keys.",
        ),
        rows=_mean_of_counted,
    ),
    variant(
        _build,
        "divided by the sum of the distances",
        (
            "You divide by the sum of the distances.",
            "The weights of a row sum to 1 already, so their weighted sum is the mean.",
            "Leave out the division; if you divide, then by the sum of the weights, which is 1.",
        ),
        rows=_by_distances,
    ),
    variant(
        _build,
        "only the strongest token",
        (
            "You measure the distance to the token with the largest weight.",
            "A head that spreads its attention looks further than its favourite.",
            "Weight every distance with its share and sum over the keys.",
        ),
        rows=_favourite,
    ),
    variant(
        _build,
        "the furthest token that is looked at",
        (
            "You take the furthest token that gets any attention at all.",
            "A weight of 0.001 counts as much as one of 0.9 there.",
            "Weight every distance with its share and sum over the keys.",
        ),
        rows=_furthest,
    ),
    variant(
        _build,
        "the largest product",
        (
            "You take the largest product of weight and distance in each row.",
            "The weighted mean is the sum of all of them.",
            "sum(dim=-1), not max.",
        ),
        rows=_strongest_product,
    ),
    variant(
        _build,
        "without the token itself",
        (
            "You leave out what a token gives to itself, and make the rest sum to 1.",
            "A head that looks at itself looks 0 far, and that counts.",
            "Use the maps as they are.",
        ),
        maps=_without_itself,
    ),
    variant(
        _build,
        "the columns instead of the rows",
        (
            "You make the columns sum to 1 and average over them.",
            "A row says where one token looks, and sums to 1 already.",
            "Use the maps as they are: the keys are the last axis.",
        ),
        maps=lambda maps: (maps / maps.sum(dim=-2, keepdim=True).clamp(min=1e-9)).transpose(-2, -1),
    ),
    variant(
        _build,
        "range from 1",
        (
            "The first query and the first key never count.",
            "Places are counted from 0: range(1, T) leaves out the first.",
            "range(T), or the whole tensor at once.",
        ),
        maps=_first_cut,
    ),
    variant(
        _build,
        "summed over the queries",
        (
            "You add up the distances of all rows.",
            "Each query has its distance; the head's number is their mean, whatever the length of the text.",
            MEAN_LAST,
        ),
        over_queries=lambda rows: rows.sum(dim=-1),
    ),
    variant(
        _build,
        "averaged over both axes",
        (
            "Your numbers are too small, by a factor of T.",
            "The weights of a row sum to 1 already: their weighted sum is the mean over the keys.",
            MEAN_LAST,
        ),
        over_queries=lambda rows: rows.mean(dim=-1) / rows.shape[-1],
    ),
    _SHARED["divided by T - 1"],
    _SHARED["the first row is left out"],
    variant(
        _build,
        "first and last row left out",
        (
            "The first and the last row are missing from your mean.",
            "Not every text begins and ends with a special token, and those look somewhere too.",
            "mean(dim=-1) over all T rows.",
        ),
        over_queries=lambda rows: rows[..., 1:-1].mean(dim=-1),
    ),
    variant(
        _build,
        "the last query alone",
        (
            "Your number is that of the last row.",
            "[-1] takes one token's row; a head is summed up by all of them.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda rows: rows[..., -1],
    ),
    variant(
        _build,
        "the first query alone",
        (
            "Your number is that of the first row.",
            "[0] takes one token's row; a head is summed up by all of them.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda rows: rows[..., 0],
    ),
    variant(
        _build,
        "the median",
        (
            "Your number is the distance of a row in the middle, not the mean.",
            "The median doesn't notice how far the others are away.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda rows: rows.median(dim=-1).values,
    ),
    variant(
        _build,
        "the largest row",
        (
            "Your number is the largest distance of any row.",
            "One token that looks far does not make the head do so.",
            "mean(dim=-1) over the queries.",
        ),
        over_queries=lambda rows: rows.amax(dim=-1),
    ),
    _SHARED["no mean over the queries"],
    _SHARED["heads averaged, queries kept"],
    _SHARED["heads averaged"],
    _SHARED["a single number for all"],
    _SHARED["heads and layers swapped"],
    variant(
        _build,
        "as a share of the longest distance",
        (
            "You divide by T - 1, the longest distance in the text.",
            "That can be useful, but asked for is the distance in tokens.",
            "Leave out the last division.",
        ),
        finish=lambda result, maps: result / max(maps.shape[-1] - 1, 1),
    ),
    variant(
        _build,
        "decimals cut off",
        (
            "Your distances are whole numbers: what stands behind the point is cut off.",
            "A tensor of whole numbers (torch.long) keeps no fractions.",
            "Make the tensor without a dtype: torch.zeros(L, H).",
        ),
        finish=lambda result, maps: result.floor(),
    ),
    variant(
        _build,
        "rounded",
        (
            "Your distances are rounded.",
            "Heads that differ by less become alike.",
            "Round what you print, not what you return.",
        ),
        finish=lambda result, maps: (10 * result).round() / 10,
    ),
    Misconception(
        "earlier tokens alone",
        _earlier_tokens_alone,
        (
            "You count earlier tokens alone, and divide by the weight that all rows give them.",
            "That is a formula for decoders (Vig & Belinkov 2019); here it is the mean over queries of each row's distance.",
            MEAN_LAST,
        ),
    ),
    _SHARED["one number taken out of many"],
    Misconception(
        "H for T",
        _heads_for_length,
        (
            "You count as many places as there are heads.",
            "The axes are L, H, T, T: shape[1] is H.",
            "maps.shape[-1] is T.",
        ),
        spellings=(lambda maps: _heads_for_length(maps[..., : maps.shape[1], : maps.shape[1]]),),
    ),
    Misconception(
        "a product of matrices",
        _product_of_matrices,
        (
            "@ is the product of matrices; here each weight meets the distance of its own pair.",
            "(T, T) @ (T, T) mixes pairs that have nothing to do with each other.",
            "maps * distance, then sum over dim=-1.",
        ),
        spellings=(lambda maps: (maps @ _offsets(maps).abs().float()).sum(dim=-1).mean(dim=-1),),
    ),
)
