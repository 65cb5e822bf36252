"""Exercise 2.8: the wrong answers that students write."""

import torch

from labkit.exercises.exercise import Misconception, variant
from labkit.exercises.lab02.decoders import gpt
from labkit.models import generation


def _last(output):
    return output.logits[:, -1]


def _writer(
    cache=True,
    feed_all=False,
    forget=False,
    read=_last,
    ask=True,
    stop=True,
    keep_end=True,
    whole=True,
    extra=0,
    move_on=True,
    fed=lambda feed: feed,
    start=lambda ids: ids,
    end=lambda model: model.tokenizer.eos_token_id,
    join=lambda ids, token: torch.cat([ids, token], dim=1),
    rounds=lambda ids, num_new: num_new,
    twice=False,
    late=False,
    finish=lambda ids, given, num_new, end: ids,
):
    """generate, with single choices made wrongly."""

    def answer(model, input_ids, num_new, choose):
        begun = start(input_ids)
        result, feed, past, end_id = input_ids, begun, None, end(model)
        for _ in range(rounds(input_ids, num_new) + extra):
            ended = late and feed[0, -1].item() == end_id and past is not None
            feed = result if feed_all or not cache else feed
            output = model.network(input_ids=fed(feed), past_key_values=past, use_cache=cache)
            past = None if forget or not cache else output.past_key_values
            logits = read(output)
            token = (choose(logits) if ask else logits.argmax(dim=-1)).reshape(1, 1)
            if token.item() == end_id and stop and not keep_end:
                break
            result = join(result, token)
            feed = token if move_on else feed
            feed = choose(logits).reshape(1, 1) if twice else feed
            if stop and (ended if late else token.item() == end_id):
                break
        result = result if whole else result[:, input_ids.shape[1] :]
        return finish(result, input_ids, num_new, end_id)

    return answer


def _filled_up(ids, given, num_new, end_id):
    missing = given.shape[1] + num_new - ids.shape[1]
    return torch.cat([ids, torch.full((1, missing), end_id)], dim=1)


def _looks_before_each_step(model, input_ids, num_new, choose):
    feed, cache = input_ids, None
    for _ in range(num_new):
        if input_ids[0, -1].item() == model.tokenizer.eos_token_id:
            break
        output = model.network(input_ids=feed, past_key_values=cache, use_cache=True)
        cache, feed = output.past_key_values, choose(output.logits[:, -1]).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
    return input_ids


def _stops_at_a_repetition(model, input_ids, num_new, choose):
    feed, cache = input_ids, None
    for _ in range(num_new):
        output = model.network(input_ids=feed, past_key_values=cache, use_cache=True)
        cache, feed = output.past_key_values, choose(output.logits[:, -1]).reshape(1, 1)
        again = feed.item() == input_ids[0, -1].item()
        input_ids = torch.cat([input_ids, feed], dim=1)
        if again or feed.item() == model.tokenizer.eos_token_id:
            break
    return input_ids


def _last_token_twice(model, input_ids, num_new, choose):
    cache = model.network(input_ids=input_ids, use_cache=True).past_key_values
    feed = input_ids[:, -1:]
    for _ in range(num_new):
        output = model.network(input_ids=feed, past_key_values=cache, use_cache=True)
        cache, feed = output.past_key_values, choose(output.logits[:, -1]).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
        if feed.item() == model.tokenizer.eos_token_id:
            break
    return input_ids


def _never_sees_what_it_wrote(model, input_ids, num_new, choose):
    import copy

    output = model.network(input_ids=input_ids, use_cache=True)
    prompt = output.past_key_values
    for _ in range(num_new):
        feed = choose(output.logits[:, -1]).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
        if feed.item() == model.tokenizer.eos_token_id:
            break
        output = model.network(input_ids=feed, past_key_values=copy.deepcopy(prompt), use_cache=True)
    return input_ids


def _placed(model, input_ids, num_new, choose):
    feed, cache = input_ids, None
    for _ in range(num_new):
        places = torch.arange(feed.shape[1])[None]
        output = model.network(input_ids=feed, past_key_values=cache, use_cache=True, position_ids=places)
        cache, feed = output.past_key_values, choose(output.logits[:, -1]).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
        if feed.item() == model.tokenizer.eos_token_id:
            break
    return input_ids


def _asks(ask, read):
    """Asks `choose` in a way of its own."""

    def answer(model, input_ids, num_new, choose):
        return _writer(read=read)(model, input_ids, num_new, lambda logits: ask(choose, logits))

    return answer


def _every_position(output):
    return output.logits


def _second_last(output):
    return output.logits[:, -2 if output.logits.shape[1] > 1 else -1]


def _probabilities(output):
    return output.logits[:, -1].softmax(dim=-1)


_ONE_TOKEN = _writer(rounds=lambda ids, num_new: min(1, num_new))


def _mistake(name, hints, **choices):
    """A choice made wrongly that often comes together with another."""
    return variant(_writer, name, hints, **choices)


def _alone(name, hints, **choices):
    """One that seldom does: not tried together with others, which takes time."""
    return Misconception(name, _writer(**choices), hints)


MISCONCEPTIONS = (
    _mistake(
        "no cache",
        (
            "Your tokens are right, but every step feeds the whole text again.",
            "Keys and values of earlier tokens are the same as in the step before: behind a causal mask nothing that comes later can change them.",
            "output.past_key_values holds them. Hand it to the next call, and feed only the new token.",
        ),
        cache=False,
    ),
    _alone(
        "the whole text is fed beside the cache",
        (
            "The model reads your text twice: once from the cache, and once again as new.",
            "What you feed is put *behind* what the cache holds.",
            "With a cache, feed only the token that is not in it yet.",
        ),
        feed_all=True,
    ),
    _alone(
        "the cache is not handed on",
        (
            "After the first step your model sees a single token and no past.",
            "You feed one token at a time, which only works when the cache goes with it.",
            "past_key_values=..., taken from the output of the step before.",
        ),
        forget=True,
    ),
    _alone(
        "the first position is read",
        (
            "You read the prediction at the first position.",
            "Each position predicts the token after it; the new token comes after the last.",
            "logits[:, -1]",
        ),
        read=lambda output: output.logits[:, 0],
    ),
    _mistake(
        "choose is not asked",
        (
            "You take the likeliest token yourself.",
            "How to choose is the caller's business: greedy, or sample_next with any settings.",
            "Call choose on the logits of the last position.",
        ),
        ask=False,
    ),
    _mistake(
        "does not stop at the end",
        (
            "Your text goes on after its end.",
            "The end-of-text token says that the text is complete; what follows would be another text.",
            "After appending, compare with model.tokenizer.eos_token_id and leave the loop.",
        ),
        stop=False,
    ),
    _mistake(
        "the end-of-text token is left out",
        (
            "The end-of-text token is missing from your result.",
            "With it the caller can tell a text that ended from one that was cut off.",
            "Append first, then look whether it was the end.",
        ),
        keep_end=False,
    ),
    _mistake(
        "only the new tokens are returned",
        (
            "Your result lacks the prompt.",
            "The result is the whole text, (1, T + n): prompt and continuation.",
            "torch.cat the new token behind input_ids in every step.",
        ),
        whole=False,
    ),
    _mistake(
        "one token too few",
        (
            "You write one token less than asked.",
            "The first pass over the prompt already gives a token: it counts.",
            "How often does your loop run when num_new is 1?",
        ),
        extra=-1,
    ),
    _alone(
        "the prompt is fed again at each step",
        (
            "At each step you feed the prompt once more.",
            "The cache grows by it each time, so that the model reads the prompt again and again, and never what it wrote.",
            "After the first call the feed is the new token alone: set it inside the loop.",
        ),
        move_on=False,
    ),
    _alone(
        "a second question to choose",
        (
            "You ask choose more than once a step.",
            "A choose that draws answers differently each time: what is appended and what is fed then differ.",
            "Keep its answer in a variable, and use that for both.",
        ),
        twice=True,
    ),
    _alone(
        "probabilities handed to choose",
        (
            "You hand choose something else than the logits.",
            "choose takes its own softmax: probabilities of probabilities are all alike.",
            "choose(output.logits[:, -1]), as they come.",
        ),
        read=_probabilities,
    ),
    _alone(
        "the mean over the positions",
        (
            "You choose from the mean over all positions.",
            "Each position predicts the token after it; the new token comes after the last.",
            "logits[:, -1], and no mean",
        ),
        read=lambda output: output.logits.mean(dim=1),
    ),
    Misconception(
        "all positions handed to choose",
        _asks(lambda choose, logits: choose(logits).flatten()[-1:], _every_position),
        (
            "choose gets the logits of all positions, (1, T, V); it wants those of one, (1, V).",
            "It takes a row for each text, (B, V), and gives an id for each. "
            "Only the last position predicts the new token.",
            "choose(output.logits[:, -1])",
        ),
        spellings=(
            _asks(lambda choose, logits: choose(logits)[:, -1], _every_position),
            _asks(lambda choose, logits: choose(logits), _every_position),
        ),
    ),
    Misconception(
        "a row without an axis for the texts",
        _asks(lambda choose, logits: choose(logits), lambda output: output.logits[0, -1]),
        (
            "choose gets a single row of shape (V,); it wants a table (1, V).",
            "It takes a row for each text, (B, V), and gives an id for each, (B,); here B is 1.",
            "choose(output.logits[:, -1]): the colon keeps the axis of the texts.",
        ),
    ),
    _alone(
        "the last position but one is read",
        (
            "Behind the prompt you read the last position but one.",
            "Each position predicts the token after it; the new token comes after the last.",
            "logits[:, -1]",
        ),
        read=_second_last,
    ),
    _mistake(
        "one token too many",
        (
            "You write one token more than asked.",
            "The pass over the prompt already gives the first new token. "
            "(And with num_new = 0 nothing is written.)",
            "How often does your loop run, and is a token written outside of it?",
        ),
        extra=1,
    ),
    _alone(
        "at least one token",
        (
            "With num_new = 0 you write a token all the same.",
            "Up to num_new: nothing is to be written then.",
            "Ask before you write: for _ in range(num_new), or while written < num_new.",
        ),
        rounds=lambda ids, num_new: max(1, num_new),
    ),
    _alone(
        "num_new taken for the whole length",
        (
            "You take num_new for the length of the whole text.",
            "It counts the *new* tokens; the prompt comes on top.",
            "A loop of num_new rounds needs no look at the length.",
        ),
        rounds=lambda ids, num_new: max(0, num_new - ids.shape[1]),
    ),
    _alone(
        "always forty tokens",
        (
            "You pay no attention to num_new.",
            "The caller says how many tokens are wanted at most.",
            "for _ in range(num_new)",
        ),
        rounds=lambda ids, num_new: 40,
    ),
    Misconception(
        "only one token",
        _ONE_TOKEN,
        (
            "You write a single token.",
            "A return inside the loop ends the function in the first round. "
            "So does a stop at *any* end-of-text token in the text: prompts begin with one.",
            "return belongs behind the loop, at its level; and only the new token says whether to stop.",
        ),
        spellings=(lambda *args: _ONE_TOKEN(*args) if args[2] else None,),
    ),
    _alone(
        "another token taken for the end",
        (
            "You do not stop at this model's end-of-text token.",
            "Its id differs from tokenizer to tokenizer: 50256 is GPT-2's, 0 is gpt-mini's.",
            "model.tokenizer.eos_token_id",
        ),
        end=lambda model: 0,
    ),
    _alone(
        "one token late",
        (
            "You write one token behind the end of the text.",
            "The token just *chosen* says whether the text is complete, not the one fed before it.",
            "Look at the new token, after appending it and before the next step.",
        ),
        late=True,
    ),
    _alone(
        "filled up behind the end",
        (
            "Behind an early end your result is filled up.",
            "(1, T + n), where n is how many tokens were written: a text that ended is shorter.",
            "Return what there is.",
        ),
        finish=_filled_up,
    ),
    _mistake(
        "no axis for the batch",
        (
            "Your result has no batch axis: (T + n,) and not (1, T + n).",
            "It has to look like input_ids, only longer, so that it can go into the network again.",
            "Without [0] or .squeeze() at the end; a list of ids needs [None].",
        ),
        finish=lambda ids, given, num_new, end: ids[0],
    ),
    _alone(
        "new tokens in front",
        (
            "You put the new token in front of the text.",
            "A text grows at its end.",
            "torch.cat([input_ids, new], dim=1)",
        ),
        join=lambda ids, token: torch.cat([token, ids], dim=1),
    ),
    _alone(
        "only the last token of the prompt is fed",
        (
            "At the start you feed the last token of the prompt alone.",
            "The cache is empty then: the rest of the prompt is never read.",
            "feed = input_ids for the first step, and the new token from then on.",
        ),
        start=lambda ids: ids[:, -1:],
    ),
    Misconception(
        "the last token of the prompt is read twice",
        _last_token_twice,
        (
            "The model reads the last token of the prompt twice.",
            "The pass over the prompt has put it into the cache already, and has predicted the first new token.",
            "Use the logits of that pass: choose(output.logits[:, -1]).",
        ),
    ),
    Misconception(
        "what was written is not in the cache",
        _never_sees_what_it_wrote,
        (
            "Each new token sees the prompt and itself, and nothing of what was written between.",
            "The cache that goes into the next step has to be that of the step before.",
            "cache = output.past_key_values in every round.",
        ),
    ),
    Misconception(
        "every new token stands at place 0",
        _placed,
        (
            "Your new tokens are told that they stand at the beginning.",
            "Positions go on counting behind the cache; the network does that by itself.",
            "Leave position_ids out.",
        ),
    ),
    Misconception(
        "looks for the end before the first step",
        _looks_before_each_step,
        (
            "You stop at the end-of-text token of the *prompt*.",
            "A text begins behind that token, so a prompt may consist of it. "
            "Only a token that was chosen ends the text.",
            "Look at the new token, after appending it.",
        ),
    ),
    Misconception(
        "another model",
        lambda model, input_ids, num_new, choose: generation.generate(gpt(), input_ids, num_new, choose),
        (
            "The network of the model that is given is never fed.",
            "`model` is an argument: another decoder writes another text.",
            "model.network and model.tokenizer; load nothing.",
        ),
    ),
    Misconception(
        "stops at a repetition",
        _stops_at_a_repetition,
        (
            "You stop when a token comes twice in a row.",
            "'no, no' is English, and a model may well go round in circles. "
            "Only the end-of-text token ends a text.",
            "Compare with model.tokenizer.eos_token_id and with nothing else.",
        ),
    ),
)
