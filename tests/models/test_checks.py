"""Numbers of a wrong kind, models changed by hand, results that are NaN: a plain message each."""

import numpy as np
import pytest
import torch

from labkit.measures import (
    ablation,
    attention,
    baselines,
    cloze,
    comparison,
    explaining,
    features,
    influence,
    probing,
)  # fmt: skip
from labkit.messages import LabkitError
from labkit.models import checks, generation, masks
from labkit.models.loading import load, load_next_sentence
from labkit.training import characters

TEXT, BLANK, PROMPT = "the cat sat on the mat .", "the [MASK] sat .", "a cat sat on a mat"
LONG = "the cat sat on the mat and the dog ran far away over the hills. " * 8


@pytest.fixture
def bert(tiny_bert):
    return load(tiny_bert)


@pytest.fixture
def gpt(tiny_gpt):
    return load(tiny_gpt)


@pytest.mark.parametrize(
    ("value", "right"),
    [(1, True), (np.int64(3), True), (torch.tensor(2), True), (0, False), (True, False), (1.0, False),
     ("1", False), (None, False), (float("nan"), False), ([1], False), (torch.tensor([1, 2]), False)],
)  # fmt: skip
def test_what_is_a_whole_number(value, right):
    assert checks.is_whole(value, 1, 9) is right


@pytest.mark.parametrize(
    ("value", "right"),
    [(1, True), (0.15, True), (np.float32(0.5), True), (0, False), (-0.1, False), (1.5, False), (True, False),
     (float("nan"), False), ("0.5", False), (None, False), (np.array([0.1, 0.2]), False)],
)  # fmt: skip
def test_what_is_a_share(value, right):
    if right:
        checks.require_share("rate", value)
    else:
        with pytest.raises(LabkitError, match="rate is a share"):
            checks.require_share("rate", value)


WHOLE = {
    "fill_mask": lambda m, v: cloze.fill_mask(m.bert, BLANK, k=v),
    "next_words": lambda m, v: cloze.next_words(m.gpt, PROMPT, k=v),
    "num_new": lambda m, v: generation.continue_text(m.gpt, PROMPT, num_new=v),
    "top_k": lambda m, v: generation.continue_text(m.gpt, PROMPT, 2, top_k=v),
    "seed of continue_text": lambda m, v: generation.continue_text(m.gpt, PROMPT, seed=v),
    "seed of accuracy_at_rate": lambda m, v: cloze.accuracy_at_rate(m.bert, [TEXT], 0.5, seed=v),
    "batch_size": lambda m, v: cloze.accuracy_at_rate(m.bert, [TEXT], 0.5, batch_size=v),
    "seed of text_losses": lambda m, v: ablation.text_losses(m.bert, [TEXT], seed=v),
    "num_changes": lambda m, v: influence.influence_map(m.bert, TEXT, num_changes=v),
    "seed of influence_map": lambda m, v: influence.influence_map(m.bert, TEXT, seed=v),
    "prompt_length": lambda m, v: generation.forced_and_free(m.gpt, [PROMPT], prompt_length=v),
    "num_new of forced_and_free": lambda m, v: generation.forced_and_free(m.gpt, [PROMPT], 2, v),
    "tokens_per_batch": lambda m, v: features.extract(m.bert, [TEXT], tokens_per_batch=v),
    "steps": lambda m, v: characters.train([LONG], causal=True, steps=v),
    "seed of train": lambda m, v: characters.train([LONG], causal=True, seed=v),
    "layer": lambda m, v: ablation.without_head(m.bert, v, 0).__enter__(),
    "num_train": lambda m, v: probing.balanced_split([0, 1] * 9, v, 0),
    "num_samples": lambda m, v: comparison.bootstrap_interval([0, 1], v, 0),
    "seed of balanced_order": lambda m, v: comparison.balanced_order([0, 1], v),
    "seed of lstm": lambda m, v: baselines.lstm(["bad", "good"], [0, 1], ["good"], seed=v),
    "seed of untrained": lambda m, v: baselines.untrained(m.bert, seed=v),
}


@pytest.fixture
def pair(bert, gpt):
    class Pair:
        pass

    Pair.bert, Pair.gpt = bert, gpt
    return Pair


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_no_whole_number_is_a_plain_message(name, pair):
    for value in ("1", None, 2.0, True, float("nan"), -1, [1], 10**30 if "seed" in name else -5):
        with pytest.raises(LabkitError, match="whole number|how many words|there is no layer"):
            WHOLE[name](pair, value)


@pytest.mark.parametrize("rate", [0, -0.1, 1.5, 15, "0.15", None, True, float("nan")])
def test_a_rate_that_is_no_share(rate, bert):
    with pytest.raises(LabkitError, match="rate is a share"):
        cloze.accuracy_at_rate(bert, [TEXT], rate)


@pytest.mark.parametrize("strength", [0, -1, "1", None, True, float("nan"), float("inf")])
def test_a_strength_that_is_no_number_above_zero(strength):
    x, y = np.eye(4), [0, 1, 0, 1]
    calls = [lambda: probing.fit_probe(x, y, x, strength),
             lambda: probing.probe_accuracy(x, y, 2, 0, strength),
             lambda: baselines.tfidf(["bad", "good"], [0, 1], ["good"], strength)]  # fmt: skip
    for call in calls:
        with pytest.raises(LabkitError, match="strength is a number above 0"):
            call()


def test_features_that_are_no_numbers_and_texts_without_words():
    with pytest.raises(LabkitError, match="x_train should hold numbers"):
        probing.fit_probe([["a"], ["b"]], [0, 1], [["a"]])
    with pytest.raises(LabkitError, match="No training text holds a word"):
        baselines.tfidf(["", "!"], [0, 1], ["good"])


@pytest.mark.parametrize(
    "logits", [[1.0, 2.0], np.ones(3), torch.ones(3, dtype=torch.long), torch.tensor(1.0)]
)
def test_logits_that_are_no_tensor_of_floats(logits):
    with pytest.raises(LabkitError, match="logits are a tensor of floats"):
        generation.next_probs(logits)


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_logits_that_leave_nothing_to_choose(temperature):
    inf = torch.inf
    for row in ([-inf, -inf], [inf, 0.0]):
        with pytest.raises(LabkitError, match="nothing to choose from"):
            generation.next_probs(torch.tensor([[0.0, 1.0], row]), temperature)
    assert generation.next_probs(torch.tensor([0.0, -inf]), temperature).tolist() == [1, 0]


@pytest.mark.parametrize("maps", [torch.tensor([[[2.0, -1.0], [0.5, 0.5]]]), torch.eye(2).long()[None]])
def test_maps_that_are_no_shares(maps):
    for statistic in (attention.head_entropy, attention.mean_distance, attention.attention_rollout):
        with pytest.raises(LabkitError, match="below 0|shares, numbers with a point"):
            statistic(maps[None])


MEASURES = {
    "fill_mask": lambda m: cloze.fill_mask(m.bert, BLANK, 2),
    "next_words": lambda m: cloze.next_words(m.gpt, PROMPT, 2),
    "accuracy_at_rate": lambda m: cloze.accuracy_at_rate(m.bert, [TEXT], 0.9),
    "continue_text": lambda m: generation.continue_text(m.gpt, PROMPT, 2),
    "sentence_log_prob": lambda m: generation.sentence_log_prob(m.gpt, PROMPT),
    "forced_and_free": lambda m: generation.forced_and_free(m.gpt, [PROMPT], 2, 2),
    "extract": lambda m: features.extract(m.bert, [TEXT]),
    "hidden_states": lambda m: features.hidden_states(m.gpt, [PROMPT]),
    "word_vectors": lambda m: features.word_vectors(m.bert, [TEXT], ["cat"]),
    "attention_maps": lambda m: attention.attention_maps(m.bert, TEXT),
    "queries_and_keys": lambda m: attention.queries_and_keys(m.gpt, PROMPT),
    "text_losses": lambda m: ablation.text_losses(m.bert, [TEXT]),
    "text_losses of a decoder": lambda m: ablation.text_losses(m.gpt, [PROMPT]),
    "explain": lambda m: explaining.explain(m.bert, BLANK),
    "influence_map": lambda m: influence.influence_map(m.gpt, PROMPT, 2),
    "with_mask": lambda m: masks.with_mask(m.bert, causal=True),
}


def _each(pair, change):
    for model in (pair.bert, pair.gpt):
        change(model)


CHANGES = {
    "its tokenizer is NoneType": lambda m: setattr(m, "tokenizer", None),
    "its network is NoneType": lambda m: setattr(m, "network", None),
    "its output head": lambda m: delattr(m.network, "cls" if m.kind == "encoder" else "lm_head"),
    "return_dict = True": lambda m: setattr(m.network.config, "return_dict", False),
    "its config says 7": lambda m: setattr(m.network.config, "vocab_size", 7),
    "layers, and its config": lambda m: m.network.base_model.get_submodule(
        "encoder.layer" if m.kind == "encoder" else "h").__delitem__(1),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", MEASURES)
def test_a_model_that_was_changed_is_a_plain_message(name, change, pair):
    _each(pair, CHANGES[change])
    with pytest.raises(LabkitError, match=f"changed after loading: .*{change}"):
        MEASURES[name](pair)


@pytest.mark.parametrize("name", ["next_words", "accuracy_at_rate", "forced_and_free"])
def test_a_piece_that_the_network_has_no_row_for(name, pair):
    _each(pair, lambda m: m.tokenizer.add_tokens(["cat sat"]))
    with pytest.raises(LabkitError, match="'cat sat'.*resize_token_embeddings"):
        MEASURES[name](pair)
    cloze.next_words(pair.gpt, "a dog", 2)  # other texts go on as before


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in ("queries_and_keys", "with_mask")])
def test_weights_that_are_nan_are_named(name, pair):
    _each(pair, lambda m: m.network.get_input_embeddings().weight.data.fill_(torch.nan))
    with pytest.raises(LabkitError, match="computes NaN"):
        MEASURES[name](pair)


def test_a_model_without_the_head_that_a_measure_reads(tmp_path, bert):
    from transformers import BertForSequenceClassification

    from labkit.models.loading import quiet

    with quiet():
        BertForSequenceClassification(bert.network.config).save_pretrained(tmp_path)
    bert.tokenizer.save_pretrained(tmp_path)
    classifier = load(tmp_path)
    with pytest.raises(LabkitError, match="without its masked-word head"):
        cloze.accuracy_at_rate(classifier, [TEXT], 0.5)
    tokens, moved = influence.influence_map(classifier, TEXT, 2)  # has hidden states like any other
    assert moved.shape == (len(tokens), len(tokens))
    with pytest.raises(LabkitError, match=r"labkit\.models\.load_next_sentence\('bert'\)"):
        cloze.follows(bert, [TEXT], [TEXT])
    with pytest.raises(LabkitError, match="is a decoder"):
        cloze.accuracy_at_rate(load("gpt"), [TEXT], 0.5)
    assert cloze.follows(load_next_sentence("bert"), [TEXT], [TEXT]).shape == (1, 1)
