"""How much of a label can be read off frozen features? Linear probes, honestly split.

A linear probe (Alain & Bengio 2016) is a logistic regression on features that are not trained further.
"""

import numpy as np

from labkit.messages import LabkitError


def balanced_split(labels, num_train, seed):
    """Training rows with as many of each of two classes, and all other rows to test on.

    Returns (train, test), two index arrays that share no row. Raises LabkitError when a class is too small to
    leave anything to test on.
    """
    labels = np.asarray(labels)
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) != 2:
        raise LabkitError(f"A balanced split needs two classes; there are {len(classes)}.")
    half = num_train // 2
    if counts.min() <= half:
        raise LabkitError(
            f"{num_train} training examples need {half} of each class, and some to test on; "
            f"the smaller class has {counts.min()}."
        )
    rng = np.random.default_rng(seed)
    train = np.concatenate([rng.permutation(np.flatnonzero(labels == c))[:half] for c in classes])
    test = np.setdiff1d(np.arange(len(labels)), train)
    return rng.permutation(train), test


def probe_accuracy(features, labels, num_train, seed, strength=0.1):
    """Balanced accuracy on the test rows of a probe trained on `num_train` balanced rows.

    features: (N, D). The scaler is fitted on the training rows alone. strength: C of the logistic regression.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.asarray(labels)
    train, test = balanced_split(labels, num_train, seed)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
    probe.fit(features[train], labels[train])
    return balanced_accuracy_score(labels[test], probe.predict(features[test]))


def layer_sweep(features, labels, num_train, seeds, strength=0.1):
    """Mean and standard deviation over seeds of each layer's probe: (num_layers + 1, 2).

    features: (N, num_layers + 1, D)
    """
    table = np.array(
        [
            [probe_accuracy(features[:, layer], labels, num_train, seed, strength) for seed in seeds]
            for layer in range(features.shape[1])
        ]
    )
    return np.stack([table.mean(axis=1), table.std(axis=1)], axis=1)
