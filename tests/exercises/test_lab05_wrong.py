"""Lab 05: wrong answers that were once accepted, and answers with two mistakes."""

import numpy as np
import pytest

from labkit.exercises import lab05
from labkit.exercises.diagnosis import _Evidence
from labkit.exercises.engine import check

EXERCISES = {exercise.name: exercise for exercise in lab05.EXERCISES}


def extracted(model, texts, layer, how):
    return EXERCISES["features"].reference(model, texts, layer, how)


def curve(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return EXERCISES["learning_curve"].reference(fit, x_train, y_train, x_test, y_test, sizes, orders)


def features_sorted(model, texts, layer, how):
    return extracted(model, sorted(texts, key=len), layer, how)


def features_once(model, texts, layer, how):
    return extracted(model, list(dict.fromkeys(texts)), layer, how)


def _probe(x_train, y_train, x_test, **options):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x_train)
    probe = LogisticRegression(**{"C": 0.1, "max_iter": 1000, **options})
    return probe.fit(scaler.transform(x_train), y_train).predict_proba(scaler.transform(x_test))[:, 1]


def probe_balanced(x_train, y_train, x_test):
    return _probe(x_train, y_train, x_test, class_weight="balanced")


def probe_without_intercept(x_train, y_train, x_test):
    return _probe(x_train, y_train, x_test, fit_intercept=False)


def probe_of_three_steps(x_train, y_train, x_test):
    return _probe(x_train, y_train, x_test, max_iter=3)


def probe_rounded(x_train, y_train, x_test):
    return _probe(x_train, y_train, x_test).round(2)


def sweep_at_least_half(fit, features, labels, train, dev, test):
    def accuracy(layer, rows):
        p = fit(features[train, layer], labels[train], features[rows, layer])
        return ((p >= 0.5) == labels[rows]).mean()

    on_dev = [accuracy(layer, dev) for layer in range(features.shape[1])]
    return int(np.argmax(on_dev)), on_dev, accuracy(int(np.argmax(on_dev)), test)


def curve_at_least_half(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return [[(fit(x_train[o[:n]], y_train[o[:n]], x_test) >= 0.5) == y_test for n in sizes] for o in orders]


def curve_sorted_sizes(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return curve(fit, x_train, y_train, x_test, y_test, sorted(sizes), orders)


def curve_of_numbers(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return curve(fit, x_train.astype(float), y_train, x_test.astype(float), y_test, sizes, orders)


def curve_flattened(fit, x_train, y_train, x_test, y_test, sizes, orders):
    x_train, x_test = x_train.reshape(len(x_train), -1), x_test.reshape(len(x_test), -1)
    return curve(fit, x_train, y_train, x_test, y_test, sizes, orders)


def _means(correct, num_samples, seed, rows=0):
    rng = np.random.default_rng(seed)
    number = len(correct)
    return correct[rng.integers(max(1, number - rows), size=(num_samples, number))].mean(axis=1)


def interval_without_the_last(correct, num_samples, seed):
    return correct.mean(), *np.percentile(_means(correct, num_samples, seed, rows=1), [2.5, 97.5])


def interval_of_2000(correct, num_samples, seed):
    return correct.mean(), *np.percentile(_means(correct, 2000, seed), [2.5, 97.5])


def interval_of_two_spreads(correct, num_samples, seed):
    half = 1.96 * _means(correct, num_samples, seed).std()
    return correct.mean(), correct.mean() - half, correct.mean() + half


def interval_mirrored(correct, num_samples, seed):
    low, high = np.percentile(_means(correct, num_samples, seed), [2.5, 97.5])
    return correct.mean(), 2 * correct.mean() - high, 2 * correct.mean() - low


def interval_with_one_sample_mean(correct, num_samples, seed):
    means = _means(correct, num_samples, seed)
    return means[0], *np.percentile(means, [2.5, 97.5])


def interval_of_one_standard_error(correct, num_samples, seed):
    error = correct.std(ddof=1) / np.sqrt(len(correct))
    return correct.mean(), correct.mean() - error, correct.mean() + error


def sweep_above_0(fit, features, labels, train, dev, test):
    def log_odds(*args):
        return (fit(*args) > 0) * 1.0

    return EXERCISES["layer_sweep"].reference(log_odds, features, labels, train, dev, test)


def sweep_with_labels_from_the_front(fit, features, labels, train, dev, test):
    def said(layer, rows):
        return fit(features[train, layer], labels[train], features[rows, layer]) > 0.5

    on_dev = [(said(layer, dev) == labels[: len(dev)]).mean() for layer in range(features.shape[1])]
    layer = int(np.argmax(on_dev))
    return layer, on_dev, (said(layer, test) == labels[test]).mean()


def curve_taught_the_test_rows(fit, x_train, y_train, x_test, y_test, sizes, orders):
    def taught(x, y, asked):
        return fit(np.concatenate([x, x_test]), np.concatenate([y, y_test]), asked)

    return curve(taught, x_train, y_train, x_test, y_test, sizes, orders)


def probe_on_the_scaler(x_train, y_train, x_test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    probe = LogisticRegression(C=0.1, max_iter=1000).fit(scaler.fit(x_train), y_train)
    return probe.predict_proba(scaler.fit(x_test))[:, 1]


def compare_with_a_loaded_coin(correct_a, correct_b):
    from scipy.stats import binomtest

    k, n = int((correct_a > correct_b).sum()), int((correct_a != correct_b).sum())
    p = binomtest(k, n, p=float(correct_b.mean())).pvalue if n else 1.0
    return correct_a.mean() - correct_b.mean(), p


def compare_uncapped(correct_a, correct_b):
    from scipy.stats import binom

    k, n = int((correct_a > correct_b).sum()), int((correct_a != correct_b).sum())
    return correct_a.mean() - correct_b.mean(), 2 * binom.cdf(min(k, n - k), n, 0.5) if n else 1.0


WRONG = [
    ("features", features_sorted, "sorted texts"),
    ("features", features_once, "equal texts once"),
    ("fit_probe", probe_balanced, "classes weighted"),
    ("fit_probe", probe_without_intercept, "no intercept"),
    ("fit_probe", probe_of_three_steps, "stopped too early"),
    ("fit_probe", probe_rounded, "rounded"),
    ("layer_sweep", sweep_at_least_half, "at least a half"),
    ("learning_curve", curve_at_least_half, "at least a half"),
    ("learning_curve", curve_sorted_sizes, "the sizes sorted"),
    ("learning_curve", curve_of_numbers, "numbers taken for granted"),
    ("learning_curve", curve_flattened, "flattened"),
    ("bootstrap_interval", interval_without_the_last, "the last row never drawn"),
    ("bootstrap_interval", interval_of_2000, "always 2,000 samples"),
    ("bootstrap_interval", interval_of_two_spreads, "a formula instead of percentiles"),
    ("bootstrap_interval", interval_mirrored, "mirrored at the mean"),
    ("bootstrap_interval", interval_with_one_sample_mean, "the mean of one sample"),
    ("bootstrap_interval", interval_of_one_standard_error, "a formula that is 0/0"),
    ("layer_sweep", sweep_above_0, "every row class 1"),
    ("layer_sweep", sweep_with_labels_from_the_front, "the answers compared with other rows' labels"),
    ("learning_curve", curve_taught_the_test_rows, "trained on the test rows"),
    ("fit_probe", probe_on_the_scaler, "the scaler in place of the scaled rows"),
    ("compare", compare_with_a_loaded_coin, "a coin that is not fair"),
    ("compare", compare_uncapped, "more than 1"),
]


@pytest.mark.parametrize("seed", [1, 9])
@pytest.mark.parametrize(
    ("name", "answer", "mistake"), WRONG, ids=lambda part: getattr(part, "__name__", None)
)
def test_a_wrong_answer_is_refused_with_its_hint(name, answer, mistake, seed):
    report = check(answer, EXERCISES[name], seed=seed)
    assert report.status == "wrong" and report.misconception == mistake, report.text


def probe_leaks_and_column_0(x_train, y_train, x_test):
    both = np.concatenate([x_train, x_test])
    spread = np.where(both.std(axis=0) == 0, 1, both.std(axis=0))
    scaled = [(x - both.mean(axis=0)) / spread for x in (x_train, x_test)]
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=1000).fit(scaled[0], y_train).predict_proba(scaled[1])[:, 0]


def sweep_on_test_from_1(fit, features, labels, train, dev, test):
    def accuracies(rows):
        layers = range(features.shape[1])
        said = [fit(features[train, k], labels[train], features[rows, k]) > 0.5 for k in layers]
        return [(answers == labels[rows]).mean() for answers in said]

    on_dev, on_test = accuracies(dev), accuracies(test)
    return int(np.argmax(on_test)) + 1, on_dev, max(on_test)


def curve_unordered_errors(fit, x_train, y_train, x_test, y_test, sizes, orders):
    return [[(fit(x_train[:n], y_train[:n], x_test) > 0.5) != y_test for n in sizes] for _ in orders]


def interval_axis_0_of_90(correct, num_samples, seed):
    picks = np.random.default_rng(seed).integers(len(correct), size=(num_samples, len(correct)))
    return correct.mean(), *np.percentile(correct[picks].mean(axis=0), [5, 95])


def compare_one_side_b_minus_a(correct_a, correct_b):
    from scipy.stats import binomtest

    k, n = int((correct_a > correct_b).sum()), int((correct_a != correct_b).sum())
    return correct_b.mean() - correct_a.mean(), binomtest(k, n, alternative="greater").pvalue if n else 1.0


TWO = [
    ("fit_probe", probe_leaks_and_column_0, {"a scaler fitted on everything", "the other class"}),
    ("layer_sweep", sweep_on_test_from_1, {"the layer chosen on the test rows", "layers counted from 1"}),
    ("learning_curve", curve_unordered_errors, {"the orders are not used", "1 where it is wrong"}),
    ("bootstrap_interval", interval_axis_0_of_90, {"the mean over the samples", "the 5th and the 95th"}),
    ("compare", compare_one_side_b_minus_a, {"only whether A is better", "B minus A"}),
]


@pytest.mark.parametrize(
    ("name", "answer", "mistakes"), TWO, ids=lambda part: getattr(part, "__name__", None)
)
def test_of_two_mistakes_one_is_named(name, answer, mistakes):
    assert check(answer, EXERCISES[name]).misconception in mistakes


@pytest.mark.parametrize("name", list(EXERCISES))
def test_a_constant_earns_hardly_anything(name):
    exercise = EXERCISES[name]
    first = exercise.reference(*exercise.cases(1)[0].args)
    arguments = ", ".join(exercise.reference.__code__.co_varnames[: exercise.reference.__code__.co_argcount])
    constant = eval(f"lambda {arguments}: first", {"first": first})
    assert check(constant, exercise).points <= 2


def test_an_interval_without_a_seed_is_told_where_the_seed_belongs():
    def no_seed(correct, num_samples, seed):
        rng = np.random.default_rng()
        means = correct[rng.integers(len(correct), size=(num_samples, len(correct)))].mean(axis=1)
        return correct.mean(), *np.percentile(means, [2.5, 97.5])

    report = check(no_seed, EXERCISES["bootstrap_interval"])
    assert report.points == report.max_points - 1 and "default_rng(seed)" in report.hints[0]


def test_pairs_that_say_a_part_of_it_are_tried_first(monkeypatch):
    """Of 1,574 pairs the time may not allow all, and on a slow machine least."""
    tried = []
    asked = _Evidence.of
    monkeypatch.setattr(_Evidence, "of", lambda *args, **how: (tried.append(how), asked(*args, **how))[1])
    assert check(sweep_on_test_from_1, EXERCISES["layer_sweep"]).misconception
    assert tried.count({"by_words": True}) < 500
