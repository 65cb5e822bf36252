"""Lab 05: right answers in other styles than ours, and mistakes that need a second look.

What holds for every lab is in test_every_lab.py, which reads STYLES.
"""

import math
import random

import numpy as np
import pytest
import torch

from labkit.exercises import lab05
from labkit.exercises.engine import check

EXERCISES = {exercise.name: exercise for exercise in lab05.EXERCISES}


def features_loop(model, texts, layer, how):
    rows = []
    for text in texts:
        batch = model.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            hidden = model.network(**batch, output_hidden_states=True).hidden_states[layer][0]
        if how == "mean":
            rows.append(hidden.mean(dim=0))
        else:
            rows.append(hidden[0] if how == "cls" else hidden[-1])
    return torch.stack(rows).numpy()


def features_with_gradients(model, texts, layer, how):
    """A list of vectors that still carry their gradients."""
    rows = []
    for text in texts:
        ids = torch.tensor([model.tokenizer(text).input_ids])
        hidden = model.network(input_ids=ids, output_hidden_states=True).hidden_states[layer]
        rows.append({"mean": hidden.mean(1), "cls": hidden[:, 0], "last": hidden[:, -1]}[how].squeeze(0))
    return rows


def features_padded(model, texts, layer, how):
    """One batch, padded, with the mask."""
    ids = [model.tokenizer(text).input_ids for text in texts]
    longest = max(map(len, ids))
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    batch = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
    with torch.no_grad():
        states = model.network(input_ids=batch, attention_mask=mask, output_hidden_states=True).hidden_states
    hidden = states[layer]
    if how == "cls":
        return hidden[:, 0]
    if how == "last":
        return hidden[torch.arange(len(texts)), mask.sum(1) - 1]
    return (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


def features_lists(model, texts, layer, how):
    """Weights over the tokens; nested lists."""
    rows = []
    for text in texts:
        batch = model.tokenizer([text], return_tensors="pt")
        with torch.no_grad():
            hidden = model.network.base_model(**batch, output_hidden_states=True).hidden_states[layer]
        weights = torch.zeros(hidden.shape[1])
        weights[{"cls": slice(0, 1), "last": slice(-1, None), "mean": slice(None)}[how]] = 1.0
        rows.append(torch.einsum("t,btd->d", weights / weights.sum(), hidden).tolist())
    return rows


def fit_probe_pipeline(x_train, y_train, x_test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    return probe.fit(x_train, y_train).predict_proba(x_test)[:, 1]


def fit_probe_by_hand(x_train, y_train, x_test):
    """Newton's method on the loss that scikit-learn minimises; the spread with N - 1, as in torch."""
    x_train, x_test = torch.tensor(x_train), torch.tensor(x_test)
    mean, spread = x_train.mean(0), x_train.std(0)
    spread[spread == 0] = 1.0
    design = torch.cat([(x_train - mean) / spread, torch.ones(len(x_train), 1, dtype=x_train.dtype)], dim=1)
    penalty = torch.diag(torch.tensor([1.0] * x_train.shape[1] + [0.0], dtype=x_train.dtype))
    weights = torch.zeros(design.shape[1], dtype=x_train.dtype)
    for _ in range(30):
        p = torch.sigmoid(design @ weights)
        gradient = 0.1 * design.T @ (p - torch.tensor(y_train)) + penalty @ weights
        hessian = 0.1 * (design * (p * (1 - p)).unsqueeze(1)).T @ design + penalty
        weights = weights - torch.linalg.solve(hessian, gradient)
    return torch.sigmoid((x_test - mean) / spread @ weights[:-1] + weights[-1]).tolist()


def fit_probe_sigmoid(x_train, y_train, x_test):
    """The score by hand, and a tensor."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    scaled = [(x - mean) / np.where(spread > 0, spread, 1) for x in (x_train, x_test)]
    probe = LogisticRegression(C=0.1, max_iter=1000).fit(scaled[0], y_train)
    return torch.sigmoid(torch.tensor(scaled[1] @ probe.coef_[0] + probe.intercept_[0]))


def fit_probe_row_by_row(x_train, y_train, x_test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    probe = LogisticRegression(C=0.1, max_iter=1000).fit(scaler.fit_transform(x_train), y_train)
    return [1 - probe.predict_proba(scaler.transform(row[None]))[0, 0] for row in x_test]


def layer_sweep_loop(fit, features, labels, train, dev, test):
    scores = []
    for layer in range(features.shape[1]):
        x = features[:, layer, :]
        answers = fit(x[train], labels[train], x[dev]) > 0.5
        scores.append(sum(answers == labels[dev]) / len(dev))
    best = scores.index(max(scores))
    x = features[:, best, :]
    right = [
        int(p > 0.5) == y for p, y in zip(fit(x[train], labels[train], x[test]), labels[test], strict=True)
    ]
    return best, scores, sum(right) / len(right)


def layer_sweep_numpy(fit, features, labels, train, dev, test):
    def probabilities(rows):
        return np.array([fit(x[train], labels[train], x[rows]) for x in features.transpose(1, 0, 2)])

    on_dev = ((probabilities(dev) > 0.5) == labels[dev]).mean(axis=1)
    on_test = ((probabilities(test) > 0.5) == labels[test]).mean(axis=1)
    return [on_dev.argmax(), on_dev, on_test[on_dev.argmax()]]


def layer_sweep_errors(fit, features, labels, train, dev, test):
    """Counts mistakes, and chooses the fewest."""

    def mistakes(layer, rows):
        said = np.where(fit(features[train][:, layer], labels[train], features[rows][:, layer]) > 0.5, 1, 0)
        return int(np.abs(said - labels[rows]).sum())

    on_dev = [mistakes(layer, dev) for layer in range(features.shape[1])]
    layer = min(range(len(on_dev)), key=on_dev.__getitem__)
    return float(layer), tuple(1 - n / len(dev) for n in on_dev), 1 - mistakes(layer, test) / len(test)


def layer_sweep_tensors(fit, features, labels, train, dev, test):
    """Both sets of rows at once; everything a tensor."""
    rows = np.concatenate([dev, test])
    right = [
        (fit(x[train], labels[train], x[rows]) > 0.5) == labels[rows] for x in np.moveaxis(features, 1, 0)
    ]
    right = torch.tensor(np.array(right)).double()
    on_dev = right[:, : len(dev)].mean(dim=1)
    return on_dev.argmax(), on_dev, right[on_dev.argmax(), len(dev) :].mean()


def learning_curve_lists(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return [
        [
            [
                int((p > 0.5) == y)
                for p, y in zip(fit(x_train[o[:n]], y_train[o[:n]], x_test), y_test, strict=True)
            ]
            for n in sizes
        ]
        for o in orders.tolist()
    ]


def learning_curve_rounded(fit, x_train, y_train, x_test, y_test, sizes, orders):
    curves = []
    for order in orders:
        x, y = x_train[order], y_train[order]
        curves.append(np.stack([np.round(fit(x[:n], y[:n], x_test)) == y_test for n in sizes]))
    return np.stack(curves)


def learning_curve_tensor(fit, x_train, y_train, x_test, y_test, sizes, orders):
    """Sizes outside; a tensor of True and False."""
    by_size = [
        [(fit(x_train[order[:size]], y_train[order[:size]], x_test) > 0.5) == y_test for order in orders]
        for size in sizes
    ]
    return torch.tensor(np.array(by_size)).transpose(0, 1)


def learning_curve_sorted_rows(fit, x_train, y_train, x_test, y_test, sizes, orders):
    """The rows of a set in the order of x_train, and each set trained on once."""
    known, blocks = {}, []
    for order in orders:
        for size in sizes:
            rows = tuple(sorted(order[:size].tolist()))
            if rows not in known:
                known[rows] = fit(x_train[list(rows)], y_train[list(rows)], x_test)
            blocks.append(1 - np.abs((known[rows] > 0.5).astype(int) - y_test))
    return np.concatenate(blocks).reshape(len(orders), len(sizes), -1)


def bootstrap_interval_choice(correct, num_samples, seed):
    rng = np.random.default_rng(seed)
    means = [rng.choice(correct, size=len(correct)).mean() for _ in range(num_samples)]
    return np.mean(correct), np.quantile(means, 0.025), np.quantile(means, 0.975)


def bootstrap_interval_torch(correct, num_samples, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.tensor(correct)
    picks = torch.randint(len(values), (num_samples, len(values)), generator=generator)
    means = values[picks].mean(dim=1).sort().values
    return values.mean(), means[int(0.025 * num_samples)], means[int(0.975 * num_samples)]


def bootstrap_interval_weights(correct, num_samples, seed):
    rng = np.random.RandomState(seed)
    n = len(correct)
    counts = rng.multinomial(n, [1 / n] * n, size=num_samples)
    means = counts @ correct / n
    return [sum(correct) / n, *np.percentile(means, [2.5, 97.5])]


def bootstrap_interval_python(correct, num_samples, seed):
    """Python's own generator, row by row; an array of three."""
    rng = random.Random(seed)
    values = correct.tolist()
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(num_samples))
    ends = [means[round(share * (num_samples - 1))] for share in (0.025, 0.975)]
    return np.array([sum(values) / len(values), *ends])


def compare_library(correct_a, correct_b):
    from scipy.stats import binomtest

    wins, losses = sum(correct_a > correct_b), sum(correct_a < correct_b)
    p = binomtest(int(wins), int(wins + losses)).pvalue if wins + losses else 1
    return np.mean(correct_a) - np.mean(correct_b), p


def compare_loop(correct_a, correct_b):
    only_a = only_b = 0
    for a, b in zip(correct_a, correct_b, strict=True):
        only_a += a and not b
        only_b += b and not a
    n, most = int(only_a + only_b), int(max(only_a, only_b))
    tail = sum(math.comb(n, k) for k in range(most, n + 1)) * 0.5**n
    return (only_a - only_b) / len(correct_a), min(1.0, 2 * tail)


def compare_signs(correct_a, correct_b):
    """The losses instead of the wins: the test is for both sides. Tensors."""
    from scipy.stats import binomtest

    sign = torch.tensor(correct_a) - torch.tensor(correct_b)
    losses, tosses = int((sign < 0).sum()), int(sign.abs().sum())
    return sign.mean(), torch.tensor(binomtest(losses, tosses).pvalue if tosses else 1.0)


def compare_mask(correct_a, correct_b):
    a, b = correct_a.astype(bool), correct_b.astype(bool)
    disagree = a ^ b
    k, n = int(a[disagree].sum()), int(disagree.sum())
    below = sum(math.comb(n, j) for j in range(n + 1) if math.comb(n, j) <= math.comb(n, k))
    return [float(a.mean() - b.mean()), below / 2**n]


STYLES = {
    "features": (features_loop, features_with_gradients, features_padded, features_lists),
    "fit_probe": (fit_probe_pipeline, fit_probe_by_hand, fit_probe_sigmoid, fit_probe_row_by_row),
    "layer_sweep": (layer_sweep_loop, layer_sweep_numpy, layer_sweep_errors, layer_sweep_tensors),
    "learning_curve": (
        learning_curve_lists,
        learning_curve_rounded,
        learning_curve_tensor,
        learning_curve_sorted_rows,
    ),
    "bootstrap_interval": (
        bootstrap_interval_choice,
        bootstrap_interval_torch,
        bootstrap_interval_weights,
        bootstrap_interval_python,
    ),
    "compare": (compare_library, compare_loop, compare_signs, compare_mask),
}


def test_a_scaler_fitted_on_the_test_set_is_caught_as_students_write_it():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    def fit_probe(x_train, y_train, x_test):
        x_train = StandardScaler().fit_transform(x_train)
        x_test = StandardScaler().fit_transform(x_test)
        return LogisticRegression(C=0.1, max_iter=1000).fit(x_train, y_train).predict_proba(x_test)[:, 1]

    report = check(fit_probe, EXERCISES["fit_probe"])
    assert report.misconception == "a scaler fitted on the test set"
    assert "[no] no test row changes another's answer" in report.text
    assert report.points == report.max_points - 4


def test_a_layer_chosen_on_the_test_set_is_caught_as_students_write_it():
    def layer_sweep(fit, features, labels, train, dev, test):
        on_dev, on_test = [], []
        for layer in range(features.shape[1]):
            x = features[:, layer]
            on_dev.append(np.mean((fit(x[train], labels[train], x[dev]) > 0.5) == labels[dev]))
            on_test.append(np.mean((fit(x[train], labels[train], x[test]) > 0.5) == labels[test]))
        best = int(np.argmax(on_test))
        return best, on_dev, on_test[best]

    report = check(layer_sweep, EXERCISES["layer_sweep"])
    assert report.misconception == "the layer chosen on the test rows"


def test_an_interval_that_ignores_its_seed_loses_that_point_alone():
    def no_seed(correct, num_samples, seed):
        picks = np.random.default_rng(0).integers(len(correct), size=(num_samples, len(correct)))
        return correct.mean(), *np.percentile(correct[picks].mean(axis=1), [2.5, 97.5])

    report = check(no_seed, EXERCISES["bootstrap_interval"])
    assert report.points == report.max_points - 1 and "nothing is drawn by the seed" in report.text


def test_a_curve_whose_training_sets_are_not_nested_says_so():
    def fresh_draws(fit, x_train, y_train, x_test, y_test, sizes, orders):
        correct = np.zeros((len(orders), len(sizes), len(y_test)))
        for s, order in enumerate(orders):
            for k, size in enumerate(sizes):
                start = sum(sizes[:k])
                rows = order[start : start + size] if start + size <= len(order) else order[-size:]
                correct[s, k] = (fit(x_train[rows], y_train[rows], x_test) > 0.5) == y_test
        return correct

    report = check(fresh_draws, EXERCISES["learning_curve"])
    assert not report.passed and "are not among the" in report.text


def test_the_whole_path_takes_strange_texts():
    """One token, 600 tokens, other languages and emoji: a row each, and a probe can be trained on them."""
    from labkit.measures.features import extract
    from labkit.measures.probing import fit_probe
    from labkit.models.loading import load

    texts = [
        "No",
        "good and then " * 200,
        "Schön 日本語 🙂, però no",
        "🙂🙂🙂",
        "</script>",
        "a good lamp",
        "x",
        "bad",
    ]
    labels = np.array([0, 1, 1, 0, 0, 1, 0, 1])
    for name in ("bert-mini", "gpt-mini"):
        for how in ("cls", "mean", "last"):
            x = extract(load(name), texts, how)[:, 2]
            assert np.isfinite(x).all() and len(x) == len(texts)
            p = fit_probe(x, labels, x)
            assert ((p >= 0) & (p <= 1)).all()


def test_the_six_situations_have_six_different_answers():
    situations = [
        question for question in lab05.QUESTIONS if question.prompt[:2] in {f"{k}." for k in range(1, 7)}
    ]
    assert len(situations) == 6
    right = [choice.text for question in situations for choice in question.choices if choice.correct]
    assert len(set(right)) == 6
    assert {question.correct_letters for question in situations} >= {"A", "B", "C"}, (
        "not always the same letter"
    )


@pytest.mark.parametrize("attempt", range(5))
def test_an_interval_that_ignores_the_seed_loses_its_point(attempt):
    def own_luck(correct, num_samples, seed):
        rng = np.random.default_rng()
        means = correct[rng.integers(len(correct), size=(num_samples, len(correct)))].mean(axis=1)
        return correct.mean(), *np.percentile(means, [2.5, 97.5])

    report = check(own_luck, EXERCISES["bootstrap_interval"])
    assert [result.name for result in report.results if not result.passed] == [
        "the same seed gives the same interval"
    ]
