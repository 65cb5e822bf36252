"""Exercise 2.6: the wrong answers that students write."""

import math
from functools import cache

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab02.decoders import gpt, small_decoder


@cache
def _logits(name, ids):
    """(T, V); kept, because so many mistakes begin with the same logits."""
    model = {"gpt-mini": gpt, "small": small_decoder}[name]()
    with torch.inference_mode():
        return model.network(input_ids=torch.tensor([ids])).logits[0].clone()


def _in_context(model, ids):
    return _logits(model.name, tuple(ids))


def _one_before(model, ids):
    return torch.cat([_logits(model.name, (index,)) for index in ids])


def _gather(log_probs, targets):
    return log_probs.gather(-1, targets[:, None])[:, 0]


def _shift(logits, ids):
    return logits[:-1], ids[1:]


def _end_of_text(model):
    return [model.tokenizer.eos_token_id]


def _scorer(
    own=lambda model: model,
    text_as=lambda text: text,
    front=_end_of_text,
    back=lambda model: [],
    most=None,
    read=_in_context,
    shift=_shift,
    heat=1.0,
    log_probs=lambda logits: logits.log_softmax(dim=-1),
    pick=_gather,
    combine=lambda picked: picked.sum(),
    finish=lambda result: result.tolist(),  # of a scalar: a number
    base=1.0,
):
    """sentence_log_prob, with single choices made wrongly."""

    def answer(model, text):
        model = own(model)
        ids = front(model) + model.tokenizer(text_as(text)).input_ids[:most] + back(model)
        logits, targets = shift(read(model, ids), torch.tensor(ids))
        return finish(combine(pick(log_probs(logits / heat), targets) / base))

    return answer


def _first_place(log_probs, targets):
    """Each token judged where the same token came first."""
    places = [targets.tolist().index(token) for token in targets.tolist()]
    return log_probs[torch.tensor(places), targets]


def _each_token_once(model, text):
    """Tokens that come twice counted once, at their last place."""
    ids = [model.tokenizer.eos_token_id, *model.tokenizer(text).input_ids]
    log_probs = _in_context(model, ids).log_softmax(dim=-1)
    return sum({token: log_probs[t, token].item() for t, token in enumerate(ids[1:])}.values())


def _its_own_first_token_in_front(model, text):
    ids = model.tokenizer(text).input_ids
    ids = [ids[0], *ids]
    return _gather(_in_context(model, ids[:-1]).log_softmax(dim=-1), torch.tensor(ids[1:])).sum().item()


def _words_alone(model, text):
    return sum(_RIGHT(model, word) for word in text.split())


def _words_alone_with_their_spaces(model, text):
    first, *others = text.split()
    return sum(_RIGHT(model, word) for word in (first, *(f" {word}" for word in others)))


_RIGHT = _scorer()


def _mistake(name, hints, **choices):
    """A choice made wrongly that often comes together with another."""
    return variant(_scorer, name, hints, **choices)


def _alone(name, hints, **choices):
    """One that seldom does: not tried together with others, which takes time."""
    return Misconception(name, _scorer(**choices), hints)


MISCONCEPTIONS = (
    _mistake(
        "the first token is left out",
        (
            "P(first token) is missing from your sum.",
            "The chain begins with P(w_1), given nothing but that a text begins.",
            "Put the end-of-text token in front: what follows it is how texts begin.",
        ),
        front=lambda model: [],
    ),
    _mistake(
        "the first prediction is dropped",
        (
            "P(first token) is missing from your sum, though the end-of-text token stands in front of it.",
            "Its prediction is made at the end-of-text token, which is position 0.",
            "Leave out the last logits and the first id, nothing else: is there a shift too many?",
        ),
        shift=lambda logits, ids: (logits[1:-1], ids[2:]),
    ),
    _mistake(
        "the last token is left out",
        (
            "P(last token) is missing from your sum.",
            "With one token put in front there are as many predictions as the text has tokens.",
            "range(len(ids) − 1) stops before the last position already.",
        ),
        shift=lambda logits, ids: (logits[:-2], ids[1:-1]),
    ),
    _mistake(
        "the end of the text is counted as well",
        (
            "Your sum has one factor too many: the end-of-text token behind the text.",
            "Whether the text ends here is another question; this sum stops with the last token.",
            "The end-of-text token stands in front, not behind.",
        ),
        back=_end_of_text,
    ),
    _mistake(
        "the end-of-text token behind instead of in front",
        (
            "Your end-of-text token stands behind the text: the first token is not counted, and the end is.",
            "It is there for the first token to have something to follow.",
            "[eos, *ids] instead of [*ids, eos].",
        ),
        front=lambda model: [],
        back=_end_of_text,
    ),
    *(
        _alone(
            f"{name} in front",
            (
                f"You put {name} in front, which is not this model's end-of-text token.",
                "Which id ends a text differs from tokenizer to tokenizer.",
                "model.tokenizer.eos_token_id",
            ),
            front=front,
        )
        for name, front in (
            ("token 0", lambda model: [0]),
            ("the last id of the vocabulary", lambda model: [len(model.tokenizer) - 1]),
            ("token 50256", lambda model: [50256]),
        )
    ),
    Misconception(
        "a number and a list are added",
        lambda model, text: model.tokenizer.eos_token_id + model.tokenizer(text).input_ids,
        (
            "You join a number and a list with +; it joins only lists.",
            "eos_token_id is a single number, input_ids a list of them.",
            "Brackets make a list of the number: [model.tokenizer.eos_token_id] + ids.",
        ),
        spellings=(lambda model, text: model.tokenizer(text).input_ids + model.tokenizer.eos_token_id,),
    ),
    Misconception(
        "the text's own first token in front",
        _its_own_first_token_in_front,
        (
            "In front of your text stands its own first token, once more.",
            "The first token is to be predicted from nothing but that a text begins. "
            "The end-of-text token says that.",
            "[model.tokenizer.eos_token_id, *ids]",
        ),
    ),
    Misconception(
        "each word on its own",
        _words_alone,
        (
            "You score each word on its own, as if it stood at the beginning of a text.",
            "The chain rule asks for each token *given those before it*; and the spaces belong to the text.",
            "Hand the whole text to the tokenizer, without .split().",
        ),
        spellings=(_words_alone_with_their_spaces,),
    ),
    _mistake(
        "the mean instead of the sum",
        (
            "You average over the tokens.",
            "Probabilities multiply along the chain, so their logarithms add up: longer texts are less likely. "
            "(cross_entropy averages unless told otherwise.)",
            "Sum the log-probabilities.",
        ),
        combine=lambda picked: picked.mean(),
    ),
    _alone(
        "the mean times all ids",
        (
            "Your sum is too large: a mean, multiplied by one token too many.",
            "The model's loss is a mean over the tokens that have something before them. "
            "The end-of-text token in front is not predicted.",
            "How many predictions does a text of T tokens have, with one token put in front?",
        ),
        combine=lambda picked: picked.mean() * (len(picked) + 1),
    ),
    _mistake(
        "the probability instead of its logarithm",
        (
            "Your result is a probability, not its logarithm.",
            "A product of a hundred small numbers is 0 to a computer; a sum of a hundred logarithms is not.",
            "Leave the logarithms as they are: no exp.",
        ),
        combine=lambda picked: picked.sum().exp(),
    ),
    _alone(
        "the logarithm of a product",
        (
            "For a long text you return minus infinity.",
            "You multiply the probabilities first: the product of a hundred small numbers is 0 to a computer.",
            "Add the logarithms instead: .log_softmax(dim=-1), then a sum.",
        ),
        combine=lambda picked: picked.exp().prod().log(),
    ),
    _alone(
        "the logarithm of the mean",
        (
            "You take the mean of the probabilities first, and the logarithm of that.",
            "P(text) is a *product*: its logarithm is the sum of the logarithms.",
            "First the logarithm of each, then the sum.",
        ),
        combine=lambda picked: picked.exp().mean().log(),
    ),
    _alone(
        "the logarithm of the sum",
        (
            "You add up probabilities and take the logarithm of that.",
            "P(text) is a *product*: its logarithm is the sum of the logarithms.",
            "First the logarithm of each, then the sum.",
        ),
        combine=lambda picked: picked.exp().sum().log(),
    ),
    _mistake(
        "a sum of probabilities",
        (
            "You add up probabilities; there is no logarithm.",
            "P(text) is a product. Only logarithms may be added.",
            "log_softmax instead of softmax.",
        ),
        combine=lambda picked: picked.exp().sum(),
    ),
    _alone(
        "a sum of probabilities with a minus",
        (
            "You add up probabilities and turn the sign; there is no logarithm.",
            "P(text) is a product. Only logarithms may be added. (nll_loss wants them as well.)",
            "log_softmax instead of softmax.",
        ),
        combine=lambda picked: -picked.exp().sum(),
    ),
    _alone(
        "a product of logarithms",
        (
            "You multiply the logarithms.",
            "The logarithm turns the product into a *sum*: log(ab) = log a + log b.",
            ".sum() instead of .prod(); += instead of *=.",
        ),
        combine=lambda picked: picked.prod(),
    ),
    _mistake(
        "only the last token",
        (
            "You return log P of the last token alone.",
            "The chain has a link for every token.",
            "Collect over the loop (total += ...), and sum.",
        ),
        combine=lambda picked: picked[-1],
    ),
    _alone(
        "only the first token of the text",
        (
            "You return log P of the first token alone.",
            "The chain has a link for every token.",
            "Is the return inside the loop? It belongs behind it.",
        ),
        combine=lambda picked: picked[0],
    ),
    _mistake(
        "the sign is turned around",
        (
            "Your result is positive.",
            "The logarithm of a probability is never above 0. With a minus it is a loss.",
            "F.cross_entropy has that minus built in; log P has none.",
        ),
        combine=lambda picked: -picked.sum(),
    ),
    _mistake(
        "judged by its own token",
        (
            "You read the probability of each token where that token already stands in the input.",
            "The prediction for a token is made one position earlier, where it is not known yet.",
            "Leave out the last logits and the first id, so that they meet.",
        ),
        shift=lambda logits, ids: (logits[1:], ids[1:]),
    ),
    _mistake(
        "not shifted",
        (
            "Each position is asked for its own token, the end-of-text token too.",
            "The prediction for a token is made one position earlier, where it is not known yet.",
            "Leave out the last logits and the first id, so that they meet.",
        ),
        shift=lambda logits, ids: (logits, ids),
    ),
    _mistake(
        "shifted the wrong way",
        (
            "Each position is asked for the token *before* it.",
            "That one is known already. The question is what comes next.",
            "logits lose their last row and ids their first: [:-1] and [1:].",
        ),
        shift=lambda logits, ids: (logits[1:], ids[:-1]),
    ),
    _alone(
        "all from the last position",
        (
            "You read all the probabilities at the last position.",
            "There the whole text is known. Each token is predicted from those before it only.",
            "Position t for token t + 1: log_probs[t, ids[t + 1]].",
        ),
        read=lambda model, ids: _in_context(model, ids)[-1:].expand(len(ids), -1),
    ),
    _alone(
        "all from the first position",
        (
            "You read all the probabilities at the first position: each word on its own.",
            "The chain rule asks for each token *given those before it*.",
            "Position t for token t + 1: log_probs[t, ids[t + 1]].",
        ),
        read=lambda model, ids: _in_context(model, ids)[:1].expand(len(ids), -1),
    ),
    _alone(
        "only one token of context",
        (
            "The model sees only the one token before each.",
            "The chain rule asks for each token given *all* those before it.",
            "Feed ids[:, :t], not ids[:, t - 1 : t]; or the whole text at once: the triangle sees to it.",
        ),
        read=_one_before,
    ),
    _mistake(
        "the model's favourite instead of the text's token",
        (
            "You sum the probabilities of the likeliest tokens.",
            "The question is how likely *this* text is, whatever the model would have liked to read.",
            "Pick with gather, or with the token's id: log_probs[t, ids[t + 1]].",
        ),
        pick=lambda log_probs, targets: log_probs.max(dim=-1).values,
    ),
    _alone(
        "every position meets every token",
        (
            "At each position you pick the entries of *all* the tokens.",
            "log_probs[:, targets] crosses the two; each position has one target only.",
            "gather(-1, targets.unsqueeze(-1)) picks one entry in each row.",
        ),
        pick=lambda log_probs, targets: log_probs[:, targets],
    ),
    _alone(
        "a token that comes twice is judged at its first place",
        (
            "A token that comes twice is judged twice at the place where it came first.",
            ".index(token) finds the first place only; what stands before it is another context.",
            "Go over the positions: enumerate(ids), or range(len(ids) − 1).",
        ),
        pick=_first_place,
    ),
    Misconception(
        "a token that comes twice is counted once",
        _each_token_once,
        (
            "A token that comes twice is counted once.",
            "A dictionary or a set keeps one entry for each token; the chain has one for each *position*.",
            "Add up as you go, or collect in a list.",
        ),
    ),
    _alone(
        "softmax over the positions",
        (
            "Your softmax runs over the positions.",
            "At each position the probabilities of the V words must sum to 1.",
            "The axis of the words is the last one: log_softmax(dim=-1).",
        ),
        read=lambda model, ids: _in_context(model, ids).log_softmax(dim=0),
        log_probs=lambda logits: logits,
    ),
    _mistake(
        "softmax over the positions that count",
        (
            "Your softmax runs over the positions, the last one left out.",
            "At each position the probabilities of the V words must sum to 1.",
            "The axis of the words is the last one: log_softmax(dim=-1).",
        ),
        log_probs=lambda logits: logits.log_softmax(dim=0),
    ),
    _mistake(
        "no softmax",
        (
            "You sum the logits themselves.",
            "Logits may be any numbers; only a softmax makes them probabilities.",
            ".log_softmax(dim=-1) before you pick.",
        ),
        log_probs=lambda logits: logits,
    ),
    _alone(
        "softmax twice",
        (
            "The softmax is applied twice.",
            "cross_entropy and log_softmax want logits as they are; twice makes all words alike.",
            "Hand them model.network(...).logits itself.",
        ),
        log_probs=lambda logits: logits.softmax(dim=-1).log_softmax(dim=-1),
    ),
    _mistake(
        "logarithm to base 2",
        (
            "Your result is in bits.",
            "The slides and PyTorch use the natural logarithm: nats.",
            "torch.log instead of torch.log2.",
        ),
        base=math.log(2),
    ),
    _mistake(
        "logarithm to base 10",
        (
            "Your logarithm is to base 10.",
            "The slides and PyTorch use the natural logarithm: nats.",
            "torch.log instead of torch.log10.",
        ),
        base=math.log(10),
    ),
    _alone(
        "a temperature",
        (
            "Your logits are divided by a temperature (0.7) first.",
            "A temperature belongs to the drawing of texts. This is about what the model itself thinks.",
            "Take the logits as they are.",
        ),
        heat=0.7,
    ),
    _alone(
        "spaces are taken away",
        (
            "Spaces at the beginning or end of the text are not counted in yours.",
            "To the tokenizer they are part of the text: ' no' and 'no' are different pieces.",
            "Hand the text on as it comes, without .strip().",
        ),
        text_as=str.strip,
    ),
    _mistake(
        "a space is put in front",
        (
            "You score another text: one with a space in front.",
            "' The' and 'The' are different pieces to the tokenizer.",
            "Put the *id* of the end-of-text token in front of the ids, and leave the text alone.",
        ),
        text_as=lambda text: " " + text,
    ),
    _mistake(
        "small letters",
        (
            "You score another text: one in small letters.",
            "To GPT's tokenizer 'The' and 'the' are different pieces. (Lower case was BERT's way.)",
            "Hand the text on as it comes, without .lower().",
        ),
        text_as=str.lower,
    ),
    _alone(
        "cut at ten tokens",
        (
            "Of a longer text you count only the first tokens.",
            "The chain goes on to the last one.",
            "No max_length, no truncation=True, no [:10].",
        ),
        most=10,
    ),
    _alone(
        "cut at eight tokens",
        (
            "Only the first eight tokens of the text are counted.",
            "The chain goes on to the last one.",
            "No max_length, no truncation=True, no [:8].",
        ),
        most=8,
    ),
    _alone(
        "rounded",
        (
            "Your result is rounded to a whole number.",
            "Between two sentences a tenth of a nat may decide.",
            "Return it as it is.",
        ),
        finish=lambda result: result.round().tolist(),
    ),
    _alone(
        "the perplexity",
        (
            "You return the perplexity.",
            "That is e to the power of the mean loss. The sum of the logarithms is asked for.",
            ".sum() of the log-probabilities, and no exp.",
        ),
        combine=lambda picked: (-picked.mean()).exp(),
    ),
    _alone(
        "the list of logarithms",
        (
            "You return a number for each token, not their sum.",
            "log P(text) is one number.",
            "sum(...), or .sum().item().",
        ),
        combine=lambda picked: picked,
    ),
    _mistake(
        "always gpt-mini",
        (
            "Your result does not come from the model that is given.",
            "`model` is an argument: another decoder gives another number.",
            "Use model.tokenizer and model.network, and load nothing.",
        ),
        own=lambda model: gpt(),
    ),
)
