"""Exercise 2.3: the wrong answers that students write."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _columns(real):
    return real[:, None, :]


def _rows(real):
    return real[:, :, None]


def _combine(
    causal_as=lambda causal: causal,
    real_as=lambda padding: padding == 1,
    place=_columns,
    join=torch.logical_and,
    mend=lambda mask: mask,
    finish=lambda mask: mask,
):
    """combine_masks, with single choices made wrongly."""

    def answer(causal, padding):
        mask = join(causal_as(causal), place(real_as(padding)))  # (B, T, T)
        size = (len(padding), *causal.shape)
        return finish(mend(mask.expand(size).clone()))

    return answer


def _eye(mask):
    return torch.eye(mask.shape[-1], dtype=torch.bool)


def _nothing_is_empty(mask):
    return mask | ~mask.any(dim=-1, keepdim=True)


def _right_side(padding):
    """The first n columns, n the number of real tokens: padding taken to be on the right."""
    return torch.arange(padding.shape[1]) < padding.sum(dim=1, keepdim=True)


def _left_side(padding):
    return torch.arange(padding.shape[1]) >= (padding == 0).sum(dim=1, keepdim=True)


def _added(causal, real):
    return causal.long() + real.long()


def _additive(mask):
    return torch.zeros(mask.shape).masked_fill(mask == 0, float("-inf"))


def _mistake(name, hints, **choices):
    return variant(_combine, name, hints, **choices)


MISCONCEPTIONS = (
    _mistake(
        "padding hidden as query instead of key",
        (
            "Your padding looks at nobody, but everybody can look at it.",
            "It is the other way that matters: what a padding token computes is thrown away, but what others take from it is not.",
            "Rows are queries, columns are keys. Which axis must padding[:, None, :] run along?",
        ),
        place=_rows,
    ),
    _mistake(
        "real tokens hidden as queries",
        (
            "In your mask only padding tokens look at anything; the real tokens look at nobody.",
            "In an attention_mask, 1 stands for a real token; it is the *columns* of the padding that are hidden, not rows.",
            "(padding == 1)[:, None, :] says of each column whether it may be looked at.",
        ),
        place=_rows,
        real_as=lambda padding: padding == 0,
    ),
    _mistake(
        "the whole mask is transposed",
        (
            "Rows and columns of your whole mask are exchanged, the triangle and the padding.",
            "Row i belongs to the token that looks, column j to the one that is looked at.",
            "causal as it came, the padding as padding[:, None, :], and no transpose afterwards.",
        ),
        finish=lambda mask: mask.transpose(1, 2),
    ),
    _mistake(
        "padding hidden as query and as key",
        (
            "In your mask padding tokens may not look at all.",
            "Nobody reads what they compute, so it need not be forbidden; and a row without a single True is just what makes a softmax NaN.",
            "Hide the columns of the padding and leave its rows alone.",
        ),
        place=lambda real: real[:, None, :] & real[:, :, None],
    ),
    _mistake(
        "padding may look at padding",
        (
            "In your mask a padding token may look at other padding.",
            "A column of padding is hidden from everybody, from padding too. "
            "That its rows stay as they are means: nothing *more* is taken away from them.",
            "causal & (padding == 1)[:, None, :] and nothing else.",
        ),
        place=lambda real: real[:, None, :] | ~real[:, :, None],
    ),
    _mistake(
        "or instead of and",
        (
            "A token may look where *one* of your masks allows it.",
            "A real token of the future is allowed by the padding mask; the causal mask must still forbid it. "
            "(A sum of both that is turned into truth values is an or as well.)",
            "Both have to agree: which operator is that?",
        ),
        join=torch.logical_or,
    ),
    _mistake(
        "exactly one of the two",
        (
            "In your mask a token may look where *exactly one* of the masks allows it.",
            "That is what != and ^ ask. Where both allow it, it is forbidden in yours.",
            "Both have to agree: which operator is that?",
        ),
        join=torch.logical_xor,
    ),
    _mistake(
        "where both say the same",
        (
            "Your mask is True where the two masks say the same, also where both forbid it.",
            "Equal is not enough: both have to be True.",
            "& instead of ==.",
        ),
        join=torch.eq,
    ),
    _mistake(
        "the padding is ignored",
        (
            "The padding hides nothing in your mask.",
            "Padding on the left stands before every real token, where a causal mask lets everybody look. "
            "(With whole numbers, ~ gives −1 and −2, which both count as True.)",
            "Combine with padding == 1, along the keys.",
        ),
        real_as=lambda padding: torch.ones_like(padding).bool(),
    ),
    _mistake(
        "the causal mask is ignored",
        (
            "Your tokens see the future.",
            "The padding mask only says which tokens are real; the order is the causal mask's business.",
            "Combine the two: looking is allowed where both say so.",
        ),
        causal_as=lambda causal: torch.ones_like(causal),
    ),
    _mistake(
        "a triangle whatever is given",
        (
            "Your result has a triangle in it even where an encoder's mask is given.",
            "`causal` is an argument: it may be all True, and then every real token may be looked at.",
            "Use the mask as it comes, and build none.",
        ),
        causal_as=lambda causal: torch.ones_like(causal).tril(),
    ),
    _mistake(
        "the causal mask is transposed",
        (
            "Rows and columns of the causal mask are exchanged in your result.",
            "Row i of `causal` belongs to the token that looks, and so does row i of each text's mask.",
            "Use it as it came, without .T or swapped indices.",
        ),
        causal_as=lambda causal: causal.T,
    ),
    _mistake(
        "causal taken for what is hidden",
        (
            "In your mask a real token is looked at exactly where `causal` is False.",
            "Some libraries mark with True what is hidden; here True means: may look. "
            "An encoder's mask is all True.",
            "Use `causal` as it came, without ~.",
        ),
        causal_as=lambda causal: ~causal,
    ),
    _mistake(
        "real tokens hidden instead of padding",
        (
            "Your mask hides the real tokens and shows the padding.",
            "In an attention_mask, 1 stands for a real token.",
            "Do you test for 0 or for 1?",
        ),
        real_as=lambda padding: padding == 0,
    ),
    _mistake(
        "the padding is shifted by one",
        (
            "Your hidden columns lie one place to the right of the padding (behind the last comes the first again).",
            "Column j of the mask belongs to token j, and so does column j of the padding.",
            "No shift is needed here: that comes with the loss.",
        ),
        real_as=lambda padding: padding.roll(1, dims=1) == 1,
    ),
    _mistake(
        "padding taken to be on the right",
        (
            "Your mask is right only where the padding stands on the right.",
            "A decoder is often padded on the left. The number of real tokens does not say where they are.",
            "Take the zeros from where they are: padding == 1, column by column.",
        ),
        real_as=_right_side,
    ),
    _mistake(
        "padding taken to be on the left",
        (
            "Your mask is right only where the padding stands on the left.",
            "An encoder is mostly padded on the right. The number of zeros does not say where they are.",
            "Take the zeros from where they are: padding == 1, column by column.",
        ),
        real_as=_left_side,
    ),
    _mistake(
        "hidden from the first padding on",
        (
            "In your mask everything behind the first padding token is hidden.",
            "That is right only where the padding stands on the right. "
            "A decoder is often padded on the left, and the text stands behind it.",
            "Take the zeros from where they are: padding == 1, column by column.",
        ),
        real_as=lambda padding: padding.cumprod(dim=1) == 1,
    ),
    _mistake(
        "the first text's padding for all",
        (
            "All your texts have the padding of the first one.",
            "Each text of a batch has a length of its own, so the result has one mask for each: (B, T, T).",
            "Use the whole padding with a new axis for the queries: padding[:, None, :].",
        ),
        real_as=lambda padding: (padding == 1)[:1],
    ),
    _mistake(
        "hidden only where all texts have padding",
        (
            "All your texts have one mask: a column is hidden only if it is padding in every text.",
            "Each text of a batch has a length of its own, so the result has one mask for each: (B, T, T).",
            "No .any() over the texts: padding[:, None, :] keeps them apart.",
        ),
        real_as=lambda padding: (padding == 1).any(dim=0, keepdim=True),
    ),
    _mistake(
        "hidden where any text has padding",
        (
            "All your texts have one mask: a column is hidden as soon as it is padding in one text.",
            "Each text has a length of its own. (Or is it one table that every text writes into?)",
            "No .all() over the texts; in a loop, begin each text with causal.clone().",
        ),
        real_as=lambda padding: (padding == 1).all(dim=0, keepdim=True),
    ),
    _mistake(
        "the masks are added",
        (
            "Your mask holds 0, 1 and 2: the two masks are added.",
            "1 means that only one of them allows it, yet a 1 counts as True.",
            "& (or a product of zeros and ones) is True only where both are.",
        ),
        join=_added,
    ),
    _mistake(
        "True where looking is forbidden",
        (
            "Your mask is True exactly where looking is forbidden.",
            "Both conventions exist. Here True means: may look.",
            "Turn the result around with ~, or join what allows instead of what forbids.",
        ),
        mend=lambda mask: ~mask,
    ),
    _mistake(
        "nothing is visible",
        (
            "Every entry of your mask is False.",
            "A sum of two masks is at most 2, and a comparison may ask for more than there can be.",
            "Looking is allowed where both masks are True: causal & real.",
        ),
        mend=torch.zeros_like,
    ),
    _mistake(
        "where both forbid it",
        (
            "Your mask is True where *both* masks forbid it.",
            "True is to mean: may look. And one mask that forbids it is enough.",
            "causal & real, without a ~.",
        ),
        join=lambda causal, real: ~causal & ~real,
    ),
    _mistake(
        "every token sees itself",
        (
            "In your mask padding may look at itself: the diagonal is True everywhere.",
            "A column of padding is hidden from everybody. "
            "A row that sees nothing is not your business here: attention bears it.",
            "Take the diagonal as both masks say.",
        ),
        mend=lambda mask: mask | _eye(mask),
    ),
    _mistake(
        "empty rows are filled",
        (
            "In your mask a row that may look nowhere looks everywhere.",
            "Such rows belong to padding, and they stay empty: attention bears them without NaN.",
            "Return what both masks allow, and mend nothing.",
        ),
        mend=_nothing_is_empty,
    ),
    _mistake(
        "0 and minus infinity",
        (
            "Your mask holds 0 and a very low number.",
            "That is what is *added* to the scores in the end. A mask of True and False says who may look.",
            "Return the truth values; attention turns them into low scores.",
        ),
        finish=_additive,
    ),
    _mistake(
        "an axis for the heads",
        (
            "Your mask has an axis too many: (B, 1, T, T) and not (B, T, T).",
            "That axis is for the heads, and here there is one head.",
            "One None is enough, between texts and columns: padding[:, None, :].",
        ),
        finish=lambda mask: mask[:, None],
    ),
    _mistake(
        "axes of length 1 are gone",
        (
            "With a single text (or a single token) an axis of your result is missing.",
            ".squeeze() takes away every axis of length 1, the batch's too.",
            "Leave it out: (1, T, T) is right for one text.",
        ),
        finish=lambda mask: mask.squeeze(),
    ),
    _mistake(
        "only the first text",
        (
            "You return the mask of the first text only, (T, T).",
            "Each text has a mask of its own.",
            "padding[:, None, :] keeps all of them; in a loop, collect them and torch.stack at the end.",
        ),
        finish=lambda mask: mask[0],
    ),
    _mistake(
        "the texts as the last axis",
        (
            "Your texts are the last axis: (T, T, B) and not (B, T, T).",
            "The batch stands in front, as in every tensor here.",
            "torch.stack(...) puts the new axis in front unless told otherwise (dim=0).",
        ),
        finish=lambda mask: mask.permute(1, 2, 0),
    ),
    Misconception(
        "no axis for the queries",
        lambda causal, padding: causal & (padding == 1),
        (
            "(T, T) and (B, T) do not fit together as they are.",
            "PyTorch lines up the last axes: the texts of your padding meet the queries of the causal mask. "
            "(With as many texts as tokens it would not even complain.)",
            "padding[:, None, :] has the shape (B, 1, T): every query of a text gets the same row.",
        ),
        spellings=(
            lambda causal, padding: causal & (padding == 1)[None],
            lambda causal, padding: causal * padding,
            lambda causal, padding: torch.logical_and(causal, padding),
        ),
    ),
    Misconception(
        "masked_fill with whole numbers",
        lambda causal, padding: causal[None].masked_fill(1 - padding[:, None, :], False),
        (
            "Your masked_fill gets a mask of whole numbers; it wants one of True and False.",
            "padding holds 0 and 1 as whole numbers, and so does 1 - padding.",
            "A comparison makes truth values: padding == 0 is True at the padding.",
        ),
    ),
    Misconception(
        "one truth value for a whole tensor",
        lambda causal, padding: causal & bool(padding),
        (
            "In your function Python has to say of a whole tensor whether it is True.",
            "That is what bool(...), `and`, `or`, `not` and `if` ask for; but each entry has an answer of its own.",
            "Entry by entry: padding.bool() (or padding == 1) with an axis for the queries, and & for `and`.",
        ),
        spellings=(
            lambda causal, padding: causal and padding,
            lambda causal, padding: causal and padding[:, None, :],
            lambda causal, padding: padding[:, None, :] and causal,
        ),
    ),
    Misconception(
        "a matrix product",
        lambda causal, padding: causal.float() @ padding.float(),
        (
            "You multiply the masks as matrices.",
            "@ sums over the tokens: it counts how many a token may see, and forgets which.",
            "Element by element it is & or *, once padding has an axis for the queries.",
        ),
        spellings=(
            lambda causal, padding: causal.long() @ padding,
            lambda causal, padding: causal.long() @ padding.T,
            lambda causal, padding: padding @ causal.long(),
        ),
    ),
)
