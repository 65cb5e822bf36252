"""The positional start: what the first layer's heads look at before any training."""

import pytest
import torch

from labkit.models.start import (
    DECODER_OFFSETS,
    ENCODER_OFFSETS,
    SHAPE,
    cooccurrence_start,
    frequency_start,
    new_network,
)
from labkit.pretraining.corpus import encode_corpus
from tests.tiny_corpus import NOUNS, TINY, VERBS


@pytest.mark.parametrize(("kind", "offsets"), [("encoder", ENCODER_OFFSETS), ("decoder", DECODER_OFFSETS)])
def test_each_head_looks_at_its_offset(tokenizers, kind, offsets):
    network = new_network(kind, tokenizers[kind], seed=1, **SHAPE).eval()
    network.set_attn_implementation("eager")
    ids = torch.randint(5, len(tokenizers[kind]), (2, 48), generator=torch.Generator().manual_seed(0))
    attention = network(ids, output_attentions=True).attentions[0]  # (B, H, T, T)
    for head, offset in enumerate(offsets):
        rows = range(8, 40)
        at_offset = torch.stack([attention[:, head, i, i + offset] for i in rows]).mean()
        assert at_offset > 0.5


def test_without_it_no_head_prefers_a_place(tokenizers):
    network = new_network("encoder", tokenizers["encoder"], seed=1, positional=False, **SHAPE).eval()
    network.set_attn_implementation("eager")
    ids = torch.randint(5, len(tokenizers["encoder"]), (2, 48), generator=torch.Generator().manual_seed(0))
    attention = network(ids, output_attentions=True).attentions[0]
    assert attention.max() < 0.2


def test_the_decoder_cannot_see_the_future_from_the_start(tokenizers):
    network = new_network("decoder", tokenizers["decoder"], seed=1, **SHAPE).eval()
    ids = torch.randint(
        5, len(tokenizers["decoder"]) - 1, (1, 24), generator=torch.Generator().manual_seed(0)
    )
    changed = ids.clone()
    changed[0, 12] += 1
    before, after = network(ids).logits, network(changed).logits
    assert torch.allclose(before[0, :12], after[0, :12], atol=1e-5)
    assert not torch.allclose(before[0, 12:], after[0, 12:], atol=1e-3)


def test_the_encoder_begins_with_the_words_frequencies(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    network = new_network("encoder", tokenizer, seed=1, **SHAPE)
    frequency_start(network, corpus.ids)
    probs = network.cls.predictions.bias.softmax(-1)
    the = tokenizer.convert_tokens_to_ids("the")
    share = (corpus.ids == the).mean()
    assert probs[the].item() == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_words_of_one_company_begin_alike(texts, tokenizers, kind):
    """In the tiny corpus every noun stands where any other noun may stand, and never where a verb does."""
    tokenizer = tokenizers[kind]
    corpus = encode_corpus(texts[0], tokenizer)
    network = new_network(kind, tokenizer, seed=1, **TINY)
    before = network.get_input_embeddings().weight.clone()
    cooccurrence_start(network, corpus.ids, len(tokenizer.all_special_ids), seed=1, reach=1)
    embeddings = network.get_input_embeddings().weight.detach()  # (V, D)
    space = "" if kind == "encoder" else "\u0120"
    read = lambda words: embeddings[tokenizer.convert_tokens_to_ids([space + word for word in words])]
    nouns, verbs = (torch.nn.functional.normalize(read(words), dim=1) for words in (NOUNS, VERBS))
    within = (nouns @ nouns.T)[~torch.eye(len(nouns), dtype=torch.bool)].mean()
    across = (nouns @ verbs.T).mean()
    assert within > across + 0.2
    special = tokenizer.all_special_ids
    assert torch.equal(embeddings[special], before[special])
    assert torch.allclose(read(NOUNS).norm(dim=1), torch.tensor(0.02 * 32**0.5), atol=1e-5)


def test_the_cooccurrence_start_draws_from_its_own_seed(texts, tokenizers):
    tokenizer = tokenizers["encoder"]
    corpus = encode_corpus(texts[0], tokenizer)
    made = []
    for _ in range(2):
        network = new_network("encoder", tokenizer, seed=1, **TINY)
        state = torch.get_rng_state()
        cooccurrence_start(network, corpus.ids, 5, seed=3)
        assert torch.equal(torch.get_rng_state(), state)
        made.append(network.get_input_embeddings().weight.detach())
    assert torch.allclose(*made, atol=1e-5)


def test_the_matched_pair_has_one_shape(tokenizers):
    networks = {kind: new_network(kind, tokenizers[kind], 1, **SHAPE) for kind in tokenizers}
    read = lambda config: (config.hidden_size, config.num_hidden_layers, config.num_attention_heads)
    assert read(networks["encoder"].config) == read(networks["decoder"].config)
