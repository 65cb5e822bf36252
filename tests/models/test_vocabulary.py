"""Folders whose tokenizer and network differ in size, that lack special tokens, or that spell otherwise."""

import json
import shutil

import pytest
import torch

from labkit.measures import ablation, attention, cloze, explaining, features, influence
from labkit.messages import LabkitError
from labkit.models import encoding, generation, vocabulary
from labkit.models.loading import load
from tests.tiny_models import (
    save_character_gpt,
    save_sentencepiece_gpt,
    save_tiny_bert,
    save_tiny_gpt,
    save_whole_word_bert,
)

TEXT = "the cat sat."
TEXTS = [TEXT, "a dog sat on the mat.", "the dog."]


def loud_padding(model):
    """The rows beyond the tokenizer are the network's favourites, which none may see."""
    size = len(model.tokenizer)
    with torch.no_grad():
        words = model.network.get_input_embeddings().weight
        words[size:] = 30 * torch.randn(len(words) - size, words.shape[1], generator=torch.Generator())
        if model.kind == "encoder":
            model.network.cls.predictions.bias[size:] = 100
    return model


@pytest.fixture(scope="module")
def padded(tmp_path_factory):
    """{"encoder", "decoder"}: networks with 40 more rows than their tokenizers have pieces."""
    folder = tmp_path_factory.mktemp("padded")
    bert = save_tiny_bert(folder / "bert", vocab_size=16 + 40)
    gpt = save_tiny_gpt(folder / "gpt", vocab_size=58 + 40)
    return {model.kind: loud_padding(model) for model in (load(bert), load(gpt))}


def test_a_padded_network_would_say_what_nobody_can_read(padded):
    """The premise: without the check the favourites are rows beyond the tokenizer."""
    for model in padded.values():
        ids = encoding.encode(model, TEXT)
        with torch.inference_mode():
            favourites = model.network(input_ids=ids).logits.argmax(dim=-1)
        assert (favourites >= len(model.tokenizer)).any()


def test_padding_is_never_shown_or_drawn(padded):
    bert, gpt = padded["encoder"], padded["decoder"]
    own = set(gpt.tokenizer.get_vocab().values())
    for words in (cloze.fill_mask(bert, "the [MASK] sat.", k=16), cloze.next_words(gpt, TEXT, k=3)):
        assert all(isinstance(word, str) and word for word, _ in words)
    assert sum(probability for _, probability in cloze.fill_mask(bert, "the [MASK] sat.", k=16)) == (
        pytest.approx(1, abs=1e-5)
    )
    with pytest.raises(LabkitError, match="from 1 to 16"):
        cloze.fill_mask(bert, "the [MASK] sat.", k=17)
    assert explaining.explain(bert, "the [MASK] sat.").word in bert.tokenizer.get_vocab()
    ids = generation.encode_prompt(gpt, TEXT)
    seen = []

    def choose(logits):
        seen.append(logits)
        return generation.sample_next(logits, temperature=5.0)

    for use_cache in (True, False):
        written = generation.generate(gpt, ids, 8, choose, use_cache)
        assert set(written[0].tolist()) <= own
    assert all((logits[:, len(own) :] == -torch.inf).all() for logits in seen)
    assert all(guess.favourite for guess in generation.guesses_along(gpt, TEXT))
    assert isinstance(generation.continue_text(gpt, TEXT, 8), str)
    assert generation.sentence_log_prob(gpt, TEXT) > -200
    assert (ablation.text_losses(gpt, TEXTS) < 20).all() and (ablation.text_losses(bert, TEXTS) < 20).all()
    generation.forced_and_free(gpt, TEXTS, 2, 3)
    cloze.accuracy_at_rate(bert, TEXTS, 0.5)
    for model in padded.values():
        _, moved = influence.influence_map(model, TEXT)
        assert moved.isfinite().all()
        assert (vocabulary.ordinary_ids(model) < len(model.tokenizer)).all()


def test_probabilities_are_those_of_the_network_without_padding(padded, tmp_path):
    gpt = padded["decoder"]
    small = load(save_tiny_gpt(tmp_path / "gpt"))
    with torch.no_grad():
        state = gpt.network.state_dict()
        small.network.load_state_dict({name: tensor[:58] if "wte" in name or "lm_head" in name else tensor
                                       for name, tensor in state.items()})  # fmt: skip
    assert generation.sentence_log_prob(gpt, TEXT) == pytest.approx(generation.sentence_log_prob(small, TEXT))
    assert cloze.next_words(gpt, TEXT, 3) == [
        (word, pytest.approx(probability)) for word, probability in cloze.next_words(small, TEXT, 3)
    ]


@pytest.mark.parametrize(("save", "size"), [(save_tiny_bert, 16), (save_tiny_gpt, 58)])
def test_a_tokenizer_larger_than_its_network_is_refused(save, size, tmp_path):
    folder = save(
        tmp_path / "cut", vocab_size=size - 2, **({"pad_token_id": 0} if save is save_tiny_bert else {})
    )
    with pytest.raises(LabkitError, match=rf"pieces for which its network, of {size - 2} rows.*and 1 more"):
        load(folder)


def test_a_piece_that_was_added_afterwards_is_named(tiny_gpt):
    model = load(tiny_gpt)
    model.tokenizer.add_tokens(["catdog"])
    for call in (attention.tokens, generation.encode_prompt, lambda m, text: features.extract(m, [text])):
        with pytest.raises(LabkitError, match="'catdog'.*resize_token_embeddings"):
            call(model, "a catdog sat")
        call(model, "a cat sat")


def test_a_character_model_keeps_its_spaces_and_is_given_no_new_pieces(tmp_path):
    """BERT's and GPT-2's own classes would drop the space and add an <|endoftext|> without a row."""
    model = load(save_character_gpt(tmp_path / "characters"))
    assert len(model.tokenizer) == model.network.config.vocab_size
    assert attention.tokens(model, "a b.") == ["a", " ", "b", "."]
    assert model.tokenizer.decode(encoding.encode(model, "a b.")[0]) == "a b."
    span = features.word_pieces(model, "the cat sat", "cat")
    assert span == [4, 5, 6]
    assert not vocabulary.marks_words(model.tokenizer)
    assert features.extract(model, TEXTS).shape == (3, 3, 16)
    assert influence.influence_map(model, TEXT)[0] == list(TEXT)
    for call in (cloze.next_words, generation.continue_text, generation.sentence_log_prob):
        with pytest.raises(LabkitError, match="neither a beginning-of-text nor an end-of-text"):
            call(model, TEXT)
    model.tokenizer.bos_token = "\n"  # what the message advises
    words = [word for word, _ in cloze.next_words(model, "the", k=10)]
    assert len(set(words)) == 10 and all(words)
    assert generation.continue_text(model, "the", 5).startswith("the")


def test_a_character_model_with_an_end_begins_there(tmp_path):
    model = load(save_character_gpt(tmp_path / "characters", eos="#", padded=5))
    assert encoding.start_id(model) == model.tokenizer.eos_token_id
    assert generation.sentence_log_prob(model, "the cat") < 0
    assert "#" not in [word for word, _ in cloze.next_words(model, "the", k=20)]


def test_pieces_of_sentencepiece(tmp_path):
    model = load(save_sentencepiece_gpt(tmp_path / "pieces"))
    assert attention.tokens(model, "the cat sat.") == ["the", "cat", "sat", "."]
    assert encoding.encode_prompt(model, "the cat")[0, 0] == 1, "texts begin with <s>, not with </s>"
    words = [word for word, _ in cloze.next_words(model, "the cat", k=4)]
    assert set(words) <= {"the", "cat", "dog", "sat", "▁"}
    assert features.word_pieces(model, "the cat sat.", "cat") == [1]
    assert attention.pattern_targets(["<s>", "the"], "separator sink").tolist() == [[True, False]] * 2
    assert not set(vocabulary.ordinary_ids(model).tolist()) & {0, 1, 2}


def test_whole_words_without_a_sign_for_the_rest(tmp_path):
    model = load(save_whole_word_bert(tmp_path / "words"))
    assert attention.tokens(model, "the cat sat.") == ["[CLS]", "the", "cat", "sat", ".", "[SEP]"]
    assert features.word_pieces(model, "the cat sat.", "cat") == [2]
    assert len(cloze.fill_mask(model, "the [MASK] sat.")) == 5
    assert (ablation.text_losses(model, TEXTS) > 0).all()


def test_an_encoder_without_special_tokens(tmp_path):
    model = load(save_whole_word_bert(tmp_path / "bare", special=("[UNK]",)))
    assert attention.tokens(model, "the cat sat.") == ["the", "cat", "sat", "."]
    assert features.extract(model, TEXTS).shape == (3, 3, 16)
    longer = " ".join(["cat"] * 40)
    assert (
        encoding.encode_all(model, [longer])[0] == encoding.encode(model, " ".join(["cat"] * 32))[0].tolist()
    )
    calls = [
        lambda: cloze.fill_mask(model, "the [MASK] sat."),
        lambda: cloze.accuracy_at_rate(model, TEXTS, 0.3),
        lambda: ablation.text_losses(model, TEXTS),
        lambda: explaining.explain(model, "the [MASK] sat."),
    ]
    for call in calls:
        with pytest.raises(LabkitError, match=r"has no \[MASK\]"):
            call()


def test_a_setting_that_the_tokenizers_own_file_contradicts(tmp_path, tiny_bert):
    """tokenizer.json says how texts were cut in training; BERT's class would go by the other file."""
    folder = tmp_path / "cased"
    shutil.copytree(tiny_bert, folder)
    file = folder / "tokenizer.json"
    said = json.loads(file.read_text())
    said["normalizer"]["lowercase"] = False
    file.write_text(json.dumps(said))
    model = load(folder)
    assert attention.tokens(model, "The cat") == ["[CLS]", "[UNK]", "cat", "[SEP]"]
    assert cloze.fill_mask(model, "the [MASK] sat.", 1)


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_the_bundled_tokenizers_are_read_as_before(name):
    model = load(name)
    assert type(model.tokenizer).__name__ in ("BertTokenizer", "GPT2Tokenizer")
    assert vocabulary.known_ids(model).all()
    assert vocabulary.ordinary_ids(model).tolist() == list(range(5 if name == "bert" else 1, 8192))
    if name == "gpt":
        pieces = model.tokenizer.convert_ids_to_tokens(range(8192))
        assert vocabulary.begins_word(model.tokenizer).tolist() == [p.startswith("Ġ") for p in pieces]
