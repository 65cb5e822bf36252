"""Exercise 5.5: a learning curve over nested subsets and seeds."""

import numpy as np

from labkit import comparison
from labkit.comparison import balanced_order
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab05.fakes import Centroids, two_clouds
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged


def learning_curve(fit, x_train, y_train, x_test, y_test, sizes, orders):
    """labkit.comparison.learning_curve."""
    return comparison.learning_curve(fit, x_train, y_train, x_test, y_test, sizes, orders)


def _curve_cases(seed):
    cases = []
    for k, (sizes, num_seeds, num_test) in enumerate(
        [([4, 8], 2, 10), ([6, 12, 24], 4, 25), ([4, 10, 20, 40], 3, 30)]
    ):
        rng = np.random.default_rng(100 * seed + k)
        x, y = two_clouds(rng, 50 + num_test, 5, signal=1.2)
        mixed = rng.permutation(len(y))
        x, y = x[mixed], y[mixed]
        orders = np.array([balanced_order(y[:50], 10 * seed + s) for s in range(num_seeds)])
        shown = f"learning_curve with sizes {sizes}, {num_seeds} orders and {num_test} test rows"
        cases.append(Case((Centroids(), x[:50], y[:50], x[50:], y[50:], sizes, orders), shown))
    return cases


def _curve(pick=lambda order, sizes, k: order[: sizes[k]], order=lambda orders, s: orders[s], right=None):
    """learning_curve with single choices made wrongly."""
    right = right or (lambda probability, y_test: (probability > 0.5) == y_test)

    def wrong(fit, x_train, y_train, x_test, y_test, sizes, orders):
        correct = np.zeros((len(orders), len(sizes), len(y_test)))
        for s in range(len(orders)):
            for k in range(len(sizes)):
                rows = pick(order(orders, s), sizes, k)
                correct[s, k] = right(fit(x_train[rows], y_train[rows], x_test), y_test)
        return correct

    return wrong


def _next_rows(order, sizes, k):
    """The rows after those of the smaller sizes, from the front again where there are not enough."""
    return np.roll(order, -sum(sizes[:k]))[: sizes[k]]


def _other_labels(fit, x_train, y_train, x_test, y_test, sizes, orders):
    correct = np.zeros((len(orders), len(sizes), len(y_test)))
    for s, order in enumerate(orders):
        for k, size in enumerate(sizes):
            correct[s, k] = (fit(x_train[order[:size]], y_train[:size], x_test) > 0.5) == y_test
    return correct


def _accuracies(*args):
    return _curve()(*args).mean(axis=2)


def _mean_over_seeds(*args):
    return _curve()(*args).mean(axis=0)


def _transposed(*args):
    return _curve()(*args).transpose(1, 0, 2)


def _curve_and_sets(output, case):
    """The array, and what `fit` was trained on: plain data, which a grader in another process can read."""
    fit, sizes, orders = case.args[0], case.args[5], case.args[6]
    sets = [np.array(sorted(map(tuple, x))) for x, _ in fit.seen[-len(sizes) * len(orders) :]]
    fit.seen.clear()
    return {"curve": np.asarray(output, dtype=float), "sets": sorted(sets, key=lambda s: (len(s), s.sum()))}


def _shape_differs(expected, seen):
    if not isinstance(seen, dict):
        return f"expected: an array of shape {expected['curve'].shape}\ngot:      {seen}"
    wanted, got = expected["curve"].shape, seen["curve"].shape
    return "" if got == wanted else expected_got(f"shape {wanted}", f"shape {got}")


def _right_differs(expected, seen):
    if message := _shape_differs(expected, seen):
        return message
    expected, seen = expected["curve"], seen["curve"]
    for s, k in np.ndindex(expected.shape[:2]):
        if not np.allclose(expected[s, k], seen[s, k]):
            wanted, got = expected[s, k].mean(), seen[s, k].mean()
            return f"order {s}, size number {k}: which test rows are right\n" + (
                expected_got(expected[s, k].astype(int), seen[s, k].astype(int))
                if wanted == got
                else expected_got(f"{wanted:.0%} right", f"{got:.0%} right")
            )
    return ""


def _not_nested(expected, seen):
    """The training sets of one order: each holds the smaller one, and has the size that was asked for."""
    if not isinstance(seen, dict):
        return f"expected: an array of shape {expected['curve'].shape}\ngot:      {seen}"
    wanted, got = (sorted(len(x) for x in side["sets"]) for side in (expected, seen))
    if got != wanted:
        return expected_got(f"training sets of {wanted} rows", f"training sets of {got} rows")
    sets = [{tuple(row) for row in x} for x in seen["sets"]]
    sizes = sorted(set(wanted))
    for small in sets:
        larger = next((size for size in sizes if size > len(small)), None)
        if larger and not any(small < other for other in sets if len(other) == larger):
            return f"the {len(small)} rows are not among the {larger} rows of the same order."
    return ""


LEARNING_CURVE = Exercise(
    name="learning_curve",
    title="How many examples does it take?",
    minutes=12,
    reference=learning_curve,
    cases=_curve_cases,
    observe=_curve_and_sets,
    properties=(
        Property("a number for each order, size and test row", 1, each_case(_shape_differs)),
        Property("the smaller training set is part of the larger", 2, each_case(_not_nested)),
        Property("1 where the answer is right, 0 where it is wrong", 2, each_case(_right_differs)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "new rows for each size",
            _curve(pick=_next_rows),
            (
                "Each of your sizes gets rows of its own.",
                "Then a step of the curve mixes two things: more examples, and other examples.",
                "Begin at the front of the order every time.",
            ),
        ),
        Misconception(
            "the rows from the end",
            _curve(pick=lambda order, sizes, k: order[-sizes[k] :]),
            (
                "You take the last rows of each order.",
                "They are nested, but the orders are balanced from the front.",
                "order[:size]",
            ),
        ),
        Misconception(
            "the orders are not used",
            _curve(order=lambda orders, s: np.arange(orders.shape[1])),
            (
                "You take the first rows of the training set, for every seed the same ones.",
                "Then the curve hangs on one draw: nobody sees how much luck is in it.",
                "order[:size] is a list of row numbers: index x_train and y_train with it.",
            ),
        ),
        Misconception(
            "the first order only",
            _curve(order=lambda orders, s: orders[0]),
            (
                "All your seeds are the same.",
                "Several draws show how much depends on which examples one happened to get.",
                "The order has to change with the outer loop.",
            ),
        ),
        Misconception(
            "always the whole training set",
            _curve(pick=lambda order, sizes, k: order),
            (
                "Your curve is flat: every size trains on all rows.",
                "The size has to reach the classifier.",
                "Hand fit only the first `size` rows, of x_train and y_train alike.",
            ),
        ),
        Misconception(
            "probabilities not turned into answers",
            _curve(right=lambda probability, y_test: probability == y_test),
            (
                "Nearly nothing is right: you compare probabilities with labels.",
                "0.93 is not equal to 1, though it means class 1.",
                "The answer is 1 where the probability is above 0.5.",
            ),
        ),
        Misconception(
            "1 where it is wrong",
            _curve(right=lambda probability, y_test: (probability > 0.5) != y_test),
            (
                "Your array marks the errors.",
                "Its mean is then the error rate, and the curve falls.",
                "1 where answer and label are equal.",
            ),
        ),
        Misconception(
            "accuracies instead of answers",
            _accuracies,
            (
                "You return one accuracy for each order and size.",
                "The mean forgets which reviews were right; the interval and the paired test need to know.",
                "Keep the last axis: one number for each test row.",
            ),
        ),
        Misconception(
            "averaged over the seeds",
            _mean_over_seeds,
            (
                "Your array has no axis for the orders.",
                "How far the draws lie apart is half of what a learning curve has to say.",
                "Keep all three axes: orders, sizes, test rows.",
            ),
        ),
        Misconception(
            "sizes before orders",
            _transposed,
            (
                "Your first two axes have changed places.",
                "The shape is (orders, sizes, test rows): the loop over the orders is the outer one.",
                "Compare your shape with the docstring's.",
            ),
        ),
        Misconception(
            "the labels are not picked along",
            _other_labels,
            (
                "Your texts are trained with other texts' labels.",
                "You pick rows of x_train by the order, and take y_train from the front: row and label no "
                "longer belong together.",
                "The same row numbers for both.",
            ),
        ),
    ),
)
