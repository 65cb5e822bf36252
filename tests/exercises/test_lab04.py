"""Lab 04: right answers in other styles than ours, and mistakes that need a second look.

What holds for every lab is in test_every_lab.py, which reads STYLES.
"""

import math

import numpy as np
import pytest
import torch

from labkit import attention
from labkit.exercises import lab04
from labkit.exercises.engine import check

# Right answers in other styles than ours.


def attention_maps_stacked(model, text):
    with attention.eager(model) as network:
        batch = model.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            attentions = network(**batch, output_attentions=True).attentions
    return torch.stack([layer[0] for layer in attentions])


def attention_maps_by_hand(model, text):
    before = model.network.config._attn_implementation
    model.network.set_attn_implementation("eager")
    ids = torch.tensor([model.tokenizer(text).input_ids])
    layers = model.network(ids, output_attentions=True).attentions
    model.network.set_attn_implementation(before)
    return [layer.squeeze(0).detach().numpy() for layer in layers]


def attention_maps_from_queries_and_keys(model, text):
    queries, keys = attention.queries_and_keys(model, text)
    scores = queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1])
    if model.kind == "decoder":
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(ahead, -math.inf)
    return scores.softmax(dim=-1)


def head_entropy_loop(maps):
    result = []
    for layer in maps.tolist():
        result.append([])
        for head in layer:
            rows = [-sum(p * math.log(p) for p in row if p > 0) for row in head]
            result[-1].append(sum(rows) / len(rows))
    return result


def head_entropy_clamped(maps):
    return -(maps * maps.clamp(min=1e-12).log()).sum(-1).mean(-1)


def head_entropy_distribution(maps):
    return torch.distributions.Categorical(probs=maps).entropy().mean(dim=2)


def head_entropy_nansum(maps):
    return -(maps * maps.log()).nansum(dim=-1).mean(dim=-1).double()


def mean_distance_loop(maps):
    num_layers, num_heads, length, _ = maps.shape
    result = np.zeros((num_layers, num_heads))
    for i in range(length):
        for j in range(length):
            result += abs(i - j) * maps[:, :, i, j].numpy() / length
    return result


def mean_distance_matrix(maps):
    distance = torch.cdist(
        torch.arange(maps.shape[-1]).float()[:, None], torch.arange(maps.shape[-1]).float()[:, None]
    )
    return torch.einsum("lhij,ij->lh", maps, distance) / maps.shape[-1]


def find_heads_loop(maps, tokens, pattern, at_least):
    found = []
    for layer in range(len(maps)):
        for head in range(len(maps[layer])):
            shares = []
            for i in range(len(tokens)):
                if pattern == "previous token":
                    targets = [i - 1] if i > 0 else []
                elif pattern == "next token":
                    targets = [i + 1] if i + 1 < len(tokens) else []
                elif pattern == "same token":
                    targets = [j for j in range(len(tokens)) if tokens[j] == tokens[i]]
                else:
                    targets = [j for j in range(len(tokens)) if tokens[j] in attention.SEPARATORS]
                if targets:
                    shares.append(sum(float(maps[layer, head, i, j]) for j in targets))
            share = sum(shares) / len(shares)
            if share >= at_least:
                found.append([layer, head, share])
    found.sort(key=lambda item: -item[2])
    return found


def find_heads_diagonals(maps, tokens, pattern, at_least):
    maps = maps.double()
    if pattern == "previous token":
        shares = maps.diagonal(-1, dim1=2, dim2=3).mean(-1)
    elif pattern == "next token":
        shares = maps.diagonal(1, dim1=2, dim2=3).mean(-1)
    else:
        names = np.array(tokens)
        same = names[:, None] == names[None]
        separators = np.isin(names, attention.SEPARATORS)[None].repeat(len(names), 0)
        mask = torch.tensor(same if pattern == "same token" else separators)
        shares = maps.masked_fill(~mask, 0.0).sum(-1).mean(-1)
    order = shares.flatten().argsort(descending=True).tolist()
    places = [divmod(k, maps.shape[1]) for k in order]
    return [(layer, head, shares[layer, head]) for layer, head in places if shares[layer, head] >= at_least]


def ablate_head_unflatten(mixed, head, num_heads):
    heads = mixed.unflatten(-1, (num_heads, -1)).clone()
    heads[:, :, head] = 0
    return heads.flatten(-2)


def ablate_head_mask(mixed, head, num_heads):
    owner = torch.arange(mixed.shape[-1]) // (mixed.shape[-1] // num_heads)
    return mixed * (owner != head)


def attention_rollout_recursive(maps):
    layer = 0.5 * maps[-1].mean(0) + 0.5 * torch.eye(maps.shape[-1])
    return layer if len(maps) == 1 else layer @ attention_rollout_recursive(maps[:-1])


def attention_rollout_normalised(maps):
    steps = maps.mean(dim=1).numpy() + np.eye(maps.shape[-1])
    steps /= steps.sum(axis=-1, keepdims=True)
    return np.linalg.multi_dot(steps[::-1]) if len(steps) > 1 else steps[0]


STYLES = {
    "attention_maps": (
        attention_maps_stacked,
        attention_maps_by_hand,
        attention_maps_from_queries_and_keys,
    ),
    "head_entropy": (
        head_entropy_loop,
        head_entropy_clamped,
        head_entropy_distribution,
        head_entropy_nansum,
    ),
    "mean_distance": (mean_distance_loop, mean_distance_matrix),
    "find_heads": (find_heads_loop, find_heads_diagonals),
    "ablate_head": (ablate_head_unflatten, ablate_head_mask),
    "attention_rollout": (attention_rollout_recursive, attention_rollout_normalised),
}
BY_NAME = {exercise.name: exercise for exercise in lab04.EXERCISES}


def test_an_answer_that_leaves_the_model_eager_loses_a_point_and_harms_no_later_check():
    def attention_maps(model, text):
        model.network.set_attn_implementation("eager")
        batch = model.tokenizer(text, return_tensors="pt")
        return torch.cat(model.network(**batch, output_attentions=True).attentions)

    report = check(attention_maps, BY_NAME["attention_maps"])
    assert report.misconception == "the model is left eager"
    assert report.points == report.max_points - 1

    def usual(model, text):
        batch = model.tokenizer(text, return_tensors="pt")
        return torch.stack(model.network(**batch, output_attentions=True).attentions)

    assert check(usual, BY_NAME["attention_maps"]).misconception == "the usual attention"


def test_an_answer_that_breaks_off_eager_harms_no_later_check():
    def attention_maps(model, text):
        model.network.set_attn_implementation("eager")
        raise ValueError("oh")

    assert "oh" in check(attention_maps, BY_NAME["attention_maps"]).text
    assert check(attention_maps_stacked, BY_NAME["attention_maps"]).passed


def test_two_wrong_shapes_are_told_apart():
    def attention_maps(model, text):
        return attention.attention_maps(model, text).mean(dim=(0, 1))

    report = check(attention_maps, BY_NAME["attention_maps"])
    assert "expected: shape (4, 4, " in report.text.replace("'", "")


def test_a_tensor_that_was_changed_in_place_is_noticed():
    def ablate_head(mixed, head, num_heads):
        width = mixed.shape[-1] // num_heads
        mixed[:, :, head * width : (head + 1) * width] = 0
        return mixed

    report = check(ablate_head, BY_NAME["ablate_head"])
    assert report.points == report.max_points - 1 and "changed one of its arguments" in report.text


def test_nan_is_named_in_the_report():
    def head_entropy(maps):
        return -(maps * maps.log()).sum(-1).mean(-1)

    report = check(head_entropy, BY_NAME["head_entropy"])
    assert report.misconception == "0 log 0 is NaN"
    assert [result.passed for result in report.results] == [True, False, False, True]


@pytest.mark.parametrize("seed", range(6))
def test_every_find_heads_case_can_tell_the_order(seed):
    for case in BY_NAME["find_heads"].cases(seed):
        found = attention.find_heads(*case.args)
        shares = [share for _, _, share in found]
        assert len(found) >= 2 and shares == sorted(shares, reverse=True)
        assert found != sorted(found)


def test_the_checks_are_quick():
    import time

    for exercise in lab04.EXERCISES:
        check(exercise.reference, exercise)  # loads the models once
        start = time.process_time()
        check(exercise.misconceptions[0].wrong, exercise)
        assert time.process_time() - start < 2, exercise.name
