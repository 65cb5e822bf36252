"""Lab 04: what wrong answers are told."""

import math

import pytest
import torch

from labkit.exercises import lab04
from labkit.exercises.engine import check
from labkit.measures import attention
from tests.exercises.test_lab04 import attention_maps_stacked

BY_NAME = {exercise.name: exercise for exercise in lab04.EXERCISES}


def report_on(name, answer, seed=1):
    """The report of a check, the same for whatever the answer is called."""
    return check(answer, BY_NAME[name], seed=seed)


def eager_attentions(model, text):
    with attention.eager(model) as network, torch.no_grad():
        return network(**model.tokenizer(text, return_tensors="pt"), output_attentions=True).attentions


def left_eager(model, text):
    model.network.set_attn_implementation("eager")
    batch = model.tokenizer(text, return_tensors="pt")
    return torch.cat(model.network(**batch, output_attentions=True).attentions)


def test_an_answer_that_leaves_the_model_eager_is_told_so_and_harms_no_later_check():
    report = report_on("attention_maps", left_eager)
    assert [result.passed for result in report.results] == [True, True, False, False]
    assert "attn_implementation" in report.text and "another kind of attention than before" in report.hints[0]

    def usual(model, text):
        batch = model.tokenizer(text, return_tensors="pt")
        return torch.stack(model.network(**batch, output_attentions=True).attentions)

    assert report_on("attention_maps", usual).misconception == "the usual attention"


def test_an_answer_that_breaks_off_eager_harms_no_later_check():
    def attention_maps(model, text):
        model.network.set_attn_implementation("eager")
        raise ValueError("oh")

    assert "oh" in report_on("attention_maps", attention_maps).text
    assert report_on("attention_maps", attention_maps_stacked).passed


def always_back_to_sdpa(model, text):
    maps = left_eager(model, text)
    model.network.set_attn_implementation("sdpa")
    return maps


def in_training_mode(model, text):
    model.network.train()
    layers = eager_attentions(model, text)
    model.network.eval()
    return torch.cat(layers)


def without_the_last_of_a_long_text(model, text):
    return attention.attention_maps(model, text[:60])


def four_by_four(model, text):
    return torch.cat(eager_attentions(model, text)).view(4, 4, *eager_attentions(model, text)[0].shape[-2:])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (always_back_to_sdpa, "another kind of attention"),
        (in_training_mode, "training mode"),
        (without_the_last_of_a_long_text, "only the beginning"),
        (four_by_four, ""),
    ],
)
def test_what_is_right_for_the_notebooks_two_models_and_sentence_alone(answer, hint):
    report = report_on("attention_maps", answer)
    assert report.status == "wrong"
    assert hint in " ".join(report.hints)


def test_two_wrong_shapes_are_told_apart():
    def attention_maps(model, text):
        return attention.attention_maps(model, text).mean(dim=(0, 1))

    report = report_on("attention_maps", attention_maps)
    assert "expected: shape (4, 4, " in report.text.replace("'", "")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ablate_head", lambda mixed, head, num_heads: mixed.mul_(mixed != 0)),
        ("ablate_head", lambda mixed, head, num_heads: mixed),
        ("ablate_head", lambda mixed, head, num_heads: torch.zeros_like(mixed)),
        ("attention_rollout", lambda maps: torch.eye(maps.shape[-1])),
        ("attention_rollout", lambda maps: maps),
        ("mean_distance", lambda maps: torch.ones(maps.shape[:2])),
        ("head_entropy", lambda maps: torch.zeros(maps.shape[:2])),
        ("find_heads", lambda maps, tokens, pattern, at_least: []),
        ("attention_maps", lambda model, text: torch.zeros(4, 4, 6, 6)),
    ],
)
def test_nothing_is_earned_by_doing_nothing(name, answer):
    assert report_on(name, answer).points == 0


def test_a_tensor_that_was_changed_in_place_is_noticed():
    def ablate_head(mixed, head, num_heads):
        width = mixed.shape[-1] // num_heads
        mixed[:, :, head * width : (head + 1) * width] = 0
        return mixed

    report = report_on("ablate_head", ablate_head)
    assert report.points == report.max_points - 1 and "changed its argument mixed" in report.text


def test_a_list_that_was_changed_in_place_is_noticed():
    def answer(maps, tokens, pattern, at_least):
        found = attention.find_heads(maps, tokens, pattern, at_least)
        tokens[:] = [token.lower() for token in tokens]
        return found

    report = report_on("find_heads", answer)
    assert report.points == report.max_points - 1 and "changed its argument tokens" in report.text


@pytest.mark.parametrize(
    "write_zeros",
    [
        lambda result, head, width: result[:, head].zero_(),
        lambda result, head, width: result[head : head + 1].zero_(),
        lambda result, head, width: result[:1, :, head * width : (head + 1) * width].zero_(),
        lambda result, head, width: result[:, :1, head * width : (head + 1) * width].zero_(),
        lambda result, head, width: None,
    ],
)
def test_different_mistakes_with_the_axes_of_a_head_are_told_apart(write_zeros):
    def ablate_head(mixed, head, num_heads):
        result = mixed.clone()
        write_zeros(result, head, mixed.shape[-1] // num_heads)
        return result

    report = report_on("ablate_head", ablate_head)
    assert report.misconception not in ("", "positions instead of numbers")


def test_nan_is_named_in_the_report():
    def head_entropy(maps):
        return -(maps * maps.log()).sum(-1).mean(-1)

    report = report_on("head_entropy", head_entropy)
    assert report.misconception == "0 log 0 is NaN" and "nan" in report.text
    assert [result.passed for result in report.results] == [True, False, False, True]


def clipped(maps):
    positions = torch.arange(maps.shape[-1])
    return (maps * (positions[:, None] - positions).abs().clamp(max=10)).sum(-1).mean(-1)


def more_than(maps, tokens, pattern, at_least):
    return [item for item in attention.find_heads(maps, tokens, pattern, at_least) if item[2] > at_least]


def other_tokens(change):
    """find_heads on tokens that were changed first."""

    def answer(maps, tokens, pattern, at_least):
        return attention.find_heads(maps, [change(token) for token in tokens], pattern, at_least)

    return answer


@pytest.mark.parametrize("seed", (1, 5, 77))
@pytest.mark.parametrize(
    ("name", "answer", "fails"),
    [
        ("mean_distance", clipped, "the distance weighted"),
        ("find_heads", more_than, "finds every next token head"),
        ("find_heads", other_tokens(str.lower), "finds every same token head"),
        ("find_heads", other_tokens(lambda token: token.rstrip("s")), "finds every same token head"),
        ("find_heads", other_tokens(lambda t: "[SEP]" if t in ".,!?" else t), "separator sink head"),
        ("find_heads", other_tokens(lambda t: "[SEP]" if t[0] in "[<" else t), "separator sink head"),
        ("find_heads", other_tokens(lambda t: "x" if t == "<|endoftext|>" else t), "separator sink head"),
    ],
)
def test_mistakes_that_show_on_rare_inputs_alone(name, answer, fails, seed):
    report = report_on(name, answer, seed)
    assert any(fails in result.name and not result.passed for result in report.results), report.text


def bits_summed(maps):
    return -torch.xlogy(maps, maps).sum(dim=(-2, -1)) / math.log(2)


def signed_sum(maps):
    positions = torch.arange(maps.shape[-1])
    return (maps * (positions - positions[:, None])).sum(dim=(-2, -1))


def every_fourth_of_the_first_text(mixed, head, num_heads):
    result = mixed.clone()
    result[0, :, head::num_heads] = 0
    return result


def wrong_way_and_not_halved(maps):
    rollout = torch.eye(maps.shape[-1])
    for layer in maps:
        rollout = rollout @ (layer.mean(0) + torch.eye(maps.shape[-1]))
    return rollout


def columns_and_last_layer_first(model, text):
    return torch.cat(eager_attentions(model, text)[::-1]).transpose(-1, -2)


def other_side_and_weakest_first(maps, tokens, pattern, at_least):
    other = {"previous token": "next token", "next token": "previous token"}.get(pattern, pattern)
    return attention.find_heads(maps, tokens, other, at_least)[::-1]


@pytest.mark.parametrize(
    ("name", "answer", "hints"),
    [
        ("head_entropy", bits_summed, ("bits", "summed over the queries")),
        ("mean_distance", signed_sum, ("left cancels right", "summed over the queries")),
        ("ablate_head", every_fourth_of_the_first_text, ("every H-th number", "the first text only")),
        ("attention_rollout", wrong_way_and_not_halved, ("not halved", "the first layer leftmost")),
        (
            "attention_maps",
            columns_and_last_layer_first,
            ("the last layer first", "queries and keys swapped"),
        ),
        ("find_heads", other_side_and_weakest_first, ("previous and next swapped", "weakest first")),
    ],
)
def test_of_two_mistakes_one_is_named(name, answer, hints):
    assert report_on(name, answer).misconception in hints


def flag_left_in_the_config(model, text):
    with attention.eager(model) as network, torch.no_grad():
        network.config.output_attentions = True
        return torch.cat(network(**model.tokenizer(text, return_tensors="pt")).attentions)


def test_a_flag_left_in_the_config_is_not_taken_for_training_mode():
    report = report_on("attention_maps", flag_left_in_the_config)
    assert [result.passed for result in report.results] == [True, True, False, False]
    assert "config" in report.hints[0] and ".train()" not in report.hints[0]


def not_halved_but_softmaxed(maps):
    rollout = torch.eye(maps.shape[-1])
    for layer in maps:
        rollout = (layer.mean(0) + torch.eye(maps.shape[-1])) @ rollout
    return rollout.softmax(-1)


def from_one(maps):
    rollout = 1
    for layer in maps:
        rollout = (layer.mean(0) + torch.eye(maps.shape[-1])) / 2 @ rollout
    return rollout


def first_layer_bare(maps):
    rollout = maps[0].mean(0)
    for layer in maps[1:]:
        rollout = (layer.mean(0) + torch.eye(maps.shape[-1])) / 2 @ rollout
    return rollout


def whole_map(maps):
    return torch.special.entr(maps.flatten(2) / maps.shape[-1]).sum(-1)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("attention_rollout", not_halved_but_softmaxed, "a softmax for the halves"),
        ("attention_rollout", from_one, "starts from a number"),
        ("attention_rollout", first_layer_bare, "the first layer without the identity"),
        ("head_entropy", whole_map, "the whole map as one distribution"),
        ("head_entropy", lambda maps: attention.head_entropy(maps).item(), "one number taken out of many"),
        ("mean_distance", lambda maps: float(attention.mean_distance(maps)), "one number taken out of many"),
        ("find_heads", lambda maps, tokens, pattern, at_least: None, "what sort() gives back"),
    ],
)
def test_the_more_specific_mistake_is_named(name, answer, hint):
    assert report_on(name, answer).misconception == hint
