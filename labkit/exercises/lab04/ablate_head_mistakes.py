"""Exercise 4.5: what students write instead."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _build(
    first=lambda head, width, num_heads: head * width,
    behind=lambda head, width, num_heads: (head + 1) * width,
    which=lambda head, num_heads: head,
    width_of=lambda size, num_heads: size // num_heads,
    step=lambda num_heads: 1,
    texts=slice(None),
    tokens=slice(None),
    value=lambda part, mixed: torch.zeros_like(part),
    others=lambda result, num_heads: result,
):
    """ablate_head with single choices made wrongly."""

    def answer(mixed, head, num_heads):
        width, head = width_of(mixed.shape[-1], num_heads), which(head, num_heads)
        place = slice(first(head, width, num_heads), behind(head, width, num_heads), step(num_heads))
        result = others(mixed.clone(), num_heads)
        part = result[texts, tokens, place]
        result[texts, tokens, place] = value(part, mixed)
        return result

    return answer


def _all_others(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    result = torch.zeros_like(mixed)
    result[..., head * width : (head + 1) * width] = mixed[..., head * width : (head + 1) * width]
    return result


def _all_others_apart(mixed, head, num_heads):
    result = torch.zeros_like(mixed)
    result[..., head::num_heads] = mixed[..., head::num_heads]
    return result


def _cut_out(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    return torch.cat([mixed[..., : head * width], mixed[..., (head + 1) * width :]], dim=-1)


def _the_part_alone(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    return torch.zeros_like(mixed[..., head * width : (head + 1) * width])


def _on_the_tokens(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    result = mixed.clone()
    result[:, head * width : (head + 1) * width] = 0.0
    return result


def _by_index(*axes):
    """A single index on one axis."""

    def answer(mixed, head, num_heads):
        result = mixed.clone()
        place = (*axes, head)
        result[place] = 0.0
        return result

    return answer


def _on_the_texts(mixed, head, num_heads):
    result = mixed.clone()
    result[head : head + 1] = 0.0
    return result


def _heads_first(mixed, head, num_heads):
    """view(B, H, T, D/H) without a transposition."""
    batch_size, length, width = mixed.shape
    result = mixed.clone().reshape(batch_size, num_heads, length, width // num_heads)
    result[:, head] = 0.0
    return result.reshape(mixed.shape)


def _not_put_back(mixed, head, num_heads):
    batch_size, length, _ = mixed.shape
    result = mixed.view(batch_size, length, num_heads, -1).transpose(1, 2).clone()
    result[:, head] = 0.0
    return result.reshape(mixed.shape)


def _still_apart(mixed, head, num_heads):
    result = mixed.clone().view(*mixed.shape[:-1], num_heads, -1)
    result[..., head, :] = 0.0
    return result


def _float_width(mixed, head, num_heads):
    width = mixed.shape[-1] / num_heads
    result = mixed.clone()
    result[..., head * width : (head + 1) * width] = 0.0
    return result


def _tuple_of_chunks(mixed, head, num_heads):
    parts = mixed.chunk(num_heads, dim=-1)
    parts[head] = torch.zeros_like(parts[head])
    return torch.cat(parts, dim=-1)


def _through(dtype):
    def answer(mixed, head, num_heads):
        return _build()(mixed.to(dtype), head, num_heads).float()

    return answer


def _mean_over_tokens(part, mixed):
    return part.mean(dim=(0, 1), keepdim=True).expand(part.shape)


FROM_TO = "From head * width up to (head + 1) * width, with width = D // num_heads."

MISTAKES = (
    Misconception(
        "a single number",
        _by_index(...),
        (
            "You set one number of each token to 0.",
            "A head has D/H of the D numbers, not one.",
            FROM_TO,
        ),
    ),
    Misconception(
        "a token instead of a head",
        _by_index(slice(None)),
        (
            "You silence a token, number `head` of each text.",
            "mixed is (B, T, D): the second axis counts tokens, and the heads share the last.",
            "mixed[..., from:to], where ... stands for the axes before.",
        ),
    ),
    Misconception(
        "positions instead of numbers",
        _on_the_tokens,
        (
            "You set tokens to 0, not numbers of tokens.",
            "mixed is (B, T, D): the heads share the last axis.",
            "mixed[..., from:to], where ... stands for the axes before.",
        ),
    ),
    Misconception(
        "a text instead of a head",
        _on_the_texts,
        (
            "You silence a whole text of the batch.",
            "mixed is (B, T, D): the first axis counts texts, and the heads share the last.",
            "mixed[..., from:to], where ... stands for the axes before.",
        ),
        spellings=(_by_index(),),
    ),
    variant(
        _build,
        "every H-th number",
        (
            "Your zeros lie H apart.",
            "The heads lie side by side, each in a piece: first all of head 0, then all of head 1.",
            "A slice from ... to ..., without a step; or a view as (H, D/H), not (D/H, H).",
        ),
        first=lambda head, width, num_heads: head,
        behind=lambda head, width, num_heads: None,
        step=lambda num_heads: num_heads,
    ),
    variant(
        _build,
        "counted from 1",
        (
            "You silence the head before the one asked for.",
            "Heads are counted from 0, as everything in Python.",
            "Head 0 has the first D/H numbers.",
        ),
        first=lambda head, width, num_heads: max(head - 1, 0) * width,
        behind=lambda head, width, num_heads: max(head, 0) * width,
    ),
    Misconception(
        "counted from 1, the last in place of the one before the first",
        _build(
            first=lambda head, width, num_heads: (head - 1) * width,
            behind=lambda head, width, num_heads: head * width if head else None,
        ),
        (
            "You silence the head before the one asked for, and for head 0 the last.",
            "Heads are counted from 0; and an index below 0 counts from the end.",
            "Head 0 has the first D/H numbers.",
        ),
        spellings=(
            _build(
                first=lambda head, width, num_heads: (head - 1) * width,
                behind=lambda head, width, num_heads: head * width,
            ),
        ),
    ),
    variant(
        _build,
        "the next head",
        (
            "You silence the head after the one asked for.",
            "The numbers of head h begin behind those of the h heads before it: at h * width.",
            FROM_TO,
        ),
        which=lambda head, num_heads: head + 1,
    ),
    variant(
        _build,
        "counted from the end",
        (
            "You count the heads from the end.",
            "Head 0 has the first D/H numbers, the last head the last.",
            FROM_TO,
        ),
        which=lambda head, num_heads: num_heads - 1 - head,
    ),
    variant(
        _build,
        "head 0, whichever is asked for",
        (
            "You silence head 0, whichever is asked for.",
            "The argument head says which.",
            FROM_TO,
        ),
        which=lambda head, num_heads: 0,
    ),
    variant(
        _build,
        "everything up to the head",
        (
            "You silence the heads before it as well.",
            "The numbers of one head are D/H in a row; they begin where those of the head before end.",
            "At which number does head 2 begin, if each has D/H?",
        ),
        first=lambda head, width, num_heads: 0,
    ),
    variant(
        _build,
        "everything before the head",
        (
            "You silence the heads before it, and not the head itself.",
            "The numbers of head h begin at h * width; that is where your slice ends.",
            FROM_TO,
        ),
        first=lambda head, width, num_heads: 0,
        behind=lambda head, width, num_heads: head * width,
    ),
    variant(
        _build,
        "everything from the head on",
        (
            "You silence the heads behind it as well.",
            "A slice without an end runs to the end.",
            "Where does the next head begin?",
        ),
        behind=lambda head, width, num_heads: None,
    ),
    variant(
        _build,
        "the end is the width",
        (
            "Only head 0 is ever silent: your slice ends at number D/H.",
            "x[a:b] names where it begins and where it ends, not how long it is.",
            FROM_TO,
        ),
        behind=lambda head, width, num_heads: width,
    ),
    variant(
        _build,
        "begins at number `head`",
        (
            "Your zeros begin at number `head`.",
            "Before head h stand h heads of D/H numbers each.",
            FROM_TO,
        ),
        first=lambda head, width, num_heads: head,
        behind=lambda head, width, num_heads: head + width,
    ),
    variant(
        _build,
        "one number too few",
        (
            "One number of the head is left.",
            "A slice ends before its second number: x[a:b] are the numbers a to b - 1.",
            FROM_TO,
        ),
        behind=lambda head, width, num_heads: (head + 1) * width - 1,
    ),
    variant(
        _build,
        "one number too many",
        (
            "Your zeros reach one number into the next head.",
            "A slice ends before its second number: nothing is to be added.",
            FROM_TO,
        ),
        behind=lambda head, width, num_heads: (head + 1) * width + 1,
    ),
    variant(
        _build,
        "one number late",
        (
            "Your zeros begin one number too late.",
            "The numbers are counted from 0: head 0 begins at number 0.",
            FROM_TO,
        ),
        first=lambda head, width, num_heads: head * width + 1,
    ),
    variant(
        _build,
        "H numbers wide",
        (
            "You take the number of heads for a head's width.",
            "D numbers are shared by H heads: each has D/H.",
            "width = D // num_heads.",
        ),
        width_of=lambda size, num_heads: num_heads,
    ),
    variant(
        _build,
        "64 numbers wide",
        (
            "You count on heads of 64 numbers.",
            "That is so in the notebook's models; others have other widths.",
            "width = D // num_heads.",
        ),
        width_of=lambda size, num_heads: 64,
    ),
    variant(
        _build,
        "four heads",
        (
            "You count on 4 heads.",
            "That is so in the notebook's models; the argument says how many there are.",
            "width = D // num_heads.",
        ),
        width_of=lambda size, num_heads: size // 4,
    ),
    Misconception(
        "all others",
        _all_others,
        (
            "You silence every head but the one asked for.",
            "That measures what a head can do alone, which is another question.",
            "Set the head's own numbers to 0 and leave the rest.",
        ),
    ),
    Misconception(
        "all others, every H-th number",
        _all_others_apart,
        (
            "Only numbers H apart are left and all others are 0: you keep what should be silent.",
            "And a head's numbers lie side by side: first all of head 0, then all of head 1.",
            f"Set to 0 and leave the rest: {FROM_TO[0].lower()}{FROM_TO[1:]}",
        ),
    ),
    Misconception(
        "everything is silent",
        lambda mixed, head, num_heads: mixed * 0,
        (
            "You silence all heads.",
            "What is asked for is one.",
            FROM_TO,
        ),
    ),
    Misconception(
        "nothing is silent",
        lambda mixed, head, num_heads: mixed.clone(),
        (
            "Your result is what came in: no number is 0.",
            "The zeros went somewhere else, or nowhere: a slice can be empty, and a copy be forgotten.",
            "Write the zeros into the copy that you return.",
        ),
    ),
    Misconception(
        "cut out",
        _cut_out,
        (
            "Your result is narrower than what came in.",
            "The matrix that reads it expects D numbers, each in its place.",
            "Put zeros where the head's numbers were.",
        ),
    ),
    Misconception(
        "the head's part alone",
        _the_part_alone,
        (
            "You return the head's part and not the whole.",
            "The layer passes on all heads, one of them silent: (B, T, D).",
            "Return the copy in which you have set the part to 0.",
        ),
    ),
    Misconception(
        "the heads still apart",
        _still_apart,
        (
            "Your result has an axis for the heads: (B, T, H, D/H).",
            "What came in had them side by side, and the next matrix wants it so.",
            ".flatten(-2) at the end, or .view(mixed.shape).",
        ),
    ),
    variant(
        _build,
        "the head's mean instead of 0",
        (
            "You put a mean in place of the head's numbers.",
            "Some studies do (mean ablation); asked for is the plain kind.",
            "0.0.",
        ),
        value=_mean_over_tokens,
    ),
    Misconception(
        "the mean of its part instead of 0",
        _build(value=lambda part, mixed: part.mean().expand(part.shape)),
        (
            "You put the head's mean in place of its numbers.",
            "Some studies do (mean ablation); asked for is the plain kind.",
            "0.0.",
        ),
    ),
    variant(
        _build,
        "the mean of everything instead of 0",
        (
            "You put the mean of all numbers in place of the head's.",
            "Some studies do the like (mean ablation); asked for is the plain kind.",
            "0.0.",
        ),
        value=lambda part, mixed: mixed.mean().expand(part.shape),
    ),
    variant(
        _build,
        "minus infinity",
        (
            "You put minus infinity in place of the head's numbers.",
            "That is for scores before a softmax. These numbers are added up: what is silent is 0.",
            "0.0.",
        ),
        value=lambda part, mixed: torch.full_like(part, -torch.inf),
    ),
    variant(
        _build,
        "1 instead of 0",
        (
            "You put 1 in place of the head's numbers.",
            "What is silent adds nothing: 0.",
            "0.0.",
        ),
        value=lambda part, mixed: torch.ones_like(part),
    ),
    variant(
        _build,
        "made smaller",
        (
            "The head's numbers are smaller, and not 0.",
            "A quiet head still speaks.",
            "Set them to 0.0.",
        ),
        value=lambda part, mixed: 0.01 * part,
    ),
    variant(
        _build,
        "the sign turned round",
        (
            "The head's numbers have their sign turned round.",
            "Taking them away once gives 0; taking them away twice, their opposite.",
            "Set them to 0.0.",
        ),
        value=lambda part, mixed: -part,
    ),
    variant(
        _build,
        "the first text only",
        (
            "Only the first text's head is silent.",
            "mixed[0] is one text of the batch.",
            "mixed[..., from:to] takes all texts and all tokens.",
        ),
        texts=slice(1),
    ),
    variant(
        _build,
        "the last text only",
        (
            "Only the last text's head is silent.",
            "mixed[-1] is one text of the batch.",
            "mixed[..., from:to] takes all texts and all tokens.",
        ),
        texts=slice(-1, None),
    ),
    variant(
        _build,
        "the first token only",
        (
            "The head is silent at the first token only.",
            "mixed[:, 0] is one token of each text.",
            "mixed[..., from:to] takes all texts and all tokens.",
        ),
        tokens=slice(1),
    ),
    variant(
        _build,
        "the last token only",
        (
            "The head is silent at the last token only.",
            "mixed[:, -1] is one token of each text.",
            "mixed[..., from:to] takes all texts and all tokens.",
        ),
        tokens=slice(-1, None),
    ),
    variant(
        _build,
        "the others made larger",
        (
            "You make the other heads larger.",
            "Dropout does that in training, where many are dropped by chance. Here one head goes.",
            "Leave the other numbers as they are.",
        ),
        others=lambda result, num_heads: result * num_heads / max(num_heads - 1, 1),
    ),
    Misconception(
        "blocks of tokens",
        _heads_first,
        (
            "Your zeros cover blocks of tokens, not the head of each token.",
            "A view as (B, H, T, D/H) reads the numbers in their order: it takes them from several tokens.",
            "view(B, T, H, D/H): only the last axis is taken apart.",
        ),
    ),
    Misconception(
        "not put back",
        _not_put_back,
        (
            "The numbers of your result are in another order.",
            "After transpose(1, 2) the heads stand before the tokens; flattened so, they stay mixed up.",
            "Transpose back before you flatten; or don't transpose at all.",
        ),
    ),
    Misconception(
        "whole numbers",
        _through(torch.long),
        (
            "What stands behind the point is cut off in your result.",
            "A tensor of whole numbers (long, int) keeps no fractions.",
            "mixed.clone() keeps the dtype.",
        ),
    ),
    Misconception(
        "half precision",
        _through(torch.float16),
        (
            "The other heads' numbers are rounded to three digits.",
            "half() has no room for more, and float() does not bring them back.",
            "mixed.clone() keeps the dtype.",
        ),
        spellings=(_through(torch.bfloat16),),
    ),
    Misconception(
        "a width with a point",
        _float_width,
        (
            "D / num_heads is a float, and a slice wants whole numbers.",
            "/ gives a float in Python, even where nothing is left over.",
            "D // num_heads.",
        ),
    ),
    Misconception(
        "a tuple of pieces",
        _tuple_of_chunks,
        (
            "chunk and split return a tuple, and a tuple's entries can't be replaced.",
            "A list's can.",
            "parts = list(mixed.chunk(num_heads, dim=-1)).",
        ),
    ),
)
