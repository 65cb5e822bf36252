"""Lab 05 in the browser."""

from tests.browser.answers import Answer

ANSWER = Answer(
    "bootstrap_interval",
    "the 5th and the 95th",
    '''def bootstrap_interval(correct, num_samples, seed):
    """5% on each side."""
    rng = np.random.default_rng(seed)
    means = [rng.choice(correct, size=len(correct)).mean() for _ in range(num_samples)]
    low, high = np.percentile(means, [5, 95])
    return np.mean(correct), low, high''',
)
