"""Exercise 5.5: a learning curve over nested subsets and several orders."""

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab05.fakes import Centroids, CommonWords, two_clouds
from labkit.exercises.lab05.learning_curve_mistakes import MISTAKES
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.measures import comparison
from labkit.measures.comparison import balanced_order

TEXTS = (
    *("good lamp", "bad hose", "good hose and quick", "the lamp is bad", "quick and good", "a bad bad day"),
    *("a good day", "slow lamp", "slow and bad", "good", "quick lamp", "the hose is slow"),
)


def learning_curve(fit, x_train, y_train, x_test, y_test, sizes, orders):
    """labkit.comparison.learning_curve."""
    return comparison.learning_curve(fit, x_train, y_train, x_test, y_test, sizes, orders)


def _curve_cases(seed):
    return [
        _by_hand(),
        _texts(),
        _points(3, [4, 10, 4, 20], 1, 24, 9, tables=True),
        _points(4, [40, 12], 4, 40, 11, share=0.3),
        _points(5, [5, 11, 26], 6, 40, 23, share=0.6),
        _points(100 * seed, [6, 12, 24], 4, 50, 25),
        _points(100 * seed + 1, [16, 4, 30], 3, 50, 31),
    ]


def _by_hand():
    """Six numbers to train on; one test row stands exactly in the middle between the two classes."""
    x_train, y_train = [4, 2, 9, 1, 3, 8], [1, 0, 1, 0, 0, 1]
    x_test, y_test, sizes = [5, 3, 9, 8], [1, 0, 1, 0], [2, 4, 5]
    orders = [
        *([2, 3, 5, 0, 1, 4], [2, 3, 4, 5, 1, 0], [1, 5, 2, 4, 0, 3]),
        *([4, 5, 2, 0, 3, 1], [1, 0, 2, 4, 3, 5]),
    ]
    shown = (
        f"fit: class 1 if nearer to the mean of class 1\nx_train={x_train}, y_train={y_train}, "
        f"x_test={x_test}, y_test={y_test}, sizes={sizes}, orders={orders}"
    )
    x_train, x_test = (np.array(x, float)[:, None] for x in (x_train, x_test))
    args = (Centroids(), x_train, np.array(y_train), x_test, np.array(y_test), sizes, np.array(orders))
    return Case(args, shown)


def _texts():
    y_train = np.array([1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    x_test = np.array(["a good hose", "the lamp", "slow day", "quick", "bad lamp", "is it", "good and slow"])
    y_test = np.array([1, 0, 0, 1, 0, 1, 1])
    orders = np.stack([np.random.default_rng(k).permutation(12) for k in (6, 1, 4)])
    args = (CommonWords(), np.array(TEXTS), y_train, x_test, y_test, [9, 3], orders)
    shown = "fit: class 1 if more words in common with class 1\nx_train: 12 texts, x_test: 7 texts, "
    return Case(args, f"{shown}sizes=[9, 3], 3 orders")


def _points(number, sizes, num_orders, num_train, num_test, share=0.5, tables=False):
    rng = np.random.default_rng([55, number])
    x, y = two_clouds(rng, 2 * (num_train + num_test), 5, signal=1.2)
    chosen = rng.permutation(np.flatnonzero((y == 1) | (rng.random(len(y)) < (1 - share) / share)))
    x, y = x[chosen][: num_train + num_test], y[chosen][: num_train + num_test]
    x, y = 2 + x * [1, 3, 1, 0.5, 1], y
    train, labels = np.arange(num_train), y[:num_train]
    if share == 0.5:
        orders = np.array([balanced_order(labels, 10 * number + s) for s in range(num_orders)])
    else:
        orders = np.array([rng.permutation(train) for _ in range(num_orders)])
    if tables:
        x = np.stack([x + 4 * rng.normal(size=x.shape), x], axis=1)
    args = (Centroids(), x[:num_train], labels, x[num_train:], y[num_train:], sizes, orders)
    what = f"x_train of shape {args[1].shape}, {num_test} test rows, sizes={sizes}"
    return Case(args, f"{what}, {num_orders} order{'s' if num_orders > 1 else ''}")


def _curve_and_sets(output, case):
    """The array, and which rows `fit` was trained on: plain data, which another process can read."""
    fit, x_train = case.args[:2]
    place = {row.tobytes(): k for k, row in reversed(list(enumerate(x_train)))}
    sets = {tuple(sorted(place.get(row.tobytes(), -1) for row in x)) for x, _ in fit.seen}
    fit.seen.clear()
    sets = [list(rows) for rows in sorted(sets, key=lambda rows: (len(rows), rows))]
    sizes = [len(rows) for rows in sets]
    return {"curve": output, "rows": sets, "sizes": sorted(set(sizes)), "nested": _loose(sets) is None}


def _loose(sets):
    """The first training set that is not part of any of the next size, or None."""
    sizes = sorted({len(rows) for rows in sets})
    for rows in sets:
        larger = next((size for size in sizes if size > len(rows)), None)
        if larger and not any(set(rows) < set(other) for other in sets if len(other) == larger):
            return rows, larger
    return None


def _shape_differs(expected, seen):
    wanted, got = expected["curve"], seen["curve"]
    if got.shape != wanted.shape:
        return expected_got(f"shape {wanted.shape}, (orders, sizes, test rows)", f"shape {got.shape}")
    if got.size > 4 and (got == got.flat[0]).all():
        return expected_got(
            f"{int(wanted.sum())} of {wanted.size} right", f"{got.flat[0]:g} everywhere, for all test rows"
        )
    return ""


def _right_differs(expected, seen):
    if message := _shape_differs(expected, seen):
        return message
    expected, seen = expected["curve"], seen["curve"]
    for s, k in np.ndindex(expected.shape[:2]):
        if not np.allclose(expected[s, k], seen[s, k]):
            return f"order {s}, size number {k}: which test rows are right\n" + (
                expected_got(expected[s, k].astype(int).tolist(), [_short(x) for x in seen[s, k]])
            )
    return ""


def _short(value):
    return int(value) if float(value).is_integer() else round(float(value), 2)


def _not_nested(expected, seen):
    """The training sets of one order: each holds the smaller one, and has the size that was asked for."""
    if not seen["rows"]:
        return "expected: fit is trained on the first rows of each order\ngot:      fit is never called"
    if any(-1 in rows for rows in seen["rows"]):
        return "expected: fit is trained on rows of x_train\ngot:      on rows that are not in x_train"
    if seen["sizes"] != expected["sizes"]:
        wanted, got = (", ".join(map(str, side["sizes"])) for side in (expected, seen))
        return expected_got(f"training sets of {wanted} rows", f"of {got} rows").replace("'", "")
    if loose := _loose(seen["rows"]):
        return (
            f"fit is trained on rows {loose[0]}, which are not among the {loose[1]} rows of any larger set."
        )
    return ""


def _nesting(seen):
    return {"sizes": seen["sizes"], "nested": seen["nested"]}


def _curve_only(seen):
    return seen["curve"]


LEARNING_CURVE = Exercise(
    name="learning_curve",
    title="How many examples does it take?",
    minutes=12,
    reference=learning_curve,
    cases=_curve_cases,
    form=forms.array(),
    observe=_curve_and_sets,
    properties=(
        compares("a number for each order, size and test row", 1, _shape_differs, project=_curve_only),
        compares("the smaller training set is part of the larger", 2, _not_nested, project=_nesting),
        compares("1 where the answer is right, 0 where it is wrong", 2, _right_differs, project=_curve_only),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
