"""Mistakes that 4.2 and 4.3 share: both have a number for each query of a head, and average over them."""

from labkit.exercises.exercise import Misconception, variant


def over_queries_mistakes(build):
    """{name: Misconception} of choices of `build`, which takes `over_queries` and `finish`.

    over_queries: (L, H, T) -> (L, H).  finish: ((L, H), maps) -> the result.
    """
    mistakes = (
        variant(
            build,
            "the first row is left out",
            (
                "The first row is missing from your mean.",
                "Every token looks somewhere, the first too.",
                "mean(dim=-1) over all T rows.",
            ),
            over_queries=lambda rows: rows[..., 1:].mean(dim=-1),
        ),
        variant(
            build,
            "divided by T - 1",
            (
                "You divide by one row too few.",
                "There are T rows, the first among them, so the mean is the sum divided by T.",
                "mean(dim=-1).",
            ),
            over_queries=lambda rows: rows.sum(dim=-1) / max(rows.shape[-1] - 1, 1),
        ),
        variant(
            build,
            "no mean over the queries",
            (
                "You have a number for each row.",
                "Asked for is one for each head: (L, H).",
                "mean(dim=-1) over the queries.",
            ),
            over_queries=lambda rows: rows,
        ),
        variant(
            build,
            "heads averaged, queries kept",
            (
                "You average over the heads, not over the queries: (L, T).",
                "The axes are L, H, T, T; after the sum over the keys the queries are the last one.",
                "mean(dim=-1).",
            ),
            over_queries=lambda rows: rows.mean(dim=1),
        ),
        variant(
            build,
            "heads averaged",
            (
                "You have one number for each layer.",
                "The heads of a layer differ: that is what there is to see.",
                "Average over the queries alone; the result is (L, H).",
            ),
            over_queries=lambda rows: rows.mean(dim=(-2, -1)),
        ),
        variant(
            build,
            "a single number for all",
            (
                "You have one number for all heads together.",
                "mean() without dim averages over all axes.",
                "mean(dim=-1), so that (L, H) is left.",
            ),
            over_queries=lambda rows: rows.mean(),
        ),
        variant(
            build,
            "heads and layers swapped",
            (
                "Layers and heads have changed places.",
                "result[layer, head] is the number of a head: (L, H).",
                "Leave out the last transposition.",
            ),
            finish=lambda result, maps: result.transpose(0, 1) if result.ndim == 2 else result,
        ),
        Misconception(
            "one number taken out of many",
            lambda maps: build()(maps).item(),
            (
                ".item() or float() is for a tensor with one number; yours has one for each head.",
                "A tensor of shape (L, H) is asked for, so there is nothing to take out.",
                "Leave out .item() and float(), and return the tensor.",
            ),
            spellings=(lambda maps: float(build()(maps)),),
        ),
    )
    return {wrong.name: wrong for wrong in mistakes}
