"""What goes wrong when filled blanks are counted: one builder, and its choices made wrongly."""

import math

from labkit.exercises.exercise import Misconception, variant
from labkit.measures.cloze import BLANK


def _any(words, answers, k):
    return any(word in answers for word in words)


def _root(p, n):
    return math.sqrt(p * (1 - p) / n)


def _cut(low, high):
    return max(0.0, low), min(1.0, high)


def counter(
    choose=lambda items: items,
    ask=lambda k: k,
    look=lambda words, k: words,
    hit=_any,
    total=sum,
    over=lambda items, k: len(items),
    spread=_root,
    z=1.96,
    bounds=lambda p, half: (p - half, p + half),
    clip=_cut,
    scale=1.0,
    finish=lambda p, low, high: (p, low, high),
):
    """cloze_accuracy with single choices made wrongly."""

    def wrong(predict, items, k):
        asked = [(look(predict(i.text, ask(k)), k), i.answers) for i in choose(items)]
        p = total([hit(words, answers, k) for words, answers in asked]) / over(items, k)
        low, high = clip(*bounds(p, z * spread(p, len(items))))
        return finish(*(scale * number for number in (p, low, high)))

    return wrong


def _wilson(p, n, z=1.96):
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    return middle, z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))


def _with_interval(interval):
    """cloze_accuracy with another interval: interval(p, n) -> (middle, half)."""

    def wrong(predict, items, k):
        p, _, _ = counter()(predict, items, k)
        middle, half = interval(p, len(items))
        return (p, *_cut(middle - half, middle + half))

    return wrong


def _agresti(p, n):
    middle = (p * n + 2) / (n + 4)
    return middle, 1.96 * _root(middle, n + 4)


def _rank(words, answers, k):
    return next((1 / (place + 1) for place, word in enumerate(words) if word in answers), 0.0)


def _pooled(predict, items, k):
    pool = {answer for item in items for answer in item.answers}
    return counter(hit=lambda words, answers, k: _any(words, pool, k))(predict, items, k)


def _by_text(predict, items, k):
    return counter()(predict, list({item.text: item for item in items}.values()), k)


def _every_answer(spread):
    return counter(hit=lambda words, answers, k: sum(word in answers for word in words), spread=spread)


def _per_item_denominator(predict, items, k):
    """Divides by the number of all answers."""
    return counter(over=lambda items, k: sum(len(item.answers) for item in items))(predict, items, k)


def _until_first_hit(found):
    return int(any(found))


MISCONCEPTIONS = (
    variant(
        counter,
        "only the first answer counts",
        (
            "Only the first of the acceptable answers counts.",
            "answers holds every word that fits: a kitten sits on a mat as well as a cat.",
            "Ask whether any of item.answers is among the predicted words.",
        ),
        hit=lambda words, answers, k: answers[0] in words,
    ),
    variant(
        counter,
        "only the last answer counts",
        (
            "Only the last of the acceptable answers counts.",
            "A variable that is set in a loop keeps what the last round has put into it.",
            "Ask whether any of item.answers is among the predicted words.",
        ),
        hit=lambda words, answers, k: answers[-1] in words,
    ),
    variant(
        counter,
        "all answers are asked for",
        (
            "An item counts only if all its answers are among the words.",
            "Each of them fits by itself: one is enough.",
            "any(...), not all(...).",
        ),
        hit=lambda words, answers, k: all(answer in words for answer in answers),
    ),
    variant(
        counter,
        "all words are asked for",
        (
            "An item counts only if all the predicted words are answers.",
            "One right word among the k is enough.",
            "any(...), not all(...).",
        ),
        hit=lambda words, answers, k: all(word in answers for word in words),
    ),
    variant(
        counter,
        "only the best word counts",
        (
            "Only the most probable word counts, whatever k is.",
            "Top k means: right if an answer is anywhere among the k words.",
            "Look through all the words that predict returns, and ask it for k.",
        ),
        look=lambda words, k: words[:1],
    ),
    variant(
        counter,
        "only the last word counts",
        (
            "Only the last of the k words counts.",
            "Top k means: right if an answer is anywhere among the k words.",
            "Look through all the words that predict returns.",
        ),
        look=lambda words, k: words[-1:],
    ),
    variant(
        counter,
        "the best word is skipped",
        (
            "The most probable word does not count.",
            "Lists count from 0: [1:] leaves out the best.",
            "Look through all the words that predict returns.",
        ),
        look=lambda words, k: words[1:],
    ),
    variant(
        counter,
        "one word too few",
        (
            "The last of the k words does not count.",
            "A slice [:k - 1] leaves it out.",
            "Look through all the words that predict returns.",
        ),
        look=lambda words, k: words[: k - 1],
    ),
    variant(
        counter,
        "one word too many",
        (
            "A word behind the top k counts as well.",
            "k words are asked for.",
            "predict(item.text, k)",
        ),
        ask=lambda k: k + 1,
    ),
    variant(
        counter,
        "always five words",
        (
            "You always ask for five words.",
            "k is an argument: the same function has to measure top 1 and top 10.",
            "predict(item.text, k)",
        ),
        ask=lambda k: 5,
    ),
    variant(
        counter,
        "always ten words",
        (
            "You always ask for ten words.",
            "k is an argument: the same function has to measure top 1 and top 5.",
            "predict(item.text, k)",
        ),
        ask=lambda k: 10,
    ),
    Misconception(
        "several hits in one item",
        _every_answer(lambda p, n: math.sqrt(max(0.0, p * (1 - p)) / n)),
        (
            "An item with two right words among its top k counts twice.",
            "Accuracy is a share of items; yours can exceed 1.",
            "One item, one hit or none: any(...), not sum(...).",
        ),
        (_every_answer(_root), _every_answer(lambda p, n: (p * (1 - p) / n) ** 0.5)),
    ),
    variant(
        counter,
        "the share of answers that are found",
        (
            "You average the share of an item's answers that are found.",
            "Each of them fits by itself: an item is right with one, or wrong with none.",
            "One item, one hit or none: any(...).",
        ),
        hit=lambda words, answers, k: sum(answer in words for answer in answers) / len(answers),
    ),
    variant(
        counter,
        "the share of words that are right",
        (
            "You average the share of the k words that are answers.",
            "That is precision; asked is whether any of them is right.",
            "One item, one hit or none: any(...).",
        ),
        hit=lambda words, answers, k: sum(word in answers for word in words) / k,
    ),
    variant(
        counter,
        "reciprocal ranks",
        (
            "A hit counts less the later it stands.",
            "That is the reciprocal rank; in the top k every place is as good.",
            "One item, one hit or none: any(...).",
        ),
        hit=_rank,
    ),
    variant(
        counter,
        "part of a word",
        (
            "An answer counts that is only a part of a predicted word.",
            "`in` between two texts looks for a part: 'cat' is in 'cats'.",
            "Compare with a list of words: answer in words, where words is a list.",
        ),
        hit=lambda words, answers, k: any(answer in word for answer in answers for word in words),
    ),
    variant(
        counter,
        "part of all words together",
        (
            "An answer counts that stands somewhere in the words put together.",
            "`in` between two texts looks for a part: 'cat' is in 'cats'.",
            "Compare with a list of words: answer in words, where words is a list.",
        ),
        hit=lambda words, answers, k: any(answer in "".join(words) for answer in answers),
    ),
    variant(
        counter,
        "beginning of a word",
        (
            "An answer counts that is only the beginning of a predicted word.",
            "cats is another word than cat: here it is right or wrong.",
            "answer in words, where words is a list.",
        ),
        hit=lambda words, answers, k: any(word.startswith(answer) for answer in answers for word in words),
    ),
    variant(
        counter,
        "part of an answer",
        (
            "A word counts that is only a part of an answer.",
            "`in` between two texts looks for a part: 'at' is in 'cat'.",
            "Compare with the tuple of answers itself, not with a text made of it, nor with each answer.",
        ),
        hit=lambda words, answers, k: any(word in answer for answer in answers for word in words),
    ),
    variant(
        counter,
        "exactly the answers",
        (
            "An item counts only if its words are exactly its answers.",
            "One answer among the k words is enough, whatever else is there.",
            "Take the answers one by one: any(answer in words for answer in item.answers).",
        ),
        hit=lambda words, answers, k: set(words) == set(answers),
    ),
    Misconception(
        "the answers of all items together",
        _pooled,
        (
            "An item counts as right with the answer of another item.",
            "Each blank has its own answers: what fits one sentence need not fit the next.",
            "Compare the words for an item with item.answers alone.",
        ),
    ),
    Misconception(
        "a text without its blank",
        lambda predict, items, k: [predict(item.text.replace(BLANK, item.answers[0]), k) for item in items],
        (
            "The text that predict gets has no [MASK] in it.",
            "It is to fill the blank; where an answer or another word stands already, there is none.",
            "predict(item.text, k), with the text as it is.",
        ),
    ),
    variant(
        counter,
        "nothing is ever right",
        (
            "No item is ever right.",
            "Either predict does not get item.text, all of it, or lists are compared where words should be.",
            "Take the answers one by one: any(answer in predict(item.text, k) for answer in item.answers).",
        ),
        hit=lambda words, answers, k: False,
    ),
    variant(
        counter,
        "everything is right",
        (
            "Every item is right.",
            "A list that is not empty counts as True, and so does `'a' or 'b'`.",
            "any(answer in words for answer in item.answers)",
        ),
        hit=lambda words, answers, k: True,
    ),
    variant(
        counter,
        "word by word",
        (
            "An answer counts only at its own place in the list.",
            "The answers have no order: the first may be the third of the words.",
            "For each answer: is it anywhere among the words?",
        ),
        hit=lambda words, answers, k: any(a == b for a, b in zip(words, answers, strict=False)),
    ),
    variant(
        counter,
        "the share of wrong ones",
        (
            "You count the items that are wrong.",
            "Accuracy is the share of those that are right.",
            "Is there a `not` too many, or a 1 - p?",
        ),
        hit=lambda words, answers, k: not _any(words, answers, k),
    ),
    variant(
        counter,
        "the first item is left out",
        (
            "The first item does not count.",
            "Lists count from 0: items[1:] and range(1, n) leave it out.",
            "for item in items",
        ),
        choose=lambda items: items[1:],
    ),
    variant(
        counter,
        "the last item is left out",
        (
            "The last item does not count.",
            "items[:-1] and range(n - 1) leave it out.",
            "for item in items",
        ),
        choose=lambda items: items[:-1],
    ),
    variant(
        counter,
        "only the last item counts",
        (
            "Only the last item counts.",
            "The counter begins again in every round of the loop.",
            "Set hits = 0 before the loop.",
        ),
        total=lambda found: found[-1],
    ),
    variant(
        counter,
        "only the first item counts",
        (
            "Only the first item counts.",
            "A `return` or `break` inside a loop ends it in the first round.",
            "Return behind the loop.",
        ),
        total=lambda found: found[0],
    ),
    variant(
        counter,
        "it stops at the first hit",
        (
            "You stop at the first item that is right.",
            "A break ends the loop in which it stands: the one over the items.",
            "The break belongs to the loop over the answers, or is not needed with any(...).",
        ),
        total=_until_first_hit,
    ),
    Misconception(
        "items with one text count once",
        _by_text,
        (
            "Two items with the same text count once.",
            "A dict or set has each key once.",
            "A counter, or a list with one entry for each item.",
        ),
    ),
    Misconception(
        "divided by all answers",
        _per_item_denominator,
        (
            "You divide by the number of all answers.",
            "The share is one of items: each is right or not.",
            "Divide by len(items).",
        ),
    ),
    variant(
        counter,
        "divided by all words",
        (
            "You divide by the number of all words that were asked for.",
            "The share is one of items: each is right or not.",
            "Divide by len(items).",
        ),
        over=lambda items, k: len(items) * k,
    ),
    variant(
        counter,
        "divided by k",
        (
            "You divide by k.",
            "The share is one of items: each is right or not.",
            "Divide by len(items).",
        ),
        over=lambda items, k: k,
        spread=lambda p, n: math.sqrt(abs(p * (1 - p)) / n),
    ),
    Misconception(
        "whole numbers only",
        counter(finish=lambda p, low, high: (float(p == 1), float(p == 1), float(p == 1))),
        (
            "Your accuracy is 0 unless all are right.",
            "// cuts off what is behind the point.",
            "/ instead of //.",
        ),
    ),
    variant(
        counter,
        "smoothed",
        (
            "You add something to the hits and to n.",
            "That is smoothing; here the share itself is asked for.",
            "hits / len(items)",
        ),
        total=lambda found: sum(found) + 1,
        over=lambda items, k: len(items) + 2,
    ),
    variant(
        counter,
        "the interval divides by n outside the root",
        (
            "Your interval is too narrow: it shrinks with n.",
            "The error of a mean shrinks with the root of n: four times the items, half the width.",
            "sqrt(p * (1 - p) / n): n stands inside the root.",
        ),
        spread=lambda p, n: math.sqrt(p * (1 - p)) / n,
    ),
    variant(
        counter,
        "n is missing under the root",
        (
            "Your interval does not get narrower with more items.",
            "sqrt(p (1 - p)) is the spread of single items; that of their mean is smaller.",
            "sqrt(p * (1 - p) / n)",
        ),
        spread=lambda p, n: math.sqrt(p * (1 - p)),
    ),
    variant(
        counter,
        "the root is missing",
        (
            "Your interval is too narrow: there is no root.",
            "p (1 - p) / n is a variance; the standard error is its root.",
            "(p * (1 - p) / n) ** 0.5",
        ),
        spread=lambda p, n: p * (1 - p) / n,
    ),
    variant(
        counter,
        "1 - p is missing",
        (
            "The factor 1 - p is missing under your root.",
            "When nearly all are right there is as little doubt as when nearly none are.",
            "sqrt(p * (1 - p) / n)",
        ),
        spread=lambda p, n: math.sqrt(p / n),
    ),
    variant(
        counter,
        "brackets around 1 - p",
        (
            "Brackets are missing: p * 1 - p is 0, so your interval has no width.",
            "A product is worked out before a difference.",
            "p * (1 - p)",
        ),
        spread=lambda p, n: 0.0,
    ),
    variant(
        counter,
        "no brackets at all",
        (
            "Brackets are missing: p * 1 - p / n is p - p / n.",
            "Products and quotients are worked out before a difference.",
            "p * (1 - p) / n",
        ),
        spread=lambda p, n: math.sqrt(p - p / n),
    ),
    variant(
        counter,
        "n - 1 instead of n",
        (
            "You divide the variance by n - 1, or take a sample's standard deviation.",
            "The exercise's formula has n under the root.",
            "sqrt(p * (1 - p) / n)",
        ),
        spread=lambda p, n: math.sqrt(p * (1 - p) / max(1, n - 1)),
    ),
    Misconception(
        "n - 1 instead of n, without one item in mind",
        counter(spread=lambda p, n: math.sqrt(p * (1 - p) / (n - 1))),
        (
            "You divide the variance by n - 1, which fails with a single item.",
            "The exercise's formula has n under the root.",
            "sqrt(p * (1 - p) / n)",
        ),
    ),
    variant(
        counter,
        "one standard error",
        (
            "Your interval is one standard error wide on each side.",
            "That covers 68%; for 95% it takes 1.96 of them.",
            "Multiply the standard error by 1.96.",
        ),
        z=1.0,
    ),
    variant(
        counter,
        "two standard errors",
        (
            "You take 2 standard errors on each side.",
            "For 95% it is 1.96 of them, as the exercise says.",
            "1.96",
        ),
        z=2.0,
    ),
    variant(
        counter,
        "90% instead of 95%",
        (
            "You take 1.645 standard errors on each side.",
            "That is a 90% interval; for 95% it takes 1.96 of them.",
            "1.96",
        ),
        z=1.645,
    ),
    variant(
        counter,
        "99% instead of 95%",
        (
            "You take 2.576 standard errors on each side.",
            "That is a 99% interval; for 95% it takes 1.96 of them.",
            "1.96",
        ),
        z=2.576,
    ),
    variant(
        counter,
        "half of the width",
        (
            "Your interval is half as wide as it should be.",
            "It reaches 1.96 standard errors to each side, not to both together.",
            "p - 1.96 * se and p + 1.96 * se",
        ),
        z=0.98,
    ),
    variant(
        counter,
        "the interval leaves 0 to 1",
        (
            "Your interval goes below 0 or above 1.",
            "No accuracy lies there; the normal approximation does not know that.",
            "max(0.0, low) and min(1.0, high).",
        ),
        clip=lambda low, high: (low, high),
    ),
    variant(
        counter,
        "cut off at 0 only",
        (
            "Your interval goes above 1.",
            "No accuracy lies there; the normal approximation does not know that.",
            "min(1.0, high), as you do it below.",
        ),
        clip=lambda low, high: (max(0.0, low), high),
    ),
    variant(
        counter,
        "cut off at 1 only",
        (
            "Your interval goes below 0.",
            "No accuracy lies there; the normal approximation does not know that.",
            "max(0.0, low), as you do it above.",
        ),
        clip=lambda low, high: (low, min(1.0, high)),
    ),
    variant(
        counter,
        "min and max exchanged",
        (
            "min and max have changed places: your interval reaches to 0 and 1, or beyond.",
            "max(0, low) is never below 0; min(0, low) is never above.",
            "max(0.0, low) and min(1.0, high).",
        ),
        clip=lambda low, high: (min(0.0, low), max(1.0, high)),
    ),
    variant(
        counter,
        "the sign of the lower end",
        (
            "A lower end below 0 comes out above it.",
            "abs() turns the sign round; cut off means that it stops at 0.",
            "max(0.0, low)",
        ),
        clip=lambda low, high: (abs(low), min(1.0, high)),
    ),
    variant(
        counter,
        "cut off on both sides",
        (
            "Where one end is cut off, you shorten the other as well.",
            "Only the end that leaves 0 to 1 is cut.",
            "max(0.0, low) and min(1.0, high).",
        ),
        bounds=lambda p, half: (p - min(half, p, 1 - p), p + min(half, p, 1 - p)),
    ),
    Misconception(
        "Wilson's interval",
        _with_interval(_wilson),
        (
            "Your interval is another one than the exercise's: its middle is not p.",
            "Wilson's is a good one; here the normal approximation is asked for.",
            "p ± 1.96 · sqrt(p (1 - p) / n)",
        ),
    ),
    Misconception(
        "two hits and two misses added",
        _with_interval(_agresti),
        (
            "Your interval is that of two more hits and two more misses.",
            "Agresti and Coull add two hits and two misses; here the normal approximation is asked for.",
            "p ± 1.96 · sqrt(p (1 - p) / n)",
        ),
    ),
    variant(
        counter,
        "percent instead of fractions",
        (
            "Your numbers are percentages.",
            "The course computes with fractions and formats at the end: 0.75, shown as 75%.",
            "Do not multiply by 100.",
        ),
        scale=100.0,
    ),
    variant(
        counter,
        "rounded",
        (
            "Your numbers are rounded.",
            "Rounding is for printing.",
            "Return them as they are.",
        ),
        finish=lambda *three: tuple(round(number, 2) for number in three),
    ),
    variant(
        counter,
        "the number instead of the share",
        (
            "You return how many are right, not their share.",
            "Whoever calls it wants to compare sets of different sizes.",
            "hits / len(items)",
        ),
        over=lambda items, k: 1,
        spread=lambda p, n: math.sqrt(max(0.0, p / n * (1 - p / n)) / n),
        bounds=lambda p, half: (p - half, p + half),
    ),
    variant(
        counter,
        "the margin instead of the ends",
        (
            "You return how far the interval reaches, not where it ends.",
            "The ends are asked for: low and high.",
            "p - half and p + half",
        ),
        bounds=lambda p, half: (half, half),
    ),
    variant(
        counter,
        "the accuracy last",
        (
            "Your accuracy stands behind its interval.",
            "Whoever calls it unpacks (accuracy, low, high).",
            "return p, low, high",
        ),
        finish=lambda p, low, high: (low, high, p),
    ),
    variant(
        counter,
        "another order",
        (
            "Your three numbers stand in another order.",
            "Whoever calls it unpacks (accuracy, low, high).",
            "return p, low, high",
        ),
        finish=lambda p, low, high: (low, p, high),
    ),
    variant(
        counter,
        "high before low",
        (
            "Your upper end comes before the lower one.",
            "Whoever calls it unpacks (accuracy, low, high).",
            "return p, low, high",
        ),
        finish=lambda p, low, high: (p, high, low),
    ),
    variant(
        counter,
        "the accuracy alone",
        (
            "You return the accuracy without its interval.",
            "Three numbers are asked for.",
            "return p, low, high",
        ),
        finish=lambda p, low, high: p,
    ),
    variant(
        counter,
        "the interval in brackets of its own",
        (
            "You return two things where three numbers are asked for.",
            "Whoever calls it unpacks three: a pair in brackets is one thing, and so is half of the width.",
            "return p, low, high",
        ),
        finish=lambda p, low, high: (p, (low, high)),
    ),
)
