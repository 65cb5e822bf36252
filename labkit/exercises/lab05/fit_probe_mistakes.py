"""Exercise 5.2: the wrong probes that students write."""

import warnings

import numpy as np

from labkit.exercises.exercise import Misconception, variant


def _standard(x, like):
    spread = like.std(axis=0)
    return (x - like.mean(axis=0)) / np.where(spread == 0, 1, spread)


def _one_by_one(x, like):
    return np.zeros_like(x)  # each row by its own mean


def _rows(x, like):
    return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-9)


def _rows_exactly(x, like):
    spread = x.std(axis=1, keepdims=True)
    return (x - x.mean(axis=1, keepdims=True)) / np.where(spread == 0, 1, spread)


def _lengths(x, like):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _range(x, like):
    low, high = like.min(axis=0), like.max(axis=0)
    return (x - low) / np.where(high == low, 1, high - low)


def _all_at_once(x, like):
    return (x - like.mean()) / like.std()


def _variance(x, like):
    spread = like.var(axis=0)
    return (x - like.mean(axis=0)) / np.where(spread == 0, 1, spread)


def _centred(x, like):
    return x - like.mean(axis=0)


def _unguarded(x, like):
    with np.errstate(all="ignore"):
        return (x - like.mean(axis=0)) / like.std(axis=0)


def _least_squares(x, y):
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(x, y)


def _ones(model, x):
    return model.predict_proba(x)[:, 1]


def _probe(
    train_by="train",
    test_by="train",
    scale=_standard,
    strength=0.1,
    options=(),
    answer=_ones,
    rows=lambda y: slice(None),
    model=None,
    asked="test",
    reduced=None,
    edit=lambda p: p,
):
    """fit_probe with single choices made wrongly."""

    def wrong(x_train, y_train, x_test):
        from sklearn.linear_model import LogisticRegression

        sets = {"train": x_train, "test": x_test, "both": np.concatenate([x_train, x_test])}
        a = x_train if train_by is None else scale(x_train, sets[train_by])
        b = (
            x_test
            if test_by is None
            else (_one_by_one if test_by == "each" else scale)(x_test, sets.get(test_by, x_test))
        )
        if reduced:
            from sklearn.decomposition import PCA

            pca = PCA(min(reduced, a.shape[1]), random_state=0).fit(a)
            a, b = pca.transform(a), pca.transform(b)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if model:
                fitted = model(a, y_train)
            else:
                fitted = LogisticRegression(**{"C": strength, "max_iter": 1000, **dict(options)})
                fitted.fit(a[rows(y_train)], y_train[rows(y_train)])
        return edit(answer(fitted, a if asked == "train" else b))

    return wrong


def _held_back(state, stratified):
    def rows(y):
        from sklearn.model_selection import train_test_split

        classes = y if stratified else None
        return train_test_split(np.arange(len(y)), test_size=0.2, random_state=state, stratify=classes)[0]

    return rows


def _cross_validated(**options):
    def model(x, y):
        from sklearn.linear_model import LogisticRegressionCV

        return LogisticRegressionCV(max_iter=1000, **options).fit(x, y)

    return _probe(model=model)


def _share_right(x_train, y_train, x_test):
    return np.array(((_probe()(x_train, y_train, x_train) > 0.5) == y_train).mean())


def _softmax(model, x):
    score = np.exp(model.decision_function(x) - model.decision_function(x).max())
    return score / score.sum()


_CLASS = (
    "You return a class, 0 or 1, for each test row.",
    "A probability says how sure the probe is; the label can be had from it, not the other way round.",
    "predict_proba instead of predict, and no `> 0.5` behind it.",
)
_SURE = (
    "Your probe is surer than it should be: its weights are larger.",
    "C says how large the weights may grow; a small C holds them back. "
    "With 40 examples in 256 dimensions that is needed.",
    "LogisticRegression(C=0.1, max_iter=1000)",
)


def _fitted_for_scaled(x_train, y_train, x_test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    return LogisticRegression().fit(StandardScaler().fit(x_train), y_train)


def _fitted_for_scaled_test(x_train, y_train, x_test):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    model = LogisticRegression().fit(scaler.fit_transform(x_train), y_train)
    return model.predict_proba(scaler.fit(x_test))


def _iterations(number):
    return _probe(options={"max_iter": number}.items())


MISTAKES = (
    variant(
        _probe,
        "a scaler fitted on the test set",
        (
            "Your test rows are scaled by their own mean and spread.",
            "That uses the test set to prepare the test set. "
            "One review alone, as in use, could not be scaled, and a test set that differs from the training set would be moved onto it.",
            "fit (or fit_transform) belongs to x_train alone; x_test gets transform.",
        ),
        test_by="test",
    ),
    variant(
        _probe,
        "a scaler fitted on everything",
        (
            "Your scaler has seen the test rows together with the training rows.",
            "What is known about the test set leaks into training: the smallest of leaks, and the commonest.",
            "Fit the scaler before x_test is touched at all.",
        ),
        train_by="both",
        test_by="both",
    ),
    variant(
        _probe,
        "everything scaled by the test rows",
        (
            "Your scaler was fitted on the test rows, and the training rows are scaled by it too.",
            "What the test rows look like can't be known when the probe is trained.",
            "scaler.fit(x_train), then transform both.",
        ),
        train_by="test",
        test_by="test",
    ),
    variant(
        _probe,
        "each test row scaled by itself",
        (
            "Your test rows all become 0: each is scaled by a scaler of its own.",
            "The mean of one row is that row, and nothing is left of it.",
            "Keep the scaler of the training rows, and only transform with it.",
        ),
        test_by="each",
    ),
    variant(
        _probe,
        "test rows not scaled",
        (
            "The probe learnt on scaled features and is asked about unscaled ones.",
            "A weight that fits numbers near 1 means nothing for numbers near 100.",
            "Transform x_test with the scaler of x_train.",
        ),
        test_by=None,
    ),
    variant(
        _probe,
        "training rows not scaled",
        (
            "The probe learnt on unscaled features and is asked about scaled ones.",
            "What it has learnt belongs to other numbers than those that it is asked about.",
            "classifier.fit gets scaler.transform(x_train).",
        ),
        train_by=None,
    ),
    variant(
        _probe,
        "nothing scaled",
        (
            "Your features are not scaled.",
            "The penalty on the weights is the same for all features: large ones get away with small weights.",
            "StandardScaler, fitted on x_train. (transform returns the scaled rows; it does not change x.)",
        ),
        train_by=None,
        test_by=None,
    ),
    variant(
        _probe,
        "only the mean taken off",
        (
            "Your features have mean 0, but their own spreads still.",
            "The penalty on the weights is the same for all features: the large ones still win.",
            "Divide by the standard deviation of each feature too.",
        ),
        scale=_centred,
    ),
    variant(
        _probe,
        "divided by the variance",
        (
            "You divide by the variance, not by the standard deviation.",
            "The variance is in squared units: a feature ten times as large comes out ten times as small.",
            "Its root: std instead of var.",
        ),
        scale=_variance,
    ),
    variant(
        _probe,
        "one mean for all features",
        (
            "All your features are scaled by one mean and one spread.",
            "Then the large features stay large beside the small ones.",
            "Mean and spread feature by feature: axis 0.",
        ),
        scale=_all_at_once,
    ),
    Misconception(
        "scaled row by row",
        _probe(scale=_rows),
        (
            "You scale each text by itself.",
            "A feature has to be comparable from text to text: its mean and spread are over the texts.",
            "Mean and standard deviation along axis 0.",
        ),
        spellings=(_probe(scale=_rows_exactly),),
        build=_probe,
        choices={"scale": _rows_exactly},
    ),
    variant(
        _probe,
        "rows of length 1",
        (
            "Your rows are divided by their length.",
            "That takes each review by itself. "
            "Here each feature is to have mean 0 and spread 1 over the training reviews.",
            "StandardScaler, not Normalizer.",
        ),
        scale=_lengths,
    ),
    variant(
        _probe,
        "scaled to 0 and 1",
        (
            "Your features run from 0 to 1 over the training rows.",
            "That is another scaling, led by the two most extreme reviews; mean 0 and spread 1 are asked for.",
            "StandardScaler, not MinMaxScaler.",
        ),
        scale=_range,
    ),
    variant(
        _probe,
        "a spread of 0",
        (
            "Where a feature is the same in all training rows, you divide by 0.",
            "Its spread is 0. Such a feature says nothing, but it must not spoil the others.",
            "StandardScaler divides by 1 there; by hand: np.where(spread == 0, 1, spread).",
        ),
        scale=_unguarded,
    ),
    variant(
        _probe,
        "the other class",
        (
            "Your probabilities are those of class 0.",
            "predict_proba has a column for each class, in the order of classes_: 0, then 1.",
            "Take the column of class 1.",
        ),
        answer=lambda model, x: model.predict_proba(x)[:, 0],
    ),
    variant(
        _probe,
        "labels instead of probabilities",
        _CLASS,
        answer=lambda model, x: model.predict(x).astype(float),
    ),
    variant(
        _probe,
        "both columns",
        (
            "You return two numbers for each test row.",
            "predict_proba has a column for each class; they sum to 1, so one says it all.",
            "Keep the column of class 1: [:, 1].",
        ),
        answer=lambda model, x: model.predict_proba(x),
    ),
    Misconception(
        "a column that is still a matrix",
        _probe(answer=lambda model, x: model.predict_proba(x)[:, 1:]),
        (
            "Your result has two axes, (M, 1).",
            "[:, 1:] is a slice, which keeps the axis. One number a test row is wanted, (M,).",
            "[:, 1], without the colon behind the 1.",
        ),
        spellings=(_probe(answer=lambda model, x: model.predict_proba(x)[:, :1]),),
    ),
    variant(
        _probe,
        "a row instead of a column",
        (
            "You return one row of predict_proba: both probabilities of a single test row.",
            "Its rows are the test rows, its columns the classes.",
            "[:, 1] is the column of class 1; [1] is test row 1.",
        ),
        answer=lambda model, x: model.predict_proba(x)[1],
    ),
    variant(
        _probe,
        "the chosen class's probability",
        (
            "Your probabilities are never below 1/2: they say how sure the probe is, not of what.",
            "The larger of the two columns belongs to class 0 for some rows and to class 1 for others.",
            "Always the column of class 1: [:, 1].",
        ),
        answer=lambda model, x: model.predict_proba(x).max(axis=1),
    ),
    variant(
        _probe,
        "the score instead of the probability",
        (
            "Your numbers are not probabilities: some lie outside 0 and 1.",
            "decision_function gives the score w·x + b, from minus to plus infinity. "
            "A sigmoid makes a probability of it.",
            "predict_proba has a column for each class: which of them is class 1?",
        ),
        answer=lambda model, x: model.decision_function(x),
    ),
    variant(
        _probe,
        "logarithms of probabilities",
        (
            "Your numbers are below 0: logarithms of the probabilities.",
            "predict_log_proba is for sums of many; the next cells compare with 0.5.",
            "predict_proba.",
        ),
        answer=lambda model, x: model.predict_log_proba(x)[:, 1],
    ),
    variant(
        _probe,
        "a softmax over the test rows",
        (
            "Your probabilities sum to 1 over the test rows.",
            "Each row has its own two classes to share out: the other rows have nothing to do with it.",
            "predict_proba gives a row for each test row; take the column of class 1.",
        ),
        answer=_softmax,
    ),
    Misconception(
        "C left at 1",
        _probe(strength=1.0),
        _SURE,
        spellings=(_probe(strength=100.0), _probe(options={"C": np.inf}.items())),
        build=_probe,
        choices={"strength": 1.0},
    ),
    variant(
        _probe,
        "C turned over",
        (
            "Your probe is much surer than it should be: its weights are held back too little.",
            "C is no penalty, but the opposite of one: the smaller C, the smaller the weights.",
            "LogisticRegression(C=0.1, max_iter=1000)",
        ),
        strength=10.0,
    ),
    variant(
        _probe,
        "C too small",
        (
            "Your probe is less sure than it should be: its weights are held back too much.",
            "C says how large the weights may grow.",
            "LogisticRegression(C=0.1, max_iter=1000)",
        ),
        strength=0.01,
    ),
    Misconception(
        "stopped too early",
        _iterations(3),
        (
            "Your probe stops before its weights have settled.",
            "max_iter is how many steps the solver may take; a warning (ConvergenceWarning) says that it had not arrived.",
            "max_iter=1000",
        ),
        spellings=tuple(_iterations(number) for number in (1, 2)),
    ),
    variant(
        _probe,
        "classes weighted",
        (
            "Your probabilities are moved towards the rarer class.",
            'class_weight="balanced" counts each review of the rarer class more than once; then what comes out is no longer how probable a class is in such reviews.',
            "LogisticRegression(C=0.1, max_iter=1000), and nothing more.",
        ),
        options={"class_weight": "balanced"}.items(),
    ),
    variant(
        _probe,
        "no intercept",
        (
            "Your probe has no intercept: an average review gets 1/2, whatever share of them is positive.",
            "Where the classes are not equally many, the score needs a constant.",
            "Leave fit_intercept at True.",
        ),
        options={"fit_intercept": False}.items(),
    ),
    Misconception(
        "a linear regression",
        _probe(model=_least_squares, answer=lambda model, x: model.predict(x).clip(0, 1)),
        (
            "Your numbers come from a straight line through 0s and 1s, not from a logistic regression.",
            "A *linear* probe has a linear score; a sigmoid makes the probability.",
            "LogisticRegression(C=0.1, max_iter=1000)",
        ),
        spellings=(_probe(model=_least_squares, answer=lambda model, x: model.predict(x)),),
    ),
    Misconception(
        "other features than those given",
        _probe(reduced=2),
        (
            "Your probe sees fewer features than it is given.",
            "What a PCA leaves out is what varies least, and that may be what tells the classes apart.",
            "Scale all features, and train on all of them.",
        ),
        spellings=(_probe(reduced=1), _probe(reduced=3)),
    ),
    Misconception(
        "answers for the training rows",
        _probe(asked="train"),
        (
            "You return a number for each training row.",
            "The probe has seen these with their labels; what it says of new rows is asked.",
            "predict_proba gets the scaled x_test.",
        ),
        build=_probe,
        choices={"asked": "train"},
    ),
    Misconception(
        "sorted",
        _probe(edit=np.sort),
        (
            "Your probabilities stand in the order of their size.",
            "The first answer has to be the first test row's.",
            "Return them as predict_proba gives them.",
        ),
        spellings=(_probe(edit=lambda p: np.sort(p)[::-1]),),
        build=_probe,
        choices={"edit": np.sort},
    ),
    Misconception(
        "rounded",
        _probe(edit=lambda p: p.round(1)),
        (
            "Your probabilities are rounded.",
            "What is rounded off is lost for whoever calls this function.",
            "Round where you print.",
        ),
        spellings=(_probe(edit=lambda p: p.round(2)),),
        build=_probe,
        choices={"edit": lambda p: p.round(1)},
    ),
    Misconception(
        "a share of right answers",
        _share_right,
        (
            "You return one number for all rows.",
            "score() compares with labels; the test rows have none here, and each is to get a probability.",
            "predict_proba(...)[:, 1]",
        ),
        spellings=(lambda *args: np.array(_probe()(*args).mean()),),
    ),
    Misconception(
        "the scaler in place of the scaled rows",
        _fitted_for_scaled,
        (
            "Where scaled rows are wanted, you hand over the StandardScaler itself.",
            ".fit learns mean and spread, and gives back the scaler; .transform gives the scaled rows.",
            "scaler = StandardScaler().fit(x_train), then scaler.transform(...) of x_train and of x_test.",
        ),
        spellings=(_fitted_for_scaled_test,),
    ),
    Misconception(
        "training rows held back",
        _probe(rows=_held_back(0, False)),
        (
            "Your probe is trained on a part of the training rows.",
            "The reviews for the test are a set of their own already; each row held back is lost for learning.",
            "Fit on all of x_train and y_train.",
        ),
        spellings=tuple(
            _probe(rows=rows)
            for rows in (
                _held_back(42, False),
                _held_back(0, True),
                _held_back(42, True),
                lambda y: slice(0, int(0.8 * len(y))),
            )
        ),
    ),
    Misconception(
        "C chosen by cross-validation",
        _cross_validated(),
        (
            "Your probe chooses C itself.",
            "Then each probe is held back by another C, and they can't be compared.",
            "LogisticRegression(C=0.1, max_iter=1000)",
        ),
        spellings=(_cross_validated(cv=2), _cross_validated(cv=3)),
    ),
)
