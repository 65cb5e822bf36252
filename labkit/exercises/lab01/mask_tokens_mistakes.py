"""What goes wrong when tokens are hidden: one builder, and its choices made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.training.objectives import IGNORE


def _ordinary(drawn, ids, special):
    """(where a label stands, where something is corrupted)"""
    return drawn & (special == 0), drawn & (special == 0)


def _eighty_ten_ten(fate, generator):
    return fate < 0.8, fate >= 0.9


def masker(
    drawn=lambda lot: lot < 0.15,
    lots=lambda shape: shape,  # the shape in which they are drawn
    fate_shape=lambda shape: shape,
    fate_is_lot=False,
    select=_ordinary,
    fates=_eighty_ten_ten,
    mask_where=lambda chosen, special: chosen,
    random_where=lambda chosen, special: chosen,
    random_ids=lambda ids, vocab_size, generator: torch.randint(vocab_size, ids.shape, generator=generator),
    mask_id=lambda given: given,
    second=lambda corrupted, ids: corrupted,  # what the random tokens are written over
    who=lambda labelled, ids, corrupted, masked: labelled,  # gets a label
    label=lambda ids, corrupted: ids,
    filler=IGNORE,
    finish=lambda corrupted, labels: (corrupted, labels),
):
    """mask_tokens with single choices made wrongly."""

    def wrong(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
        shape = input_ids.shape
        lot = torch.rand(lots(shape), generator=generator).expand(shape)  # (B, T)
        fate = torch.rand(fate_shape(shape), generator=generator).expand(shape)
        ids = random_ids(input_ids, vocab_size, generator)
        labelled, chosen = select(drawn(lot), input_ids, special_tokens_mask)
        to_mask, to_random = fates(lot if fate_is_lot else fate, generator)
        masked = mask_where(chosen, special_tokens_mask) & to_mask
        randomised = random_where(chosen, special_tokens_mask) & to_random
        corrupted = torch.where(masked, mask_id(mask_token_id), input_ids)
        corrupted = torch.where(randomised, ids, second(corrupted, input_ids))
        named = who(labelled, input_ids, corrupted, masked)
        return finish(corrupted, torch.where(named, label(input_ids, corrupted), filler))

    return wrong


def _tenth_of_the_rest(fate, generator):
    masked = fate < 0.8
    return masked, ~masked & (torch.rand(fate.shape, generator=generator) < 0.1)


def _first_row(drawn):
    first = torch.zeros_like(drawn)
    first[0] = drawn[0]
    return first


def _by_place(drawn, ids, special):
    inner = torch.ones_like(drawn)
    inner[:, 0] = inner[:, -1] = False
    return drawn & inner, drawn & inner


def _first_of_each_row(drawn, ids, special):
    ordinary = special == 0
    chosen = ordinary & (ordinary.cumsum(1) <= 0.15 * ordinary.sum(1, keepdim=True))
    return chosen, chosen


def _neighbours(drawn, ids, special):
    drawn = drawn | torch.cat([torch.zeros_like(drawn[:, :1]), drawn[:, :-1]], 1)
    return _ordinary(drawn, ids, special)


def _shuffled(ids, vocab_size, generator):
    return ids.flatten()[torch.randperm(ids.numel(), generator=generator)].reshape(ids.shape)


def _below(change):
    """Random ids from another range: change(vocab_size) -> (low, high)."""
    return lambda ids, vocab_size, generator: torch.randint(
        *change(vocab_size), ids.shape, generator=generator
    )


def _one_for(shape):
    """One random id for a whole row, a column or the batch."""
    return lambda ids, vocab_size, generator: torch.randint(
        vocab_size, shape(ids.shape), generator=generator
    ).expand(ids.shape)


def _swapped_branches(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """Both torch.where have their two values exchanged."""
    chosen = (torch.rand(input_ids.shape, generator=generator) < 0.15) & (special_tokens_mask == 0)
    fate = torch.rand(input_ids.shape, generator=generator)
    ids = torch.randint(vocab_size, input_ids.shape, generator=generator)
    corrupted = torch.where(chosen & (fate < 0.8), input_ids, mask_token_id)
    corrupted = torch.where(chosen & (fate >= 0.9), corrupted, ids)
    return corrupted, torch.where(chosen, input_ids, IGNORE)


COLUMN = lambda shape: (1, shape[1])  # drawn once, for all rows
ROW = lambda shape: (shape[0], 1)  # drawn once, for a whole row

MISCONCEPTIONS = (
    variant(
        masker,
        "only the id 0 is spared",
        (
            "Of the special tokens, only those with the id 0 are spared, and so is a word with that id.",
            "An id does not say whether a token is special; special_tokens_mask does.",
            "special_tokens_mask is 1 where a special token stands: take those out of the selection.",
        ),
        select=lambda drawn, ids, special: (drawn & (ids != 0), drawn & (ids != 0)),
    ),
    variant(
        masker,
        "only the first text",
        (
            "Only the first text of the batch has labels.",
            "The batch has B texts, and each token of each is chosen or not by itself.",
            "Draw for all of input_ids.shape, and write no [0] and no row number.",
        ),
        select=lambda drawn, ids, special: 2 * (_first_row(drawn) & (special == 0),),
    ),
    variant(
        masker,
        "special tokens are hidden too",
        (
            "Your mask also hits [CLS], [SEP] and [PAD].",
            "They stand at fixed places: guessing them teaches nothing and hiding them hurts.",
            "special_tokens_mask is 1 where a special token stands: take those out of the selection.",
        ),
        select=lambda drawn, ids, special: (drawn, drawn),
    ),
    variant(
        masker,
        "only special tokens are hidden",
        (
            "You choose among the special tokens, and leave the ordinary ones alone.",
            "special_tokens_mask is 1 where a special token stands; those must not be chosen.",
            "Choose where it is 0.",
        ),
        select=lambda drawn, ids, special: (drawn & (special == 1), drawn & (special == 1)),
    ),
    variant(
        masker,
        "special tokens are spared in the labels only",
        (
            "Special tokens get no label, but they are corrupted.",
            "A hidden [SEP] is missed even if nobody asks for it.",
            "Take the special tokens out of `chosen` first, before anything is made from it.",
        ),
        select=lambda drawn, ids, special: (drawn & (special == 0), drawn),
    ),
    variant(
        masker,
        "special tokens are spared in the corruption only",
        (
            "Special tokens stay as they are, but they get a label.",
            "The model would be asked for a [CLS] or [PAD] that it can see.",
            "Take the special tokens out of `chosen` first, before anything is made from it.",
        ),
        select=lambda drawn, ids, special: (drawn, drawn & (special == 0)),
    ),
    variant(
        masker,
        "special tokens by their place",
        (
            "You spare the first and the last token of a row, wherever the special ones stand.",
            "A pair has a [SEP] in its middle and padding at its end, and not every row begins with [CLS].",
            "Read special_tokens_mask: it is 1 where a special token stands.",
        ),
        select=_by_place,
    ),
    variant(
        masker,
        "special tokens by their ids",
        (
            "You take low ids for special ones.",
            "Which ids are special is another matter in every vocabulary; here 0 to 4 can be words.",
            "Read special_tokens_mask: it is 1 where a special token stands.",
        ),
        select=lambda drawn, ids, special: (drawn & (ids >= 5), drawn & (ids >= 5)),
    ),
    variant(
        masker,
        "the special tokens of the first row",
        (
            "You use the first row's special tokens for all rows.",
            "Sentences have different lengths, so their [SEP] and padding stand at different places.",
            "special_tokens_mask is (B, T) like input_ids: use all of it.",
        ),
        select=lambda drawn, ids, special: (drawn & (special[0] == 0), drawn & (special[0] == 0)),
    ),
    variant(
        masker,
        "& binds more tightly than ==",
        (
            "Nearly every token is chosen.",
            "`chosen & mask == 0` is read as (chosen & mask) == 0: & comes first.",
            "Brackets around each comparison: chosen & (special_tokens_mask == 0).",
        ),
        select=lambda drawn, ids, special: ((drawn & special) == 0, (drawn & special) == 0),
    ),
    variant(
        masker,
        "85% instead of 15%",
        (
            "You choose 85% of the tokens.",
            "A random number between 0 and 1 is below 0.15 in 15 of 100 cases, and above it in 85.",
            "< instead of >.",
        ),
        drawn=lambda lot: lot > 0.15,
    ),
    variant(
        masker,
        "15% of all become [MASK]",
        (
            "You choose too many: 15% are [MASK] in the end, and the other fates come on top.",
            "15% is the share of all chosen tokens, whatever becomes of them.",
            "Compare with 0.15 itself.",
        ),
        drawn=lambda lot: lot < 0.15 / 0.8,
    ),
    variant(
        masker,
        "the same places in every row",
        (
            "The same places are hidden in every row.",
            "One row of random numbers was stretched over the batch.",
            "torch.rand(input_ids.shape, ...): one number for every token.",
        ),
        lots=COLUMN,
    ),
    variant(
        masker,
        "whole rows are hidden",
        (
            "Whole rows are hidden, and the others not at all.",
            "One random number was drawn for each row.",
            "torch.rand(input_ids.shape, ...): one number for every token.",
        ),
        lots=ROW,
    ),
    variant(
        masker,
        "the first tokens of each row",
        (
            "You hide the first tokens of every row.",
            "The choice is random, so that every place is learnt.",
            "A random number for every token: chosen where it is below 0.15.",
        ),
        select=_first_of_each_row,
    ),
    variant(
        masker,
        "neighbours are hidden too",
        (
            "The neighbour of a chosen token is chosen with it, so far more than 15% are.",
            "Spans are SpanBERT's way; BERT chooses every token by itself.",
            "Leave `chosen` as it was drawn, apart from the special tokens.",
        ),
        select=_neighbours,
    ),
    variant(
        masker,
        "everything chosen becomes [MASK]",
        (
            "All the tokens you choose meet the same fate: every one becomes [MASK].",
            "[MASK] never occurs in real text: a model must not learn to work only where one stands. "
            "So 10% become a random token and 10% stay.",
            "A second random number for each position, `fate` (not the one that chose it), decides between the three.",
        ),
        fates=lambda fate, generator: (fate >= 0, fate < 0),
    ),
    variant(
        masker,
        "nothing becomes a random token",
        (
            "None of the chosen tokens becomes a random one.",
            "80% become [MASK], 10% a random token, 10% stay: the middle part is missing.",
            "A second torch.where: random_ids where the token is chosen and its fate is in the other tenth.",
        ),
        fates=lambda fate, generator: (fate < 0.8, fate < 0),
    ),
    variant(
        masker,
        "nothing stays unchanged",
        (
            "All that do not become [MASK] become a random token.",
            "Then a real word at a labelled place is always wrong: the model would never trust a word.",
            "Split the last 20% in two halves.",
        ),
        fates=lambda fate, generator: (fate < 0.8, fate >= 0.8),
    ),
    variant(
        masker,
        "10% of the remaining 20%",
        (
            "Only about 2% of the chosen tokens become a random one.",
            "You take 10% of what [MASK] left over; the paper's 10% are of all chosen tokens.",
            "Of the 20% that are left, one half becomes random and the other half stays.",
        ),
        fates=_tenth_of_the_rest,
    ),
    variant(
        masker,
        "random tokens over the [MASK]s",
        (
            "There are no [MASK]s left: random tokens were written over them.",
            "fate < 0.9 holds for everything below 0.8 as well.",
            "The random tenth begins where the [MASK]s end: (fate >= 0.8) & (fate < 0.9).",
        ),
        fates=lambda fate, generator: (fate < 0.8, fate < 0.9),
    ),
    variant(
        masker,
        "the random tenth lies within the [MASK]s",
        (
            "Only 70% of the chosen become [MASK], and 20% stay.",
            "fate < 0.1 is part of fate < 0.8: the random tokens take their tenth from the [MASK]s.",
            "The random tenth must lie above 0.8.",
        ),
        fates=lambda fate, generator: (fate < 0.8, fate < 0.1),
    ),
    variant(
        masker,
        "80% random, 10% [MASK]",
        (
            "Most of the chosen tokens become random ones, few become [MASK].",
            "It is 80% [MASK] and 10% random.",
            "Which comparison with fate goes with which of the two?",
        ),
        fates=lambda fate, generator: (fate >= 0.9, fate < 0.8),
    ),
    variant(
        masker,
        "80% stay",
        (
            "Most of the chosen tokens stay as they are.",
            "It is 80% that become [MASK].",
            "Is fate < 0.8 or fate >= 0.8 where you put [MASK]?",
        ),
        fates=lambda fate, generator: (fate >= 0.9, (fate >= 0.8) & (fate < 0.9)),
    ),
    variant(
        masker,
        "90% become [MASK]",
        (
            "90% of the chosen become [MASK].",
            "80% become [MASK], 10% a random token, 10% stay.",
            "fate < 0.8.",
        ),
        fates=lambda fate, generator: (fate < 0.9, fate >= 0.9),
    ),
    variant(
        masker,
        "one fate for a whole row",
        (
            "All chosen tokens of a row meet the same fate.",
            "One random number was drawn for each row.",
            "torch.rand(input_ids.shape, ...): one number for every token.",
        ),
        fate_shape=ROW,
    ),
    variant(
        masker,
        "one fate for a whole column",
        (
            "All chosen tokens at one place meet the same fate, in every row.",
            "One row of random numbers was stretched over the batch.",
            "torch.rand(input_ids.shape, ...): one number for every token.",
        ),
        fate_shape=COLUMN,
    ),
    variant(
        masker,
        "everything chosen becomes random",
        (
            "All the tokens you choose meet the same fate: every one becomes a random token.",
            "80% become [MASK], 10% a random token, 10% stay.",
            "A random number for each position, `fate`, decides between the three.",
        ),
        fates=lambda fate, generator: (fate < 0, fate >= 0),
    ),
    variant(
        masker,
        "[MASK] outside the choice",
        (
            "Most of the text becomes [MASK]: tokens that are not chosen too.",
            "fate is drawn for every token; it counts only where a token is chosen.",
            "chosen & (fate < 0.8)",
        ),
        mask_where=lambda chosen, special: special == 0,
        random_where=lambda chosen, special: special == 0,
    ),
    variant(
        masker,
        "[MASK] outside the choice, special tokens too",
        (
            "Most of the text becomes [MASK]: tokens that are not chosen, and special ones.",
            "fate is drawn for every token; it counts only where a token is chosen.",
            "chosen & (fate < 0.8)",
        ),
        mask_where=lambda chosen, special: torch.ones_like(chosen),
    ),
    variant(
        masker,
        "random tokens outside the choice",
        (
            "A tenth of all tokens becomes random, chosen or not, special or not.",
            "fate is drawn for every token; it counts only where a token is chosen.",
            "`chosen &` belongs in front of both comparisons with fate.",
        ),
        random_where=lambda chosen, special: torch.ones_like(chosen),
    ),
    variant(
        masker,
        "the second step begins with the text again",
        (
            "There are no [MASK]s in your result.",
            "Your second torch.where takes input_ids where nothing becomes random, and so undoes the first.",
            "Its last value must be what the first one has made: corrupted.",
        ),
        second=lambda corrupted, ids: ids,
    ),
    Misconception(
        "nothing is corrupted",
        masker(fates=lambda fate, generator: (fate < 0, fate < 0)),
        (
            "Nothing is hidden: corrupted is the text as it was.",
            "torch.where and masked_fill return a new tensor, and leave the one that they are given.",
            "Keep their result: corrupted = torch.where(...).",
        ),
    ),
    Misconception(
        "the branches of torch.where exchanged",
        _swapped_branches,
        (
            "What is not chosen is replaced.",
            "torch.where(condition, a, b) takes a where the condition is True, and b elsewhere.",
            "The replacement comes first, what stays comes last.",
        ),
        (masker(second=lambda corrupted, ids: ids, mask_where=lambda chosen, special: ~chosen),),
    ),
    variant(
        masker,
        "another [MASK]",
        (
            "Your [MASK] is not mask_token_id.",
            "103 is [MASK] in bert-base-uncased; every vocabulary has its own.",
            "Use the argument.",
        ),
        mask_id=lambda given: 103,
    ),
    variant(
        masker,
        "one random token for all",
        (
            "All your random replacements are the same token, in a row, a column or everywhere.",
            "The model would soon know that one as a second [MASK].",
            "Draw a random id for every position: torch.randint(vocab_size, input_ids.shape, ...).",
        ),
        random_ids=_one_for(lambda shape: (1, 1)),
    ),
    Misconception(
        "one random token for a row",
        masker(random_ids=_one_for(ROW)),
        (
            "All your random replacements within a row are the same token.",
            "One random id was drawn for each row.",
            "Draw a random id for every position: torch.randint(vocab_size, input_ids.shape, ...).",
        ),
    ),
    Misconception(
        "one random token for a place",
        masker(random_ids=_one_for(COLUMN)),
        (
            "All your random replacements at one place are the same token, in every row.",
            "One row of random ids was stretched over the batch.",
            "Draw a random id for every position: torch.randint(vocab_size, input_ids.shape, ...).",
        ),
    ),
    variant(
        masker,
        "random tokens out of the text",
        (
            "Your random tokens are taken from the text itself.",
            "A random token can be any of the vocabulary: also one that stands nowhere in this batch.",
            "torch.randint(vocab_size, input_ids.shape, ...)",
        ),
        random_ids=_shuffled,
    ),
    variant(
        masker,
        "random ids of another vocabulary",
        (
            "Your random ids go far beyond vocab_size.",
            "30,522 is the size of bert-base-uncased; an id that a model does not have is an error.",
            "Use the argument.",
        ),
        random_ids=_below(lambda vocab_size: (0, 30522)),
    ),
    variant(
        masker,
        "one random id too many",
        (
            "One of your random ids is vocab_size itself.",
            "The ids of V pieces are 0 to V - 1; one more does not exist.",
            "torch.randint(V, ...) stays below V as it is.",
        ),
        random_ids=_below(lambda vocab_size: (0, vocab_size + 1)),
    ),
    variant(
        masker,
        "the last id is never drawn",
        (
            "The last id of the vocabulary is never among your random tokens.",
            "torch.randint(V, ...) stays below V by itself.",
            "Take the - 1 away.",
        ),
        random_ids=_below(lambda vocab_size: (0, vocab_size - 1)),
    ),
    variant(
        masker,
        "the id 0 is never drawn",
        (
            "The id 0 is never among your random tokens.",
            "Ids count from 0.",
            "torch.randint(vocab_size, ...) begins with 0.",
        ),
        random_ids=_below(lambda vocab_size: (1, vocab_size)),
    ),
    variant(
        masker,
        "labels at every position",
        (
            "Your labels hold the original id at every position.",
            "Cross-entropy would then also reward copying the 85% that were never hidden.",
            "Positions that were not chosen get -100, the label that cross-entropy skips.",
        ),
        who=lambda labelled, ids, corrupted, masked: torch.ones_like(labelled),
    ),
    variant(
        masker,
        "labels taken after the corruption",
        (
            "Your labels are the corrupted ids.",
            "The answer to a blank is the word that stood there, not [MASK].",
            "Take the labels from input_ids before anything is replaced, and replace in a copy.",
        ),
        label=lambda ids, corrupted: corrupted,
    ),
    variant(
        masker,
        "labels inverted",
        (
            "-100 stands at the hidden positions, and the ids elsewhere.",
            "-100 means: do not count this position. Only the hidden ones should count.",
            "Which branch of your torch.where is taken where the choice is True?",
        ),
        who=lambda labelled, ids, corrupted, masked: ~labelled,
    ),
    variant(
        masker,
        "only the [MASK] positions are labelled",
        (
            "The randomly replaced and the unchanged tokens carry no label.",
            "They were chosen: the model has to say what stood there without being told by a [MASK].",
            "Labels belong to the whole choice, not only to the part that became [MASK].",
        ),
        who=lambda labelled, ids, corrupted, masked: masked,
    ),
    variant(
        masker,
        "what stays is not labelled",
        (
            "The chosen tokens that stay as they are carry no label.",
            "The model has to answer for them too: so it learns not to trust what it reads.",
            "Labels belong to the whole choice: torch.where(chosen, input_ids, -100).",
        ),
        who=lambda labelled, ids, corrupted, masked: corrupted != ids,
    ),
    variant(
        masker,
        "0 instead of -100",
        (
            "Your labels are 0 where nothing was chosen.",
            "0 is the id of a piece; the loss would ask for it. -100 is the label that it skips.",
            "torch.where(chosen, input_ids, -100)",
        ),
        filler=0,
    ),
    variant(
        masker,
        "-1 instead of -100",
        (
            "Your labels are -1 where nothing was chosen.",
            "Older code had -1; cross_entropy skips -100, and fails on -1.",
            "torch.where(chosen, input_ids, -100)",
        ),
        filler=-1,
    ),
    variant(
        masker,
        "labels of 0 and 1",
        (
            "Your labels are 1 where a token was chosen, and not its id.",
            "The label is the right answer: which piece stood there.",
            "torch.where(chosen, input_ids, -100)",
        ),
        label=lambda ids, corrupted: torch.ones_like(ids),
        filler=0,
    ),
    variant(
        masker,
        "labels of 1 and -100",
        (
            "Your labels do not say which piece stood there.",
            "The label is the right answer: the id of the piece before it was hidden.",
            "torch.where(chosen, input_ids, -100)",
        ),
        label=lambda ids, corrupted: torch.ones_like(ids),
    ),
    variant(
        masker,
        "the two results exchanged",
        (
            "You return the labels first, and the corrupted text second.",
            "Whoever calls it unpacks (corrupted, labels).",
            "return corrupted, labels",
        ),
        finish=lambda corrupted, labels: (labels, corrupted),
    ),
    variant(
        masker,
        "one long row",
        (
            "Your results have lost their rows.",
            "Both must have the shape of input_ids, (B, T).",
            "Leave out .flatten(), or put .reshape(input_ids.shape) behind it.",
        ),
        finish=lambda corrupted, labels: (corrupted.flatten(), labels.flatten()),
    ),
    variant(
        masker,
        "labels of the chosen alone",
        (
            "Your labels are a list of the chosen tokens alone.",
            "The loss needs to know where each stands: labels have the shape of input_ids.",
            "torch.where(chosen, input_ids, -100) keeps the shape; input_ids[chosen] does not.",
        ),
        finish=lambda corrupted, labels: (corrupted, labels[labels != IGNORE]),
    ),
    variant(
        masker,
        "one result only",
        (
            "You return one tensor.",
            "Two are asked for: what the model reads, and what it should have read.",
            "return corrupted, labels",
        ),
        finish=lambda corrupted, labels: corrupted,
    ),
)
