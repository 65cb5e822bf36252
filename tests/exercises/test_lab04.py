"""Lab 04: right answers in other styles than ours, and what the cases must show.

What holds for every lab is in test_every_lab.py, which reads STYLES.
"""

import copy
import math

import numpy as np
import pytest
import torch

from labkit.exercises import lab04
from labkit.exercises.engine import check
from labkit.measures import attention

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


def attention_maps_of_a_copy(model, text):
    network = copy.deepcopy(model.network)
    network.set_attn_implementation("eager")
    output = network(**model.tokenizer([text], return_tensors="pt"), output_attentions=True)
    return torch.cat(output["attentions"]).double()


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


def head_entropy_nearly_zero(maps):
    p = maps + 1e-9
    return -(p * p.log()).sum(-1).mean(-1)


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


def mean_distance_column_by_column(maps):
    result = torch.zeros(maps.shape[:2])
    for k in range(1, maps.shape[-1]):
        both = maps.diagonal(k, dim1=-2, dim2=-1).sum(-1) + maps.diagonal(-k, dim1=-2, dim2=-1).sum(-1)
        result += k * both
    return (result / maps.shape[-1]).double().tolist()


def mean_distance_numpy(maps):
    positions = np.arange(maps.shape[-1])
    return np.average(np.abs(np.subtract.outer(positions, positions)) * maps.numpy(), axis=-2).sum(-1)


def find_heads_dict_of_rules(maps, tokens, pattern, at_least):
    rule = {
        "previous token": lambda i, j: i - j == 1,
        "next token": lambda i, j: j - i == 1,
        "same token": lambda i, j: tokens[i] == tokens[j],
        "separator sink": lambda i, j: tokens[j] in ("[CLS]", "[SEP]", "<|endoftext|>"),
    }[pattern]
    table = np.array([[rule(i, j) for j in range(len(tokens))] for i in range(len(tokens))])
    count = table.any(axis=1).sum()
    shares = np.einsum("lhij,ij->lh", maps.double().numpy(), table) / count
    places = np.argwhere(shares >= at_least)
    return tuple(sorted(((a, b, shares[a, b]) for a, b in places), key=lambda item: -item[2]))


def find_heads_topk(maps, tokens, pattern, at_least):
    targets = attention.pattern_targets(tokens, pattern)
    hit = maps.masked_fill(~targets, 0.0).sum(-1).masked_fill(~targets.any(-1), torch.nan)
    shares, order = hit.nanmean(-1).flatten().sort(descending=True, stable=False)
    heads = maps.shape[1]
    return [
        [k // heads, k % heads, share] for share, k in zip(shares, order, strict=True) if share >= at_least
    ]


def ablate_head_chunks(mixed, head, num_heads):
    parts = list(mixed.chunk(num_heads, dim=-1))
    parts[head] = torch.zeros_like(parts[head])
    return torch.cat(parts, dim=-1)


def ablate_head_numpy(mixed, head, num_heads):
    result = mixed.double().numpy().copy()
    width = result.shape[2] // num_heads
    result[:, :, head * width : head * width + width] *= 0
    return result


def ablate_head_lists(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    return [
        [[0.0 if k // width == head else x for k, x in enumerate(token)] for token in text]
        for text in mixed.tolist()
    ]


def attention_rollout_einsum(maps):
    length = maps.shape[-1]
    rollout = torch.eye(length, dtype=torch.float64)
    for layer in range(maps.shape[0]):
        mean = torch.einsum("hij->ij", maps[layer].double()) / maps.shape[1]
        rollout = 0.5 * rollout + 0.5 * mean @ rollout
    return rollout


def attention_rollout_lists(maps):
    length = maps.shape[-1]
    places = range(length)
    rollout = [[float(i == j) for j in places] for i in places]
    for layer in maps.mean(dim=1).tolist():
        step = [[(layer[i][j] + (i == j)) / 2 for j in places] for i in places]
        rollout = [[sum(step[i][k] * rollout[k][j] for k in places) for j in places] for i in places]
    return rollout


STYLES = {
    "attention_maps": (
        attention_maps_stacked,
        attention_maps_by_hand,
        attention_maps_from_queries_and_keys,
        attention_maps_of_a_copy,
    ),
    "head_entropy": (
        head_entropy_loop,
        head_entropy_clamped,
        head_entropy_distribution,
        head_entropy_nansum,
        head_entropy_nearly_zero,
    ),
    "mean_distance": (
        mean_distance_loop,
        mean_distance_matrix,
        mean_distance_column_by_column,
        mean_distance_numpy,
    ),
    "find_heads": (find_heads_loop, find_heads_diagonals, find_heads_dict_of_rules, find_heads_topk),
    "ablate_head": (
        ablate_head_unflatten,
        ablate_head_mask,
        ablate_head_chunks,
        ablate_head_numpy,
        ablate_head_lists,
    ),
    "attention_rollout": (
        attention_rollout_recursive,
        attention_rollout_normalised,
        attention_rollout_einsum,
        attention_rollout_lists,
    ),
}
BY_NAME = {exercise.name: exercise for exercise in lab04.EXERCISES}


@pytest.mark.parametrize("seed", range(6))
def test_the_find_heads_cases_can_tell_the_order(seed):
    several = [attention.find_heads(*case.args) for case in BY_NAME["find_heads"].cases(seed)]
    several = [found for found in several if len(found) > 2]
    assert len(several) > 15
    for found in several:
        assert found != sorted(found) and found != sorted(found)[::-1]


def test_the_checks_are_quick():
    import time

    for exercise in lab04.EXERCISES:
        check(exercise.reference, exercise)  # loads the models once
        start = time.process_time()
        check(exercise.misconceptions[0].wrong, exercise)
        assert time.process_time() - start < 3, exercise.name
