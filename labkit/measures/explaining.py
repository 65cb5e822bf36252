"""Which words made the model say that? Four answers to one question, and how far they agree.

Attention and rollout tell what was looked at; the gradient and a deletion tell what the prediction depends
on. Whether the first explains the second is disputed: Jain & Wallace 2019 (arXiv:1902.10186) say no,
Wiegreffe & Pinter 2019 (arXiv:1908.04626) not so fast. Lab 04 measures it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from labkit.measures.attention import attention_maps, attention_rollout, tokens
from labkit.measures.cloze import BLANK, encode_blank
from labkit.messages import LabkitError
from labkit.models import vocabulary
from labkit.models.encoding import check_text, check_texts, tokenize
from labkit.models.loading import require_model, require_own_mask
from labkit.models.steady import device_of, steady

if TYPE_CHECKING:
    from labkit.models.loading import Model

METHODS = ("attention", "rollout", "gradient", "deletion")


@dataclass(frozen=True)
class Explanation:
    """Scores of every token for the word at the blank.

    word: the prediction explained, with its probability. scores: method -> (T,), none negative, summing to 1;
    0 at the blank itself. words: (T,) True at ordinary tokens, False at the blank and at special tokens.
    """

    tokens: list[str]
    word: str
    probability: float
    scores: dict[str, torch.Tensor]
    words: torch.Tensor


@steady(gradients=True)
def explain(model: Model, text: str, word: str | None = None) -> Explanation:
    """Explain what an encoder puts at the one [MASK] of a text.

    The scores of the other tokens are
        attention: the blank's attention, mean over layers and heads;
        rollout: the blank's row of attention rollout (Abnar & Zuidema 2020);
        gradient: the length of gradient x input for log P(word) (Atanasova et al. 2020, arXiv:2009.13295);
        deletion: how far log P(word) moves, up or down, when the token too is replaced by [MASK].

    word: a word of one piece; the most probable one when left out.

    Raises LabkitError for a decoder, a text without exactly one [MASK], and a word of several pieces.
    """
    require_model(model, "explain(labkit.load('bert'), text)")
    require_own_mask(model, "explain")
    if model.kind != "encoder" or not model.has_mlm_head:
        raise LabkitError(f"{model.name} cannot fill a {BLANK}: take labkit.load('bert').")
    ids, blank = encode_blank(model, text)  # (1, T)
    text = text.replace(BLANK, model.tokenizer.mask_token)
    words = model.network.get_input_embeddings()
    embedded = words(ids.to(device_of(model.network))).detach().requires_grad_()  # (1, T, D)
    logits = vocabulary.spellable(model, model.network(inputs_embeds=embedded).logits[0, blank])  # (V,)
    log_probs = logits.log_softmax(dim=-1)
    target = int(log_probs.argmax()) if word is None else _piece(model, word)
    (gradient,) = torch.autograd.grad(log_probs[target], embedded)  # (1, T, D)
    maps = attention_maps(model, text)
    raw = {
        "attention": maps.mean(dim=(0, 1))[blank],
        "rollout": attention_rollout(maps)[blank],
        "gradient": (gradient * embedded.detach())[0].float().cpu().norm(dim=-1),
        "deletion": (_without_each(model, ids, blank, target) - log_probs[target].detach()).abs(),
    }
    special = model.tokenizer.get_special_tokens_mask(ids[0].tolist(), already_has_special_tokens=True)
    ordinary = torch.tensor(special) == 0
    ordinary[blank] = False
    return Explanation(
        tokens(model, text),
        vocabulary.word_of(model.tokenizer, target),
        float(log_probs[target].detach().exp()),
        {method: _shares(scores, blank) for method, scores in raw.items()},
        ordinary,
    )


@steady
def _without_each(model: Model, ids: torch.Tensor, blank: int, target: int) -> torch.Tensor:
    """log P(target) at the blank with each token in turn replaced by [MASK].  -> (T,)"""
    length = ids.shape[1]
    variants = ids.repeat(length, 1)  # (T, T): row i lacks token i
    variants.fill_diagonal_(model.tokenizer.mask_token_id)
    return vocabulary.logits(model, variants)[:, blank].log_softmax(dim=-1)[:, target]


def _shares(scores: torch.Tensor, blank: int) -> torch.Tensor:
    """Scores of the other tokens as shares of their sum."""
    scores = scores.detach().clone()
    scores[blank] = 0.0
    return scores / scores.sum().clamp(min=1e-12)


def _piece(model: Model, word: str) -> int:
    ids = tokenize(model.tokenizer, check_text(word, "The word"), add_special_tokens=False).input_ids
    if len(ids) != 1:
        raise LabkitError(f"{word!r} is {len(ids)} pieces for {model.name}; a blank holds one.")
    return ids[0]


@steady
def agreement(
    model: Model, texts: Sequence[str], reference: str = "deletion"
) -> dict[str, tuple[float, float, float]]:
    """How far each other method ranks the words of a text as the reference does: rank correlations.

    Spearman's correlation over the ordinary words of each text (special tokens would decide it alone), the
    mean over texts, and a 95% interval. 1: the same order; 0: no relation; -1: the opposite order.

    Returns {method: (mean, low, high)}. Texts with fewer than three such words are left out; raises
    LabkitError when fewer than two texts remain.
    """
    from scipy.stats import spearmanr

    found: dict[str, list[float]] = {method: [] for method in METHODS if method != reference}
    for text in check_texts(texts):
        explanation = explain(model, text)
        if explanation.words.sum() < 3:
            continue
        scores = {name: each[explanation.words].numpy() for name, each in explanation.scores.items()}
        for method, correlations in found.items():
            correlations.append(float(spearmanr(scores[method], scores[reference]).statistic))
    count = len(found[next(iter(found))])
    if count < 2:
        raise LabkitError("An interval needs at least two texts with three words or more around the blank.")
    result = {}
    for method, correlations in found.items():
        values = torch.tensor(correlations)
        half = float(1.96 * values.std() / count**0.5)
        result[method] = (float(values.mean()), float(values.mean()) - half, float(values.mean()) + half)
    return result
