"""Exercise 1.6: how often is a blank filled right?"""

import random

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab01.advice import advised
from labkit.exercises.lab01.cloze_accuracy_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import inputs_unchanged, matches_reference
from labkit.measures import cloze
from labkit.measures.cloze import BLANK
from labkit.texts.datasets import ClozeItem


def cloze_accuracy(predict, items, k):
    """labkit.cloze.cloze_accuracy."""
    return cloze.cloze_accuracy(predict, items, k)


class TablePredictor:
    """A predictor for checks: it looks its words up, so that right and wrong are known."""

    def __init__(self, words_by_text):
        self.words_by_text = words_by_text

    def __call__(self, text, k):
        if not isinstance(text, str):
            raise TypeError(f"predict(text, k) wants a text first, not {type(text).__name__}")
        if BLANK not in text:
            raise ValueError(f"predict(text, k) wants a text with a {BLANK}, and there is none in this one")
        return list(self.words_by_text.get(text, ["?"] * k)[:k])


# (k, what predict knows for each item: all its words, best first | the answers)
FIXED = (
    (
        2,
        *("cat dog bird | dog", "man cat dog | dog", "river sea lake | lake sea"),
        *("song film book | night", "tree house | tree", "day night | year hour"),
    ),
    (
        3,
        *("cats house tree | cat", "chat car song | hat", "man at car | cart", "tree house | house"),
        *("sea house | houses", "film lake | films lake", "night day | tonight"),
        *("door day | doors", "bird fish | cow"),
    ),
    (4, "cat dog bird fish | dog cat", "day night year | hour week", "sea lake river | river"),
    (
        1,
        "cat dog | cat",
        "dog cat | bird dog",
        "sea lake | sea",
        "film book | film night",
        "house tree | house",
    ),
    (3, "cat dog bird fish | fish", "cat dog | night day", "sea son glove | film song"),
    (5, "tree house | house film"),
    (1, *["cat dog | dog"] * 6, "cat dog | cat bird", *["sea lake | river"] * 5),
    (2, *["cat dog bird | dog"] * 7, "sea lake river | river", *["sea lake | sea"] * 4),
)
TWICE = ("cat dog | dog", "cat dog | dog", "sea lake | river", "cat dog | dog", "sea lake | river")
WORDS = "cat dog house river tree book song film friend day night door".split()
NUMBERS = (7, 2, 11, 4, 9, 1, 12, 3, 8, 6, 10, 5)  # of the texts: not in order


def _cloze_cases(seed):
    cases = [_written_out(rows, k) for k, *rows in FIXED]
    cases.append(_written_out(TWICE, 2, same_texts=True))
    rng = random.Random(seed)
    cases += [_drawn(rng, 40, 5, 23), _drawn(rng, 25, 7, 14)]
    return cases


def _written_out(rows, k, same_texts=False):
    items, table, shown = [], {}, []
    for number, row in enumerate(rows):
        words, answers = (part.split() for part in row.split(" | "))
        name = words[0] if same_texts else f"number {NUMBERS[number]}"
        text = f"Sentence {name} has a {BLANK} in it."
        items.append(ClozeItem(f"x{number}", text, tuple(answers), "both", "home"))
        table[text] = words
        shown.append(f"{' '.join(words[:k])} (answers: {', '.join(answers)})")
    same = ", items with one text among them" if same_texts else ""
    said = f"cloze_accuracy(predict, items, k={k}), where predict says{same}: {'; '.join(shown)}"
    return Case((TablePredictor(table), items, k), said)


def _drawn(rng, size, k, num_right):
    items, table = [], {}
    right = set(rng.sample(range(size), num_right))
    for number in rng.sample(range(size), size):
        text = f"Sentence {number} with a {BLANK} in it."
        words = rng.sample(WORDS, len(WORDS))
        answers = rng.sample(words[k:], rng.randint(0 if number in right else 1, 2))
        if number in right:  # the word that is hit need not be the first answer
            hits = rng.sample(words[:k], rng.randint(1, 2))
            answers = answers + hits if rng.random() < 0.6 else hits + answers
        items.append(ClozeItem(f"x{number}", text, tuple(answers), "both", "home"))
        table[text] = words
    shown = (
        f"cloze_accuracy(predict, items, k={k}) with {size} items, {num_right} of them right in the top {k}"
    )
    return Case((TablePredictor(table), items, k), shown)


def _accuracy(three):
    return three[:1]


def _interval(three):
    return three[1:]


def _advise_accuracy(args, expected, seen):
    """What is visibly wrong with the share."""
    _, items, k = args
    right, given = expected[0] * len(items), seen[0] * len(items)
    if abs(given - round(given)) > 1e-3:
        return (
            f"No number of items out of {len(items)} gives your accuracy: n is len(items), each right or not."
        )
    return (
        f"Your accuracy says that {round(given)} of {len(items)} items are right; {round(right)} have one of "
        f"their answers, or more, among the {k} words."
    )


def _advise_interval(args, expected, seen):
    """What is visibly wrong with the interval."""
    (p, low, high), (_, given_low, given_high) = expected, seen
    if given_low > given_high + 1e-9:
        return "Your lower end lies above the upper one."
    if given_low < 0 or given_high > 1:
        return "Your interval leaves 0 to 1: max(0.0, ...) below, min(1.0, ...) above."
    if high - low < 1e-9:
        return "With p = 0 or p = 1, the root is 0: the interval is p itself, without any width."
    if low > 0 and high < 1 and abs((given_low + given_high) / 2 - p) < 1e-6:
        return (
            f"Your interval is {(given_high - given_low) / (high - low):.3g} times as wide as it should be."
        )
    return ""


CLOZE_ACCURACY = Exercise(
    name="cloze_accuracy",
    title="How often is it right?",
    minutes=10,
    reference=cloze_accuracy,
    cases=_cloze_cases,
    form=forms.tuple_of(forms.number, forms.number, forms.number),
    seconds=10.0,
    properties=(
        advised(
            matches_reference("the share of items with a right answer in the top k", 2, project=_accuracy),
            _advise_accuracy,
        ),
        advised(
            matches_reference("the 95% confidence interval, within 0 and 1", 2, project=_interval),
            _advise_interval,
        ),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
