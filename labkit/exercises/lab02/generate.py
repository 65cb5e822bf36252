"""Exercise 2.8: writing with a cache."""

import dataclasses

import torch

from labkit.exercises import forms
from labkit.exercises.exercise import Case, Exercise
from labkit.exercises.lab02.decoders import gpt, small_decoder
from labkit.exercises.lab02.generate_mistakes import MISCONCEPTIONS
from labkit.exercises.properties import compares, expected_got, inputs_unchanged
from labkit.messages import LabkitError
from labkit.models import generation


def generate(model, input_ids, num_new, choose):
    """labkit.generation.generate, with its cache."""
    return generation.generate(model, input_ids, num_new, choose)


class RecordingNetwork(torch.nn.Module):
    """A decoder's network that notes how many tokens it is fed, and can be told where the text ends.

    prompt: ids (1, T); when they are fed without a cache, a new text begins. choose: may draw, and begins
    anew with each text. ends_at: after that many tokens the end-of-text token is by far the likeliest; None
    for never.
    """

    def __init__(self, network, end_id, prompt, choose, ends_at=None):
        super().__init__()
        self.network, self.config = network, network.config
        self.end_id, self.prompt, self.choose, self.ends_at = end_id, prompt, choose, ends_at
        self.fed = []
        self.eval()

    @torch.inference_mode()
    def forward(self, input_ids, past_key_values=None, use_cache=None, **options):
        """As the network's own, with the end-of-text token where it is wanted."""
        if past_key_values is None and torch.equal(torch.as_tensor(input_ids), self.prompt):
            self.begin()
        before = past_key_values.get_seq_length() if past_key_values is not None else 0
        output = self.network(
            input_ids=input_ids, past_key_values=past_key_values, use_cache=use_cache, **options
        )
        self.fed.append(input_ids.shape[1])
        output.logits[..., self.end_id] = -1e4
        if self.ends_at is not None and before < self.ends_at <= before + input_ids.shape[1]:
            output.logits[:, self.ends_at - before - 1, self.end_id] = 1e4
        return output

    def begin(self):
        """Forget what has been fed, and set the dice back."""
        self.fed = []
        if isinstance(self.choose, Dice):
            self.choose.manual_seed(1)

    def take(self):
        """How many tokens each call was fed since the text began."""
        fed = self.fed
        self.begin()
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


class Dice:
    """(B, V) -> (B,): draws, so that a second question has another answer."""

    __name__ = "dice (which draws by softmax)"

    def __init__(self):
        self.generator = torch.Generator()

    def manual_seed(self, seed):
        """Begin anew."""
        self.generator.manual_seed(seed)

    def __call__(self, logits):
        return torch.multinomial((logits / 2).softmax(dim=-1), 1, generator=self.generator)[:, 0]


PROMPTS = ("It was the worst film I", "She opened the door and", "He did not know")
SETTINGS = (  # (decoder, prompt, num_new, choose, after how many new tokens the text ends)
    ("small", "The cat", 3, likeliest, None),
    ("gpt", "Once upon a", 5, likeliest, None),
    ("small", "no", 7, second_likeliest, None),
    ("small", "There was", 6, "dice", None),
    ("small", "", 4, likeliest, None),  # nothing but the end-of-text token, with which a text begins
    ("small", "The cat", 0, likeliest, None),
    ("gpt", "The", 9, likeliest, 2),
    ("small", "There was no", 8, likeliest, 3),
)


def _generate_cases(seed):
    decoders = {"gpt": gpt(), "small": small_decoder()}
    cases = []
    drawn = ("gpt", PROMPTS[seed % len(PROMPTS)], 4, second_likeliest, None)
    for name, prompt, num_new, choose, end_after in (*SETTINGS, drawn):
        model, choose = decoders[name], Dice() if choose == "dice" else choose
        end_id = model.tokenizer.eos_token_id
        input_ids = torch.tensor([[end_id, *(model.tokenizer(prompt).input_ids if prompt else [])]])  # (1, T)
        ends_at = end_after and input_ids.shape[1] + end_after
        network = RecordingNetwork(model.network, end_id, input_ids.clone(), choose, ends_at)
        said = f'ids of "{prompt}"' if prompt else "the end-of-text token alone"
        shown = f"generate({name}, {said}, {num_new}, {choose.__name__})"
        if end_after:
            shown += f", where the text ends after {end_after} new tokens"
        if name == "small":
            shown += f" [small: a random decoder whose end-of-text token is {end_id}]"
        cases.append(Case((dataclasses.replace(model, network=network), input_ids, num_new, choose), shown))
    return cases


def _ends(case):
    return case.args[0].network.ends_at is not None


def _goes_on(case):
    return not _ends(case)


def _writes(case):
    return _goes_on(case) and case.args[2] > 0


def _tokens_and_steps(output, case):
    """One more step behind the last token is no mistake, and is not counted."""
    fed, written = case.args[0].network.take(), output.numel() - case.args[1].numel()
    if written > 0 and len(fed) == written + 1 and fed[-1] == 1:
        fed = fed[:-1]
    return {"tokens": output.tolist(), "fed at each step": fed if case.args[2] else []}


def _agrees_on(key):
    def test(expected, seen):
        if expected[key] == seen[key]:
            return ""
        what = "the ids" if key == "tokens" else f"tokens {key}"
        return f"{what}\n{expected_got(expected[key], seen[key])}"

    return test


def _part(key):
    return lambda seen: seen[key]


GENERATE = Exercise(
    name="generate",
    title="Write with a cache",
    minutes=12,
    reference=generate,
    cases=_generate_cases,
    observe=_tokens_and_steps,
    form=forms.tensor(torch.int64),
    seconds=60.0,
    properties=(
        compares("the same tokens as without a cache", 2, _agrees_on("tokens"), _goes_on, _part("tokens")),
        compares(
            "the prompt is fed once, then one token a step",
            2,
            _agrees_on("fed at each step"),
            _writes,
            _part("fed at each step"),
        ),
        compares("stops after the end-of-text token", 1, _agrees_on("tokens"), _ends, _part("tokens")),
        inputs_unchanged(),
    ),
    misconceptions=MISCONCEPTIONS,
)
