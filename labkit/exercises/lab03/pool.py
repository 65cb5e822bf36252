"""Exercise 3.2: many vectors to one, and none from the padding."""

import torch

from labkit import features
from labkit.exercises.exercise import Case, Exercise, Misconception
from labkit.exercises.properties import inputs_unchanged, matches_reference


def pool(hidden, attention_mask, how):
    """labkit.features.pool."""
    return features.pool(hidden, attention_mask, how)


# How many real tokens each text has; the last row of the batch is always full.
LENGTHS = ((2, 4), (3, 1, 5), (4, 2, 3, 6))


def _cases(seed):
    generator = torch.Generator().manual_seed(seed)
    cases = []
    for lengths in LENGTHS:
        for side in ("right", "left"):
            length = max(lengths)
            hidden = torch.randn(len(lengths), length, 4, generator=generator)
            places = torch.arange(length).expand(len(lengths), -1)
            counts = torch.tensor(lengths).unsqueeze(1)
            mask = (places < counts if side == "right" else places >= length - counts).long()
            hidden = hidden + 3.0 * (1 - mask).unsqueeze(-1)  # padding that is read must show
            for how in features.POOLINGS:
                shown = f'pool(hidden, attention_mask, "{how}"), padding on the {side}, lengths {lengths}'
                cases.append(Case((hidden, mask, how), shown))
    return cases


def _how(*names):
    return lambda case: case.args[2] in names


def _wrong(cls=None, mean=None, last=None):
    """pool with one way done wrongly; the other ways are right."""
    changed = {"cls": cls, "mean": mean, "last": last}

    def wrong(hidden, attention_mask, how):
        if changed[how] is not None:
            return changed[how](hidden, attention_mask)
        return pool(hidden, attention_mask, how)

    return wrong


def _at(hidden, index):
    return hidden[torch.arange(len(hidden)), index]


def _masked_sum(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=1)


POOL = Exercise(
    name="pool",
    title="One vector a text",
    minutes=10,
    reference=pool,
    cases=_cases,
    properties=(
        matches_reference('"mean": the average over the real tokens', 2, _how("mean")),
        matches_reference('"cls": the first real token', 1, _how("cls")),
        matches_reference('"last": the last real token', 2, _how("last")),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the mean takes in the padding",
            _wrong(mean=lambda hidden, mask: hidden.mean(dim=1)),
            (
                "Your mean takes the padding in.",
                "The network computes something at the padding too, and it is noise: the shorter the "
                "text, the more of it.",
                "Make the vectors at the padding 0 before you sum. By what do you divide then?",
            ),
        ),
        Misconception(
            "the sum over real tokens divided by T",
            _wrong(mean=lambda hidden, mask: _masked_sum(hidden, mask) / hidden.shape[1]),
            (
                "Your means of short texts are too small.",
                "You sum over the real tokens, but divide by the length of the padded text.",
                "How many real tokens has a row? attention_mask knows: sum it.",
            ),
        ),
        Misconception(
            "divided by the real tokens of the whole batch",
            _wrong(mean=lambda hidden, mask: _masked_sum(hidden, mask) / mask.sum()),
            (
                "You divide every text by the same number.",
                "attention_mask.sum() counts the tokens of all texts together.",
                "Sum along the tokens only: dim=1, and keepdim=True so that the division fits.",
            ),
        ),
        Misconception(
            "the mean over the wrong axis",
            _wrong(
                mean=lambda hidden, mask: (hidden * mask.unsqueeze(-1)).sum(0) / mask.sum(0).unsqueeze(-1)
            ),
            (
                "You average over the texts: your result has a row for each token.",
                "Axis 0 is the texts, axis 1 the tokens, axis 2 the numbers of a vector.",
                "One vector for each text: which axis has to go?",
            ),
        ),
        Misconception(
            "last is the last position",
            _wrong(last=lambda hidden, mask: hidden[:, -1]),
            (
                'Your "last" takes the last position of the batch.',
                "In a short text that is padding: the last word stands further left.",
                "Where is the last 1 in a row of attention_mask?",
            ),
        ),
        Misconception(
            "last is the number of real tokens minus one",
            _wrong(last=lambda hidden, mask: _at(hidden, mask.sum(dim=1) - 1)),
            (
                'Your "last" counts the real tokens from the left edge.',
                "That is right with the padding on the right. With the padding on the left the last word is "
                "somewhere else.",
                "Multiply the positions 0, 1, 2, ... by the mask: where is the largest?",
            ),
        ),
        Misconception(
            "cls is position 0",
            _wrong(cls=lambda hidden, mask: hidden[:, 0]),
            (
                'Your "cls" takes position 0.',
                "With the padding on the left, position 0 is padding.",
                "Where is the first 1 in a row of attention_mask? (argmax gives the first of several "
                "largest.)",
            ),
        ),
        Misconception(
            "cls and last at the edges of the batch",
            _wrong(cls=lambda hidden, mask: hidden[:, 0], last=lambda hidden, mask: hidden[:, -1]),
            (
                'Your "cls" and "last" take the two edges of the batch.',
                "Padding stands at one of them, on the right or on the left.",
                "First and last mean: the first and the last 1 in a row of attention_mask.",
            ),
        ),
        Misconception(
            "the sum instead of the mean",
            _wrong(mean=_masked_sum),
            (
                "Your means grow with the length of the text.",
                "You sum over the real tokens and do not divide.",
                "By how many tokens? attention_mask knows: sum it along the tokens.",
            ),
        ),
        Misconception(
            "cls and last exchanged",
            lambda hidden, mask, how: pool(hidden, mask, {"cls": "last", "last": "cls"}.get(how, how)),
            (
                'Your "cls" is the last token, and your "last" the first.',
                "BERT puts [CLS] in front of the text; a decoder's last token is the one that has read "
                "everything.",
                "Exchange the two branches.",
            ),
        ),
    ),
)
