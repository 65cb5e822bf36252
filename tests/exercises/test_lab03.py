"""Lab 03: right answers in other styles than ours, and what its exercises meet besides plain sentences."""

import math

import numpy as np
import pytest
import torch

from labkit.exercises import lab03
from labkit.exercises.engine import check
from labkit.measures import features

EXERCISE = {exercise.name: exercise for exercise in lab03.EXERCISES}


def hidden_states_as_tuple(model, texts):
    batch = features.encode_batch(model, texts)
    with torch.no_grad():
        output = model.network(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            output_hidden_states=True,
        )
    return output.hidden_states, batch["attention_mask"].bool()


def hidden_states_one_by_one(model, texts):
    """No batch at all: each text on its own, put into one tensor."""
    alone = [
        model.network(**features.encode_batch(model, [text]), output_hidden_states=True).hidden_states
        for text in texts
    ]
    lengths = [states[0].shape[1] for states in alone]
    hidden = torch.zeros(len(alone[0]), len(texts), max(lengths), model.width)
    mask = torch.zeros(len(texts), max(lengths), dtype=torch.long)
    for k, states in enumerate(alone):
        hidden[:, k, : lengths[k]] = torch.cat(states)
        mask[k, : lengths[k]] = 1
    return hidden, mask


def hidden_states_of_the_body(model, texts):
    body = model.network.bert if model.kind == "encoder" else model.network.transformer
    batch = features.encode_batch(model, texts)
    states = body(**batch, output_hidden_states=True).hidden_states
    return [torch.stack(list(states), 0), batch["attention_mask"]]


def hidden_states_by_hand(model, texts):
    """Lists and arrays: the tokenizer cuts, the padding is put on by hand."""
    rows = model.tokenizer(texts, truncation=True, max_length=model.max_length).input_ids
    length = max(map(len, rows))
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    mask = [[1] * len(row) + [0] * (length - len(row)) for row in rows]
    with torch.no_grad():
        output = model.network(
            input_ids=ids, attention_mask=torch.tensor(mask), output_hidden_states=True, use_cache=False
        )
    return np.stack([state.numpy() for state in output.hidden_states]), mask


def pool_loop(hidden, attention_mask, how):
    rows = []
    for vectors, mask in zip(hidden, attention_mask, strict=True):
        real = vectors[mask.bool()]
        rows.append({"cls": real[0], "mean": real.mean(dim=0), "last": real[-1]}[how])
    return torch.stack(rows)


def pool_weights(hidden, attention_mask, how):
    """One matrix product with a row of weights for each text."""
    mask = attention_mask.double()
    if how == "mean":
        weights = mask / mask.sum(1, keepdim=True)
    else:
        counts = mask.cumsum(1) * mask
        wanted = torch.ones(len(mask), 1) if how == "cls" else counts.max(1, keepdim=True).values
        weights = (counts == wanted).double()
    return torch.einsum("bt,btd->bd", weights, hidden.double())


def pool_numpy(hidden, attention_mask, how):
    hidden, mask = hidden.numpy(), attention_mask.numpy().astype(bool)
    if how == "mean":
        return np.stack([hidden[b, mask[b]].mean(0) for b in range(len(hidden))])
    return [
        hidden[b, np.flatnonzero(mask[b])[0 if how == "cls" else -1]].tolist() for b in range(len(hidden))
    ]


def pool_gather(hidden, attention_mask, how):
    if how == "mean":
        kept = hidden.masked_fill(attention_mask.unsqueeze(-1) == 0, 0)
        return kept.sum(1).div(attention_mask.sum(1, keepdim=True))
    width = hidden.shape[1]
    place = attention_mask.argmax(1) if how == "cls" else width - 1 - attention_mask.flip(1).argmax(1)
    return hidden.gather(1, place.view(-1, 1, 1).expand(-1, 1, hidden.shape[2])).squeeze(1)


def cosines_loop(vectors):
    rows = vectors.tolist()
    dot = lambda a, b: sum(x * y for x, y in zip(a, b, strict=True))
    return [[dot(a, b) / math.sqrt(dot(a, a) * dot(b, b)) for b in rows] for a in rows]


def cosines_broadcast(vectors):
    return torch.cosine_similarity(vectors.unsqueeze(0), vectors.unsqueeze(1), dim=-1)


def cosines_sklearn(vectors):
    from sklearn.metrics.pairwise import cosine_similarity

    return cosine_similarity(vectors.numpy())


def cosines_rows(vectors):
    """A list of rows, each a tensor."""
    return [torch.cosine_similarity(row[None], vectors, dim=1) for row in vectors]


def nearest_sorted(vectors, index, k):
    cosine = lambda other: torch.cosine_similarity(vectors[index], vectors[other], dim=0).item()
    others = [row for row in range(len(vectors)) if row != index]
    return tuple(sorted(others, key=cosine, reverse=True)[:k])


def nearest_argsort(vectors, index, k):
    order = cosines_broadcast(vectors)[index].argsort(descending=True)
    return order[order != index][:k]


def nearest_numpy(vectors, index, k):
    rows = vectors.double().numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    order = np.argsort(-(rows @ rows[index]), kind="stable")
    return order[order != index][:k]


def nearest_last_of_equals(vectors, index, k):
    """Of rows that are equally near, the later one comes first."""
    scores = [round(score, 5) for score in cosines_broadcast(vectors)[index].tolist()]
    others = [row for row in range(len(vectors)) if row != index]
    return sorted(others, key=lambda row: (scores[row], row), reverse=True)[:k]


def anisotropy_pairs(vectors):
    num, total = len(vectors), 0.0
    for i in range(num):
        for j in range(i + 1, num):
            total += float(torch.cosine_similarity(vectors[i], vectors[j], dim=0))
    return total / (num * (num - 1) / 2)


def anisotropy_of_the_sum(vectors):
    """|sum of unit vectors|² counts every pair twice and each vector once with itself."""
    unit = torch.nn.functional.normalize(vectors.double(), dim=1)
    num = len(unit)
    return (unit.sum(0).square().sum() - num) / (num**2 - num)


def anisotropy_triangle(vectors):
    """An array's mean, of numpy's own kind of number."""
    rows = vectors.numpy() / np.linalg.norm(vectors.numpy(), axis=1, keepdims=True)
    return (rows @ rows.T)[np.triu_indices(len(rows), 1)].mean()


def anisotropy_in_a_tensor(vectors):
    cosines = cosines_broadcast(vectors).fill_diagonal_(0)
    return cosines.sum(dim=1, keepdim=True).sum(dim=0) / (len(vectors) * (len(vectors) - 1))


def top_by_loop(vectors, num_directions):
    rest = vectors - vectors.mean(0, keepdim=True)
    for direction in torch.linalg.svd(rest, full_matrices=False).Vh[:num_directions]:
        rest = rest - torch.outer(rest @ direction, direction)
    return rest


def top_by_pca(vectors, num_directions):
    from sklearn.decomposition import PCA

    vectors = vectors.double().numpy()
    centred = vectors - vectors.mean(axis=0)
    if num_directions == 0:
        return centred
    found = PCA(n_components=num_directions).fit(vectors).components_
    return centred - centred @ found.T @ found


def top_by_eigenvectors(vectors, num_directions):
    centred = vectors.double() - vectors.double().mean(0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :num_directions]
    return centred @ (torch.eye(vectors.shape[1], dtype=torch.double) - directions @ directions.T)


def top_by_lists(vectors, num_directions):
    """The projection written as a matrix, and plain lists returned."""
    centred = vectors.double() - vectors.double().mean(dim=0)
    top = torch.linalg.svd(centred).Vh[:num_directions].T
    return (centred @ (torch.eye(len(top), dtype=torch.double) - top @ top.T)).tolist()


def cka_of_kernels(x, y):
    """The other form, by the (N, N) tables of similarities (HSIC)."""
    num = len(x)
    centre = torch.eye(num) - torch.ones(num, num) / num
    k, m = centre @ (x @ x.T) @ centre, centre @ (y @ y.T) @ centre
    return (k * m).sum() / torch.sqrt((k * k).sum() * (m * m).sum())


def cka_numpy(x, y):
    x, y = (v.double().numpy() - v.double().numpy().mean(axis=0) for v in (x, y))
    norm = np.linalg.norm
    return norm(x.T @ y, "fro") ** 2 / norm(x.T @ x, "fro") / norm(y.T @ y, "fro")


def cka_sums(x, y):
    """Loops over pairs of columns."""
    x, y = (v.double() - v.double().mean(0) for v in (x, y))
    square = lambda a, b: sum(float(p @ q) ** 2 for p in a.T for q in b.T)
    return square(x, y) / math.sqrt(square(x, x) * square(y, y))


def cka_of_singular_vectors(x, y):
    """In a tensor: U S of both spaces is all that counts."""
    parts = [torch.linalg.svd(v.double() - v.double().mean(0), full_matrices=False)[:2] for v in (x, y)]
    (u, s), (v, t) = parts
    above = ((u.T @ v) ** 2 * s[:, None] ** 2 * t**2).sum()
    return above / (s.pow(4).sum() * t.pow(4).sum()).sqrt()


def token_vector_by_offsets(model, text, word):
    """Character by character: which pieces hold a letter of the word?"""
    start, end = features.word_span(text, word)
    batch = model.tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    spans = batch.pop("offset_mapping")[0].tolist()
    rows = [k for k, (a, b) in enumerate(spans) if set(range(a, b)) & set(range(start, end))]
    states = model.network(**batch, output_hidden_states=True).hidden_states
    return [sum(layer[0, k] for k in rows) / len(rows) for layer in states]


def token_vector_by_char_to_token(model, text, word):
    start, end = features.word_span(text, word)
    encoded = model.tokenizer(text)
    rows = sorted({encoded.char_to_token(c) for c in range(start, end)})
    hidden, _ = features.hidden_states(model, [text])
    return torch.stack([layer[0][rows].mean(0) for layer in hidden]).numpy()


def token_vector_by_weights(model, text, word):
    start, end = features.word_span(text, word)
    spans = torch.tensor(model.tokenizer(text, return_offsets_mapping=True).offset_mapping)
    weights = ((spans[:, 0] < end) & (spans[:, 1] > start)).double()
    hidden, _ = features.hidden_states(model, [text])
    return torch.einsum("lbtd,t->ld", hidden.double(), weights / weights.sum())


def token_vector_by_library(model, text, word):
    pieces = features.word_pieces(model, text, word)
    hidden, _ = features.hidden_states(model, [text])
    return hidden[:, 0, pieces].mean(dim=1).tolist()


STYLES = {
    "hidden_states": (
        hidden_states_as_tuple,
        hidden_states_one_by_one,
        hidden_states_of_the_body,
        hidden_states_by_hand,
    ),
    "pool": (pool_loop, pool_weights, pool_numpy, pool_gather),
    "cosine_similarity_matrix": (cosines_loop, cosines_broadcast, cosines_sklearn, cosines_rows),
    "nearest": (nearest_sorted, nearest_argsort, nearest_numpy, nearest_last_of_equals),
    "anisotropy": (
        anisotropy_pairs,
        anisotropy_of_the_sum,
        anisotropy_triangle,
        anisotropy_in_a_tensor,
    ),
    "all_but_the_top": (top_by_loop, top_by_pca, top_by_eigenvectors, top_by_lists),
    "token_vector": (
        token_vector_by_offsets,
        token_vector_by_char_to_token,
        token_vector_by_weights,
        token_vector_by_library,
    ),
    "linear_cka": (cka_of_kernels, cka_numpy, cka_sums, cka_of_singular_vectors),
}


def test_the_minutes_sum_to_what_the_lab_promises():
    assert 60 <= sum(exercise.minutes for exercise in lab03.EXERCISES) <= 75


def test_padding_on_the_left_without_positions_is_not_the_same_as_alone():
    """A decoder whose padding stands on the left counts its positions wrongly: the check must see it."""

    def hidden_states(model, texts):
        rows = [model.tokenizer(text).input_ids for text in texts]
        length = max(map(len, rows))
        ids = torch.tensor([[0] * (length - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (length - len(row)) + [1] * len(row) for row in rows])
        with torch.inference_mode():
            states = model.network(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            ).hidden_states
        return torch.stack(states), mask

    report = check(hidden_states, EXERCISE["hidden_states"])
    failed = {result.name for result in report.results if not result.passed}
    assert "a text has the same vectors in a batch as alone" in failed


def test_vectors_without_a_mask_are_a_form_error_not_a_crash():
    def hidden_states(model, texts):
        return features.hidden_states(model, texts)[0]

    report = check(hidden_states, EXERCISE["hidden_states"])
    assert report.misconception == "no mask returned"
    assert (
        "a tensor of shape (5, 1, 1, 256) where a tuple (a tensor of float, a tensor of int64)" in report.text
    )


def test_a_mean_over_no_pieces_is_recognised():
    """Only pieces that lie inside the word: gpt-mini's carry the space before it, and none is left."""

    def token_vector(model, text, word):
        start, end = features.word_span(text, word)
        spans = model.tokenizer(text, return_offsets_mapping=True).offset_mapping
        pieces = [k for k, (a, b) in enumerate(spans) if a >= start and b <= end]
        hidden, _ = features.hidden_states(model, [text])
        return hidden[:, 0, pieces].mean(1)

    report = check(token_vector, EXERCISE["token_vector"])
    assert report.misconception == "only pieces that lie inside the word"
    assert "NaN" in report.text


@pytest.mark.parametrize("how", features.POOLINGS)
def test_the_pooling_cases_have_padding_on_both_sides(how):
    masks = [case.args[1] for case in EXERCISE["pool"].cases(1) if case.args[2] == how]
    assert any((mask[:, 0] == 0).any() for mask in masks) and any((mask[:, -1] == 0).any() for mask in masks)


def test_words_of_one_and_of_several_pieces_are_asked_of_both_models():
    counts = {
        (case.args[0].name, len(features.word_pieces(*case.args)) > 1)
        for case in EXERCISE["token_vector"].cases(1)
    }
    assert counts >= {(name, several) for name in ("bert-mini", "gpt-mini") for several in (True, False)}
