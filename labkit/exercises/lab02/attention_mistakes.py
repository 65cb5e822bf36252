"""Exercise 2.2: the wrong answers that students write."""

from math import isqrt, sqrt

import torch

from labkit.exercises.exercise import Misconception, variant

LOWEST = torch.finfo(torch.float32).min


def _root_of_width(q, v):
    return sqrt(q.shape[-1])


def _softmax(scores):
    return scores.softmax(dim=-1)


def _fill(number):
    """Hidden scores become this number."""
    return lambda scores, visible, weigh: weigh(scores.masked_fill(~visible, number))


HIDDEN = _fill(LOWEST)


def _as_given(mask, q):
    return mask


def _attend(
    divisor=_root_of_width,
    swap=False,
    lengths=lambda x: x,
    keys=lambda k: k.transpose(-2, -1),
    read=_as_given,
    hide=HIDDEN,
    weigh=_softmax,
    mix=lambda weights, k, v: weights @ v,
    finish=lambda result, q: result,
):
    """attention, with single choices made wrongly."""

    def answer(q, k, v, mask):
        left, right = map(lengths, (k, q) if swap else (q, k))
        scores = left @ keys(right) / divisor(q, v)  # (B, T, T)
        weights = hide(scores, read(mask, q), weigh)
        return finish(mix(weights, k, v), q)

    return answer


def _slide(scores, visible, weigh):
    return weigh(scores + (1 - visible.float()) * float("-inf"))


def _behind(scores, visible, weigh):
    return weigh(scores) * visible


def _penalty(number):
    return lambda scores, visible, weigh: weigh(scores - number * (~visible).float())


def _nudge(scores, visible, weigh):
    return weigh(scores + visible.float())


def _own_triangle(mask, q):
    return torch.ones(q.shape[1], q.shape[1], dtype=torch.bool).tril()


def _extra(scores):
    weights = scores.exp()
    return weights / (1 + weights.sum(dim=-1, keepdim=True))


def _hardest(scores):
    return torch.nn.functional.one_hot(scores.argmax(dim=-1), scores.shape[-1]).float()


def _evenly(scores):
    seen = (scores > LOWEST / 2).float()
    return seen / seen.sum(dim=-1, keepdim=True).clamp(min=1)


def _mistake(name, hints, **choices):
    return variant(_attend, name, hints, **choices)


MISCONCEPTIONS = (
    _mistake(
        "0 times minus infinity",
        (
            "Your result is NaN wherever looking is allowed: so is that of the slide's formula taken at its word.",
            "(1 − M) × (−∞) is 0 × (−∞) where looking is allowed, and that is not a number.",
            "Put the lowest number into the hidden places only: scores.masked_fill(~mask, ...).",
        ),
        hide=_slide,
    ),
    _mistake(
        "minus infinity in a row that sees nothing",
        (
            "A token that may look nowhere gets NaN.",
            "Its weights are 0 divided by 0: a softmax over nothing but −inf, or weights that are rescaled although all are 0. "
            "It is only padding, but in the next layer 0 × NaN is NaN again, and it spreads to the real tokens.",
            "The lowest finite number hides as well, before the softmax: torch.finfo(scores.dtype).min.",
        ),
        hide=_fill(float("-inf")),
    ),
    _mistake(
        "hidden scores are set to 0",
        (
            "Hidden tokens still get weight in your result.",
            "A score of 0 (or near it) is an ordinary score: e to the 0 is 1, not 0. "
            "And finfo.tiny is the smallest *positive* number, not the lowest.",
            "The softmax gives nothing only to what is far below all others. Which number is?",
        ),
        hide=_fill(0.0),
    ),
    _mistake(
        "the hidden get the highest number",
        (
            "In your result all the weight goes to the hidden tokens.",
            "The softmax gives most to what is highest. What is hidden has to be lowest.",
            "torch.finfo(scores.dtype).min, not .max; −inf, not inf.",
        ),
        hide=_fill(-LOWEST),
    ),
    _mistake(
        "the hidden are pushed down too little",
        (
            "Hidden tokens still get some weight in your result.",
            "What is hidden has to lie far below *every* score, however well a hidden key may fit.",
            "Take the lowest number there is: torch.finfo(scores.dtype).min.",
        ),
        hide=_penalty(10.0),
    ),
    *(
        _mistake(
            f"hidden scores are set to {number:.0f}",
            (
                f"Hidden tokens still get some weight in your result: their scores become {number:.0f}.",
                f"{number:.0f} is an ordinary score, and e to the {number:.0f} is small, not 0.",
                "Take the lowest number there is: torch.finfo(scores.dtype).min.",
            ),
            hide=_fill(number),
        )
        for number in (-1.0, -10.0)
    ),
    _mistake(
        "the mask is added to the scores",
        (
            "Hidden tokens still get weight: for the softmax your mask makes a difference of 1 only.",
            "True counts as 1 in a sum: what may be seen is lifted by 1, and what is hidden stays in play.",
            "The hidden scores need the lowest number there is: scores.masked_fill(~mask, ...).",
        ),
        hide=_nudge,
    ),
    _mistake(
        "the lowest score that occurs",
        (
            "Hidden tokens get as much weight in your result as the worst that is seen.",
            "The lowest of the scores is still a score, and the softmax gives it its share.",
            "Not scores.min(), but the lowest number there is: torch.finfo(scores.dtype).min.",
        ),
        hide=lambda scores, visible, weigh: weigh(scores.masked_fill(~visible, scores.min().item())),
    ),
    _mistake(
        "masked after the softmax",
        (
            "Your attention weights do not sum to 1.",
            "The softmax shared the weight among all tokens, and the mask then threw a part away.",
            "Mask the scores first, then take the softmax.",
        ),
        hide=_behind,
    ),
    _mistake(
        "the mask is turned around",
        (
            "Your tokens look exactly where they must not.",
            "True means: may look. masked_fill writes where *its* argument is True.",
            "Fill the places where the mask is False: ~mask.",
        ),
        read=lambda mask, q: ~mask,
    ),
    _mistake(
        "the mask is not used",
        (
            "Every token looks everywhere: your result does not depend on the mask.",
            "Without it this is BERT's attention. "
            "(masked_fill gives back a copy: if nobody keeps it, nothing has been masked.)",
            "Before the softmax, give the hidden scores the lowest number there is, and keep the result: scores = scores.masked_fill(...).",
        ),
        read=lambda mask, q: torch.ones_like(mask),
    ),
    _mistake(
        "a triangle instead of the mask that is given",
        (
            "Your result follows a triangle, whatever mask is given.",
            "The caller says who may look at whom: it may be an encoder's mask, or one with padding.",
            "Use the argument `mask`, and build none of your own (is_causal=True builds one).",
        ),
        read=_own_triangle,
    ),
    _mistake(
        "the first text's mask for all",
        (
            "All your texts look through the mask of the first.",
            "A mask of shape (B, T, T) has a square for each text.",
            "Leave it as it is, without mask[0]: (T, T) and (B, T, T) both fit the scores.",
        ),
        read=lambda mask, q: mask[0] if mask.ndim == 3 else mask,
    ),
    _mistake(
        "an axis in front of the mask",
        (
            "Where each text has a mask of its own, your result has four axes.",
            "A mask of shape (B, T, T) has the axis of the texts already; one more in front of it makes (1, B, T, T).",
            "Leave the mask as it is, without None or unsqueeze: (T, T) and (B, T, T) both fit the scores.",
        ),
        read=lambda mask, q: mask[None],
    ),
    _mistake(
        "text b reads row b of the mask",
        (
            "With a mask of shape (T, T), your texts take one row of it each.",
            "Its first axis is the queries', not the texts': the square is one for all of them.",
            "Let PyTorch repeat it, without a loop over the texts; or ask mask.ndim first.",
        ),
        read=lambda mask, q: (
            torch.stack([mask[b].expand(q.shape[1], -1) for b in range(len(q))]) if mask.ndim == 2 else mask
        ),
    ),
    _mistake(
        "the mask is transposed",
        (
            "Rows and columns of the mask are exchanged in your result.",
            "scores[i, j] and mask[i, j] are both about query i and key j: they fit as they are.",
            "Is it q @ k transposed, and not k @ q transposed? Is the mask used as it came?",
        ),
        read=lambda mask, q: mask.transpose(-2, -1),
    ),
    _mistake(
        "every token sees itself",
        (
            "In your result each token looks at itself, also where the mask forbids it.",
            "A row that may look nowhere needs no company, only a finite number. "
            "And no mask has to allow the diagonal.",
            "Use the mask as it came. The lowest number, not −inf, keeps empty rows from being NaN.",
        ),
        read=lambda mask, q: mask | torch.eye(q.shape[1], dtype=torch.bool),
    ),
    _mistake(
        "queries and keys are normalised",
        (
            "The lengths of your queries and keys play no part in the scores.",
            "That makes cosines of them. In attention a longer key counts for more.",
            "q @ k.transpose(-2, -1), with q and k as they come.",
        ),
        lengths=lambda x: torch.nn.functional.normalize(x, dim=-1),
    ),
    *(
        _mistake(
            f"the root of D is {done}",
            (
                f"Your root of D is {done} to a whole number: right only where D is a square.",
                "The root of 8 is 2.83, and every digit of it counts.",
                "q.shape[-1] ** 0.5, without int, round, // or isqrt.",
            ),
            divisor=divisor,
        )
        for done, divisor in (
            ("cut off", lambda q, v: isqrt(q.shape[-1])),
            ("rounded", lambda q, v: round(sqrt(q.shape[-1]))),
        )
    ),
    _mistake(
        "no scaling",
        (
            "Your scores are too large: the attention is sharper than it should be.",
            "A dot product of D numbers grows with D. Undivided, the softmax soon gives all to one token.",
            "Divide the scores by the square root of the width.",
        ),
        divisor=lambda q, v: 1.0,
    ),
    _mistake(
        "scaled by D instead of its root",
        (
            "Your scores are too small: the attention is flatter than it should be.",
            "The dot product of D random numbers has a standard deviation of √D, so √D brings it to 1.",
            "q.shape[-1] ** 0.5, the root of D.",
        ),
        divisor=lambda q, v: q.shape[-1],
    ),
    _mistake(
        "multiplied by the root of D",
        (
            "Your scores are D times too large.",
            "They have to become smaller, for a dot product of D numbers grows with D.",
            "Divide by the root of D: / q.shape[-1] ** 0.5, or * q.shape[-1] ** −0.5.",
        ),
        divisor=lambda q, v: q.shape[-1] ** -0.5,
    ),
    _mistake(
        "half of D",
        (
            "Your scores are divided by half of D.",
            "The square root of D is meant: ** 0.5, not // 2 and not * 0.5.",
            "q.shape[-1] ** 0.5. (Mind the order: a / b ** 0.5 takes the root first.)",
        ),
        divisor=lambda q, v: q.shape[-1] / 2,
    ),
    _mistake(
        "scaled by the root of T",
        (
            "You divide by the root of the number of tokens.",
            "A score is a sum of D products, one for each number of the vectors: D decides how large it gets. "
            "With T, the same two tokens would look at each other differently in a longer text.",
            "√D: the length of a query, which is q's last axis.",
        ),
        divisor=lambda q, v: sqrt(q.shape[1]),
    ),
    _mistake(
        "scaled by the root of E",
        (
            "You divide by the root of the width of the *values*.",
            "A score is a sum of D products of a query's and a key's numbers: their width decides.",
            "√D: q's last axis, not v's.",
        ),
        divisor=lambda q, v: sqrt(v.shape[-1]),
    ),
    _mistake(
        "always divided by 8",
        (
            "You divide every score by 8, whatever D is.",
            "8 is the root of 64, the width of a head in the original Transformer. Yours can have any width.",
            "q.shape[-1] ** 0.5.",
        ),
        divisor=lambda q, v: 8.0,
    ),
    _mistake(
        "always divided by the root of 8",
        (
            "You divide every score by the root of 8, whatever D is.",
            "8 was the width in one example. Here the width of the queries changes from case to case.",
            "q.shape[-1] ** 0.5.",
        ),
        divisor=lambda q, v: sqrt(8.0),
    ),
    _mistake(
        "divided after the softmax",
        (
            "Your result is divided by the root of D; the scores are not.",
            "What the softmax gives are shares already. Divided by √D they are shares of nothing.",
            "Divide the scores, before the softmax. Brackets help.",
        ),
        divisor=lambda q, v: 1.0,
        finish=lambda result, q: result / sqrt(q.shape[-1]),
    ),
    _mistake(
        "softmax over the queries",
        (
            "Your softmax runs over the wrong axis: the weights of one *key* sum to 1.",
            "Each query shares out its attention among the keys, so the weights of a row sum to 1.",
            "scores are (B, T, T), rows are queries, the keys are the last axis: dim=-1.",
        ),
        weigh=lambda scores: scores.softmax(dim=-2),
    ),
    _mistake(
        "softmax over the texts",
        (
            "Your softmax runs over the texts of the batch.",
            "Each query of each text shares out its attention among the keys: those weights sum to 1.",
            "scores are (B, T, T): the keys are the last axis, dim=-1, not 0.",
        ),
        weigh=lambda scores: scores.softmax(dim=0),
    ),
    _mistake(
        "no softmax",
        (
            "Your weights are the scores themselves: there is no softmax.",
            "Scores can be negative, and do not sum to 1. The softmax makes shares of them.",
            ".softmax(dim=-1) behind the mask, before the values.",
        ),
        hide=lambda scores, visible, weigh: scores.masked_fill(~visible, 0.0),
    ),
    _mistake(
        "log_softmax",
        (
            "Your weights are logarithms of shares, and so none is above 0.",
            "log_softmax is for losses. The values are weighted with the shares themselves.",
            ".softmax(dim=-1)",
        ),
        weigh=lambda scores: scores.log_softmax(dim=-1),
    ),
    _mistake(
        "the weights of a row sum to less than 1",
        (
            "Your weights sum to less than 1.",
            "Something is added to the sum that they are divided by (against a division by 0, perhaps).",
            "torch's .softmax(dim=-1) needs no such help.",
        ),
        weigh=_extra,
    ),
    _mistake(
        "the best key takes all",
        (
            "Each of your tokens takes the value of a single key.",
            "Attention is a soft choice: what fits a little less still counts, a little less.",
            "softmax instead of argmax or max.",
        ),
        weigh=_hardest,
    ),
    _mistake(
        "all that is seen counts alike",
        (
            "Each of your tokens takes the plain mean of what it may see.",
            "The scores play no part in that; but what fits a query better is to count more.",
            "The softmax of the masked *scores*, not of the mask.",
        ),
        weigh=_evenly,
    ),
    _mistake(
        "queries and keys exchanged",
        (
            "Row i of your scores belongs to key i, not to query i.",
            "q and k have changed places. The masked matrix then says who is looked at by whom.",
            "q @ k.transpose(-2, -1): the query stands in front.",
        ),
        swap=True,
    ),
    _mistake(
        "keys reshaped instead of transposed",
        (
            "Your keys are scrambled: numbers of different tokens stand in one column.",
            "reshape and view read the numbers in their old order and only break the lines elsewhere.",
            "To exchange two axes: k.transpose(-2, -1).",
        ),
        keys=lambda k: k.reshape(k.shape[0], k.shape[2], k.shape[1]),
    ),
    _mistake(
        "the weights are transposed",
        (
            "Each of your results is weighted with a *column* of the weights.",
            "Row i holds the shares of query i: it meets the values as it is.",
            "weights @ v, without a transpose.",
        ),
        mix=lambda weights, k, v: weights.transpose(-2, -1) @ v,
    ),
    _mistake(
        "the values are added",
        (
            "Your result is too large by the values themselves: v is added to the weighted mean.",
            "A Transformer block adds its input afterwards (a residual connection); attention alone does not.",
            "weights @ v, and nothing else.",
        ),
        mix=lambda weights, k, v: v + weights @ v,
    ),
    _mistake(
        "the mean of the keys",
        (
            "You return the weighted mean of the keys.",
            "The keys say where to look. What is taken from there are the values.",
            "weights @ v",
        ),
        mix=lambda weights, k, v: weights @ k,
    ),
    _mistake(
        "the weights, not the values",
        (
            "You return the attention weights.",
            "They say how much each token counts; the result is made of the values.",
            "weights @ v",
        ),
        mix=lambda weights, k, v: weights,
    ),
    _mistake(
        "only the first text",
        (
            "You return the first text of the batch only.",
            "Whoever hands in B texts wants B results.",
            "Where does a [0], or a return inside the loop over the texts, leave the others?",
        ),
        finish=lambda result, q: result[:1],
    ),
    _mistake(
        "axes of length 1 are gone",
        (
            "With a single text, or a single token, an axis of your result is missing.",
            ".squeeze() takes away every axis of length 1, the batch's too.",
            "Leave it out; or say which axis is meant, .squeeze(dim).",
        ),
        finish=lambda result, q: result.squeeze(),
    ),
    Misconception(
        "finfo of a tensor",
        lambda q, k, v, mask: torch.finfo(q).min,
        (
            "You hand torch.finfo a tensor; it wants a dtype.",
            "The lowest number depends on the kind of numbers (float32, float16), not on a single tensor.",
            "torch.finfo(scores.dtype).min",
        ),
    ),
)
