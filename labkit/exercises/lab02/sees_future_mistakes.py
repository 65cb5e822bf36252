"""Exercise 2.4: the wrong answers that students write."""

import torch

from labkit.exercises.exercise import Misconception, variant

LENGTH = 12


def _moved_by(amount):
    """Is any number further than this from what it was?"""
    return lambda after, before: bool(((after - before).abs() > amount).any())


MOVED = _moved_by(1e-4)


def _any(found):
    return any(found)


def _prober(
    changed=lambda length: range(1, length),
    first=lambda j: 0,
    until=lambda j: j,
    moved=MOVED,
    look=lambda output: output,
    gather=_any,
    verdict=lambda found: found,
    length=LENGTH,
):
    """sees_future, with single choices made wrongly."""

    def answer(fn):
        found = []
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(99, (length,), generator=generator)
        before = look(fn(ids))
        for j in changed(length):
            other = ids.clone()
            other[j] += 1
            after = look(fn(other))
            found.append(moved(after[first(j) : until(j)], before[first(j) : until(j)]))
        return verdict(gather(found))

    return answer


def _drops_the_first(fn):
    ids = torch.randint(100, (LENGTH,), generator=torch.Generator().manual_seed(0))
    return bool((fn(ids)[1:] - fn(ids[1:])).abs().max() > 1e-4)


def _means(after, before):
    return len(after) > 0 and abs(after.mean() - before.mean()).item() > 1e-4


def _signed_sum(after, before):
    return (after - before).sum().item() > 1e-4


def _only_upwards(after, before):
    return bool((after - before > 1e-4).any())


def _downwards(after, before):
    return bool((before - after > 1e-4).any())


def _closely(after, before):
    return not torch.equal(after, before)


def _favourites(output):
    return output.argmax(dim=-1).float().reshape(-1)


def _second_axis_first(output):
    return output[:, :].movedim(1, 0)


def _first_number(output):
    return output[:, 0]


def _reverses(fn):
    ids = torch.randint(100, (LENGTH,), generator=torch.Generator().manual_seed(0))
    return torch.allclose(fn(ids.flip(0)).flip(0), fn(ids), atol=1e-4)


def _norm_over_width(after, before):
    return bool((after - before).norm(dim=1).max() > 1e-4)


def _ids(make):
    """A test that hands fn something that it does not take."""

    def answer(fn):
        return bool(fn(make()).any())

    return answer


def _mistake(name, hints, **choices):
    return variant(_prober, name, hints, **choices)


MISCONCEPTIONS = (
    _mistake(
        "never an alarm",
        (
            "Your test never finds a leak.",
            "Something must change for a leak to show: a token with others before it, in a copy of the ids (changed = ids is no copy, only a second name), and to another id than it was.",
            "ids.clone(), then change a late token, and compare the outputs before it. "
            "Does the loop get past its first round? "
            "A return inside it ends it.",
        ),
        verdict=lambda found: False,
    ),
    _mistake(
        "an alarm for everything",
        (
            "Your test calls every function leaky, even one that only copies each token.",
            "When token j changes, output j may move, and so may all later ones. "
            "Only earlier ones may not; and one token may change at a time, against the ids as they were.",
            "Compare the outputs before j: where does your slice end, and along which axis does it cut? "
            "And what has changed in the ids?",
        ),
        until=lambda j: j + 1,
    ),
    _mistake(
        "the answer is turned around",
        (
            "Your answers are exactly the wrong way round.",
            "The question is whether fn sees the future: True is the alarm.",
            "Return True when an earlier output moved.",
        ),
        verdict=lambda found: not found,
    ),
    _mistake(
        "only the last token is changed",
        (
            "Only a leak from the last token raises your alarm.",
            "A leak can sit anywhere: a function whose *first* output peeks at the second token stays unseen. "
            "(A verdict that each round overwrites is that of the last round.)",
            "Let j run over all positions from 1 on, and keep what an earlier round has found.",
        ),
        changed=lambda length: [length - 1],
    ),
    _mistake(
        "only a token in the middle is changed",
        (
            "Only a leak from a token in the middle raises your alarm.",
            "Who peeks at the last token, or at the second only, stays unseen.",
            "Let j run over all positions from 1 on.",
        ),
        changed=lambda length: [length // 2],
    ),
    _mistake(
        "decided at the first position",
        (
            "Only a leak from token 1 raises your alarm.",
            "A function can be honest at the second token and peek from the third on. "
            "That no leak was found so far is no proof that there is none.",
            "return True as soon as you find a leak; return False only after the loop.",
        ),
        changed=lambda length: [1],
    ),
    _mistake(
        "the last token is never changed",
        (
            "A leak that comes from the last token alone passes your test.",
            "Every position from 1 to T − 1 has others before it, the last one too.",
            "range(1, 12) already ends at 11: range(1, 11) stops before it.",
        ),
        changed=lambda length: range(1, length - 1),
    ),
    _mistake(
        "only the output just before is compared",
        (
            "You compare only the output just before the changed token.",
            "A function can look three tokens ahead and skip the two between.",
            "Compare all the outputs before j: [:j].",
        ),
        first=lambda j: j - 1,
    ),
    _mistake(
        "the output just before is left out",
        (
            "A leak of a single token ahead passes your test.",
            "The output right before the changed token is the most likely to peek, and yours is not looked at.",
            "[:j] already ends before j: [:j - 1] is one short.",
        ),
        until=lambda j: max(0, j - 1),
    ),
    _mistake(
        "only the first output is compared",
        (
            "You watch only the first output.",
            "A function can be honest there and peek at every later position.",
            "Compare all the outputs before the changed token: [:j].",
        ),
        until=lambda j: min(j, 1),
    ),
    _mistake(
        "only short texts",
        (
            "A leak from several tokens ahead passes your test.",
            "In a text of three tokens nobody can look three ahead.",
            "Twelve tokens are enough: torch.randint(100, (12,)).",
        ),
        length=3,
    ),
    _mistake(
        "the outputs behind are compared",
        (
            "The outputs that you compare stand behind the changed token.",
            "Those may move: they come later, and know it. Only the outputs *before* it give a leak away.",
            "[:j], not [j:] or [j + 1:].",
        ),
        changed=range,
        first=lambda j: j + 1,
        until=lambda j: None,
    ),
    _mistake(
        "it tests the past",
        (
            "You look at what comes *after* the token that changes.",
            "That tests whether the *past* matters, as it should in a good model.",
            "Change what comes later and watch what came before.",
        ),
        changed=lambda length: [0],
        first=lambda j: 1,
        until=lambda j: None,
    ),
    _mistake(
        "equal to the last digit",
        (
            "You call a rounding error a leak.",
            "Computers add numbers in the order that is fastest; the seventh digit may differ.",
            "torch.allclose forgives that much (atol=1e-4); == and torch.equal do not.",
        ),
        moved=_closely,
    ),
    _mistake(
        "too forgiving",
        (
            "A faint leak passes your test.",
            "A trace of a word vector is enough for a model to learn from.",
            "Rounding is about one part in a million: forgive that, and no more than a ten-thousandth.",
        ),
        moved=_moved_by(0.2),
    ),
    _mistake(
        "much too forgiving",
        (
            "Only a leak that moves an output by more than 1 raises your alarm.",
            "Half a logit is a great deal for a model to learn from.",
            "atol=1e-4: forgive the rounding, and no more.",
        ),
        moved=_moved_by(1.0),
    ),
    _mistake(
        "means are compared",
        (
            "You compare means or sums: where one number rises and another falls, a leak passes your test.",
            "Probabilities, for one, always sum to 1: their mean cannot move.",
            "Compare number by number: torch.allclose, or .abs() of the differences first.",
        ),
        moved=_means,
    ),
    _mistake(
        "signed differences are summed",
        (
            "You sum differences with their signs: they cancel out, or their sum is negative.",
            "A leak may lower a number as well as raise it.",
            ".abs() first, then .max() or .sum().",
        ),
        moved=_signed_sum,
    ),
    _mistake(
        "only what rises is a leak",
        (
            "A leak that only lowers an output passes your test.",
            "The largest difference is taken without .abs(), so what falls is not seen.",
            "(after - before).abs().max(), or torch.allclose.",
        ),
        moved=_only_upwards,
    ),
    _mistake(
        "only what falls is a leak",
        (
            "A leak that only raises an output passes your test.",
            "The largest difference is taken without .abs(), so half of what moves is not seen.",
            "(after - before).abs().max(), or torch.allclose.",
        ),
        moved=_downwards,
    ),
    _mistake(
        "every number has to move",
        (
            "Your alarm wants *all* the numbers before the changed token to move.",
            "A leak may touch a single one of them.",
            "not torch.allclose(...), or .any() of what moved, instead of .all().",
        ),
        moved=lambda after, before: bool(((after - before).abs() > 1e-4).all()) and len(after) > 0,
    ),
    _mistake(
        "every position has to leak",
        (
            "Your alarm wants a leak from *every* position.",
            "One is enough: a single output that peeks makes training worthless.",
            "any() instead of all(); True at the first leak that is found.",
        ),
        gather=all,
    ),
    _mistake(
        "favourites are compared",
        (
            "You compare which number of an output is the largest.",
            "A leak that moves the numbers and leaves the largest in its place stays unseen.",
            "Compare the outputs themselves, without argmax.",
        ),
        look=_favourites,
    ),
    _mistake(
        "only the first number is compared",
        (
            "You compare only the first number of each output.",
            "An output may be one number, or many, or a table, and the leak may sit in any of them.",
            "Cut along the positions only, [:j], and compare all that is left.",
        ),
        look=_first_number,
    ),
    _mistake(
        "cut along the second axis",
        (
            "You cut the outputs along their second axis; the positions are the first.",
            "[:, :j] takes some of the numbers of *every* position. "
            "And an output that is a single number has no second axis.",
            "[:j] keeps the outputs of the positions before j, whatever their shape.",
        ),
        look=_second_axis_first,
    ),
    _mistake(
        "cut along the last axis",
        (
            "Where an output holds several numbers, your test calls every function leaky.",
            "It compares some of the numbers of *every* position; and those of position j may move.",
            "The positions are the first axis: [:j], without the dots.",
        ),
        look=lambda output: output.movedim(-1, 0),
    ),
    Misconception(
        "the beginning cut off instead of the end",
        _drops_the_first,
        (
            "You take away tokens at the beginning.",
            "That tests whether the *past* matters, as it should in a good model.",
            "Change what comes later and watch what came before.",
        ),
    ),
    Misconception(
        "outputs of two axes taken for granted",
        _prober(moved=_norm_over_width),
        (
            "Your test fails where an output is a single number.",
            "Outputs are (T, ...): (T,) is as good as (T, V), and so is (T, 2, 2).",
            "torch.allclose compares tensors of any shape; .abs().max() over all axes does it too.",
        ),
        spellings=(_prober(moved=lambda after, before: not torch.equal(after[:, :], before[:, :])),),
    ),
    Misconception(
        "the text is turned round",
        _reverses,
        (
            "You compare fn of the reversed text with its reversed outputs.",
            "That asks whether left and right count alike, not whether anything leaks.",
            "Leave the order as it is: change one token, and watch the outputs before it.",
        ),
    ),
    Misconception(
        "an id that fn does not take",
        _ids(lambda: torch.randint(8000, 8192, (LENGTH,))),
        (
            "Your test hands fn an id that is not from 0 to 99.",
            "fn looks a vector up for each id, and there are a hundred of them.",
            "torch.randint(100, (12,)); and when you change one: (ids[j] + 1) % 100.",
        ),
        spellings=(_ids(lambda: torch.tensor([3, -1, 5])),),
    ),
    Misconception(
        "no tensor of ids",
        _ids(lambda: torch.rand(LENGTH) * 100),
        (
            "Your test hands fn something that is no tensor (T,) of whole numbers.",
            "fn looks a vector up for each id: it wants int64, one axis, and no list and no batch.",
            "torch.randint(100, (12,)) is right as it is.",
        ),
        spellings=(_ids(lambda: [1, 2, 3]), _ids(lambda: torch.randint(100, (1, LENGTH)))),
    ),
)
