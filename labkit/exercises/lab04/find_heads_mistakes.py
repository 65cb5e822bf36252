"""Exercise 4.4: what students write instead."""

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab04.find_heads_wrong import (
    always_previous,
    always_true,
    around,
    best_of_each_layer,
    build,
    by_name,
    by_share,
    ends,
    equal,
    every_row,
    first_occurrence,
    first_separator,
    flat_index,
    from_ordinary_tokens,
    how_often_favourite,
    largest_target,
    last_separator,
    no_sink,
    not_itself,
    over_columns_with_targets,
    over_rows_with_targets,
    rounded_before,
    share_of_rows,
    sinks,
    where_columns_are_targets,
    without_separators,
)
from labkit.measures.attention import SEPARATORS

ALL_PLACES = "tokens[i] == tokens[j], for all pairs, the diagonal included."
IN_SEPARATORS = "Ask whether the token is in labkit.attention.SEPARATORS."
MEAN_OF_ROWS = "(maps * targets).sum(dim=-1), then the mean over the rows that have a target."
SORTED = "sorted(found, key=lambda item: item[2], reverse=True)"

_OF_TARGETS = (
    variant(
        build,
        "previous and next swapped",
        (
            "Previous and next have changed places.",
            "Row i is the token that looks, column j the token looked at: the previous token is j = i - 1.",
            "offsets[i, j] is j - i: which value has the token before?",
        ),
        neighbours=lambda offsets, step: offsets == -step,
    ),
    variant(
        build,
        "both neighbours",
        (
            "The token before and the one after both count for you.",
            "The absolute value of an offset no longer says on which side a token stands.",
            "j = i - 1 is the previous token, j = i + 1 the next.",
        ),
        neighbours=lambda offsets, step: offsets.abs() == 1,
    ),
    variant(
        build,
        "all tokens before, all tokens after",
        (
            "Every earlier token is a previous one for you, and every later one a next.",
            "offsets < 0 holds for all of them; the neighbour is one place away.",
            "offsets == -1, offsets == 1.",
        ),
        neighbours=lambda offsets, step: offsets * step > 0,
    ),
    variant(
        build,
        "the text is a ring",
        (
            "For you the last token stands before the first, and the first after the last.",
            "Python's index -1, and torch.roll, go round the corner. The first token has no previous one.",
            "offsets == -1 leaves the first row empty, and an empty row must not count.",
        ),
        neighbours=around,
    ),
    variant(
        build,
        "two places away",
        (
            "Your neighbours are two places away.",
            "Previous is j = i - 1, next is j = i + 1.",
            "offsets == -1, offsets == 1.",
        ),
        neighbours=lambda offsets, step: offsets == 2 * step,
    ),
    variant(
        build,
        "the same token is only itself",
        (
            "You find tokens that look at themselves, but not at their repetitions.",
            "In this text a word comes more than once; the same token is all of its places.",
            ALL_PLACES,
        ),
        same=lambda tokens: torch.eye(len(tokens), dtype=torch.bool),
    ),
    variant(
        build,
        "the same token is never itself",
        (
            "You leave out that a token can look at itself.",
            "Its own place is one of the places where the same token stands.",
            ALL_PLACES,
        ),
        same=lambda tokens: not_itself(equal(tokens)),
    ),
    variant(
        build,
        "earlier repetitions only",
        (
            "A token's later repetitions don't count for you.",
            "The same token is all of its places, before and after.",
            ALL_PLACES,
        ),
        same=lambda tokens: equal(tokens).tril(),
    ),
    variant(
        build,
        "the first occurrence only",
        (
            "Only the first place of a token counts for you.",
            "tokens.index gives the first place and no other.",
            ALL_PLACES,
        ),
        same=first_occurrence,
    ),
    variant(
        build,
        "capital letters don't count",
        (
            "The and the are one token for you.",
            "A tokenizer that tells them apart has two tokens there, with two vectors.",
            "tokens[i] == tokens[j], without lower().",
        ),
        same=lambda tokens: equal([token.lower() for token in tokens]),
    ),
    variant(
        build,
        "alike at the beginning",
        (
            "Tokens that only begin alike are the same for you.",
            "dog and dogs are two tokens.",
            "tokens[i] == tokens[j], whole.",
        ),
        same=lambda tokens: equal([token[:1] for token in tokens]),
    ),
    variant(
        build,
        "one inside the other",
        (
            "A token that is part of another is the same for you.",
            "`in` between two texts asks whether one is a part of the other: the is in then.",
            "tokens[i] == tokens[j].",
        ),
        same=lambda tokens: torch.tensor([[left in right for right in tokens] for left in tokens]),
    ),
    variant(
        build,
        "only [SEP] is a separator",
        (
            "Your separators are [SEP] alone.",
            f"A head rests on any token that means nothing: {', '.join(SEPARATORS)}.",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: sinks(tokens, ("[SEP]",)),
    ),
    variant(
        build,
        "only [CLS] is a separator",
        (
            "Your separators are [CLS] alone.",
            f"A head rests on any token that means nothing: {', '.join(SEPARATORS)}.",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: sinks(tokens, ("[CLS]",)),
    ),
    variant(
        build,
        "bert's separators only",
        (
            "You forget gpt's separator, <|endoftext|>.",
            "A decoder's texts have no [CLS] and no [SEP].",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: sinks(tokens, ("[CLS]", "[SEP]")),
    ),
    variant(
        build,
        "the first and the last token",
        (
            "Your separators are the first and the last token, whatever stands there.",
            "gpt's texts end with a word, and [SEP] can stand in the middle.",
            IN_SEPARATORS,
        ),
        sink=ends,
    ),
    variant(
        build,
        "the first token",
        (
            "Your separator is the first token, whatever stands there.",
            "There can be more than one separator, anywhere, and a text need not begin with one.",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: ends(tokens) & (torch.arange(len(tokens)) == 0),
    ),
    variant(
        build,
        "whatever has a bracket",
        (
            "Every token in brackets is a separator for you, [MASK] too, and <|endoftext|> is none.",
            "[MASK] stands for a word.",
            IN_SEPARATORS,
        ),
        sink=by_name(lambda token: token.startswith("[")),
    ),
    variant(
        build,
        "whatever has a bracket of any kind",
        (
            "Every token in brackets is a separator for you, [MASK] too.",
            "[MASK] stands for a word.",
            IN_SEPARATORS,
        ),
        sink=by_name(lambda token: token[0] in "[<"),
    ),
    variant(
        build,
        "part of a separator",
        (
            "Words like end, of and text are separators for you.",
            "`in` with a text asks for a part of it; with a list or tuple it asks for a whole entry.",
            "token in labkit.attention.SEPARATORS, which is a tuple.",
        ),
        sink=by_name(lambda token: token in " ".join(SEPARATORS)),
    ),
    variant(
        build,
        "punctuation too",
        (
            "Commas or full stops are separators for you.",
            "Clark et al. count them, but here it is the special tokens alone.",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: sinks(tokens, (*SEPARATORS, ".", ",")),
    ),
    variant(
        build,
        "all but the separators",
        (
            "Your targets are all tokens but the separators.",
            "A sink is what a head rests on: the separators themselves.",
            IN_SEPARATORS,
        ),
        sink=lambda tokens: ~sinks(tokens),
    ),
    variant(
        build,
        "what separators look at",
        (
            "You measure what the separators look at.",
            "A sink is looked at: the separators are the columns.",
            "The same columns are targets in every row.",
        ),
        sink=lambda tokens: sinks(tokens).T,
    ),
    variant(
        build,
        "a separator's look at itself doesn't count",
        (
            "What a separator gives to itself doesn't count for you.",
            "It is one of the separators, and every row has them all as targets.",
            "The same columns are targets in every row.",
        ),
        sink=lambda tokens: not_itself(sinks(tokens)),
    ),
    variant(
        build,
        "the separators' rows don't count",
        (
            "You leave out the rows of the separators.",
            "They look somewhere too: every row has a target, so every row counts.",
            "The same columns are targets in every row.",
        ),
        sink=from_ordinary_tokens,
    ),
    variant(
        build,
        "the last separator only",
        (
            "Only the last separator counts for you.",
            "A text can hold several, and each is a target.",
            IN_SEPARATORS,
        ),
        sink=last_separator,
    ),
    variant(
        build,
        "the first separator only",
        (
            "Only the first separator counts for you.",
            "A text can hold several; index gives the first and no other.",
            IN_SEPARATORS,
        ),
        sink=first_separator,
    ),
)

_OF_SHARES = (
    variant(
        build,
        "tokens without a target count",
        (
            "Your shares are too low: you divide by all T tokens.",
            "The first token has no previous one. "
            "It cannot follow the pattern, and must not count against the head.",
            "Average over the rows that have a target: targets.any(dim=-1).",
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=-1).mean(dim=-1),
    ),
    variant(
        build,
        "the first row never counts",
        (
            "You leave out the first row for every pattern.",
            "Only the previous token is missing there; for the others the first token has a target.",
            "targets.any(dim=-1) says which rows have one.",
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=-1)[..., 1:].mean(dim=-1),
    ),
    variant(
        build,
        "divided by T - 1",
        (
            "You divide by T - 1 for every pattern.",
            "For the neighbours one row has no target; for the other patterns all T have one.",
            "targets.any(dim=-1) says which rows have one.",
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=(-2, -1)) / max(len(targets) - 1, 1),
    ),
    variant(
        build,
        "the rows of the looked-at tokens",
        (
            "You keep the rows of tokens that are looked at, not of those that have a target.",
            "any(dim=0) asks each column; the token that looks is the row.",
            "targets.any(dim=-1).",
        ),
        share=where_columns_are_targets,
    ),
    variant(
        build,
        "summed over the queries",
        (
            "You sum over the queries, not over the keys: a share of yours can be larger than 1.",
            "A row says where one token looks, and its weights sum to 1; a column has no such sum.",
            MEAN_OF_ROWS,
        ),
        share=over_columns_with_targets,
    ),
    variant(
        build,
        "the mean over all targets",
        (
            "You average over the targets: a token with three of them is divided by three.",
            "What a token gives to its targets is their sum; only the rows are averaged.",
            MEAN_OF_ROWS,
        ),
        share=lambda maps, targets: maps[..., targets].mean(dim=-1),
    ),
    variant(
        build,
        "the sum over the rows",
        (
            "You add up the rows: your shares can be larger than 1.",
            "A head's share is what its tokens give on average.",
            MEAN_OF_ROWS,
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=(-2, -1)),
    ),
    variant(
        build,
        "how often the target is the favourite",
        (
            "You count how often the strongest weight lies on a target.",
            "A head that gives 51% to the token before and one that gives 99% would be alike.",
            "Add up the weights on the targets: (maps * targets).sum(dim=-1).",
        ),
        share=how_often_favourite,
    ),
    variant(
        build,
        "the largest target only",
        (
            "Of several targets you take the one with the largest weight.",
            "What falls on the others follows the pattern too.",
            "sum(dim=-1), not max.",
        ),
        share=largest_target,
    ),
    variant(
        build,
        "a single row is enough",
        (
            "One token that follows the pattern is enough for you.",
            "Every head looks at the token before now and then; a pattern is what it does on average.",
            "mean over the rows, not max.",
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=-1).amax(dim=-1),
    ),
    variant(
        build,
        "a share of all heads",
        (
            "You divide by the sum over all heads.",
            "A head's share is of its own attention: two heads can have 90% each.",
            "Leave out the division.",
        ),
        share=lambda maps, targets: (
            over_rows_with_targets(maps, targets) / over_rows_with_targets(maps, targets).sum()
        ),
    ),
    variant(
        build,
        "rows and columns swapped",
        (
            "You read the maps with rows and columns swapped.",
            "Row i is the token that looks, column j the token looked at.",
            "maps * targets, without a transposition.",
        ),
        maps=lambda maps, tokens, pattern: maps.transpose(-2, -1),
    ),
    variant(
        build,
        "the separators taken out",
        (
            "You take the separators out of the maps and make the rest sum to 1.",
            "That makes every other share larger; asked for is the share of all attention.",
            "Use the maps as they are.",
        ),
        maps=without_separators,
    ),
    Misconception(
        "every row must reach the threshold",
        every_row,
        (
            "A head counts for you only if every single row reaches at_least.",
            "A head's share is the mean of its rows; that mean is compared.",
            MEAN_OF_ROWS,
        ),
    ),
    variant(
        build,
        "the weakest row is the share",
        (
            "Your share is that of the row that gives its targets least.",
            "A pattern is what a head does on average, not in its worst row.",
            MEAN_OF_ROWS,
        ),
        share=lambda maps, targets: (maps * targets).sum(dim=-1)[..., targets.any(dim=-1)].amin(dim=-1),
    ),
    Misconception(
        "how many rows reach the threshold",
        share_of_rows,
        (
            "You compare each row with at_least, and count the rows.",
            "A head's share is the mean of its rows; that mean is compared.",
            MEAN_OF_ROWS,
        ),
    ),
)

_OF_LISTS = (
    variant(
        build,
        "more than at_least",
        (
            "A head with exactly the share asked for is missing from your list.",
            "At least 0.5 means 0.5 or more.",
            ">= instead of >.",
        ),
        reaches=lambda share, at_least: share > at_least,
    ),
    variant(
        build,
        "the threshold is not used",
        (
            "You return every head, however weak.",
            "Every head has some share of every pattern; one that follows it has at least at_least.",
            "Compare each share with at_least before you keep the head.",
        ),
        reaches=lambda share, at_least: True,
    ),
    variant(
        build,
        "always 0.4",
        (
            "Your threshold is always 0.4, whatever at_least says.",
            "0.4 is what the notebook asks for in one place.",
            "Compare with at_least.",
        ),
        reaches=lambda share, at_least: share >= 0.4,
    ),
    variant(
        build,
        "always 0.5",
        (
            "Your threshold is always 0.5, whatever at_least says.",
            "How much is enough is the caller's choice.",
            "Compare with at_least.",
        ),
        reaches=lambda share, at_least: share >= 0.5,
    ),
    variant(
        build,
        "the heads below",
        (
            "You return the heads that do not reach at_least.",
            "Asked for are those whose share is at_least or more.",
            ">= instead of <.",
        ),
        reaches=lambda share, at_least: share < at_least,
    ),
    Misconception(
        "rounded before the comparison",
        rounded_before,
        (
            "Your shares are rounded.",
            "0.36 becomes 0.4, and reaches a threshold that it does not reach.",
            "Compare, and return, the share as it is.",
        ),
    ),
    variant(
        build,
        "in the order of the layers",
        (
            "The heads stand in the order of layers, not of shares.",
            "The first in the list should be the one to look at. (sorted returns a new list: keep it.)",
            SORTED,
        ),
        order=lambda found: found,
    ),
    variant(
        build,
        "from the last layer to the first",
        (
            "The heads stand from the last layer to the first, not in the order of shares.",
            "Without a key, tuples are sorted by their first entry, the layer.",
            SORTED,
        ),
        order=lambda found: found[::-1],
    ),
    variant(
        build,
        "sorted by head",
        (
            "The heads are sorted by their own number.",
            "item[1] is the head; the share is item[2].",
            SORTED,
        ),
        order=lambda found: sorted(found, key=lambda item: item[1], reverse=True),
    ),
    variant(
        build,
        "weakest first",
        (
            "The weakest head comes first.",
            "Sorting puts the smallest first unless told otherwise.",
            SORTED,
        ),
        order=lambda found: sorted(found, key=lambda item: item[2]),
    ),
    Misconception(
        "what sort() gives back",
        lambda maps, tokens, pattern, at_least: build()(maps, tokens, pattern, at_least).sort(),
        (
            "Your function returns None: it ends without a return, or what it returns is None.",
            "found.sort() sorts the list itself and gives back None; sorted(found) gives back a new list.",
            f"return {SORTED}",
        ),
    ),
    variant(
        build,
        "one head for each share",
        (
            "Of two heads with the same share one is lost.",
            "A dict has each key once: the second head takes the place of the first.",
            "Collect tuples in a list.",
        ),
        order=by_share,
    ),
    variant(
        build,
        "layer and head swapped",
        (
            "Layer and head have changed places in your list.",
            "The first axis of the maps is the layer, the second the head.",
            "(layer, head, share).",
        ),
        finish=lambda found: [(head, layer, share) for layer, head, share in found],
    ),
    variant(
        build,
        "heads counted from 1",
        (
            "Your layers and heads are one too high.",
            "Here both are counted from 0, as in maps[layer, head].",
            "range counts from 0: use its numbers as they are.",
        ),
        finish=lambda found: [(layer + 1, head + 1, share) for layer, head, share in found],
    ),
    variant(
        build,
        "percent",
        (
            "Your shares are a hundred times too large: percent.",
            "A share lies between 0 and 1, like at_least.",
            "Return it as it is.",
        ),
        finish=lambda found: [(layer, head, 100 * share) for layer, head, share in found],
    ),
    variant(
        build,
        "the share first",
        (
            "The share stands first in your tuples.",
            "The next cell unpacks them as layer, head, share.",
            "(layer, head, share).",
        ),
        finish=lambda found: [(share, layer, head) for layer, head, share in found],
    ),
    variant(
        build,
        "no share",
        (
            "Your tuples have no share.",
            "The next cell unpacks them as layer, head, share.",
            "(layer, head, share).",
        ),
        finish=lambda found: [item[:2] for item in found],
    ),
    variant(
        build,
        "only the strongest head",
        (
            "You return one head where several follow the pattern.",
            "Heads share habits: in BERT several look at the previous token.",
            "Return the whole list.",
        ),
        finish=lambda found: found[:1],
    ),
    variant(
        build,
        "the best of each layer",
        (
            "You return one head of each layer.",
            "Several heads of a layer can follow the pattern.",
            "Ask each head of each layer.",
        ),
        finish=best_of_each_layer,
    ),
    Misconception(
        "nothing is found",
        lambda maps, tokens, pattern, at_least: [],
        (
            "Your list is empty, whatever is asked for.",
            "Either no branch is ever reached (are the patterns spelt as they are here?), or your shares are too small: what a token gives to its targets is a sum, not a mean over the keys.",
            "Print pattern and the largest share inside the function.",
        ),
    ),
    variant(
        build,
        "layer 0 only",
        (
            "You return the heads of layer 0 alone.",
            "A return inside the loop ends it in its first turn.",
            "Return behind the loops, as far left as they begin.",
        ),
        range_of=lambda num_layers, num_heads: (range(1), range(num_heads)),
    ),
    variant(
        build,
        "loops from 1",
        (
            "Layer 0 and head 0 are never in your list.",
            "Layers and heads are counted from 0; range(1, n) leaves out the first.",
            "range(num_layers), range(num_heads).",
        ),
        range_of=lambda num_layers, num_heads: (range(1, num_layers), range(1, num_heads)),
    ),
    variant(
        build,
        "the last of each is left out",
        (
            "The last layer and the last head are never in your list.",
            "range(n) ends at n - 1 already.",
            "range(num_layers), range(num_heads).",
        ),
        range_of=lambda num_layers, num_heads: (range(num_layers - 1), range(num_heads - 1)),
    ),
    variant(
        build,
        "four layers of four heads",
        (
            "You count on 4 layers of 4 heads.",
            "Those are the notebook's models; others have other numbers.",
            "range(num_layers), range(num_heads), from the shape of the maps.",
        ),
        range_of=lambda num_layers, num_heads: (range(4), range(4)),
    ),
    variant(
        build,
        "as many layers as heads",
        (
            "The number of layers and that of heads have changed places.",
            "maps is (L, H, T, T): the layers are the first axis.",
            "num_layers, num_heads, T, _ = maps.shape, as it stands there.",
        ),
        range_of=lambda num_layers, num_heads: (range(num_heads), range(num_layers)),
    ),
    Misconception(
        "a flat number taken apart wrongly",
        flat_index,
        (
            "Your layers and heads are wrong where there are not as many of one as of the other.",
            "A layer is H numbers long: k // H is the layer, k % H the head.",
            "divmod(k, num_heads).",
        ),
    ),
    Misconception(
        "always previous or next",
        always_true,
        (
            'Your first condition holds for every pattern, so that "same token" and "separator sink" are never reached.',
            '`pattern == "a" or "b"` is (pattern == "a") or "b", and a text counts as True.',
            'pattern == "a" or pattern == "b"; or one branch for each.',
        ),
    ),
    Misconception(
        "always previous",
        always_previous,
        (
            "Every pattern is the previous token for you.",
            "The argument says which of the four is asked for.",
            "Look at your conditions: which of them is true, and which is never reached?",
        ),
    ),
    Misconception(
        "no branch for the sink",
        no_sink,
        (
            'For "separator sink" your function has no table of targets.',
            "There are four patterns; a name that no branch has set does not exist.",
            "Give the sink a branch of its own, or an else.",
        ),
    ),
)

MISTAKES = (*_OF_TARGETS, *_OF_SHARES, *_OF_LISTS)
