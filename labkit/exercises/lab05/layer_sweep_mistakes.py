"""Exercise 5.3: the wrong sweeps that students write."""

import numpy as np

from labkit.exercises.exercise import Misconception, variant
from labkit.measures import probing


def _share_right(probability, labels):
    return float(((np.asarray(probability) > 0.5) == labels).mean())


def _log_loss(probability, labels):
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return -float(np.log(np.where(labels == 1, p, 1 - p)).mean())


def _truth(probability, labels):
    return np.where(labels == 1, probability, 1 - np.asarray(probability))


def sweep(
    layers=lambda features: range(features.shape[1]),
    choose_by="dev",
    pick=np.argmax,
    score=None,
    always=None,
    named=lambda numbers, place: numbers[place],
    number=lambda layer: layer,
    trained=("train",),
    refit=None,
    judge=_share_right,
    shown="dev",
    report=lambda on_dev: on_dev,
    tested=lambda accuracy, layer, num_layers: accuracy(layer, "test"),
    unit=lambda value, rows, labels: value,
    view=lambda features, rows, layer: features[rows, layer],
    train_view=None,
    prepared=lambda features, sets: features,
    rows=lambda sets, labels: sets,
    labels_of=lambda labels, rows: labels[rows],
    truth=lambda labels, rows, name: labels[rows],
    probe=None,
    result=lambda layer, on_dev, on_test: (layer, on_dev, on_test),
):
    """layer_sweep with single choices made wrongly."""

    def wrong(fit, features, labels, train, dev, test):
        sets = {**rows({"train": train, "dev": dev, "test": test}, labels), "all": np.arange(len(labels))}
        features, fit = prepared(features, sets), probe or fit

        def rows_of(names):
            return np.concatenate([sets[name] for name in names])

        def accuracy(layer, name, taught=None, judged=judge):
            asked = rows_of([name] if isinstance(name, str) else name)
            learnt = rows_of(taught or (refit if name == "test" and refit else trained))
            x_train = (train_view or view)(features, learnt, layer)
            probability = fit(x_train, labels_of(labels, learnt), view(features, asked, layer))
            return unit(judged(probability, truth(labels, asked, name)), asked, labels)

        numbers = list(layers(features))
        on_dev = [accuracy(layer, shown) for layer in numbers]
        same = choose_by == shown and score is None
        by = on_dev if same else [accuracy(k, choose_by, trained, score or judge) for k in numbers]
        layer = always(features.shape[1]) if always else named(numbers, int(pick(by)))
        on_test = tested(accuracy, layer, features.shape[1])
        return result(number(layer), report(on_dev), on_test)

    return wrong


def _early(fit, features, labels, train, dev, test):
    """Stops at the first layer that is worse than the one before."""
    on_dev = probing.choose_layer(fit, features, labels, train, dev, test)[1]
    worse = [k for k in range(1, len(on_dev)) if on_dev[k] < on_dev[k - 1]]
    return sweep(layers=lambda x: range(worse[0] + 1 if worse else x.shape[1]))(
        fit, features, labels, train, dev, test
    )


def _as_given(sets, labels):
    ends = np.cumsum([len(sets["train"]), len(sets["dev"])])
    parts = np.split(np.arange(len(labels)), ends)
    return dict(zip(("train", "dev", "test"), parts, strict=True))


def _of_counts(sets, labels):
    sizes = np.cumsum([len(sets[name]) for name in sets])
    parts = np.split(np.arange(sizes[-1]), sizes[:-1])
    return dict(zip(sets, parts, strict=True))


def _ordered(mistakes):
    """What shows in the dev accuracies first: of two mistakes, its hint fits what the report shows."""
    late = {"tested", "refit", "always", "number", "choose_by", "pick", "score", "named"}
    return tuple(sorted(mistakes, key=lambda wrong: bool(wrong.choices) and wrong.choices.keys() <= late))


_ORDER = (
    "Your three results are not (layer, dev accuracies, test accuracy).",
    "The next cell unpacks them: layer, on_dev, on_test = layer_sweep(...).",
    "A whole number, a list with an accuracy for each layer, and one accuracy, in this order.",
)


def _scaled(features, like):
    spread = like.std(axis=0)
    return (features - like.mean(axis=0)) / np.where(spread == 0, 1, spread)


def _from_the_front(*names):
    return lambda labels, rows, name: labels[: len(rows)] if name in names else labels[rows]


def _logistic(**options):
    """A logistic regression of one's own, without a scaler."""

    def probe(x_train, y_train, x_test):
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(max_iter=1000, **options).fit(x_train, y_train).predict_proba(x_test)[:, 1]

    return probe


def _mean_layer(accuracy_of):
    def wrong(fit, features, labels, train, dev, test):
        layer, on_dev, _ = probing.choose_layer(fit, features, labels, train, dev, test)
        x = accuracy_of(features)
        return layer, on_dev, _share_right(fit(x[train], labels[train], x[test]), labels[test])

    return wrong


def _best_on_test(accuracy, layer, num_layers):
    return max(accuracy(k, "test") for k in range(num_layers))


_LAST = (
    "You test the last layer, whichever was best on the dev rows.",
    "The last layer is specialised in the pre-training task; the sweep is there to find a better one. "
    "(After a loop its variable still holds the last value.)",
    "Use the layer with the best dev accuracy.",
)

_ALL = (
    variant(
        sweep,
        "the layer chosen on the test rows",
        (
            "Your layer is the one that does best on the test rows.",
            "The test set then helps to choose, and its best of many scores is too good to be true on new texts.",
            "Choose with the dev accuracies; look at the test rows afterwards, once.",
        ),
        choose_by="test",
    ),
    variant(
        sweep,
        "the layer chosen on dev and test rows",
        (
            "Your layer is the best on the dev and the test rows together.",
            "The test rows help to choose there, and what has helped to choose can't judge any more.",
            "Choose with the dev accuracies alone.",
        ),
        choose_by=("dev", "test"),
    ),
    variant(
        sweep,
        "the best test accuracy of all layers",
        (
            "Your test accuracy is the best of all layers', not that of the one you chose.",
            "You report the best score on the test rows: that is choosing the layer on the test set after all.",
            "Test the chosen layer, and only that one.",
        ),
        tested=_best_on_test,
    ),
    variant(
        sweep,
        "accuracies on the training rows",
        (
            "Your accuracies are measured on the training rows.",
            "A probe has seen these. The layer that memorises best is not the one that generalises best.",
            "Predict for features[dev, layer] and compare with labels[dev].",
        ),
        choose_by="train",
        shown="train",
    ),
    variant(
        sweep,
        "the layer chosen on the training rows",
        (
            "Your layer is the one that does best on the training rows.",
            "A probe has seen these. The layer that memorises best is not the one that generalises best.",
            "Choose with the dev accuracies.",
        ),
        choose_by="train",
    ),
    variant(
        sweep,
        "accuracies on the test rows",
        (
            "Your accuracies are measured on the test rows.",
            "Those are asked last, with one layer. To choose there are the dev rows.",
            "Predict for features[dev, layer] and compare with labels[dev].",
        ),
        choose_by="test",
        shown="test",
    ),
    variant(
        sweep,
        "dev rows used for training",
        (
            "Your probes are trained on the dev rows too, and then judged on them.",
            "What has been trained on can no longer be used to choose.",
            "fit gets the training rows alone.",
        ),
        trained=("train", "dev"),
    ),
    variant(
        sweep,
        "trained on everything",
        (
            "Your probes are trained on all rows, those of dev and test too.",
            "A probe that has seen the answers is not asked anything.",
            "fit gets features[train, layer] and labels[train].",
        ),
        trained=("all",),
    ),
    variant(
        sweep,
        "trained on the dev rows",
        (
            "Your probes learn from the dev rows, and are then judged on them.",
            "What has been trained on can no longer be used to choose.",
            "fit(features[train, layer], labels[train], features[dev, layer])",
        ),
        trained=("dev",),
        refit=("train",),
    ),
    variant(
        sweep,
        "trained on the dev rows throughout",
        (
            "Your probes never see the training rows: they learn from the dev rows.",
            "The dev rows are to choose with.",
            "fit(features[train, layer], labels[train], ...)",
        ),
        trained=("dev",),
    ),
    variant(
        sweep,
        "a new training for the test",
        (
            "For the test you train on the training and the dev rows together.",
            "Some do that at the very end, but then it is another probe than the one that was chosen. "
            "Here the dev rows are to choose with.",
            "The same fit(features[train, layer], labels[train], ...) as before, with features[test, layer].",
        ),
        refit=("train", "dev"),
    ),
    variant(
        sweep,
        "the dev accuracy reported as the test's",
        (
            "Your third value is the dev accuracy of the chosen layer.",
            "It is the largest of several, so luck is part of it; that is why there are test rows.",
            "Predict for the test rows with the chosen layer.",
        ),
        tested=lambda accuracy, layer, num_layers: accuracy(layer, "dev"),
    ),
    variant(
        sweep,
        "the training accuracy reported as the test's",
        (
            "Your third value is the chosen layer's accuracy on the training rows.",
            "A probe has seen these with their labels.",
            "Predict for the test rows with the chosen layer.",
        ),
        tested=lambda accuracy, layer, num_layers: accuracy(layer, "train"),
    ),
    variant(
        sweep,
        "the last layer tested",
        _LAST,
        tested=lambda accuracy, layer, num_layers: accuracy(num_layers - 1, "test"),
    ),
    variant(
        sweep,
        "layer 0 tested",
        (
            "You test layer 0, whichever was best on the dev rows.",
            "Layer 0 is the embeddings, before any attention.",
            "Use the layer with the best dev accuracy.",
        ),
        tested=lambda accuracy, layer, num_layers: accuracy(0, "test"),
    ),
    variant(
        sweep,
        "a layer beside the chosen one",
        (
            "You test the layer before the one that you name.",
            "The place in the list of dev accuracies is the layer's number, if the list begins with layer 0.",
            "features[test, layer] with the layer that you return.",
        ),
        tested=lambda accuracy, layer, num_layers: accuracy(layer - 1, "test"),
    ),
    variant(
        sweep,
        "always the last layer",
        (
            "You choose the last layer, whatever the dev rows say.",
            "The last layer is specialised in the pre-training task, and often not the best for another one.",
            "The layer with the largest dev accuracy: np.argmax.",
        ),
        always=lambda num_layers: num_layers - 1,
    ),
    variant(
        sweep,
        "always the middle layer",
        (
            "You choose the middle layer, whatever the dev rows say.",
            "It is a good guess, but here it is to be found out.",
            "The layer with the largest dev accuracy: np.argmax.",
        ),
        always=lambda num_layers: num_layers // 2,
    ),
    variant(
        sweep,
        "always layer 0",
        (
            "You choose layer 0, whatever the dev rows say.",
            "Layer 0 is the embeddings, before any attention: a baseline.",
            "The layer with the largest dev accuracy: np.argmax.",
        ),
        always=lambda num_layers: 0,
    ),
    variant(
        sweep,
        "the embeddings left out",
        (
            "Layer 0 is missing.",
            "The embeddings are the baseline: what is known before any attention.",
            "Go over all features.shape[1] layers, from 0.",
        ),
        layers=lambda features: range(1, features.shape[1]),
    ),
    variant(
        sweep,
        "the embeddings left out, and the count shifted",
        (
            "Layer 0 is missing, and so the place in your list is one less than the layer.",
            "The embeddings are a layer like the others here: the baseline.",
            "Go over all features.shape[1] layers, from 0; then argmax is the layer.",
        ),
        layers=lambda features: range(1, features.shape[1]),
        named=lambda numbers, place: place,
    ),
    variant(
        sweep,
        "the last layer left out",
        (
            "The last layer is missing.",
            "features has num_layers + 1 layers, the embeddings and the blocks, and all are tried.",
            "range(features.shape[1])",
        ),
        layers=lambda features: range(features.shape[1] - 1),
    ),
    variant(
        sweep,
        "as many layers as in the example",
        (
            "You try five layers, however many there are.",
            "The pair of this notebook have five, counting the embeddings; other models have more or less.",
            "range(features.shape[1])",
        ),
        layers=lambda features: range(5),
    ),
    Misconception(
        "stopped at the first worse layer",
        _early,
        (
            "You stop at the first layer that is worse than the one before.",
            "Accuracies go up and down from layer to layer: a better one may come.",
            "Try all of them, then choose.",
        ),
    ),
    variant(
        sweep,
        "layers counted from 1",
        (
            "Your layer number is one too high.",
            "Layer 0 is the embeddings here, so the position in the list is the layer's number.",
            "argmax already counts from 0.",
        ),
        number=lambda layer: layer + 1,
    ),
    variant(
        sweep,
        "layers counted one too low",
        (
            "Your layer number is one too low.",
            "Layer 0 is the embeddings here, so the position in the list is the layer's number.",
            "argmax already counts from 0.",
        ),
        number=lambda layer: layer - 1,
    ),
    variant(
        sweep,
        "the worst layer",
        (
            "You chose the layer with the lowest accuracy.",
            "These are accuracies, not losses: more is better.",
            "argmax.",
        ),
        pick=np.argmin,
    ),
    variant(
        sweep,
        "chosen by the loss",
        (
            "Your layer is the one with the lowest log loss, not the one with the best accuracy.",
            "The two often agree, but a probe can be right more often and less sure.",
            "argmax of the list that you return.",
        ),
        score=lambda probability, labels: -_log_loss(probability, labels),
    ),
    variant(
        sweep,
        "at least a half",
        (
            "You count a probability of exactly 0.5 as class 1.",
            "*Above* 0.5 means class 1.",
            "> instead of >=.",
        ),
        judge=lambda p, y: float(((np.asarray(p) >= 0.5) == y).mean()),
    ),
    variant(
        sweep,
        "the share of wrong answers",
        (
            "Your accuracies are error rates: they count the wrong answers.",
            "A probability above 0.5 means class 1, and an answer is right where it equals the label.",
            "(probability > 0.5) == labels[rows]",
        ),
        judge=lambda p, y: float(((np.asarray(p) > 0.5) != y).mean()),
    ),
    variant(
        sweep,
        "the error rates compared for the largest",
        (
            "You return error rates, the shares of wrong answers.",
            "Accuracies are wanted: 1 minus that.",
            "(probability > 0.5) == labels[rows], and the mean of it.",
        ),
        judge=lambda p, y: float(((np.asarray(p) > 0.5) != y).mean()),
        pick=np.argmin,
    ),
    variant(
        sweep,
        "below a half",
        (
            "You count probabilities below 0.5 as class 1.",
            "fit gives the probability of class 1: above 0.5 means class 1.",
            "> instead of <.",
        ),
        judge=lambda p, y: float(((np.asarray(p) < 0.5) == y).mean()),
    ),
    variant(
        sweep,
        "every row class 1",
        (
            "You call every row class 1.",
            "A probability is always above 0; it is a score (log-odds) that is above 0 for class 1.",
            "probability > 0.5",
        ),
        judge=lambda p, y: float((y == 1).mean()),
    ),
    variant(
        sweep,
        "every row class 0",
        (
            "You call every row class 0.",
            "A probability is hardly ever 1, and int cuts off all that stands behind the point.",
            "probability > 0.5",
        ),
        judge=lambda p, y: float((np.asarray(p).astype(int) == y).mean()),
    ),
    variant(
        sweep,
        "the median for 0.5",
        (
            "You call the upper half of the rows class 1, whatever their probabilities.",
            "A row's answer then depends on the rows beside it.",
            "Above 0.5 means class 1.",
        ),
        judge=lambda p, y: float(((np.asarray(p) > np.median(p)) == y).mean()),
    ),
    variant(
        sweep,
        "not compared with the labels",
        (
            "Your accuracies are mean probabilities: the labels are not asked.",
            "An accuracy is the share of rows whose answer equals their label.",
            "((probability > 0.5) == labels[rows]).mean()",
        ),
        judge=lambda p, y: float(np.mean(p)),
    ),
    variant(
        sweep,
        "the share of answers that are 1",
        (
            "Your accuracies are the shares of rows that are called class 1.",
            "Whether that is right has not been asked yet.",
            "Compare with labels[rows], then take the mean.",
        ),
        judge=lambda p, y: float((np.asarray(p) > 0.5).mean()),
    ),
    variant(
        sweep,
        "class 1 alone",
        (
            "You count only the rows of class 1 that are answered right.",
            "A row of class 0 that is called class 0 is right too.",
            "(probability > 0.5) == labels[rows]",
        ),
        judge=lambda p, y: float(((np.asarray(p) > 0.5) & (y == 1)).mean()),
    ),
    variant(
        sweep,
        "the probability of the truth",
        (
            "Your accuracies are mean probabilities of the right class.",
            "An accuracy counts each answer as right or wrong, however sure it was.",
            "Turn the probabilities into answers first: > 0.5.",
        ),
        judge=lambda p, y: float(_truth(p, y).mean()),
    ),
    variant(
        sweep,
        "probabilities compared with labels",
        (
            "Nearly nothing is right: you compare probabilities with labels.",
            "0.93 is not equal to 1, though it means class 1.",
            "(probability > 0.5) == labels[rows]",
        ),
        judge=lambda p, y: float((np.asarray(p) == y).mean()),
    ),
    variant(
        sweep,
        "numbers instead of shares",
        (
            "Your accuracies are numbers of right answers.",
            "An accuracy is a share: the test rows are more than the dev rows, and the two should be comparable.",
            ".mean() instead of .sum()",
        ),
        unit=lambda value, rows, labels: value * len(rows),
    ),
    variant(
        sweep,
        "divided by all rows",
        (
            "You divide by the number of all rows.",
            "Only the dev rows (or the test rows) were asked.",
            "Divide by the number of rows asked, len(dev), or take the mean.",
        ),
        unit=lambda value, rows, labels: value * len(rows) / len(labels),
    ),
    variant(
        sweep,
        "percents",
        (
            "Your accuracies are a hundred times too large: percents.",
            "The next cells expect shares, from 0 to 1, and print them as percents.",
            "Leave out the 100.",
        ),
        unit=lambda value, rows, labels: 100 * value,
    ),
    variant(
        sweep,
        "rounded",
        (
            "Your accuracies are rounded before the best is chosen.",
            "Two layers that differ by one review become equal, and the choice is left to chance.",
            "Round where you print.",
        ),
        unit=lambda value, rows, labels: round(value, 1),
    ),
    variant(
        sweep,
        "rounded to two digits",
        (
            "Your accuracies are rounded to two digits.",
            "Two layers that differ by one review may become equal.",
            "Round where you print.",
        ),
        unit=lambda value, rows, labels: round(value, 2),
    ),
    variant(
        sweep,
        "the accuracies sorted",
        (
            "Your dev accuracies stand in the order of their size.",
            "The place in the list is the layer; sorted, it says nothing.",
            "Leave the list as the loop fills it.",
        ),
        report=sorted,
        always=lambda num_layers: num_layers - 1,
    ),
    variant(
        sweep,
        "only the sorted list returned",
        (
            "Your list of dev accuracies stands in the order of their size.",
            "The place in the list is the layer; sorted, it says nothing.",
            "Return the list as the loop fills it.",
        ),
        report=sorted,
    ),
    variant(
        sweep,
        "row numbers not used",
        (
            "You take the rows as they come: the first for training, the next for dev, the rest for the test.",
            "So it is in this notebook, but train, dev and test may be any row numbers.",
            "features[train, layer], labels[train], and the same for dev and test.",
        ),
        rows=_as_given,
    ),
    variant(
        sweep,
        "numbers of rows instead of row numbers",
        (
            "You take as many rows as there are row numbers, from the front of the table.",
            "train, dev and test say which rows, not only how many.",
            "features[train, layer], labels[train], and the same for dev and test.",
        ),
        rows=_of_counts,
    ),
    variant(
        sweep,
        "the labels not picked along",
        (
            "You train rows with other rows' labels.",
            "You pick rows of features by `train`, and take the labels from the front.",
            "labels[train], the same row numbers for both.",
        ),
        labels_of=lambda labels, rows: labels[: len(rows)],
    ),
    Misconception(
        "the answers compared with other rows' labels",
        sweep(truth=_from_the_front("dev")),
        (
            "You compare the answers for the dev rows with the labels of other rows.",
            "You pick rows of features by `dev`, and take the labels from the front of the table.",
            "labels[dev], the same row numbers for both.",
        ),
        spellings=(sweep(truth=_from_the_front("dev", "test")),),
        build=sweep,
        choices={"truth": _from_the_front("dev", "test")},
    ),
    variant(
        sweep,
        "the test answers compared with other rows' labels",
        (
            "You compare the answers for the test rows with the labels of other rows.",
            "Which rows are asked, and whose labels they are compared with, is to be said by `test` alone.",
            "labels[test], the same row numbers for both.",
        ),
        truth=_from_the_front("test"),
    ),
    Misconception(
        "a probe of your own",
        sweep(probe=probing.fit_probe),
        (
            "You train a classifier of your own, not the `fit` that you are given.",
            "Whoever calls this function says which classifier is to be tried.",
            "Call fit(...), the first argument.",
        ),
        spellings=tuple(sweep(probe=_logistic(**options)) for options in ({"C": 0.1}, {})),
        build=sweep,
        choices={"probe": probing.fit_probe},
    ),
    Misconception(
        "tested on the mean of the layers",
        _mean_layer(lambda features: features.mean(axis=1)),
        (
            "For the test you take all layers together.",
            "You have chosen one layer, and this one's accuracy is asked.",
            "features[test, layer]",
        ),
        spellings=(_mean_layer(lambda features: features.reshape(len(features), -1)),),
    ),
    variant(
        sweep,
        "all layers up to this one",
        (
            "Your probe sees all layers up to the one that is tried.",
            "Then the last always knows the most, and it does not say what a layer itself knows.",
            "features[train, layer], without a colon before the layer.",
        ),
        view=lambda features, rows, layer: features[rows, : layer + 1].reshape(len(rows), -1),
    ),
    variant(
        sweep,
        "trained on layer 0",
        (
            "Your probe is trained on layer 0, and then asked about another layer.",
            "Each layer has a language of its own: a probe is trained for one.",
            "The same layer in features[train, layer] and features[dev, layer].",
        ),
        train_view=lambda features, rows, layer: features[rows, 0],
    ),
    variant(
        sweep,
        "scaled before",
        (
            "You scale the features before fit gets them, with the mean and spread of all rows.",
            "The mean and spread of the test rows are in it: a leak. And scaling is the business of fit.",
            "Hand fit the features as they are.",
        ),
        prepared=lambda features, sets: _scaled(features, features),
    ),
    variant(
        sweep,
        "scaled by the training rows",
        (
            "You scale the features before fit gets them.",
            "Scaling is the business of fit, which may be anything that learns.",
            "Hand fit the features as they are.",
        ),
        prepared=lambda features, sets: _scaled(features, features[sets["train"]]),
    ),
    variant(
        sweep,
        "the wrong axis",
        (
            "You sweep over the features, not over the layers.",
            "The axes are (texts, layers, D): the layer stands in the middle.",
            "features[rows, layer] has shape (number of rows, D).",
        ),
        prepared=lambda features, sets: features.transpose(0, 2, 1),
    ),
    variant(
        sweep,
        "returned after the first layer",
        (
            "You try one layer only.",
            "A return inside the loop ends it at the first round.",
            "Move the return out of the loop, as far to the left as `for`.",
        ),
        layers=lambda features: range(1),
    ),
    Misconception(
        "another order of the results",
        sweep(result=lambda layer, on_dev, on_test: (layer, on_test, on_dev)),
        _ORDER,
        spellings=(
            sweep(report=max),
            sweep(result=lambda layer, on_dev, on_test: (on_dev, layer, on_test)),
            sweep(result=lambda layer, on_dev, on_test: (on_test, layer, on_dev)),
            sweep(result=lambda layer, on_dev, on_test: (on_dev, on_test, layer)),
            sweep(result=lambda layer, on_dev, on_test: (layer, (on_dev, on_test))),
            sweep(result=lambda layer, on_dev, on_test: (layer, on_test)),
            sweep(result=lambda layer, on_dev, on_test: (layer, on_dev)),
        ),
    ),
    Misconception(
        "the test accuracies of all layers",
        sweep(tested=lambda accuracy, layer, num: [accuracy(k, "test") for k in range(num)]),
        (
            "Your third result holds the test accuracies of all layers.",
            "The test rows are asked once, with the layer that the dev rows chose.",
            "One number: the accuracy of features[test, best].",
        ),
    ),
    variant(
        sweep,
        "as many layers as features",
        (
            "You try as many layers as the vectors are wide.",
            "features.shape[-1] is D. The axes are (N, num_layers + 1, D).",
            "range(features.shape[1])",
        ),
        layers=lambda features: range(features.shape[-1]),
    ),
    Misconception(
        "the layer in place of the row",
        sweep(view=lambda features, rows, layer: features[layer][rows]),
        (
            "You look for the layers along the first axis, which is that of the reviews.",
            "features[layer] is one review with all of its layers; the layers are the second axis.",
            "features[train, layer], or features[:, layer] first; range(features.shape[1]) for the loop.",
        ),
        spellings=(
            sweep(layers=lambda features: range(len(features))),
            sweep(view=lambda features, rows, layer: features[rows][layer]),
        ),
    ),
    Misconception(
        "the accuracy taken for the layer",
        sweep(tested=lambda accuracy, layer, num_layers: accuracy(0.5, "test")),
        (
            "You use the best accuracy where the layer is wanted.",
            "max gives the largest value; its place in the list is the layer's number.",
            "np.argmax(on_dev), or on_dev.index(max(on_dev)).",
        ),
    ),
    Misconception(
        "fit taken for a scikit-learn model",
        lambda fit, features, labels, train, dev, test: fit.fit(features[train, 0], labels[train]),
        (
            "fit has no .fit and no .predict_proba.",
            "It is a function that trains and answers in one call, as your fit_probe is.",
            "probability = fit(features[train, layer], labels[train], features[dev, layer])",
        ),
    ),
    Misconception(
        "the arguments of fit in another order",
        lambda fit, features, labels, train, dev, test: fit(
            features[train, 0], features[dev, 0], labels[train]
        ),
        (
            "fit gets something else than labels in the second place.",
            "It is called as fit(x_train, y_train, x_test).",
            "fit(features[train, layer], labels[train], features[dev, layer])",
        ),
    ),
)

MISTAKES = _ordered(_ALL)
