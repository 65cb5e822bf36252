"""Exercise 4.1: read the attention weights off a model."""

import functools
import random

import torch

from labkit import attention
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged

USUAL = "sdpa"  # how the models pay attention before a call, and should after it
TEXTS = (
    "The cat sat.",
    "The river bank was flooding.",
    "She opened the door and went out.",
    "It was a very good film, and I laughed.",
    "Once upon a time there was a king.",
)


def attention_maps(model, text):
    """labkit.attention.attention_maps."""
    return attention.attention_maps(model, text)


@functools.cache
def _models():
    from labkit.models import load

    return load("bert-mini"), load("gpt-mini")


def _map_cases(seed):
    rng = random.Random(seed)
    bert, gpt = _models()
    for model in (bert, gpt):  # as an answer that raised may have left it
        model.network.set_attn_implementation(USUAL)
    texts = TEXTS if seed == 1 else rng.sample(TEXTS, len(TEXTS))
    chosen = [(bert, "bert", texts[0]), (gpt, "gpt", texts[1]), (bert, "bert", texts[2])]
    return [Case((model, text), f'attention_maps({name}, "{text}")') for model, name, text in chosen]


def _maps_and_model(output, case):
    """The maps, and how the model was left; it is put back for the next call."""
    network = case.args[0].network
    left = network.config._attn_implementation
    network.set_attn_implementation(USUAL)
    layers = [torch.as_tensor(layer) for layer in output]  # a tensor, or a list of a tensor for each layer
    return {"maps": torch.stack(layers).detach().float(), "attention afterwards": left}


def _run(model, text, implementation="eager", restore=True, **options):
    """The attentions that an answer without labkit.attention.eager would get: L x (1, H, T, T)."""
    network = model.network
    network.set_attn_implementation(implementation)
    batch = model.tokenizer(text, return_tensors="pt", **options)
    with torch.inference_mode():
        attentions = network(**batch, output_attentions=True).attentions
    if restore:
        network.set_attn_implementation(USUAL)
    return attentions


def _shape_differs(expected, seen):
    if not isinstance(seen, dict):
        return f"expected: a tensor of shape {tuple(expected['maps'].shape)}\ngot:      {seen}"
    shapes = [tuple(each["maps"].shape) for each in (expected, seen)]
    return "" if shapes[0] == shapes[1] else expected_got(*(f"shape {shape}" for shape in shapes))


def _values_differ(expected, seen):
    message = _shape_differs(expected, seen)
    if message:
        return message
    right, got = expected["maps"], seen["maps"]
    if torch.allclose(right, got.to(right.dtype), atol=1e-4):
        return ""
    where = (right - got).abs().amax(dim=(-2, -1)).flatten().argmax().item()
    layer, head = divmod(where, right.shape[1])
    rows = expected_got(right[layer, head, 0], got[layer, head, 0])
    return f"layer {layer}, head {head}, row 0\n{rows}"


def _left_otherwise(expected, seen):
    key = "attention afterwards"
    if not isinstance(seen, dict):
        return f"expected: a tensor\ngot:      {seen}"
    return "" if expected[key] == seen[key] else f"{key}\n{expected_got(expected[key], seen[key])}"


ATTENTION_MAPS = Exercise(
    name="attention_maps",
    title="All the weights",
    minutes=10,
    reference=attention_maps,
    cases=_map_cases,
    observe=_maps_and_model,
    properties=(
        Property("one map for each layer and head: (L, H, T, T)", 2, each_case(_shape_differs)),
        Property("the right weights in the right place", 2, each_case(_values_differ)),
        Property("the model is left as it was", 1, each_case(_left_otherwise)),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the usual attention",
            lambda model, text: torch.stack(_run(model, text, implementation=USUAL)),
            (
                "The model returned no attention weights: an empty tuple.",
                "Its usual attention (SDPA) never holds the weights as a whole, and says nothing about it.",
                "Call the network inside `with labkit.attention.eager(model) as network:`.",
            ),
        ),
        Misconception(
            "the axis of the batch is still there",
            lambda model, text: torch.stack(_run(model, text)),
            (
                "Your result has an axis too many.",
                "Each layer's tensor is (1, H, T, T): a batch with one text in it.",
                "torch.cat joins along the first axis that is there; torch.stack makes a new one.",
            ),
        ),
        Misconception(
            "only the last layer",
            lambda model, text: _run(model, text)[-1][0],
            (
                "Your result holds one layer.",
                "Every layer has heads of its own, and they look elsewhere.",
                "attentions is a tuple with a tensor for each layer: join all of them.",
            ),
        ),
        Misconception(
            "only the first layer",
            lambda model, text: _run(model, text)[0],
            (
                "Your result holds the first layer only.",
                "attentions[0] is layer 0, not the text number 0.",
                "attentions is a tuple with a tensor for each layer: join all of them.",
            ),
        ),
        Misconception(
            "heads averaged",
            lambda model, text: torch.cat(_run(model, text)).mean(dim=1),
            (
                "The heads are averaged in your result.",
                "What one head does stands out; the mean of several blurs it.",
                "Keep the axis of the heads: (L, H, T, T).",
            ),
        ),
        Misconception(
            "heads before layers",
            lambda model, text: torch.stack([layer[0] for layer in _run(model, text)], dim=1),
            (
                "Layers and heads have changed places.",
                "Both models have as many heads as layers, so the shape does not show it; the weights do.",
                "The layers are the first axis: torch.cat(attentions), without another dim.",
            ),
        ),
        Misconception(
            "queries and keys swapped",
            lambda model, text: torch.cat(_run(model, text)).transpose(-2, -1),
            (
                "Your columns sum to 1, not your rows.",
                "Row i says where token i looks, and a token has 100% to give.",
                "Leave the last two axes as the model gives them.",
            ),
        ),
        Misconception(
            "without the special tokens",
            lambda model, text: torch.cat(_run(model, text, add_special_tokens=False)),
            (
                "[CLS] and [SEP] are missing from your maps.",
                "BERT never saw a text without them, and some heads look at little else.",
                "Let the tokenizer add them, as it does unless told otherwise.",
            ),
        ),
        Misconception(
            "the model is left eager",
            lambda model, text: torch.cat(_run(model, text, restore=False)),
            (
                "After your call the model still has eager attention.",
                "Whoever uses the model next gets the slower kind without having asked for it.",
                "`with labkit.attention.eager(model) as network:` puts it back at the end of the block.",
            ),
        ),
    ),
)
