"""Whatever a notebook has changed, the same numbers, and the change still there afterwards.

Each state below is met in public bug reports; each case is every public function that computes something.
"""

import contextlib
import inspect
import sys
import warnings
from types import SimpleNamespace

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
    geometry,
    influence,
    probing,
    senses,
)
from labkit.messages import LabkitError
from labkit.models import encoding, generation, masks, start
from labkit.models.loading import load, load_next_sentence
from labkit.models.steady import steady
from labkit.training import characters
from tests.tiny_models import save_tiny_bert, save_tiny_gpt

TEXT, BLANK = "the cat sat on a mat.", "the cat [MASK] on a mat."
TEXTS = [TEXT, "a dog sat on the mat.", "the dog.", "a cat."]
LABELS = [0, 1, 0, 1]
VECTORS = torch.randn(8, 5, generator=torch.Generator().manual_seed(1))
LAYERS = torch.randn(8, 3, 5, generator=torch.Generator().manual_seed(2))
HALVES = np.array([0, 1] * 4)
SENSES = [
    SimpleNamespace(word=word, sense=sense, words_before=k)
    for word in ("bank",) for sense in ("money", "river") for k in range(4)
]  # fmt: skip
PREDICT = lambda text, k: ["cat"]
GREEDY = lambda logits: logits.argmax(dim=-1)

# name -> (bert, gpt, nsp) -> result; tensors, arrays, floats, strings, and lists, dicts and tuples of them
FUNCTIONS = {
    "cloze.fill_mask": lambda m: cloze.fill_mask(m.bert, BLANK),
    "cloze.next_words": lambda m: cloze.next_words(m.gpt, TEXT, 2),
    "cloze.encode_blank": lambda m: cloze.encode_blank(m.bert, BLANK),
    "cloze.full_context": lambda m: cloze.full_context(m.bert)(BLANK, 3),
    "cloze.left_context": lambda m: cloze.left_context(m.gpt)(BLANK, 2),
    "cloze.cloze_accuracy": lambda m: cloze.cloze_accuracy(
        cloze.full_context(m.bert), [SimpleNamespace(text=BLANK, answers={"cat"})], 3
    ),
    "cloze.follows": lambda m: cloze.follows(m.nsp, TEXTS[:2], TEXTS[2:]),
    "cloze.accuracy_at_rate": lambda m: cloze.accuracy_at_rate(m.bert, TEXTS, 0.4),
    "ablation.text_losses": lambda m: [ablation.text_losses(x, TEXTS) for x in (m.bert, m.gpt)],
    "ablation.ablation_map": lambda m: ablation.ablation_map(m.bert, TEXTS),
    "attention.attention_maps": lambda m: [attention.attention_maps(x, TEXT) for x in (m.bert, m.gpt)],
    "attention.queries_and_keys": lambda m: [attention.queries_and_keys(x, TEXT) for x in (m.bert, m.gpt)],
    "attention.tokens": lambda m: [attention.tokens(x, TEXT) for x in (m.bert, m.gpt)],
    "attention.over_texts": lambda m: attention.over_texts(m.gpt, TEXTS, lambda maps, _: maps.mean()),
    "attention.pattern_shares": lambda m: attention.pattern_shares(m.bert, TEXTS),
    "attention of maps": lambda m: [
        function(attention.attention_maps(m.bert, TEXT))
        for function in (
            attention.head_entropy, attention.mean_distance, attention.direction_shares,
            attention.attention_rollout, lambda maps: attention.offset_shares(maps, [-1, 0, 40]),
            lambda maps: attention.find_heads(maps, attention.tokens(m.bert, TEXT), "same token", 0.1),
        )
    ],
    "explaining.explain": lambda m: explaining.explain(m.bert, BLANK).scores,
    "explaining.agreement": lambda m: explaining.agreement(m.bert, [BLANK, "a [MASK] sat on the mat."]),
    "influence.influence_map": lambda m: [influence.influence_map(x, TEXT) for x in (m.bert, m.gpt)],
    "influence.sees_future": lambda m: influence.sees_future(lambda ids: ids.float().cumsum(0)),
    "features.encode_batch": lambda m: features.encode_batch(m.bert, TEXTS),
    "features.hidden_states": lambda m: [
        features.hidden_states(x, TEXTS)[0][:, 0] for x in (m.bert, m.gpt)
    ],
    "features.extract": lambda m: [features.extract(x, TEXTS) for x in (m.bert, m.gpt)],
    "features.extract_poolings": lambda m: features.extract_poolings(m.gpt, TEXTS),
    "features.token_vector": lambda m: features.token_vector(m.bert, TEXT, "cat"),
    "features.word_vectors": lambda m: features.word_vectors(m.gpt, TEXTS[:1], ["cat"]),
    "features.word_pieces": lambda m: features.word_pieces(m.gpt, TEXT, "cat"),
    "features.pool": lambda m: [
        features.pool(VECTORS[None].float(), torch.ones(1, 8, device="cpu"), how) for how in features.POOLINGS
    ],
    "generation.sentence_log_prob": lambda m: generation.sentence_log_prob(m.gpt, TEXT),
    "generation.guesses_along": lambda m: [g.prob for g in generation.guesses_along(m.gpt, TEXT)],
    "generation.next_probs": lambda m: generation.next_probs(VECTORS.clone(), 0.7, 3, 0.9),
    "generation.generate": lambda m: generation.generate(
        m.gpt, encoding.encode_prompt(m.gpt, "a cat"), 4, GREEDY
    ),
    "generation.continue_text": lambda m: generation.continue_text(m.gpt, "a cat", 5, temperature=0),
    "generation.forced_and_free": lambda m: generation.forced_and_free(m.gpt, TEXTS, 2, 3),
    "masks.causal_mask": lambda m: masks.causal_mask(4),
    "masks.with_mask": lambda m: [
        [cloze.fill_mask(masks.with_mask(m.bert, causal), BLANK, 3),
         generation.sentence_log_prob(masks.with_mask(m.gpt, causal), TEXT)] for causal in (True, False)
    ],
    "baselines": lambda m: [f(TEXTS, LABELS, TEXTS[:2]) for f in (baselines.majority, baselines.tfidf)],
    "baselines.lstm": lambda m: baselines.lstm(TEXTS, LABELS, TEXTS[:2], width=4),
    "baselines.untrained": lambda m: features.extract(baselines.untrained(m.bert), TEXTS),
    "characters.train": lambda m: trained_characters(),
    "geometry": lambda m: [
        geometry.cosine_similarity_matrix(VECTORS), geometry.nearest(VECTORS, 0, 3),
        geometry.anisotropy(VECTORS), geometry.all_but_the_top(VECTORS, 2).abs(),
        geometry.linear_cka(VECTORS, VECTORS[:, :3]), geometry.cka_table([VECTORS, VECTORS[:, :2]]),
    ],
    "probing": lambda m: [
        probing.fit_probe(VECTORS.numpy(), HALVES, VECTORS.numpy()),
        probing.layer_sweep(LAYERS.numpy(), HALVES, 4, [0, 1]),
    ],
    "comparison": lambda m: [
        comparison.balanced_order(HALVES, 0), comparison.bootstrap_interval(HALVES, 50, 0),
        comparison.curve_intervals(HALVES[None, None]), comparison.compare(HALVES, 1 - HALVES),
    ],
    "senses": lambda m: [
        senses.sense_accuracy(LAYERS, SENSES, 3), senses.neighbour_agreement(VECTORS, SENSES)
    ],
    "load": lambda m: load(m.folder).network.get_input_embeddings().weight.detach(),
}  # fmt: skip


def trained_characters():
    model = characters.train(["the cat sat on the mat and the dog sat on the cat. " * 8], True, steps=3)
    return model.losses, model.accuracy("the cat sat on the mat and the dog sat"), model.write("the", 5)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two tiny models with dropout, which training mode would switch on, and strong opinions."""
    folder = tmp_path_factory.mktemp("steady")
    noise = dict(initializer_range=0.4)
    bert = save_tiny_bert(folder / "bert", hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5, **noise)
    return bert, save_tiny_gpt(folder / "gpt", resid_pdrop=0.5, embd_pdrop=0.5, attn_pdrop=0.5, **noise)


def models(folders):
    bert, gpt = folders
    return SimpleNamespace(bert=load(bert), gpt=load(gpt), nsp=load_next_sentence(bert), folder=bert)


@pytest.fixture(scope="module")
def usual(folders):
    """Every function's result in a fresh session."""
    given = models(folders)
    return {name: function(given) for name, function in FUNCTIONS.items()}


def networks(given):
    return [model.network for model in (given.bert, given.gpt, given.nsp)]


def tokenizers(given):
    return [model.tokenizer for model in (given.bert, given.gpt, given.nsp)]


@contextlib.contextmanager
def default_dtype(dtype):
    torch.set_default_dtype(dtype)
    yield
    assert torch.get_default_dtype() == dtype
    torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def default_device(name):
    torch.set_default_device(name)
    yield
    assert torch.get_default_device().type == name
    torch.set_default_device(None)


@contextlib.contextmanager
def no_gradients(given):
    torch.set_grad_enabled(False)
    yield
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)


@contextlib.contextmanager
def inference(given):
    with torch.inference_mode():
        yield
        assert torch.is_inference_mode_enabled()


@contextlib.contextmanager
def deterministic(given):
    torch.use_deterministic_algorithms(True)
    yield
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)


@contextlib.contextmanager
def threads(given):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


@contextlib.contextmanager
def autocast(given):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield
        assert torch.is_autocast_enabled("cpu")


@contextlib.contextmanager
def training(given):
    for network in networks(given):
        network.train()
    yield
    assert all(module.training for network in networks(given) for module in network.modules())


@contextlib.contextmanager
def half_in_training(given):
    given.bert.network.bert.encoder.train()
    given.gpt.network.transformer.drop.train()
    yield
    assert given.gpt.network.transformer.drop.training and not given.gpt.network.training
    assert given.bert.network.bert.encoder.training and not given.bert.network.training


@contextlib.contextmanager
def in_dtype(given, dtype):
    for network in networks(given):
        network.to(dtype)
    yield
    assert {parameter.dtype for network in networks(given) for parameter in network.parameters()} == {dtype}


@contextlib.contextmanager
def frozen(given):
    for network in networks(given):
        network.requires_grad_(False)
    yield
    assert not any(
        parameter.requires_grad for network in networks(given) for parameter in network.parameters()
    )


@contextlib.contextmanager
def gradients_kept(given):
    for network in networks(given):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
    yield
    for network in networks(given):
        assert all((parameter.grad == 1).all() for parameter in network.parameters())


@contextlib.contextmanager
def tokenizers_set(given):
    for tokenizer in tokenizers(given):
        tokenizer.padding_side = tokenizer.truncation_side = "left"
        tokenizer.backend_tokenizer.enable_truncation(max_length=5)
        tokenizer.backend_tokenizer.enable_padding(length=30, direction="left")
    before = [(t.backend_tokenizer.padding, t.backend_tokenizer.truncation) for t in tokenizers(given)]
    yield
    assert [
        (t.backend_tokenizer.padding, t.backend_tokenizer.truncation) for t in tokenizers(given)
    ] == before
    assert all(tokenizer.padding_side == "left" for tokenizer in tokenizers(given))


@contextlib.contextmanager
def numpy_raises(given):
    before = np.seterr(all="raise")
    try:
        yield
        assert set(np.geterr().values()) == {"raise"}
    finally:
        np.seterr(**before)


@contextlib.contextmanager
def warnings_are_errors(given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@contextlib.contextmanager
def seeds(given):
    torch.manual_seed(11)
    np.random.seed(11)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), np.random.get_state()[2]
    yield
    assert torch.equal(torch.get_rng_state(), before[0]), "torch's random numbers were used"
    assert (np.random.get_state()[1].tolist(), np.random.get_state()[2]) == before[1:], "numpy's were used"


STATES = {
    "gradients off": no_gradients,
    "inference mode": inference,
    "default dtype float64": lambda given: default_dtype(torch.float64),
    "default dtype bfloat16": lambda given: default_dtype(torch.bfloat16),
    "default device meta": lambda given: default_device("meta"),
    "deterministic": deterministic,
    "two threads": threads,
    "autocast": autocast,
    "training mode": training,
    "a part in training mode": half_in_training,
    "float64": lambda given: in_dtype(given, torch.float64),
    "float16": lambda given: in_dtype(given, torch.float16),
    "bfloat16": lambda given: in_dtype(given, torch.bfloat16),
    "frozen": frozen,
    "gradients kept": gradients_kept,
    "tokenizers set": tokenizers_set,
    "numpy raises": numpy_raises,
    "warnings are errors": warnings_are_errors,
    "seeds": seeds,
}
# What is a matter of a close decision, or is compared exactly elsewhere, is not compared in fewer digits.
DECISIONS = {
    "masks.with_mask", "cloze.accuracy_at_rate", "attention of maps", "explaining.agreement", "load",
    "generation.generate", "generation.continue_text", "generation.forced_and_free", "cloze.fill_mask",
    "cloze.next_words", "cloze.full_context", "cloze.left_context", "cloze.cloze_accuracy",
}  # fmt: skip


def numbers(result):
    """Every number in a result, as one flat float64 array; and every string."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, (list, tuple)):
        parts = [numbers(item) for item in result]
        words = [word for _, some in parts for word in some]
        return np.concatenate([np.zeros(0), *(some for some, _ in parts)]), words
    if isinstance(result, str):
        return np.zeros(0), [result]
    if isinstance(result, torch.Tensor):
        assert result.device.type == "cpu" and not result.requires_grad
        result = result.double().numpy()
    return np.asarray(result, dtype=np.float64).reshape(-1), []


@pytest.mark.parametrize("state", STATES)
def test_the_same_numbers_in_every_state(state, folders, usual):
    """All functions in one test: a state is set once for them, and most take a thousandth of a second."""
    given, failed = models(folders), []
    rough = state in ("float16", "bfloat16")
    with STATES[state](given):
        results = {}
        for name, function in FUNCTIONS.items():
            try:
                results[name] = function(given)
            except Exception as error:  # told together with the other functions' below
                failed.append(f"{name}: {type(error).__name__}: {str(error):.300}")
    for name, result in results.items():
        got, words = numbers(result)
        expected, expected_words = numbers(usual[name])
        if rough and name in DECISIONS:
            continue
        scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
        if got.shape != expected.shape or words != expected_words:
            failed.append(f"{name}: other words or shapes")
        elif np.abs(got - expected).max(initial=0.0) > (0.2 if rough else 2e-4) * scale:
            failed.append(f"{name}: off by {np.abs(got - expected).max():.2g}")
    assert not failed, "\n".join(failed)


def test_every_public_function_of_the_measures_is_among_them():
    modules = (ablation, attention, baselines, cloze, comparison, explaining, features, geometry, influence,
               probing, senses, generation, masks)  # fmt: skip
    source = inspect.getsource(sys.modules[__name__])
    without = {"words", "ablate_head", "without_head", "eager", "word_span", "habits", "strongest", "BLANK",
               "pattern_targets", "pattern_share", "at_the_start", "sample_next", "combine_masks",
               "attention", "balanced_split", "choose_layer", "probe_accuracy", "learning_curve"}  # fmt: skip
    for module in modules:
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_") and name not in without:
                short = module.__name__.rpartition(".")[2]
                assert f"{short}.{name}" in source, f"{short}.{name} has no case"


def test_a_network_without_numbers_is_a_plain_message(folders):
    given = models(folders)
    for network in networks(given):
        network.to("meta")
    for name in ("cloze.fill_mask", "cloze.next_words", "ablation.text_losses", "explaining.explain",
                 "influence.influence_map", "features.extract", "attention.attention_maps", "masks.with_mask",
                 "generation.continue_text"):  # fmt: skip
        function = FUNCTIONS[name]
        with pytest.raises(LabkitError, match="'meta'"):
            function(given)


def test_what_is_returned_can_be_trained_on(folders):
    """Tensors made in inference mode can't be: torch refuses to save them for the backward pass."""
    given = models(folders)
    hidden, mask = features.hidden_states(given.bert, TEXTS)
    weight = torch.ones(hidden.shape[-1], requires_grad=True)
    (features.pool(hidden[-1], mask, "mean") @ weight).sum().backward()
    assert weight.grad.isfinite().all()
    vectors = VECTORS.clone().requires_grad_()
    geometry.cosine_similarity_matrix(vectors).sum().backward()
    assert vectors.grad is not None


def test_a_model_loaded_in_inference_mode_can_be_explained_and_trained(folders):
    with torch.inference_mode():
        model = load(folders[0])
    assert explaining.explain(model, BLANK).scores["gradient"].sum() > 0
    model.network(input_ids=torch.tensor([[2, 5, 3]])).logits.sum().backward()


def test_the_untrained_start_uses_nobodys_random_numbers():
    model = load("bert")
    torch.manual_seed(3)
    before = torch.get_rng_state()
    attention.at_the_start(model)
    assert torch.equal(torch.get_rng_state(), before)
    assert start.SHAPE["width"] == model.width


def test_a_function_that_fails_leaves_the_state_too():
    @steady
    def fails():
        assert torch.get_default_dtype() == torch.float32 and not torch.is_grad_enabled()
        raise LabkitError("no")

    with default_dtype(torch.float64):
        with pytest.raises(LabkitError):
            fails()
        assert torch.is_grad_enabled()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_networks_on_a_gpu_give_the_same_numbers(folders, usual):
    given = models(folders)
    for network in networks(given):
        network.cuda()
    for name, function in FUNCTIONS.items():
        if name not in ("load", "baselines.untrained"):
            got, expected = numbers(function(given))[0], numbers(usual[name])[0]
            assert np.abs(got - expected).max(initial=0.0) < 2e-3 * max(
                1.0, np.abs(expected).max(initial=0.0)
            ), name
