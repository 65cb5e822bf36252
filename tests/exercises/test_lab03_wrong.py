"""Lab 03: kinds of wrong answers that look right on most inputs, and answers with two mistakes at once."""

import pytest
import torch
import torch.nn.functional as F

from labkit.exercises import lab03
from labkit.exercises.engine import check
from labkit.measures import features, geometry
from tests.exercises.test_every_lab import _with_signature

EXERCISE = {exercise.name: exercise for exercise in lab03.EXERCISES}
SAME = "a text has the same vectors in a batch as alone"
LAYERS = "every layer and the embeddings: (L + 1, B, T, D)"
GUARD = "your function returns a result, and changes nothing else"


def report_of(name, function, seed=1):
    return check(_with_signature(EXERCISE[name], function), EXERCISE[name], seed=seed)


def cosines(vectors, index):
    return geometry.cosine_similarity_matrix(vectors)[index]


def off_diagonal(vectors):
    matrix = geometry.cosine_similarity_matrix(vectors)
    return matrix[~torch.eye(len(matrix), dtype=torch.bool)]


def mask_from_ids(model, texts):
    batch = features.encode_batch(model, texts)
    batch["attention_mask"] = (batch["input_ids"] != 0).long()
    states = model.network(**batch, output_hidden_states=True).hidden_states
    return torch.stack(states), batch["attention_mask"]


def five_layers(model, texts):
    hidden, mask = features.hidden_states(model, texts)
    return torch.stack([hidden[0], hidden[1], hidden[2], hidden[3], hidden[4]]), mask


def in_train_mode(model, texts):
    ids = features.encode_batch(model, texts)
    model.network.train()
    with torch.no_grad():
        states = model.network(
            ids["input_ids"], attention_mask=ids["attention_mask"], output_hidden_states=True
        ).hidden_states
    model.network.eval()
    return torch.stack(states), ids["attention_mask"]


def with_a_pad_token(model, texts):
    if model.tokenizer.pad_token is None:
        model.tokenizer.pad_token = model.tokenizer.eos_token
    return features.hidden_states(model, texts)


def full_stop_added(model, texts):
    for number, text in enumerate(texts):
        texts[number] = text if text.endswith(".") else text + "."
    return features.hidden_states(model, texts)


def mean_of_what_is_not_0(hidden, mask, how):
    if how != "mean":
        return features.pool(hidden, mask, how)
    kept = hidden * mask.unsqueeze(-1)
    return kept.sum(1) / (kept != 0).sum(1)


def ranked(vectors, index, k, leave_out):
    order = cosines(vectors, index).argsort(descending=True).tolist()
    return [row for row in order if not leave_out(row)][:k]


def six_directions(vectors, num_directions):
    return geometry.all_but_the_top(vectors, min(num_directions, 6))


def one_character_earlier(model, text, word):
    start, end = features.word_span(text, word)
    spans = model.tokenizer(text, return_offsets_mapping=True).offset_mapping
    pieces = [
        k for k, (left, right) in enumerate(spans) if left >= start - 1 and right <= end and right > left
    ]
    return features.hidden_states(model, [text])[0][:, 0, pieces].mean(1)


def of_sixteen_pieces(model, text, word):
    ids = model.tokenizer(text, truncation=True, max_length=16, return_tensors="pt").input_ids
    hidden = model.network(ids, output_hidden_states=True).hidden_states
    pieces = [min(piece, ids.shape[1] - 1) for piece in features.word_pieces(model, text, word)]
    return torch.stack([layer[0, pieces].mean(0) for layer in hidden])


# exercise, answer, a property that it fails
LOOKS_RIGHT = (
    ("hidden_states", mask_from_ids, "attention_mask is 1 at the real tokens, 0 at the padding"),
    ("hidden_states", five_layers, GUARD),
    ("hidden_states", lambda m, texts: features.hidden_states(m, list(dict.fromkeys(texts))), LAYERS),
    ("hidden_states", in_train_mode, SAME),
    ("hidden_states", with_a_pad_token, GUARD),
    ("hidden_states", full_stop_added, GUARD),
    ("pool", lambda *args: features.pool(*args).squeeze(), '"cls": the first real token'),
    ("pool", mean_of_what_is_not_0, '"mean": the average over the real tokens'),
    (
        "cosine_similarity_matrix",
        lambda v: torch.ones(len(v), len(v)),
        "longer vectors are no more alike than shorter ones",
    ),
    (
        "nearest",
        lambda v, index, k: cosines(v, index).topk(k + 1).indices.tolist()[1:],
        "the k most similar other rows, in any order",
    ),
    (
        "nearest",
        lambda v, index, k: ranked(v, index, k, lambda row: cosines(v, index)[row] > 0.9999),
        "the k most similar other rows, in any order",
    ),
    (
        "anisotropy",
        lambda v: float(off_diagonal(v)[off_diagonal(v) < 0.9999].mean()),
        "vectors that share a direction",
    ),
    (
        "anisotropy",
        lambda v: float(off_diagonal(v)[off_diagonal(v).abs() > 1e-6].mean()),
        "vectors that point everywhere",
    ),
    (
        "anisotropy",
        lambda v: geometry.anisotropy(torch.unique(v, dim=0)),
        "vectors that share a direction",
    ),
    ("all_but_the_top", six_directions, "the directions that all share most are gone"),
    ("all_but_the_top", lambda v, n: torch.zeros_like(v), "the mean of the new vectors is 0"),
    ("token_vector", one_character_earlier, "words of one piece, in both models"),
    ("token_vector", of_sixteen_pieces, "words of one piece, in both models"),
    ("linear_cka", lambda x, y: 1.0, "a space is as like itself as can be: 1"),
    ("linear_cka", lambda x, y: 1.0, "turning a space changes nothing"),
)


@pytest.mark.parametrize("seed", (1, 9))
@pytest.mark.parametrize(("name", "function", "prop"), LOOKS_RIGHT)
def test_what_is_right_on_most_inputs_is_refused(name, function, prop, seed):
    report = report_of(name, function, seed)
    assert prop in {result.name for result in report.results if not result.passed}


def test_a_network_in_train_mode_is_called_so():
    """The numbers are others in each call, so no known mistake has them; the reason is said all the same."""
    report = report_of("hidden_states", in_train_mode)
    assert "train mode" in report.hints[0]


def without_mask_and_embeddings(model, texts):
    ids = features.encode_batch(model, texts)
    states = model.network(ids["input_ids"], output_hidden_states=True).hidden_states
    return torch.stack(states[1:]), ids["attention_mask"]


def first_position_and_divided_by_t(hidden, mask, how):
    if how == "mean":
        return (hidden * mask.unsqueeze(-1)).sum(1) / hidden.shape[1]
    return hidden[:, 0] if how == "cls" else features.pool(hidden, mask, how)


def dot_products_with_itself(vectors, index, k):
    return (vectors @ vectors[index]).topk(k).indices.tolist()


def centred_rows_and_the_root(x, y):
    x, y = (v - v.mean(1, keepdim=True) for v in (x, y))
    return ((y.T @ x).norm() / ((x.T @ x).norm() * (y.T @ y).norm()).sqrt()).item()


def touching_and_largest(model, text, word):
    start, end = features.word_span(text, word)
    spans = model.tokenizer(text, return_offsets_mapping=True).offset_mapping
    pieces = [k for k, (left, right) in enumerate(spans) if left <= end and right >= start]
    return features.hidden_states(model, [text])[0][:, 0, pieces].amax(1)


# exercise, answer with two mistakes, the hints of which either may be shown
TWO = (
    ("hidden_states", without_mask_and_embeddings, {"the embeddings are left out"}),
    (
        "pool",
        first_position_and_divided_by_t,
        {"the sum over real tokens divided by T", "cls is position 0"},
    ),
    (
        "cosine_similarity_matrix",
        lambda v: (F.normalize(v, dim=0) @ F.normalize(v, dim=0).T).abs(),
        {"columns brought to length 1", "absolute values"},
    ),
    (
        "nearest",
        dot_products_with_itself,
        {"dot products", "the row itself is among its neighbours"},
    ),
    (
        "anisotropy",
        lambda v: float(geometry.cosine_similarity_matrix(v).abs().mean()),
        {"each vector is compared with itself too", "absolute values"},
    ),
    (
        "all_but_the_top",
        lambda v, n: F.normalize(geometry.all_but_the_top(v, 0), dim=1),
        {"the mean alone", "rows of length 1 in the end"},
    ),
    (
        "token_vector",
        touching_and_largest,
        {"the neighbours that touch the word", "the largest of the pieces"},
    ),
    (
        "linear_cka",
        centred_rows_and_the_root,
        {"rows centred instead of columns", "the root of the formula"},
    ),
)


@pytest.mark.parametrize("seed", (1, 9))
@pytest.mark.parametrize(("name", "function", "hints"), TWO)
def test_of_two_mistakes_one_is_recognised(name, function, hints, seed):
    assert report_of(name, function, seed).misconception in hints


def test_another_failure_is_not_taken_for_a_known_one():
    """A projector that fits one width only fails everywhere, and is no subtraction of coordinates."""

    def of_one_width(vectors, num_directions):
        centred = vectors - vectors.mean(dim=0)
        top = torch.linalg.svd(centred, full_matrices=False).Vh[:num_directions]
        return centred @ (torch.eye(256) - top.T @ top)

    report = report_of("all_but_the_top", of_one_width)
    assert report.misconception == "" and report.hints
