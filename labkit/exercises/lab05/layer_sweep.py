"""Exercise 5.3: which layer? Chosen on the dev rows, tested once."""

import numpy as np

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab05.fakes import Centroids, two_clouds
from labkit.exercises.lab05.layer_sweep_mistakes import MISTAKES
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import probing


def layer_sweep(fit, features, labels, train, dev, test):
    """labkit.probing.choose_layer."""
    return probing.choose_layer(fit, features, labels, train, dev, test)


def _sweep_cases(seed):
    """Features whose best layer on dev is best neither on the test rows nor on the training rows."""
    cases = [_by_hand()]
    for number, num_layers, rows, best in (
        (10, 5, (20, 16, 30), 0),
        (9, 7, (40, 30, 70), 3),
        (13, 6, (40, 24, 50), 5),
        (1000 * seed, 8, (30, 40, 60), None),
        (1000 * seed + 500, 6, (40, 25, 55), None),
    ):
        cases.append(_case(number, num_layers, rows, best))
    return cases


def _by_hand():
    """Five layers of one number each, with a test row exactly in the middle between the two classes."""
    table = [
        *([4, 2, 1, 5, 2], [0, 4, 3, 2, 2], [6, 0, 4, 6, 1], [1, 0, 5, 3, 5]),
        *([3, 4, 2, 2, 6], [6, 0, 0, 4, 5], [4, 1, 6, 1, 6], [3, 5, 5, 0, 4]),
        *([4, 6, 4, 6, 4], [2, 1, 1, 2, 5], [1, 2, 0, 2, 1], [0, 2, 3, 6, 4]),
    ]
    labels = [0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0]
    train, dev, test = [4, 10, 2, 0], [5, 9, 3], [8, 6, 1, 11]
    shown = (
        f"fit: class 1 if nearer to the mean of class 1\nfeatures[:, :, 0]={table}\nlabels={labels}, "
        f"train={train}, dev={dev}, test={test}"
    )
    rows = (np.array(part) for part in (train, dev, test))
    args = (Centroids(), np.array(table, float)[:, :, None], np.array(labels), *rows)
    return Case(args, shown)


def _case(number, num_layers, sizes, wanted):
    attempt = 0
    while True:
        rng = np.random.default_rng([number, attempt])
        attempt += 1
        num = sum(sizes) + 9  # some rows belong to no part
        signals = rng.permutation(np.linspace(0.6, 1.6, num_layers))
        made = [two_clouds(rng, num, 6, signal) for signal in signals]
        labels = made[0][1] * (rng.random(num) < 0.9)  # a tenth of the ones turned over: more zeros
        labels[: sizes[0] // 2] = 1  # the first rows say little about the training rows
        features = np.stack([x for x, _ in made], axis=1) + 0.3
        order = rng.permutation(num)
        rows = np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])
        args = (Centroids(), features, labels, *rows)
        if _is_telling(args, wanted):
            parts = "{} train, {} dev and {} test rows".format(*sizes)
            return Case(args, f"features of shape {features.shape}; {parts}, in any order")


def _is_telling(args, wanted):
    fit, features, labels, train, dev, test = args
    if not all(0 < labels[rows].sum() < len(rows) for rows in (train, dev, test)):
        return False
    layer, on_dev, on_test = layer_sweep(*args)
    others = [layer_sweep(fit, features, labels, train, rows, test)[1] for rows in (test, train)]
    once = (on_dev > on_dev.max() - 1e-9).sum() == 1 and on_dev.max() != on_test
    chosen = layer == wanted if wanted is not None else 0 < layer < features.shape[1] - 1
    if wanted and np.round(on_dev, 1).argmax() == layer:
        return False
    return once and chosen and all(layer not in np.flatnonzero(a == a.max()) for a in others)


def _three(output, case):
    layer, on_dev, accuracy = output
    return {"layer": layer, "dev accuracies": on_dev, "test accuracy": accuracy}


LAYER_SWEEP = Exercise(
    name="layer_sweep",
    title="Which layer?",
    minutes=10,
    reference=layer_sweep,
    cases=_sweep_cases,
    form=forms.tuple_of(forms.whole, forms.list_of(forms.number), forms.number),
    observe=_three,
    properties=(
        matches_reference(
            "each layer's accuracy on the dev rows", 2, project=lambda seen: seen["dev accuracies"]
        ),
        matches_reference("the layer that is best on the dev rows", 1, project=lambda seen: seen["layer"]),
        matches_reference(
            "that layer's accuracy on the test rows", 2, project=lambda seen: seen["test accuracy"]
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISTAKES,
)
