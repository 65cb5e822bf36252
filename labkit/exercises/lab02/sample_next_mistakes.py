"""Exercise 2.7: the wrong answers that students write."""

import torch

from labkit.exercises.exercise import Misconception, variant

NOTHING = float("-inf")


def _cut_k(ordered, ids, top_k):
    """Scores, sorted: −inf behind the first k; 0 keeps all."""
    ordered = ordered.clone()
    if top_k:
        ordered[:, top_k:] = NOTHING
    return ordered


def _keep_p(probs, plain, top_p, top_k):
    """Which of the sorted tokens stay: those before which less than p has been reached."""
    shares = probs / probs.sum(dim=-1, keepdim=True)
    return shares.cumsum(dim=-1) - shares < top_p


def chances(
    logits,
    temperature,
    top_k,
    top_p,
    heat=lambda logits, temperature: logits / temperature,
    greedy=lambda temperature: temperature == 0,
    favourite=lambda logits: logits.argmax(dim=-1),
    upwards=False,
    cut=_cut_k,
    axis=-1,
    keep=_keep_p,
    even=False,
    places=False,
    lookup=None,
    forgive=False,
    always=False,
):
    """(B, V): what the next token of each text is drawn with; single choices can be made wrongly."""
    if forgive:
        logits = logits.masked_fill(logits.isinf(), 0.0)
    if greedy(temperature):
        return torch.nn.functional.one_hot(favourite(logits), logits.shape[-1]).float()
    ordered, ids = heat(logits, temperature).sort(dim=-1, descending=not upwards)
    plain = logits.gather(-1, ids).softmax(dim=-1)
    probs = cut(ordered, ids, top_k).softmax(dim=axis)
    if top_p < 1 and keep is None:  # the running sum in the order of the ids
        by_id = torch.zeros_like(probs).scatter(-1, ids, probs)
        probs = probs * (by_id.cumsum(dim=-1) - by_id < top_p).gather(-1, ids)
    elif top_p < 1 or always:
        probs = probs * keep(probs, plain, top_p, top_k)
    if even:
        probs = (probs > 0).float()
    if lookup == "first row":
        ids = ids[:1].expand(len(ids), -1)
    if lookup == "unsorted":
        probs = torch.zeros_like(probs).scatter(-1, ids, probs)
    return probs if places else torch.zeros_like(probs).scatter(-1, ids, probs)


def _sampler(finish=lambda ids: ids, **choices):
    """sample_next, with single choices made wrongly."""

    def answer(logits, temperature, top_k, top_p, generator):
        probs = chances(logits, temperature, top_k, top_p, **choices)
        return finish(torch.multinomial(probs, 1, generator=generator)[:, 0])

    return answer


def _of_the_first_text(logits):
    return logits[:1].argmax(dim=-1).expand(len(logits))


def _more(by):
    """Keeps k + by tokens."""
    return lambda ordered, ids, top_k: _cut_k(ordered, ids, top_k + by) if top_k else ordered


def _nothing_at_zero(ordered, ids, top_k):
    ordered = ordered.clone()
    ordered[:, top_k:] = NOTHING
    return ordered


def _head(ordered, ids, top_k):
    ordered = ordered.clone()
    ordered[:, :top_k] = NOTHING
    return ordered


def _one_less(ordered, ids, top_k):
    return _cut_k(ordered, ids, max(1, top_k - 1)) if top_k else ordered


def _head_of_more(ordered, ids, top_k):
    return _head(ordered, ids, top_k) if 0 < top_k < ordered.shape[1] else ordered


def _tail(ordered, ids, top_k):
    places = torch.arange(ordered.shape[1])
    return ordered.masked_fill(places < len(places) - top_k, NOTHING) if top_k else ordered


def _first_ids(ordered, ids, top_k):
    return ordered.masked_fill(ids >= top_k, NOTHING) if top_k else ordered


def _texts(ordered, ids, top_k):
    ordered = ordered.clone()
    if top_k:
        ordered[top_k:] = NOTHING
    return ordered


def _zeros(ordered, ids, top_k):
    ordered = ordered.clone()
    if top_k:
        ordered[:, top_k:] = 0.0
    return ordered


def _threshold_of_the_first(ordered, ids, top_k):
    return (
        ordered.masked_fill(ordered < ordered[0, min(top_k, ordered.shape[1]) - 1], NOTHING)
        if top_k
        else ordered
    )


def _fifty(ordered, ids, top_k):
    return _cut_k(ordered, ids, top_k or 50)


def _too_many(ordered, ids, top_k):
    if top_k > ordered.shape[1]:
        raise RuntimeError("selected index k out of range")
    return _cut_k(ordered, ids, top_k)


def _shares(probs):
    return probs / probs.sum(dim=-1, keepdim=True)


def _first(probs):
    return torch.arange(probs.shape[1]) == 0


def _one_too_many(probs, plain, top_p, top_k):
    reached = _shares(probs).cumsum(dim=-1).roll(2, dims=-1)
    reached[:, :2] = 0
    return reached < top_p


def _below_p(probs, plain, top_p, top_k):
    return (probs.cumsum(dim=-1) < top_p) | _first(probs)


def _as_many_as_the_first_text(probs, plain, top_p, top_k):
    kept = _keep_p(probs, plain, top_p, top_k)[:1].sum()
    return (torch.arange(probs.shape[1]) < kept).expand(len(probs), -1)


def _largest_logit(logits, temperature, top_k, top_p, generator):
    return (
        logits.max(dim=-1).values
        if temperature == 0
        else _sampler()(logits, temperature, top_k, top_p, generator)
    )


def _one_number_for_all(logits, temperature, top_k, top_p, generator):
    probs = chances(logits, temperature, top_k, top_p)
    ordered, ids = probs.sort(dim=-1, descending=True)
    pick = (ordered.cumsum(dim=-1) <= torch.rand((), generator=generator)).sum(dim=-1)
    return ids.gather(-1, pick.clamp(max=logits.shape[1] - 1)[:, None])[:, 0]


def _mistake(name, hints, **choices):
    return variant(_sampler, name, hints, **choices)


MISCONCEPTIONS = (
    _mistake(
        "the temperature has no effect",
        (
            "Your temperature changes nothing.",
            "Dividing *probabilities* by a number is undone when they are rescaled to sum to 1.",
            "Divide the logits, before the softmax, and go on with what comes out.",
        ),
        heat=lambda logits, temperature: logits,
    ),
    _mistake(
        "multiplied by the temperature",
        (
            "Your high temperature is bold and your low one wild.",
            "A high temperature makes all tokens alike: it must shrink the differences between logits.",
            "Divide, do not multiply.",
        ),
        heat=lambda logits, temperature: logits * temperature,
    ),
    _mistake(
        "always the likeliest",
        (
            "You always take the likeliest token.",
            "That is greedy decoding, right only for temperature 0. Sampling *draws*.",
            "torch.multinomial draws an index with the probabilities you hand it.",
        ),
        greedy=lambda temperature: True,
    ),
    _mistake(
        "the likeliest at every low temperature",
        (
            "Below temperature 1 you always take the likeliest token.",
            "Only 0 is greedy. At 0.7 the likely gets likelier, and the others still come.",
            "if temperature == 0, and nothing else.",
        ),
        greedy=lambda temperature: temperature < 1,
    ),
    _mistake(
        "division by a temperature of 0",
        (
            "A temperature of 0 breaks your function.",
            "Dividing by 0 gives infinities, and the softmax of those is NaN. "
            "What happens as the temperature comes close to 0?",
            "Treat it first: if temperature == 0, return the argmax.",
        ),
        greedy=lambda temperature: False,
    ),
    _mistake(
        "temperature 0 drawn as 1",
        (
            "At temperature 0 your function draws, as it does at 1.",
            "0 is no division left out: it takes the likeliest token, always.",
            "if temperature == 0, return the argmax of each row, before anything is drawn.",
        ),
        greedy=lambda temperature: False,
        heat=lambda logits, temperature: logits / (temperature or 1),
    ),
    _mistake(
        "a place instead of the token at temperature 0",
        (
            "At temperature 0 you return 0 for every text.",
            "After sorting the likeliest stands at place 0, whichever id it has.",
            "ids[:, 0] holds the ids of the likeliest; or logits.argmax(dim=-1), unsorted.",
        ),
        favourite=lambda logits: torch.zeros(len(logits), dtype=torch.int64),
    ),
    Misconception(
        "a logit instead of the token at temperature 0",
        _largest_logit,
        (
            "At temperature 0 you return the largest logit itself, not the id of its token.",
            "max and sort give values and indices; the ids are the indices.",
            "logits.argmax(dim=-1), or ids[:, 0] of what sort gives.",
        ),
    ),
    _mistake(
        "the first text's favourite at temperature 0",
        (
            "At temperature 0 all your texts get the favourite of the first.",
            "Each row of logits has its own.",
            "logits.argmax(dim=-1), or ids[:, 0]: one entry for each row.",
        ),
        favourite=_of_the_first_text,
    ),
    _mistake(
        "the least likely at temperature 0",
        (
            "At temperature 0 you take the *least* likely token.",
            "Sorted from the likeliest down, the last place is the worst.",
            "ids[:, 0], not ids[:, -1]; argmax, not argmin.",
        ),
        favourite=lambda logits: logits.argmin(dim=-1),
    ),
    _mistake(
        "top_k keeps the least likely",
        (
            "With top_k you keep the k *least* likely tokens.",
            "Sorting puts the smallest first unless told otherwise.",
            "Once sorted from the likeliest down, which part do you set to 0: [:k] or [k:]?",
        ),
        cut=_tail,
    ),
    _mistake(
        "sorted upwards",
        (
            "Your cuts keep the least likely tokens, those of top_k and of top_p.",
            "Sorting puts the smallest first unless told otherwise.",
            "sort(dim=-1, descending=True).",
        ),
        upwards=True,
    ),
    _mistake(
        "top_k takes the first k away",
        (
            "With top_k you take the k likeliest tokens away.",
            "They are the ones that stay.",
            "What goes is ordered[:, top_k:], not ordered[:, :top_k].",
        ),
        cut=_head,
    ),
    _mistake(
        "top_k takes the first k away, if there are more",
        (
            "With top_k you take the k likeliest tokens away and keep the rest.",
            "The k likeliest are the ones that stay.",
            "What goes is ordered[:, top_k:], not ordered[:, :top_k].",
        ),
        cut=_head_of_more,
    ),
    _mistake(
        "the first k of the vocabulary",
        (
            "With top_k you keep the tokens with ids below k, not the likeliest.",
            "The k likeliest stand in front only once the row is sorted.",
            "Cut `ordered`, not `logits`.",
        ),
        cut=_first_ids,
    ),
    _mistake(
        "top_k takes texts away",
        (
            "With top_k you take whole texts of the batch away.",
            "The first axis counts the texts, the second the tokens.",
            "ordered[:, top_k:], with a colon for the texts.",
        ),
        cut=_texts,
    ),
    _mistake(
        "logits set to 0",
        (
            "With top_k, tokens that should be gone are still drawn.",
            "A logit of 0 is an ordinary logit: e to the 0 is 1.",
            'float("-inf") makes the probability 0.',
        ),
        cut=_zeros,
    ),
    _mistake(
        "the first text's k-th value for all",
        (
            "With top_k all your texts are cut at the value of the first text's k-th logit.",
            "Each row has its own k likeliest, and its own k-th value.",
            "Keep an axis: the k-th of each row is ordered[:, top_k - 1, None].",
        ),
        cut=_threshold_of_the_first,
    ),
    _mistake(
        "top_k is not used",
        (
            "Your draws pay no attention to top_k.",
            "top_k = 1 leaves a single token; yours draws others as well.",
            "Before the softmax, give all but the first top_k of the sorted logits −inf.",
        ),
        cut=lambda ordered, ids, top_k: ordered,
    ),
    _mistake(
        "one token fewer than top_k",
        (
            "You keep one token too few of the k likeliest.",
            "With top_k = 1 nothing is left to draw from.",
            "The first k of a sorted row are [:, :top_k]; what goes is [:, top_k:].",
        ),
        cut=lambda ordered, ids, top_k: (
            ordered.masked_fill(torch.arange(ordered.shape[1]) >= top_k - 1, NOTHING) if top_k else ordered
        ),
    ),
    _mistake(
        "one token fewer than top_k, but one at least",
        (
            "With top_k above 1 you keep one token too few.",
            "The k likeliest are k tokens: with top_k = 3 there are three to draw from.",
            "The first k of a sorted row are [:, :top_k]; what goes is [:, top_k:].",
        ),
        cut=_one_less,
    ),
    _mistake(
        "one token more than top_k",
        (
            "You keep one token too many of the k likeliest.",
            "With top_k = 1 the likeliest should come every time.",
            "The first k of a sorted row are [:, :top_k]; what goes is [:, top_k:].",
        ),
        cut=_more(1),
    ),
    _mistake(
        "top_k = 0 takes everything away",
        (
            "With top_k = 0 nothing is left to draw from.",
            "0 means that all tokens stay, but ordered[:, 0:] is the whole row.",
            "if top_k > 0: around the line.",
        ),
        cut=_nothing_at_zero,
    ),
    _mistake(
        "top_k = 0 keeps 50",
        (
            "With top_k = 0 you keep only some of the tokens of a larger vocabulary.",
            "0 means that all of them stay. (50 is a default of Hugging Face.)",
            "if top_k > 0: cut; else nothing.",
        ),
        cut=_fifty,
    ),
    _mistake(
        "top_k beyond the vocabulary",
        (
            "A top_k that is larger than the vocabulary breaks your function.",
            "Then all tokens stay; but topk wants no more than there are.",
            "A slice bears it: ordered[:, top_k:]. Or min(top_k, logits.shape[-1]).",
        ),
        cut=_too_many,
    ),
    _mistake(
        "the k likeliest are drawn evenly",
        (
            "The tokens that stay come equally often in your draws.",
            "The cuts only take the others away; the rest keep their proportions.",
            "Hand the remaining probabilities to torch.multinomial, not ones.",
        ),
        even=True,
    ),
    _mistake(
        "the token that crosses p is dropped",
        (
            "Your top_p keeps one token too few.",
            "The set has to *reach* p, so the token that crosses it belongs to it; if the first is above p already, it must stay, or nothing is left.",
            "Keep a token if what is likelier, without itself, is still below p.",
        ),
        keep=lambda probs, plain, top_p, top_k: _shares(probs).cumsum(dim=-1) <= top_p,
    ),
    _mistake(
        "the token that crosses p is dropped, the first saved",
        (
            "Your top_p keeps one token too few, unless it is the first.",
            "The set has to *reach* p, so the token that crosses it belongs to it.",
            "Keep a token if what is likelier, without itself, is still below p: that saves the first as well.",
        ),
        keep=lambda probs, plain, top_p, top_k: (_shares(probs).cumsum(dim=-1) <= top_p) | _first(probs),
    ),
    _mistake(
        "the token that reaches p is dropped, also at top_p = 1",
        (
            "Your top_p drops the token with which the sum reaches p, even at top_p = 1.",
            "The set has to *reach* p, so that token belongs to it; at top_p = 1 all tokens stay.",
            "Keep a token if what is likelier, without itself, is still below p: cumsum − probs < top_p.",
        ),
        keep=_below_p,
        always=True,
    ),
    _mistake(
        "one token more than top_p where the sum is p",
        (
            "Your top_p keeps one token too many where the sum of the likelier ones is exactly p.",
            "With 0.5, 0.25, 0.25 and top_p = 0.5 the first token reaches p alone: the set is complete.",
            "A token stays if what is likelier is *below* p: <, not <=.",
        ),
        keep=lambda probs, plain, top_p, top_k: _shares(probs).cumsum(dim=-1) - _shares(probs) <= top_p,
    ),
    _mistake(
        "as many tokens as the first text's top_p keeps",
        (
            "With top_p all your texts keep as many tokens as the first text.",
            "Each row reaches p in its own place: a sure one with few tokens, an unsure one with many.",
            "Decide row by row: a comparison (B, V), without [0] or a single number of tokens.",
        ),
        keep=_as_many_as_the_first_text,
    ),
    _mistake(
        "one token more than top_p",
        (
            "Your top_p keeps one token too many.",
            "The set ends with the token that crosses p.",
            "Is it shifted twice? Where cumsum − probs is used, nothing else has to be shifted.",
        ),
        keep=_one_too_many,
    ),
    _mistake(
        "top_p as a threshold for each token",
        (
            "You compare each single probability with a threshold.",
            "top_p is about a *set*: the likeliest tokens that reach p together.",
            "The running sum: probs.cumsum(dim=-1) − probs.",
        ),
        keep=lambda probs, plain, top_p, top_k: (probs >= 1 - top_p) | _first(probs),
    ),
    _mistake(
        "a share of the likeliest's probability",
        (
            "You compare each probability with the likeliest's.",
            "That is min-p, another method. top_p is about the set of tokens that reach p together.",
            "The running sum: probs.cumsum(dim=-1) − probs.",
        ),
        keep=lambda probs, plain, top_p, top_k: probs >= (1 - top_p) * probs[:, :1],
    ),
    _mistake(
        "top_p is not used",
        (
            "Your draws pay no attention to top_p.",
            "Tokens that stand behind the p likeliest percent are drawn too.",
            "A token stays if what is likelier than it sums to less than top_p; the others get probability 0.",
        ),
        keep=lambda probs, plain, top_p, top_k: torch.ones_like(probs).bool(),
    ),
    _mistake(
        "either top_k or top_p",
        (
            "Where top_k is given, you pay no attention to top_p.",
            "Both may be given: first top_k, and top_p on what it leaves.",
            "Two ifs, and no elif or else between them.",
        ),
        keep=lambda probs, plain, top_p, top_k: (
            torch.ones_like(probs).bool() if top_k else _keep_p(probs, plain, top_p, top_k)
        ),
    ),
    _mistake(
        "top_p before the rest is rescaled",
        (
            "With top_k and top_p together you keep too many tokens.",
            "After top_k the remaining probabilities have to sum to 1 again before p is measured on them.",
            "Set the logits behind the k-th to −inf, and take the softmax after that.",
        ),
        keep=lambda probs, plain, top_p, top_k: (
            plain.cumsum(dim=-1) - plain < top_p if top_k else _keep_p(probs, plain, top_p, top_k)
        ),
    ),
    _mistake(
        "top_p before the temperature",
        (
            "You measure top_p on probabilities of temperature 1.",
            "The temperature changes how many tokens it takes to reach p.",
            "First divide by the temperature, then cut.",
        ),
        keep=lambda probs, plain, top_p, top_k: _keep_p(plain * (probs > 0), plain, top_p, top_k),
    ),
    _mistake(
        "the running sum over the vocabulary as it stands",
        (
            "Your running sum goes over the vocabulary, not from the likeliest down.",
            "So the tokens with the lowest ids stay, likely or not.",
            "Take cumsum of the *sorted* probabilities.",
        ),
        keep=None,
    ),
    _mistake(
        "the running sum over the texts",
        (
            "Your running sum goes over the texts of the batch.",
            "Each text has its own likeliest tokens, which reach p together.",
            "cumsum(dim=-1)",
        ),
        keep=lambda probs, plain, top_p, top_k: probs.cumsum(dim=0) - probs < top_p,
    ),
    _mistake(
        "the place in the sorted list instead of the token",
        (
            "You return places in the sorted list.",
            "After sorting, entry 0 is the likeliest token, whichever id it has.",
            "sort gives .indices as well: look the drawn place up there, with gather.",
        ),
        places=True,
    ),
    _mistake(
        "the first text's order for all",
        (
            "You look the drawn places up in the first text's order.",
            "Each row was sorted by itself, so place 3 is another token in each.",
            "ids.gather(-1, pick) looks each place up in its own row.",
        ),
        lookup="first row",
    ),
    _mistake(
        "drawn in one order, looked up in another",
        (
            "You draw from the unsorted probabilities and look the result up in the sorted list.",
            "What is drawn from unsorted probabilities is an id already.",
            "Sorted and looked up, or unsorted and taken as it is.",
        ),
        lookup="unsorted",
    ),
    _mistake(
        "softmax over the texts",
        (
            "Your softmax runs over the texts of the batch.",
            "Each text has its own distribution over the V tokens.",
            "logits are (B, V): the tokens are the last axis.",
        ),
        axis=0,
    ),
    _mistake(
        "what the caller forbids is drawn",
        (
            "A token whose logit is −inf is drawn.",
            "That is how a caller rules a token out: its probability is 0.",
            "Leave −inf as it is: softmax bears it.",
        ),
        forgive=True,
    ),
    _mistake(
        "an axis too many",
        (
            "Your result has an axis too many: (B, 1) and not (B,).",
            "torch.multinomial gives a column, one draw in each row.",
            "[:, 0] or .squeeze(-1) takes it off.",
        ),
        finish=lambda ids: ids[:, None],
    ),
    _mistake(
        "axes of length 1 are gone",
        (
            "With a single text you return a scalar, not (1,).",
            ".squeeze() takes away every axis of length 1, the batch's too.",
            "[:, 0] or .squeeze(-1).",
        ),
        finish=lambda ids: ids.squeeze(),
    ),
    _mistake(
        "only the first text",
        (
            "You return the draw of the first text only.",
            "Each row of logits is a text, and each gets its token.",
            "torch.multinomial(probs, 1, ...) draws for all rows at once.",
        ),
        finish=lambda ids: ids[:1],
    ),
    Misconception(
        "the generator stands where replacement belongs",
        lambda logits, temperature, top_k, top_p, generator: torch.multinomial(
            logits.softmax(dim=-1), 1, generator
        ),
        (
            "You hand the generator to torch.multinomial by its place, and the third place is replacement's.",
            "torch.multinomial(probs, num_samples, replacement): the generator goes by its name only.",
            "torch.multinomial(probs, 1, generator=generator)",
        ),
    ),
    Misconception(
        "one random number for the whole batch",
        _one_number_for_all,
        (
            "All texts with the same logits get the same token.",
            "One random number serves the whole batch. Each text has to be drawn by itself.",
            "torch.multinomial(probs, 1, generator=generator) draws anew for every row.",
        ),
        spellings=(
            lambda logits, temperature, top_k, top_p, generator: torch.multinomial(
                chances(logits, temperature, top_k, top_p)[:1], 1, generator=generator
            )[:, 0].expand(len(logits)),
        ),
    ),
)
