"""Exercise 5.5: the wrong curves that students write."""

import numpy as np

from labkit.exercises.exercise import Misconception, variant
from labkit.measures import probing


def _right(p, y):
    return (p > 0.5) == y


def curve(
    pick=lambda order, sizes, k: order[: sizes[k]],
    order=lambda orders, s: orders[s],
    right=_right,
    labels=lambda y, rows: y[rows],
    each=lambda orders, sizes: sizes,
    seeds=len,
    arrange=lambda correct: correct,
    asked=lambda sets, rows: (sets["x_test"], sets["y_test"]),
    taught=lambda x, y, sets: (x, y),
    prepared=lambda x_train, x_test: (x_train, x_test),
    probe=None,
):
    """learning_curve with single choices made wrongly."""

    def wrong(fit, x_train, y_train, x_test, y_test, sizes, orders):
        getattr(fit, "seen", []).clear()  # of a call before that raised an error
        fit = probe or fit
        x_train, x_test = prepared(x_train, x_test)
        sets = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
        sizes = each(orders, sizes)
        correct = []
        for s in range(seeds(orders)):
            correct.append([])
            for k in range(len(sizes)):
                rows = pick(order(orders, s), sizes, k)
                x, y = asked(sets, rows)
                learnt = taught(x_train[rows], labels(y_train, rows), sets)
                answer = right(np.asarray(fit(*learnt, x)), y)
                correct[s].append(np.asarray(answer, float))
        return arrange(np.array(correct))

    return wrong


def _next_rows(order, sizes, k):
    """The rows after those of the sizes before, from the front again where there are not enough."""
    return np.roll(order, -sum(sizes[:k]))[: sizes[k]]


def _next_rows_or_fewer(order, sizes, k):
    return order[sum(sizes[:k]) :][: sizes[k]]


def _drawn_again(state):
    def wrong(*args):
        rng = np.random.default_rng(state)
        return curve(pick=lambda order, sizes, k: rng.permutation(len(order))[: sizes[k]])(*args)

    return wrong


def _in_all_orders(fit, x_train, y_train, x_test, y_test, sizes, orders):
    """The rows of the earlier orders and sizes stay in the list."""
    rows = []

    def pick(order, sizes, k):
        rows.extend(order[: sizes[k]])
        return list(rows)

    return curve(pick=pick)(fit, x_train, y_train, x_test, y_test, sizes, orders)


def _half_of_each(order, y, size):
    ones, zeros = order[y[order] == 1], order[y[order] == 0]
    return np.concatenate([ones[: size // 2], zeros[: size - size // 2]])


def _balanced(fit, x_train, y_train, *rest):
    def pick(order, sizes, k):
        return _half_of_each(order, y_train, sizes[k])

    return curve(pick=pick)(fit, x_train, y_train, *rest)


def _columns(fit, x_train, y_train, x_test, y_test, sizes, orders):
    answers = curve(order=lambda orders, s: orders[:, s])
    return answers(fit, x_train, y_train, x_test, y_test, sizes, orders)


def _scaled(x_train, x_test):
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return (x_train - mean) / spread, (x_test - mean) / spread


def _flat(x_train, x_test):
    return x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1)


def _floats(x_train, x_test):
    return np.asarray(x_train, dtype=float), np.asarray(x_test, dtype=float)


def _as_tensors(x_train, x_test):
    import torch

    return torch.tensor(x_train), torch.tensor(x_test)


def _test_rows_too(x, y, sets):
    return np.concatenate([x, sets["x_test"]]), np.concatenate([y, sets["y_test"]])


def _rest(sets, rows):
    left = np.setdiff1d(np.arange(len(sets["x_train"])), rows)
    return sets["x_train"][left], sets["y_train"][left]


def _only(places):
    """Answers at these places, 0 elsewhere."""

    def arrange(correct):
        kept = np.zeros_like(correct)
        kept[places] = correct[places]
        return kept

    return arrange


def sklearn_probe(x_train, y_train, x_test):
    """fit_probe as the notebook has it, which raises scikit-learn's own errors."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x_train)
    probe = LogisticRegression(C=0.1, max_iter=1000).fit(scaler.transform(x_train), y_train)
    return probe.predict_proba(scaler.transform(x_test))[:, 1]


def unscaled_probe(x_train, y_train, x_test):
    """A logistic regression alone."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=1000).fit(x_train, y_train).predict_proba(x_test)[:, 1]


_NOT_NESTED = (
    "The rows of your smaller sizes are not among those of the larger ones.",
    "Then a step of the curve mixes two things: more examples, and other examples.",
    "Begin at the front of the order every time: order[:size].",
)
_OTHER_SIZE = "order[:size] holds `size` rows: the end of a slice is left out, and its beginning is 0."

MISTAKES = (
    variant(
        curve,
        "the orders are not used",
        (
            "You take the first rows of the training set, for every order the same ones.",
            "Then the curve hangs on one draw: nobody sees how much luck is in it.",
            "order[:size] is a list of row numbers: index x_train and y_train with it.",
        ),
        order=lambda orders, s: np.arange(orders.shape[1]),
    ),
    variant(
        curve,
        "the first order only",
        (
            "All your orders are the same one, the first.",
            "Several draws show how much depends on which examples one happened to get.",
            "The order has to change with the outer loop.",
        ),
        order=lambda orders, s: orders[0],
    ),
    variant(
        curve,
        "the last order only",
        (
            "All your orders are the same one, the last.",
            "Several draws show how much depends on which examples one happened to get.",
            "orders[s] in the loop over s. (A list that is multiplied, [[...]] * S, holds one list S times.)",
        ),
        order=lambda orders, s: orders[-1],
    ),
    Misconception(
        "a column of the orders",
        _columns,
        (
            "You take a column of orders where a row is one order.",
            "orders has shape (S, N): one row for each order.",
            "for order in orders, or orders[s].",
        ),
    ),
    variant(
        curve,
        "places for row numbers",
        (
            "You read the orders inside out: an entry is taken for a place, and its place for the row.",
            "An order lists row numbers: its first entry is the row that comes first.",
            "x_train[order[:size]], without argsort, and without order < size.",
        ),
        order=lambda orders, s: np.argsort(orders[s]),
    ),
    variant(
        curve,
        "the labels are not picked along",
        (
            "Your rows are trained with other rows' labels.",
            "You pick rows of x_train by the order, and take y_train from the front: row and label no longer belong together.",
            "The same row numbers for both.",
        ),
        labels=lambda y, rows: y[: len(rows)],
    ),
    Misconception(
        "new rows for each size",
        curve(pick=_next_rows),
        _NOT_NESTED,
        spellings=(curve(pick=_next_rows_or_fewer), *map(_drawn_again, (0, 1, 42))),
        build=curve,
        choices={"pick": _next_rows},
    ),
    variant(
        curve,
        "only what is new",
        (
            "Each of your sizes trains only on the rows that the size before did not have.",
            "Then the set for 40 holds 20 rows, and not those of the first 20.",
            "Begin at the front of the order every time: order[:size].",
        ),
        pick=lambda order, sizes, k: order[(sizes[k - 1] if k else 0) : sizes[k]],
    ),
    variant(
        curve,
        "the rows from the end",
        (
            "You take the last rows of each order.",
            "They are nested too, but the first `size` rows are asked for.",
            "order[:size]",
        ),
        pick=lambda order, sizes, k: order[-sizes[k] :],
    ),
    variant(
        curve,
        "the rows after the first",
        (
            "You leave out the first `size` rows and train on the rest.",
            "Then the training set shrinks where it should grow.",
            "order[:size] is the front of the order, order[size:] what comes behind.",
        ),
        pick=lambda order, sizes, k: order[sizes[k] :],
    ),
    variant(
        curve,
        "one row too many",
        ("You train on one row more than `size`.", _OTHER_SIZE, "order[:size]"),
        pick=lambda order, sizes, k: order[: sizes[k] + 1],
    ),
    variant(
        curve,
        "one row too few",
        ("You train on one row fewer than `size`.", _OTHER_SIZE, "order[:size]"),
        pick=lambda order, sizes, k: order[: sizes[k] - 1],
    ),
    variant(
        curve,
        "the first row left out",
        ("You leave out the first row of each order, and have one row too few.", _OTHER_SIZE, "order[:size]"),
        pick=lambda order, sizes, k: order[1 : sizes[k]],
    ),
    variant(
        curve,
        "begun at the second row",
        ("You begin at the second row of each order.", _OTHER_SIZE, "order[:size]"),
        pick=lambda order, sizes, k: order[1 : sizes[k] + 1],
    ),
    variant(
        curve,
        "always the whole training set",
        (
            "Your curve is flat: every size trains on all rows.",
            "The size has to reach the classifier.",
            "Hand fit only the first `size` rows, of x_train and y_train alike.",
        ),
        pick=lambda order, sizes, k: order,
    ),
    variant(
        curve,
        "percents of the training set",
        (
            "You take the sizes for percents.",
            "sizes says how many rows, such as 20 or 640.",
            "order[:size]",
        ),
        pick=lambda order, sizes, k: order[: max(2, len(order) * sizes[k] // 100)],
    ),
    variant(
        curve,
        "some rows twice",
        (
            "Rows of the smaller sizes count several times in the larger ones.",
            "Each size begins anew; what is added to the rows of the size before is in it already.",
            "order[:size], and nothing added.",
        ),
        pick=lambda order, sizes, k: np.concatenate([order[:size] for size in sizes[: k + 1]]),
    ),
    Misconception(
        "rows of the orders before",
        _in_all_orders,
        (
            "Your later sets hold the rows of the earlier ones too.",
            "The list of rows is never emptied, so each size and each order adds to it.",
            "order[:size], made anew each time.",
        ),
    ),
    Misconception(
        "balanced by itself",
        _balanced,
        (
            "You take half of the rows of each class, not the first rows of the order.",
            "How the classes are mixed is the business of whoever made the orders.",
            "order[:size], whatever the labels.",
        ),
    ),
    variant(
        curve,
        "the sizes sorted",
        (
            "Your sizes stand in the order of their size.",
            "sizes may come in any order, and the second axis of the result follows it.",
            "for k, size in enumerate(sizes)",
        ),
        each=lambda orders, sizes: sorted(sizes),
    ),
    variant(
        curve,
        "each size once",
        (
            "A size that is asked for twice is there only once.",
            "The second axis has one entry for each entry of sizes. (A dict or a set keeps equal ones once.)",
            "for k, size in enumerate(sizes)",
        ),
        each=lambda orders, sizes: list(dict.fromkeys(sizes)),
    ),
    variant(
        curve,
        "the sizes of the example",
        (
            "You go through the sizes of the notebook, not those that you are given.",
            "The function gets `sizes`, which may be any.",
            "for k, size in enumerate(sizes)",
        ),
        each=lambda orders, sizes: [20, 40, 100, 200, 400, 640],
    ),
    variant(
        curve,
        "five orders",
        (
            "You count on five orders, as in the notebook.",
            "The function gets `orders`, which may be more or fewer.",
            "for s, order in enumerate(orders)",
        ),
        seeds=lambda orders: 5,
    ),
    variant(
        curve,
        "at least a half",
        (
            "You count a probability of exactly 0.5 as class 1.",
            "*Above* 0.5 means class 1.",
            "> instead of >=.",
        ),
        right=lambda p, y: (p >= 0.5) == y,
    ),
    variant(
        curve,
        "every row class 1",
        (
            "You call every test row class 1.",
            "A probability is always above 0; it is a score (log-odds) that is above 0 for class 1.",
            "probability > 0.5",
        ),
        right=lambda p, y: y == 1,
    ),
    variant(
        curve,
        "every row class 0",
        (
            "You call every test row class 0.",
            "A probability is hardly ever 1, and int cuts off all that stands behind the point.",
            "probability > 0.5",
        ),
        right=lambda p, y: p.astype(int) == y,
    ),
    variant(
        curve,
        "probabilities not turned into answers",
        (
            "Nearly nothing is right: you compare probabilities with labels.",
            "0.93 is not equal to 1, though it means class 1.",
            "The answer is 1 where the probability is above 0.5.",
        ),
        right=lambda p, y: p == y,
    ),
    variant(
        curve,
        "probabilities instead of right and wrong",
        (
            "Your array holds the probabilities.",
            "Whether an answer is right is not said by them: it has to be compared with the label.",
            "(probability > 0.5) == y_test",
        ),
        right=lambda p, y: p,
    ),
    variant(
        curve,
        "answers instead of right and wrong",
        (
            "Your array holds the answers, class 1 or 0.",
            "Whether an answer is right has not been asked yet.",
            "(probability > 0.5) == y_test",
        ),
        right=lambda p, y: p > 0.5,
    ),
    variant(
        curve,
        "the probability of the truth",
        (
            "Your array holds how probable the right class was.",
            "1.0 where the answer is right, 0.0 where it is not: however sure it was.",
            "(probability > 0.5) == y_test",
        ),
        right=lambda p, y: np.where(y == 1, p, 1 - p),
    ),
    variant(
        curve,
        "1 where it is wrong",
        (
            "Your array marks the errors.",
            "Its mean is then the error rate, and the curve falls.",
            "1 where answer and label are equal.",
        ),
        right=lambda p, y: (p > 0.5) != y,
    ),
    variant(
        curve,
        "minus 1 where it is wrong",
        (
            "Your wrong answers are −1.",
            "The mean over the test rows should be the accuracy: a wrong answer counts 0.",
            "(probability > 0.5) == y_test is True and False, that is 1 and 0.",
        ),
        right=lambda p, y: 2.0 * ((p > 0.5) == y) - 1,
    ),
    variant(
        curve,
        "right answers of class 1 alone",
        (
            "You mark only the rows of class 1 that are answered right.",
            "A row of class 0 that is called class 0 is right too.",
            "== instead of * or &.",
        ),
        right=lambda p, y: (p > 0.5) & (y == 1),
    ),
    variant(
        curve,
        "the median for 0.5",
        (
            "You call the upper half of the test rows class 1, whatever their probabilities.",
            "A row's answer then depends on the rows beside it.",
            "Above 0.5 means class 1.",
        ),
        right=lambda p, y: (p > np.median(p)) == y,
    ),
    variant(
        curve,
        "accuracies instead of answers",
        (
            "You return one accuracy for each order and size.",
            "The mean forgets which reviews were right; the interval and the paired test need to know.",
            "Keep the last axis: one number for each test row.",
        ),
        arrange=lambda correct: correct.mean(axis=-1),
    ),
    variant(
        curve,
        "averaged over the orders",
        (
            "Your array has no axis for the orders.",
            "How far the draws lie apart is half of what a learning curve has to say.",
            "Keep all three axes: orders, sizes, test rows.",
        ),
        arrange=lambda correct: correct.mean(axis=0),
    ),
    variant(
        curve,
        "averaged over the sizes",
        (
            "Your array has no axis for the sizes.",
            "How it rises from size to size is the curve.",
            "Keep all three axes: orders, sizes, test rows.",
        ),
        arrange=lambda correct: correct.mean(axis=1),
    ),
    Misconception(
        "a mean over everything",
        curve(arrange=lambda correct: correct.mean(axis=(0, 2))),
        (
            "You return means, and not which test rows were right.",
            "A mean forgets which reviews were right; the interval and the paired test need to know.",
            "Keep all three axes: orders, sizes, test rows.",
        ),
        spellings=(
            curve(arrange=lambda correct: correct.mean()),
            curve(arrange=lambda correct: correct.mean(axis=(0, 1))),
        ),
    ),
    variant(
        curve,
        "sizes before orders",
        (
            "Your first two axes have changed places.",
            "The shape is (orders, sizes, test rows): the loop over the orders is the outer one.",
            "Compare your shape with the docstring's.",
        ),
        arrange=lambda correct: correct.swapaxes(0, 1),
    ),
    variant(
        curve,
        "axes mixed by a reshape",
        (
            "The shape is right, but your orders and sizes are mixed up.",
            "reshape deals the numbers out anew, in the order in which they come; it exchanges no axes.",
            "The loop over the orders outside, or .transpose(1, 0, 2).",
        ),
        arrange=lambda correct: correct.swapaxes(0, 1).reshape(correct.shape),
    ),
    Misconception(
        "the test rows not last",
        curve(arrange=lambda correct: correct.transpose(2, 0, 1)),
        (
            "Your axes stand in another order: the test rows are not the last one.",
            "The shape is (orders, sizes, test rows).",
            "Compare your shape with the docstring's.",
        ),
        spellings=(
            curve(arrange=lambda correct: correct.transpose(2, 1, 0)),
            curve(arrange=lambda correct: correct.transpose(0, 2, 1)),
            curve(arrange=lambda correct: correct.transpose(1, 2, 0)),
        ),
    ),
    Misconception(
        "one long list",
        curve(arrange=lambda correct: correct.reshape(-1, correct.shape[-1])),
        (
            "Your array has not three axes: orders, or sizes, or test rows are strung together.",
            "Which row belongs to which order and size should be seen from its place.",
            "correct[s, k] = ..., into np.zeros((len(orders), len(sizes), len(y_test))).",
        ),
        spellings=(
            curve(arrange=lambda correct: correct.reshape(len(correct), -1)),
            curve(arrange=lambda correct: correct.reshape(-1)),
        ),
    ),
    Misconception(
        "an axis of length 1 lost",
        curve(arrange=np.squeeze),
        (
            "Where there is only one order (or size, or test row), its axis is missing.",
            "squeeze takes away every axis of length 1.",
            "Keep all three axes, however long they are.",
        ),
    ),
    Misconception(
        "returned after the first order",
        curve(arrange=_only(np.s_[:1])),
        (
            "Only your first order has been computed; the others are 0.",
            "A return inside the loop ends it at the first round.",
            "Move the return out of both loops.",
        ),
        spellings=(
            curve(seeds=lambda orders: 1),
            curve(arrange=_only(np.s_[:1, :1])),
            curve(seeds=lambda orders: 1, each=lambda orders, sizes: sizes[:1]),
        ),
    ),
    variant(
        curve,
        "each size written over the last",
        (
            "All sizes of an order hold what the last size gave.",
            "correct[s] = ... fills all sizes at once, and the next size writes over it.",
            "correct[s, k] = ...",
        ),
        arrange=lambda correct: np.repeat(correct[:, -1:], correct.shape[1], axis=1),
    ),
    variant(
        curve,
        "the training rows asked",
        (
            "You ask the training rows, not the test rows.",
            "A classifier has seen these with their labels.",
            "fit(x_train[rows], y_train[rows], x_test), compared with y_test.",
        ),
        asked=lambda sets, rows: (sets["x_train"], sets["y_train"]),
    ),
    Misconception(
        "trained on the test rows",
        curve(taught=_test_rows_too),
        (
            "Your classifier learns from the test rows.",
            "It has then been told the answers, and how often it is right says nothing about new texts.",
            "fit(x_train[rows], y_train[rows], x_test): only rows of x_train to learn from.",
        ),
        spellings=(curve(taught=lambda x, y, sets: (sets["x_test"], sets["y_test"])),),
        build=curve,
        choices={"taught": _test_rows_too},
    ),
    variant(
        curve,
        "scaled before",
        (
            "You scale the rows before fit gets them.",
            "Scaling is the business of fit, which may be anything that learns: from texts too. "
            "And the mean of all training rows is not known to the one who has 20.",
            "Hand fit the rows as they are.",
        ),
        prepared=_scaled,
    ),
    variant(
        curve,
        "flattened",
        (
            "You change the shape of the rows before fit gets them.",
            "x_train has shape (N, ...): a row may be a vector, a text or a table. Only fit looks into it.",
            "x_train[rows], and x_test as it is.",
        ),
        prepared=_flat,
    ),
    Misconception(
        "numbers taken for granted",
        curve(prepared=_floats),
        (
            "Your function wants rows of numbers.",
            "x_train has shape (N, ...): the rows may be texts, as for the word counter. "
            "Only fit looks into them.",
            "x_train[rows], and x_test as it is.",
        ),
        spellings=(
            curve(prepared=_as_tensors),
            curve(prepared=lambda x_train, x_test: (x_train - 0.0, x_test)),
        ),
    ),
    Misconception(
        "two axes taken for granted",
        curve(prepared=lambda x_train, x_test: (x_train[:, :], x_test)),
        (
            "Your function wants rows with an axis of their own.",
            "x_train has shape (N, ...): of texts it is (N,), with nothing behind it.",
            "x_train[rows], without a second index.",
        ),
    ),
    Misconception(
        "answers for other rows",
        curve(asked=lambda sets, rows: (sets["x_train"][rows], sets["y_train"][rows])),
        (
            "You have other numbers of answers for other sizes: they are not those for the test rows.",
            "There are as many test rows for every size.",
            "fit(x_train[rows], y_train[rows], x_test), compared with y_test.",
        ),
        spellings=(curve(asked=_rest),),
    ),
    Misconception(
        "a probe of your own",
        curve(probe=sklearn_probe),
        (
            "You train a classifier of your own, not the `fit` that you are given.",
            "Whoever calls this function says what is to learn: a probe, a word counter, an LSTM.",
            "Call fit(...), the first argument.",
        ),
        spellings=(curve(probe=probing.fit_probe), curve(probe=unscaled_probe)),
    ),
)
