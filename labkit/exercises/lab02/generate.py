"""Exercise 2.8: writing with a cache."""

import dataclasses

import torch

from labkit import generation
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.lab02.decoders import gpt
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.messages import LabkitError


def generate(model, input_ids, num_new, choose):
    """labkit.generation.generate, with its cache."""
    return generation.generate(model, input_ids, num_new, choose)


class RecordingNetwork:
    """A decoder's network that notes how many tokens it is fed, and can be told where the text ends.

    ends_at: after that many tokens the end-of-text token is by far the likeliest; None for never.
    """

    def __init__(self, network, end_id, ends_at=None):
        self.network, self.config = network, network.config
        self.end_id, self.ends_at = end_id, ends_at
        self.fed = []

    @torch.inference_mode()
    def __call__(self, input_ids, past_key_values=None, use_cache=None, **options):
        before = past_key_values.get_seq_length() if past_key_values is not None else 0
        output = self.network(
            input_ids=input_ids, past_key_values=past_key_values, use_cache=use_cache, **options
        )
        self.fed.append(input_ids.shape[1])
        output.logits[..., self.end_id] = -1e4
        if self.ends_at is not None and before < self.ends_at <= before + input_ids.shape[1]:
            output.logits[:, self.ends_at - before - 1, self.end_id] = 1e4
        return output

    def take(self):
        """How many tokens each call since the last `take` was fed."""
        fed, self.fed = self.fed, []
        return fed

    def generate(self, *args, **options):
        """Not here: the loop is the exercise."""
        raise LabkitError("This network has no generate: write the loop yourself.")


def likeliest(logits):
    """(B, V) -> (B,): greedy."""
    return logits.argmax(dim=-1)


def second_likeliest(logits):
    """(B, V) -> (B,): to see that `choose` is asked."""
    return logits.topk(2).indices[:, 1]


PROMPTS = ("Once upon a", "The", "It was the worst film I", "She opened the door and", "He did not know")


def _generate_cases(seed):
    model, end_id = gpt(), gpt().tokenizer.eos_token_id
    offset = seed - 1
    settings = [(3, likeliest, None), (5, likeliest, None), (4, second_likeliest, None), (9, likeliest, 2)]
    cases = []
    for number, (num_new, choose, end_after) in enumerate(settings):
        prompt = PROMPTS[(number + offset) % len(PROMPTS)]
        input_ids = torch.tensor([[end_id, *model.tokenizer(prompt).input_ids]])  # (1, T)
        ends_at = end_after and input_ids.shape[1] + end_after
        recording = dataclasses.replace(model, network=RecordingNetwork(model.network, end_id, ends_at))
        shown = f'generate(gpt, input_ids of "{prompt}", {num_new}, {choose.__name__})'
        if end_after:
            shown += f", where the text ends after {end_after} new tokens"
        cases.append(Case((recording, input_ids, num_new, choose), shown))
    return cases


def _ends(case):
    return case.args[0].network.ends_at is not None


def _tokens_and_steps(output, case):
    fed = case.args[0].network.take()
    return {"tokens": torch.as_tensor(output).reshape(-1).tolist(), "fed at each step": fed}


def _agrees_on(key):
    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: (1, T + n) ids\ngot:      {seen}"
        if expected[key] == seen[key]:
            return ""
        if key == "tokens":
            decode = gpt().tokenizer.decode
            return expected_got(decode(expected[key]), decode(seen[key]) if len(seen[key]) else "no tokens")
        return f"tokens {key}\n{expected_got(expected[key], seen[key])}"

    return test


def _writer(
    cache=True,
    feed_all=False,
    forget=False,
    position=-1,
    ask=True,
    stop=True,
    keep_end=True,
    whole=True,
    extra=0,
    move_on=True,
):
    """generate with single choices made wrongly."""

    def wrong(model, input_ids, num_new, choose):
        result, feed, past = input_ids, input_ids, None
        for _ in range(num_new + extra):
            feed = result if feed_all or not cache else feed
            output = model.network(input_ids=feed, past_key_values=past, use_cache=cache)
            past = None if forget or not cache else output.past_key_values
            logits = output.logits[:, position]
            token = (choose(logits) if ask else logits.argmax(dim=-1)).reshape(1, 1)
            if token.item() == model.tokenizer.eos_token_id and stop and not keep_end:
                break
            result = torch.cat([result, token], dim=1)
            feed = token if move_on else feed
            if token.item() == model.tokenizer.eos_token_id and stop:
                break
        return result if whole else result[:, input_ids.shape[1] :]

    return wrong


GENERATE = Exercise(
    name="generate",
    title="Write with a cache",
    minutes=12,
    reference=generate,
    cases=_generate_cases,
    observe=_tokens_and_steps,
    properties=(
        Property(
            "the same tokens as without a cache", 2, each_case(_agrees_on("tokens"), lambda c: not _ends(c))
        ),
        Property(
            "the prompt is fed once, then one token a step",
            2,
            each_case(_agrees_on("fed at each step"), lambda c: not _ends(c)),
        ),
        Property("stops after the end-of-text token", 1, each_case(_agrees_on("tokens"), _ends)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "no cache",
            _writer(cache=False),
            (
                "Your tokens are right, but every step feeds the whole text again.",
                "Keys and values of earlier tokens are the same as in the step before: behind a causal mask "
                "nothing that comes later can change them.",
                "output.past_key_values holds them. Hand it to the next call, and feed only the new token.",
            ),
        ),
        Misconception(
            "the whole text is fed beside the cache",
            _writer(feed_all=True),
            (
                "The model reads your text twice: once from the cache, and once again as new.",
                "What you feed is put *behind* what the cache holds.",
                "With a cache, feed only the token that is not in it yet.",
            ),
        ),
        Misconception(
            "the cache is not handed on",
            _writer(forget=True),
            (
                "After the first step your model sees a single token and no past.",
                "You feed one token at a time, which only works when the cache goes with it.",
                "past_key_values=..., taken from the output of the step before.",
            ),
        ),
        Misconception(
            "the first position is read",
            _writer(position=0),
            (
                "You read the prediction at the first position.",
                "Each position predicts the token after it; the new token comes after the last.",
                "logits[:, -1]",
            ),
        ),
        Misconception(
            "choose is not asked",
            _writer(ask=False),
            (
                "You take the likeliest token yourself.",
                "How to choose is the caller's business: greedy, or sample_next with any settings.",
                "Call choose on the logits of the last position.",
            ),
        ),
        Misconception(
            "does not stop at the end",
            _writer(stop=False),
            (
                "Your text goes on after its end.",
                "The end-of-text token says that the text is complete; what follows would be another text.",
                "After appending, compare with model.tokenizer.eos_token_id and leave the loop.",
            ),
        ),
        Misconception(
            "the end-of-text token is left out",
            _writer(keep_end=False),
            (
                "The end-of-text token is missing from your result.",
                "With it the caller can tell a text that ended from one that was cut off.",
                "Append first, then look whether it was the end.",
            ),
        ),
        Misconception(
            "only the new tokens are returned",
            _writer(whole=False),
            (
                "Your result lacks the prompt.",
                "The result is the whole text, (1, T + n): prompt and continuation.",
                "torch.cat the new token behind input_ids in every step.",
            ),
        ),
        Misconception(
            "one token too few",
            _writer(extra=-1),
            (
                "You write one token less than asked.",
                "The first pass over the prompt already gives a token: it counts.",
                "How often does your loop run when num_new is 1?",
            ),
        ),
        Misconception(
            "the prompt is fed again at each step",
            _writer(move_on=False),
            (
                "At each step you feed the prompt once more.",
                "The cache grows by it each time, so that the model reads the prompt again and again, and "
                "never what it wrote.",
                "After the first call the feed is the new token alone: set it inside the loop.",
            ),
        ),
    ),
)
