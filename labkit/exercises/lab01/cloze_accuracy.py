"""Exercise 1.6: how often is a blank filled right?"""

import math
import random

from labkit import cloze
from labkit.cloze import BLANK
from labkit.datasets import ClozeItem
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged


def cloze_accuracy(predict, items, k):
    """labkit.cloze.cloze_accuracy."""
    return cloze.cloze_accuracy(predict, items, k)


class TablePredictor:
    """A predictor for checks: it looks its words up, so that right and wrong are known."""

    def __init__(self, words_by_text):
        self.words_by_text = words_by_text

    def __call__(self, text, k):
        return list(self.words_by_text[text][:k])


# (items, k, how many are right): few and nearly all right, where the interval runs into 0 and 1, and between.
SETTINGS = ((8, 1, 1), (8, 3, 7), (40, 5, 23), (10, 2, 4), (25, 7, 14), (30, 3, 9))
WORDS = "cat dog house river tree book song film friend day night door".split()


def _cloze_cases(seed):
    rng = random.Random(seed)
    cases = []
    for size, k, num_right in SETTINGS:
        items, table = [], {}
        right = set(rng.sample(range(size), num_right))
        for number in range(size):
            text = f"Sentence {number} with a {BLANK} in it."
            words = rng.sample(WORDS, len(WORDS))
            answers = rng.sample(words[k:], rng.randint(0 if number in right else 1, 2))
            if number in right:  # the word that is hit need not be the first answer
                hits = rng.sample(words[:k], min(k, rng.randint(1, 2)))
                answers = answers + hits if rng.random() < 0.6 else hits + answers
            items.append(ClozeItem(f"x{number}", text, tuple(answers), "both", "home"))
            table[text] = words
        shown = f"cloze_accuracy(predict, items, k={k}) with {size} items"
        cases.append(Case((TablePredictor(table), items, k), shown))
    return cases


def _counter(hit=None, scale=1.0, z=1.96, root=True, clip=True, ask=lambda k: k):
    """cloze_accuracy with single choices made wrongly."""

    def wrong(predict, items, k):
        hit_or_not = hit or (lambda words, answers: any(word in answers for word in words))
        p = sum(hit_or_not(predict(item.text, ask(k)), item.answers) for item in items) / len(items)
        variance = max(0.0, p * (1 - p))
        half = z * (math.sqrt(variance / len(items)) if root else math.sqrt(variance) / len(items))
        low, high = (max(0.0, p - half), min(1.0, p + half)) if clip else (p - half, p + half)
        return scale * p, scale * low, scale * high

    return wrong


def _differs(part):
    def test(expected, seen):
        if not isinstance(seen, list):
            return f"expected: (accuracy, low, high)\ngot:      {seen}"
        if all(abs(e - g) < 1e-3 for e, g in zip(expected[part], seen[part], strict=True)):
            return ""
        return expected_got(expected[part], seen[part])

    return each_case(test)


def _three_numbers(output, case):
    accuracy, low, high = output
    return [float(accuracy), float(low), float(high)]


CLOZE_ACCURACY = Exercise(
    name="cloze_accuracy",
    title="How often is it right?",
    minutes=10,
    reference=cloze_accuracy,
    cases=_cloze_cases,
    observe=_three_numbers,
    properties=(
        Property("the share of items with a right answer in the top k", 2, _differs(slice(0, 1))),
        Property("the 95% confidence interval, within 0 and 1", 2, _differs(slice(1, 3))),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "only the first answer counts",
            _counter(hit=lambda words, answers: answers[0] in words),
            (
                "Only the first of the acceptable answers counts.",
                "answers holds every word that fits: a kitten sits on a mat as well as a cat.",
                "Ask whether any of item.answers is among the predicted words.",
            ),
        ),
        Misconception(
            "only the best word counts",
            _counter(hit=lambda words, answers: words[0] in answers),
            (
                "Only the most probable word counts, whatever k is.",
                "Top k means: right if an answer is anywhere among the k words.",
                "Look through all the words that predict returns.",
            ),
        ),
        Misconception(
            "several hits in one item",
            _counter(hit=lambda words, answers: sum(word in answers for word in words)),
            (
                "An item with two right words among its top k counts twice.",
                "Accuracy is a share of items; yours can exceed 1.",
                "One item, one hit or none: any(...), not sum(...).",
            ),
        ),
        Misconception(
            "k is not handed on",
            _counter(ask=lambda k: 5),
            (
                "You always ask for five words.",
                "k is an argument: the same function has to measure top 1 and top 10.",
                "predict(item.text, k)",
            ),
        ),
        Misconception(
            "the interval divides by n outside the root",
            _counter(root=False),
            (
                "Your interval is too narrow: it shrinks with n.",
                "The error of a mean shrinks with the root of n: four times the items, half the width.",
                "sqrt(p * (1 - p) / n): n stands inside the root.",
            ),
        ),
        Misconception(
            "one standard error",
            _counter(z=1.0),
            (
                "Your interval is one standard error wide on each side.",
                "That covers 68%; for 95% it takes 1.96 of them.",
                "Multiply the standard error by 1.96.",
            ),
        ),
        Misconception(
            "the interval leaves 0 to 1",
            _counter(clip=False),
            (
                "Your interval goes below 0 or above 1.",
                "No accuracy lies there; the normal approximation does not know that.",
                "max(0.0, low) and min(1.0, high).",
            ),
        ),
        Misconception(
            "percent instead of fractions",
            _counter(scale=100.0),
            (
                "Your numbers are percentages.",
                "The course computes with fractions and formats at the end: 0.75, shown as 75%.",
                "Do not multiply by 100.",
            ),
        ),
    ),
)
