"""Writing with a decoder: the next token, a whole text with a KV cache, and how likely a text is.

Lab 02 asks students to write `sentence_log_prob`, `sample_next` and `generate`; these are the functions it
compares with. A text begins behind the end-of-text token, the only start that GPT-2's training knew.
Shapes: B batch, T tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from labkit.intervals import accuracy_interval
from labkit.messages import LabkitError
from labkit.models import vocabulary
from labkit.models.checks import is_number, is_whole, require_seed, require_whole
from labkit.models.encoding import (
    check_texts,
    encode_prompt,
    require_decoder,
    require_room,
    require_rows,
    start_id,
    tokenize,
)
from labkit.models.loading import require_own_mask
from labkit.models.steady import device_of, steady

if TYPE_CHECKING:
    from labkit.models.loading import Model


@dataclass(frozen=True)
class TokenGuess:
    """A token of a text, the probability it had given those before it, and the model's own favourite."""

    token: str
    prob: float
    favourite: str
    favourite_prob: float
    rank: int  # 1 when the token was the favourite itself


@steady
def sentence_log_prob(model: Model, text: str) -> float:
    """log P(text), in nats, by the chain rule: the sum of log P(w_t | w_1, ..., w_t-1).

    The first token is predicted from the end-of-text token. Ids of the network for which the tokenizer has no
    piece (a padded vocabulary) are left out of the softmax. Raises LabkitError for an encoder, an empty
    text and one that is longer than the model takes.
    """
    ids = encode_prompt(model, text)  # (1, 1 + T)
    log_probs = vocabulary.logits(model, ids)[0, :-1].log_softmax(dim=-1)  # (T, V)
    return log_probs.gather(-1, ids[0, 1:, None]).sum().item()


@steady
def guesses_along(model: Model, text: str) -> list[TokenGuess]:
    """A TokenGuess for each token of a text: teacher forcing, one pass for all of them.

    Raises LabkitError as `sentence_log_prob` does.
    """
    ids = encode_prompt(model, text)  # (1, 1 + T)
    probs = vocabulary.logits(model, ids)[0, :-1].softmax(dim=-1)  # (T, V)
    guesses = []
    for token, row in zip(ids[0, 1:].tolist(), probs, strict=True):
        best = row.argmax().item()
        rank = 1 + int((row > row[token]).sum())
        words = [vocabulary.word_of(model.tokenizer, index) for index in (token, best)]
        guesses.append(TokenGuess(words[0], row[token].item(), words[1], row[best].item(), rank))
    return guesses


@steady(gradients=None)
def next_probs(
    logits: torch.Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> torch.Tensor:
    """The probabilities that the next token is drawn with.

    logits: (..., V).
    temperature: divides the logits; below 1 the likely gets likelier, 0 takes the likeliest.
    top_k: only the k likeliest tokens stay (Fan et al. 2018); 0 keeps all.
    top_p: of those, the smallest set of the likeliest whose probabilities reach p (Holtzman et al. 2020,
        nucleus sampling); 1.0 keeps all.

    Returns (..., V), sums of 1. Raises LabkitError for settings out of range and for logits that hold NaN.
    """
    _require_settings(temperature, top_k, top_p)
    if not isinstance(logits, torch.Tensor) or not logits.is_floating_point() or logits.ndim == 0:
        got = logits.dtype if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise LabkitError(
            f"logits are a tensor of floats, (..., V), and not {got}: torch.tensor(logits).float()"
        )
    largest = logits.amax(dim=-1) if logits.numel() else logits.new_full((1,), -torch.inf)
    if (largest.abs() == torch.inf).any():
        raise LabkitError(
            "There is nothing to choose from: every logit of a row is -inf, or one is +inf. A masked token "
            "has -inf, and at least one token must be left."
        )
    if logits.isnan().any():
        raise LabkitError("The logits hold NaN: something before them divided by zero or masked a whole row.")
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(dim=-1, keepdim=True), 1.0)
    ordered, ids = (logits / temperature).sort(dim=-1, descending=True)  # (..., V) each
    if top_k:
        ordered[..., top_k:] = float("-inf")
    probs = ordered.softmax(dim=-1)
    if top_p < 1:
        likelier = probs.cumsum(dim=-1) - probs  # the probability of everything before it
        probs = probs.masked_fill(likelier >= top_p, 0.0)
        probs = probs / probs.sum(dim=-1, keepdim=True)
    return torch.zeros_like(probs).scatter(-1, ids, probs)


@steady(gradients=None)
def sample_next(
    logits: torch.Tensor,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Draw the next token of each text, with `next_probs`.

    logits: (B, V), or (V,). generator: a torch.Generator, for repeatable draws.  -> (B,) int64, or a scalar
    tensor. Raises LabkitError as `next_probs` does.
    """
    probs = next_probs(logits, temperature, top_k, top_p)
    return torch.multinomial(probs, 1, generator=generator).squeeze(-1)


@steady
def generate(
    model: Model,
    input_ids: torch.Tensor,
    num_new: int,
    choose: Callable[[torch.Tensor], torch.Tensor],
    use_cache: bool = True,
) -> torch.Tensor:
    """Continue `input_ids` token by token, at most `num_new` of them; stops after an end-of-text token.

    With the cache each step feeds only the newest token: keys and values of the earlier ones can't change,
    because no earlier token sees a later one. Without it every step feeds everything again, and gives the
    same tokens.

    input_ids: (1, T) int64.
    choose: logits (1, V) -> ids (1,), as `sample_next` or an argmax. The logits of an id that the
        tokenizer can't spell are -inf.

    Returns (1, T + n) int64. Raises LabkitError for an encoder and when T + num_new is more than the model
    takes.
    """
    require_decoder(model)
    require_whole("num_new", num_new, 0)
    require_room(model, input_ids.shape[1], num_new)
    use_cache = use_cache and not getattr(model.network, "behind_mask", False)  # there the past does change
    input_ids, device = input_ids.cpu(), device_of(model.network)
    feed, cache = input_ids, None
    for _ in range(num_new):
        if use_cache:
            output = model.network(input_ids=feed.to(device), past_key_values=cache, use_cache=True)
            cache = output.past_key_values
        else:
            output = model.network(input_ids=input_ids.to(device), use_cache=False)
        feed = choose(vocabulary.spellable(model, output.logits[:, -1])).reshape(1, 1)
        input_ids = torch.cat([input_ids, feed], dim=1)
        if feed.item() == model.tokenizer.eos_token_id:
            break
    return input_ids


@steady
def continue_text(
    model: Model,
    text: str,
    num_new: int = 40,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    seed: int = 0,
) -> str:
    """A text and its continuation, as a string: `generate` with `sample_next`, from a seed.

    Raises LabkitError as they do, and for an empty text.
    """
    require_seed(seed)
    generator = torch.Generator("cpu").manual_seed(seed)
    ids = encode_prompt(model, text)
    choose = lambda logits: sample_next(logits, temperature, top_k, top_p, generator)
    return model.tokenizer.decode(
        generate(model, ids, num_new, choose)[0, 1:], skip_special_tokens=True
    ).strip()


@steady
def forced_and_free(
    model: Model, texts: Sequence[str], prompt_length: int = 4, num_new: int = 8
) -> tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]:
    """How often greedy guesses are right, behind the true words and behind the model's own.

    With teacher forcing every guess has the true tokens before it; running free, the model reads what it
    wrote itself. Both are judged by the token that the text has at that place.

    texts: those with fewer than prompt_length + num_new tokens are left out.

    Returns (forced, free): for each of `num_new` steps after the prompt (accuracy, low, high), with a 95%
    interval. Raises LabkitError for an encoder, when the model takes no texts of that length, and when no
    text is that long.
    """
    require_decoder(model)
    require_own_mask(model, "forced_and_free")
    require_whole("prompt_length", prompt_length, 0)
    require_whole("num_new", num_new, 1)
    require_room(model, 1 + prompt_length, num_new)
    rows = tokenize(model.tokenizer, check_texts(texts)).input_ids
    for number, row in enumerate(rows):
        require_rows(model, row, f"Text number {number}")
    rows = [row[: prompt_length + num_new] for row in rows if len(row) >= prompt_length + num_new]
    if not rows:
        raise LabkitError(
            f"No text has {prompt_length + num_new} tokens. Give longer texts, or ask for fewer new tokens."
        )
    truth = torch.tensor([[start_id(model), *row] for row in rows])  # (B, 1 + T)
    targets = truth[:, 1 + prompt_length :]  # (B, num_new)
    forced = vocabulary.logits(model, truth[:, :-1], logits_to_keep=num_new).argmax(dim=-1)
    feed, cache, free = truth[:, : 1 + prompt_length].to(device_of(model.network)), None, []
    for _ in range(num_new):
        output = model.network(input_ids=feed, past_key_values=cache, use_cache=True, logits_to_keep=1)
        guess = vocabulary.spellable(model, output.logits[:, -1:]).argmax(dim=-1)  # (B, 1)
        feed, cache = guess.to(feed.device), output.past_key_values
        free.append(guess)
    by_step = lambda guesses: [
        accuracy_interval(right, len(rows)) for right in (guesses == targets).sum(dim=0).tolist()
    ]
    return by_step(forced), by_step(torch.cat(free, dim=1))


def _require_settings(temperature: float, top_k: int, top_p: float) -> None:
    if not is_number(temperature) or temperature < 0:
        raise LabkitError(
            f"temperature is a number of at least 0 (0 takes the likeliest); got {temperature!r}."
        )
    if not is_whole(top_k, 0):
        raise LabkitError(f"top_k is a whole number: how many tokens stay, 0 for all; got {top_k!r}.")
    if not is_number(top_p) or not 0 < top_p <= 1:
        raise LabkitError(f"top_p is a probability above 0, 1.0 for all; got {top_p!r}.")
