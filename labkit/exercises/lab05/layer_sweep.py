"""Exercise 5.3: which layer? Chosen on the dev rows, tested once."""

import numpy as np

from labkit import probing
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab05.fakes import Centroids, two_clouds
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged

PARTS = {"train": slice(0, 40), "dev": slice(40, 80), "test": slice(80, 160)}


def layer_sweep(fit, features, labels, train, dev, test):
    """labkit.probing.choose_layer."""
    return probing.choose_layer(fit, features, labels, train, dev, test)


def _sweep_cases(seed):
    """Features whose best layer on dev is not best on test, and neither first in the stack nor last."""
    cases, attempt = [], 0
    while len(cases) < 3:
        rng = np.random.default_rng([seed, attempt])
        attempt += 1
        num_layers = 4 + len(cases)
        layers = [
            two_clouds(rng, 160, 6, signal)[0]
            for signal in rng.permutation(np.linspace(0.6, 1.6, num_layers))
        ]
        labels = np.arange(160) % 2
        features = np.stack(layers, axis=1)
        order = rng.permutation(160)
        rows = {name: order[part] for name, part in PARTS.items()}
        layer, on_dev, _ = layer_sweep(Centroids(), features, labels, **rows)
        on_test = _accuracies(features, labels, rows["train"], rows["test"])
        on_train = _accuracies(features, labels, rows["train"], rows["train"])
        best = (on_dev == on_dev.max()).sum() == 1 and 0 < layer < num_layers - 1
        if best and layer not in (on_test.argmax(), on_train.argmax()) and on_dev.max() != on_test[layer]:
            args = (Centroids(), features, labels, *rows.values())
            cases.append(
                Case(args, f"layer_sweep with {num_layers} layers, 40 train, 40 dev and 80 test rows")
            )
    return cases


def _accuracies(features, labels, train, rows, fit=None):
    fit = fit or Centroids()
    return np.array(
        [
            ((fit(features[train, k], labels[train], features[rows, k]) > 0.5) == labels[rows]).mean()
            for k in range(features.shape[1])
        ]
    )


def _sweep(
    choose="dev", first=0, tested=None, train_on=("train",), shown="dev", best=np.argmax, count_from=0
):
    """layer_sweep with single choices made wrongly."""

    def wrong(fit, features, labels, train, dev, test):
        rows = {"train": train, "dev": dev, "test": test}
        trained = np.concatenate([rows[name] for name in train_on])
        scores = {name: _accuracies(features, labels, trained, rows[name], fit) for name in rows}
        layer = first + int(best(scores[choose][first:]))
        test_accuracy = scores["test"][layer if tested is None else tested]
        return layer + count_from, scores[shown][first:], test_accuracy

    return wrong


def _dev_as_test(fit, features, labels, train, dev, test):
    layer, on_dev, _ = layer_sweep(fit, features, labels, train, dev, test)
    return layer, on_dev, on_dev[layer]


def _best_on_test(fit, features, labels, train, dev, test):
    on_dev = _accuracies(features, labels, train, dev, fit)
    on_test = _accuracies(features, labels, train, test, fit)
    return int(on_dev.argmax()), on_dev, on_test.max()


def _columns(fit, features, labels, train, dev, test):
    return layer_sweep(fit, features.transpose(0, 2, 1), labels, train, dev, test)


def _three(output, case):
    layer, on_dev, accuracy = output
    return {
        "the layer": int(layer),
        "dev accuracies": np.asarray([float(a) for a in on_dev]),
        "test accuracy": float(accuracy),
    }


def _part(key):
    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: (layer, dev accuracies, test accuracy)\ngot:      {seen}"
        wanted, got = np.asarray(expected[key]), np.asarray(seen[key])
        if wanted.shape == got.shape and np.allclose(wanted, got, atol=1e-6):
            return ""
        return f"{key}\n{expected_got(expected[key], seen[key])}"

    return each_case(test)


LAYER_SWEEP = Exercise(
    name="layer_sweep",
    title="Which layer?",
    minutes=10,
    reference=layer_sweep,
    cases=_sweep_cases,
    observe=_three,
    properties=(
        Property("each layer's accuracy on the dev rows", 2, _part("dev accuracies")),
        Property("the layer that is best on the dev rows", 1, _part("the layer")),
        Property("that layer's accuracy on the test rows", 2, _part("test accuracy")),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the layer chosen on the test rows",
            _sweep(choose="test"),
            (
                "Your layer is the one that does best on the test rows.",
                "The test set then helps to choose, and its best of many scores is too good to be "
                "true on new texts.",
                "Choose with the dev accuracies; look at the test rows afterwards, once.",
            ),
        ),
        Misconception(
            "the best test accuracy of all layers",
            _best_on_test,
            (
                "Your test accuracy belongs to another layer than the one you chose.",
                "You report the best score on the test rows: that is choosing the layer on the test "
                "set after all.",
                "Test the chosen layer, and only that one.",
            ),
        ),
        Misconception(
            "accuracies on the training rows",
            _sweep(choose="train", shown="train"),
            (
                "Your accuracies are measured on the training rows.",
                "A probe has seen these. The layer that memorises best is not the one that generalises best.",
                "Predict for features[dev, layer] and compare with labels[dev].",
            ),
        ),
        Misconception(
            "dev rows used for training",
            _sweep(train_on=("train", "dev")),
            (
                "Your probes are trained on the dev rows too, and then judged on them.",
                "What has been trained on can no longer be used to choose.",
                "fit gets the training rows alone.",
            ),
        ),
        Misconception(
            "the dev accuracy reported as the test's",
            _dev_as_test,
            (
                "Your third value is the dev accuracy of the chosen layer.",
                "It is the largest of several, so luck is part of it; that is why there are test rows.",
                "Predict for the test rows with the chosen layer.",
            ),
        ),
        Misconception(
            "the last layer tested",
            _sweep(tested=-1),
            (
                "You test the last layer, whichever you chose.",
                "The last layer is specialised in the pre-training task; the sweep is there to find "
                "a better one.",
                "Use the layer with the best dev accuracy.",
            ),
        ),
        Misconception(
            "the embeddings left out",
            _sweep(first=1),
            (
                "Layer 0 is missing.",
                "The embeddings are the baseline: what is known before any attention.",
                "Go over all features.shape[1] layers, from 0.",
            ),
        ),
        Misconception(
            "layers counted from 1",
            _sweep(count_from=1),
            (
                "Your layer number is one too high.",
                "Layer 0 is the embeddings here, so the position in the list is the layer's number.",
                "argmax already counts from 0.",
            ),
        ),
        Misconception(
            "the worst layer",
            _sweep(best=np.argmin),
            (
                "You chose the layer with the lowest accuracy.",
                "These are accuracies, not losses: more is better.",
                "argmax.",
            ),
        ),
        Misconception(
            "the wrong axis",
            _columns,
            (
                "You sweep over the features, not over the layers.",
                "The axes are (texts, layers, D): the layer stands in the middle.",
                "features[rows, layer] has shape (number of rows, D).",
            ),
        ),
    ),
)
