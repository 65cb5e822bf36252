"""What goes wrong in exercise 3.2: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _mean(hidden, mask):
    return _total(hidden, mask) / mask.sum(dim=1, keepdim=True)


def _first(hidden, mask):
    return _at(hidden, mask.argmax(dim=1))


def _last(hidden, mask):
    return _at(hidden, _last_place(mask))


def build(
    cls=_first, mean=_mean, last=_last, how=None, mask=None, place=None, result=lambda vectors: vectors
):
    """pool with single choices made wrongly.

    cls, mean, last: what each way does. how: {name: which way it goes instead}. mask: what is taken for the
    mask. place: how "cls" and "last" both pick, (hidden, mask, right places). result: what becomes of it.
    """

    def answer(hidden, attention_mask, name):
        name = (how or {}).get(name, name)
        taken = mask(attention_mask) if mask else attention_mask
        if place and name != "mean":
            right = taken.argmax(dim=1) if name == "cls" else _last_place(taken)
            return result(place(hidden, taken, right))
        return result({"cls": cls, "mean": mean, "last": last}[name](hidden, taken))

    return lambda hidden, attention_mask, how: answer(hidden, attention_mask, how)


def _at(hidden, places):
    return hidden[torch.arange(len(hidden)), places]


def _total(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=1)


def _last_place(mask):
    return (torch.arange(1, mask.shape[1] + 1) * mask).argmax(dim=1)


def _real(reduce):
    """Text by text, on its real tokens alone."""
    return lambda hidden, mask: torch.stack([reduce(h[m.bool()]) for h, m in zip(hidden, mask, strict=True)])


def _weighted(hidden, mask):
    weights = (mask * torch.arange(1, mask.shape[1] + 1)).unsqueeze(-1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def _not_zero(hidden, mask):
    kept = hidden * mask.unsqueeze(-1)
    return kept.sum(dim=1) / (kept != 0).sum(dim=1).clamp(min=1)


def _over_texts(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=0) / mask.sum(dim=0).clamp(min=1).unsqueeze(-1)


def _flipped(hidden, mask):
    return mask.flip(1).argmax(dim=1)


def _fails(name, first, second, third, **choices):
    """A choice that mostly raises an error: never tried together with another."""
    return Misconception(name, build(**choices), (first, second, third))


def _v(name, first, second, third, **choices):
    return variant(build, name, (first, second, third), **choices)


COUNT = "How many real tokens has a row? attention_mask knows: sum it along the tokens."
LAST_ONE = "Multiply the positions 1, 2, 3, ... by the mask: where is the largest product?"
MISTAKES = (
    _v(
        "the mean takes in the padding",
        "Your mean takes the padding in.",
        "The network computes something at the padding too, and it is noise: the shorter the text, the more of it.",
        "Make the vectors at the padding 0 before you sum. By what do you divide then?",
        mean=lambda hidden, mask: hidden.mean(dim=1),
    ),
    _v(
        "the sum over real tokens divided by T",
        'Your "mean" of a short text is too small.',
        "You sum over the real tokens, but divide by the length of the padded text.",
        COUNT,
        mean=lambda hidden, mask: _total(hidden, mask) / hidden.shape[1],
    ),
    _v(
        "divided by the real tokens of the whole batch",
        'In "mean", you divide every text by the same number.',
        "attention_mask.sum() counts the tokens of all texts together.",
        "Sum along the tokens only: dim=1, and keepdim=True so that the division fits.",
        mean=lambda hidden, mask: _total(hidden, mask) / mask.sum(),
    ),
    _v(
        "the padding is summed but not counted",
        "Your mean divides by the right number, but its sum still holds the padding.",
        "Where the mask is 0 there is a vector all the same: it has to become 0 before you sum.",
        "hidden times attention_mask.unsqueeze(-1) is what should be summed.",
        mean=lambda hidden, mask: hidden.sum(dim=1) / mask.sum(dim=1, keepdim=True),
    ),
    _v(
        "the sum instead of the mean",
        'Your "mean" grows with the length of the text.',
        "You sum over the real tokens and do not divide.",
        COUNT,
        mean=_total,
    ),
    _v(
        "the largest instead of the mean",
        'Your "mean" is the largest number of each column, not their average.',
        "That is max pooling, which is something else: one strong token decides.",
        "Sum over the real tokens and divide by how many there are.",
        mean=_real(lambda real: real.amax(dim=0)),
    ),
    _v(
        "the mean of the wrong axis",
        "You average over the texts: your result has a row for each token.",
        "Axis 0 is the texts, axis 1 the tokens, axis 2 the numbers of a vector.",
        "One vector for each text: which axis has to go?",
        mean=_over_texts,
    ),
    _v(
        "special tokens left out of the mean",
        "Your mean leaves out the first and the last real token.",
        "[CLS] and [SEP] are real tokens as well: the mask is 1 there, and a decoder has no such tokens at all.",
        "Every token whose mask is 1 counts.",
        mean=_real(lambda real: (real[1:-1] if len(real) > 2 else real).mean(dim=0)),
    ),
    _v(
        "the first token left out of the mean",
        "Your mean leaves out the first real token.",
        "[CLS] is a real token as well: the mask is 1 there, and a decoder has no such token at all.",
        "Every token whose mask is 1 counts.",
        mean=_real(lambda real: (real[1:] if len(real) > 1 else real).mean(dim=0)),
    ),
    _v(
        "later tokens count more",
        'In your "mean" later tokens count more than earlier ones.',
        "Weights that grow with the position are used for decoders; a mean counts all alike.",
        "The weight of each token is its number in attention_mask, 0 or 1.",
        mean=_weighted,
    ),
    _v(
        "numbers that are 0 are not counted",
        'Your "mean" divides each column by how many of its numbers are not 0.',
        "A real token may have a 0 in its vector, and that counts like any other number.",
        COUNT,
        mean=_not_zero,
    ),
    _v(
        "one too many in the count",
        'Your "mean" divides by one more than there are real tokens.',
        "Against a division by 0 that is too much of a good thing: it changes every mean.",
        COUNT,
        mean=lambda hidden, mask: _total(hidden, mask) / (mask.sum(dim=1, keepdim=True) + 1),
    ),
    _v(
        "one too few in the count",
        'Your "mean" divides by one less than there are real tokens.',
        "That is for the variance of a sample; a mean divides by the number itself.",
        COUNT,
        mean=lambda hidden, mask: _total(hidden, mask) / (mask.sum(dim=1, keepdim=True) - 1),
    ),
    _v(
        "rounded down",
        'Your "mean" consists of whole numbers.',
        "// divides and rounds down.",
        "One / divides.",
        mean=lambda hidden, mask: _total(hidden, mask) // mask.sum(dim=1, keepdim=True),
    ),
    _fails(
        "the mask without an axis for the numbers",
        "The mask, (B, T), does not fit hidden, (B, T, D).",
        "Axes are matched from the right, so that the T of the mask meets the D of hidden.",
        "attention_mask.unsqueeze(-1) is (B, T, 1).",
        mean=lambda hidden, mask: (hidden * mask).sum(dim=1) / mask.sum(dim=1, keepdim=True),
    ),
    _fails(
        "the mask with its new axis in the wrong place",
        "The mask has the shape (B, 1, T), and hidden is (B, T, D).",
        "Axes are matched from the right, so that the T of the mask meets the D of hidden.",
        "attention_mask.unsqueeze(-1) is (B, T, 1).",
        mean=lambda hidden, mask: (hidden * mask.unsqueeze(1)).sum(dim=1) / mask.sum(dim=1, keepdim=True),
    ),
    _fails(
        "the mask of the notebook",
        "The mask that you use is not attention_mask: it has another length than hidden.",
        "A name that the function does not define is looked up in the notebook; there, `mask` belongs to another text.",
        "The argument is called attention_mask.",
        mean=lambda hidden, mask: _mean(hidden, torch.ones(1, 9, dtype=torch.int64)),
    ),
    _fails(
        "the counts without an axis for the numbers",
        "You divide (B, D) by (B,): with more than one text that does not fit.",
        "Axes are matched from the right, so that the texts of the one meet the numbers of the other.",
        "attention_mask.sum(dim=1, keepdim=True) is (B, 1).",
        mean=lambda hidden, mask: _total(hidden, mask) / mask.sum(dim=1),
    ),
    _v(
        "last is the last position",
        'Your "last" takes the last position of the batch.',
        "In a short text that is padding: the last word stands further left.",
        "Where is the last 1 in a row of attention_mask?",
        last=lambda hidden, mask: hidden[:, -1],
    ),
    _v(
        "last is the number of real tokens minus one",
        'Your "last" counts the real tokens from the left edge.',
        "That is right with the padding on the right. "
        "With padding on the left the last word is somewhere else.",
        LAST_ONE,
        last=lambda hidden, mask: _at(hidden, mask.sum(dim=1) - 1),
    ),
    _v(
        "last is before the first 0",
        'Your "last" is the token before the first 0 of the mask.',
        "That works with the padding on one side (argmin − 1 even wraps round), and not with padding on both.",
        LAST_ONE,
        last=lambda hidden, mask: _at(hidden, mask.argmin(dim=1) - 1),
    ),
    _v(
        "last is the first",
        'Your "last" is the first real token.',
        'argmax of the mask gives the first of several 1s, as in "cls".',
        LAST_ONE,
        last=_first,
    ),
    _v(
        "the turned mask is not turned back",
        'Your "last" is counted from the wrong end.',
        "In the flipped mask, argmax counts from the right edge; hidden is counted from the left.",
        "Position p from the right is position T − 1 − p from the left.",
        last=lambda hidden, mask: _at(hidden, _flipped(hidden, mask)),
    ),
    _v(
        "last is the last but one",
        'Your "last" is one place too early.',
        "The last real token counts, [SEP] included; and positions are counted from 0.",
        "Look for a − 1 too many.",
        last=_real(lambda real: real[max(len(real) - 2, 0)]),
    ),
    _v(
        "last is one place to the left",
        'Your "last" is one place too far left, even where nothing real stands there.',
        "Positions are counted from 0: position T − 1 is the last.",
        "Look for a − 1 too many.",
        last=lambda hidden, mask: _at(hidden, _last_place(mask) - 1),
    ),
    _v(
        "last is one place too far",
        'Your "last" is one place behind the last real token.',
        "Positions are counted from 0: of n tokens the last is number n − 1.",
        "Where is a − 1 missing?",
        last=lambda hidden, mask: _at(hidden, mask.sum(dim=1)),
    ),
    _v(
        "cls is position 0",
        'Your "cls" takes position 0.',
        "With padding on the left, position 0 is padding.",
        "Where is the first 1 in a row of attention_mask? (argmax gives the first of several largest.)",
        cls=lambda hidden, mask: hidden[:, 0],
    ),
    _v(
        "cls is behind as many places as there are zeros",
        'Your "cls" counts all the padding of a row as if it stood in front.',
        "With padding on the right, the first real token stands at position 0.",
        "Where is the first 1 in a row of attention_mask? (argmax gives the first of several largest.)",
        cls=lambda hidden, mask: _at(hidden, (1 - mask).sum(dim=1)),
    ),
    _v(
        "cls and last exchanged",
        'Your "cls" is the last token, and your "last" the first.',
        "BERT puts [CLS] in front of the text; a decoder's last token is the one that has read everything.",
        "Exchange the two branches.",
        how={"cls": "last", "last": "cls"},
    ),
    _v(
        "always the mean",
        "You return the mean whatever `how` says.",
        '`if how == "cls" or "mean":` is always true: the second part is a text of its own, and it is not empty.',
        'Write `if how == "mean":`, and a branch for each of the three.',
        how={"cls": "mean", "last": "mean"},
    ),
    _v(
        "last is the mean",
        'Your "last" is the mean.',
        '`if how == "mean" or "...":` is always true: the second part is a text of its own, and it is not empty.',
        'Print how at the top of each branch: which one does "last" take?',
        how={"last": "mean"},
    ),
    _v(
        "cls is the last",
        'Your "cls" is the last real token.',
        'It ends up in the branch of "last": an `else` belongs to the `if` right above it alone, and a name that is compared has to be spelt as the docstring spells it.',
        "if, elif, else: or a return in each branch.",
        how={"cls": "last"},
    ),
    _v(
        "cls is the mean",
        'Your "cls" is the mean.',
        'It ends up in the branch of "mean".',
        'Print how at the top of each branch: which one does "cls" take?',
        how={"cls": "mean"},
    ),
    _v(
        "always the first token",
        "You return the first real token whatever `how` says.",
        "There are three ways, and `how` names one of them.",
        "A branch for each of the three.",
        how={"mean": "cls", "last": "cls"},
    ),
    _v(
        "always the last token",
        "You return the last real token whatever `how` says.",
        "There are three ways, and `how` names one of them.",
        "A branch for each of the three.",
        how={"mean": "last", "cls": "last"},
    ),
    _v(
        "the mask the other way round",
        "You take the padding for the text, and the text for the padding.",
        "In transformers 1 means real. (In PyTorch's own key_padding_mask True means padding.)",
        "Which of 0 and 1 do you select?",
        mask=lambda mask: 1 - mask,
    ),
    _v(
        "the mask of the first text for all",
        "You take the same positions in all texts: those of the first.",
        "Each text has its own padding, so each has its own real tokens.",
        "attention_mask[0] is the row of text 0; each text has a row.",
        mask=lambda mask: mask[:1].expand_as(mask),
    ),
    _v(
        "the position of the first text for all",
        'Your "cls" and "last" take the same position in all texts.',
        "Each text has its own padding, so each has its own first and last token.",
        "Of which row of attention_mask do you take the position? There is one for each text.",
        place=lambda hidden, mask, right: hidden[:, right[0]],
    ),
    _v(
        "every position in every text",
        'Your "cls" and "last" have an axis too many: (B, B, D).',
        "hidden[:, positions] takes all positions from all texts.",
        "hidden[torch.arange(B), positions] takes one from each.",
        place=lambda hidden, mask, right: hidden[:, right],
    ),
    _v(
        "the longest vector",
        'Your "cls" and "last" pick a token by its vector, not by its place.',
        "The numbers in hidden say nothing about where a token stands.",
        "The places are in attention_mask.",
        place=lambda hidden, mask, right: _at(hidden, (hidden.norm(dim=-1) * mask).argmax(dim=1)),
    ),
    _v(
        "only the first text",
        "You return one vector, that of the first text.",
        "The result is (B, D): a row for each text.",
        "Is there a return inside a loop, or a [0] too many?",
        result=lambda vectors: vectors[0],
    ),
    _v(
        "squeezed",
        "With one text, your result has lost an axis: (D,) instead of (1, D).",
        ".squeeze() drops every axis of length 1, also the axis of the texts.",
        "Leave .squeeze() out, or say which axis.",
        result=torch.squeeze,
    ),
    _v(
        "the axis of the tokens is kept",
        "Your result has an axis of length 1 where the tokens were: (B, 1, D).",
        "keepdim=True keeps it, and so does a gather.",
        "The result is (B, D): .squeeze(1) takes that axis away.",
        result=lambda vectors: vectors.unsqueeze(1),
    ),
    _v(
        "brought to length 1",
        "Your vectors all have length 1.",
        "Some libraries do that for searching; asked is the vector itself.",
        "Leave the division by the length out.",
        result=lambda vectors: torch.nn.functional.normalize(vectors, dim=1),
    ),
)
