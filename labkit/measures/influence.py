"""Which outputs move when a token changes: the test for a leak, and a map of who feels whom.

Lab 02 asks students to write `sees_future`; this is the function it compares with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from labkit.messages import LabkitError
from labkit.models.checks import require_numbers, require_seed, require_whole
from labkit.models.encoding import encode
from labkit.models.loading import require_model
from labkit.models.packed import body_of
from labkit.models.steady import device_of, steady
from labkit.models.vocabulary import ordinary_ids, word_of

if TYPE_CHECKING:
    from labkit.models.loading import Model

TOLERANCE = 1e-4  # between the rounding of float32 (about 1e-6 here) and the weakest leak worth the name


@steady
def sees_future(
    fn: Callable[[torch.Tensor], torch.Tensor],
    vocab_size: int = 100,
    length: int = 12,
    rounds: int = 3,
    seed: int = 0,
) -> bool:
    """Does any output of `fn` depend on a later input? A property test by perturbation.

    Every token in turn is replaced by another one; no output *before* it may move.

    fn: token ids (T,) int64 -> one output a position, a tensor whose first axis is T.
    vocab_size: the ids are drawn from 0 to vocab_size - 1.

    Returns True when an output before the changed token moved by more than 1e-4. A leak that shows only for
    rare inputs can stay unseen: a test shows the presence of leaks, never their absence.
    """
    require_whole("vocab_size", vocab_size, 2)
    require_whole("length", length, 2)
    require_whole("rounds", rounds, 1)
    require_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(rounds):
        ids = torch.randint(vocab_size, (length,), generator=generator)  # (T,)
        before = fn(ids)  # (T, ...)
        for j in range(1, length):
            changed = ids.clone()
            changed[j] = (ids[j] + torch.randint(1, vocab_size, (1,), generator=generator)) % vocab_size
            if (fn(changed)[:j] - before[:j]).abs().max() > TOLERANCE:
                return True
    return False


@steady
def influence_map(
    model: Model, text: str, num_changes: int = 8, seed: int = 0
) -> tuple[list[str], torch.Tensor]:
    """How far the last layer's state at position i moves when token j is replaced.

    Each token is replaced in turn by `num_changes` random pieces. What moves is measured as
    |h' - h| / |h|, averaged over the replacements: 0 means untouched.

    Returns (tokens, moved): tokens a list of T str, moved (T, T) with moved[i, j] for output i and changed
    token j. Special tokens at the ends are left out. Raises LabkitError for an empty text and one that is too
    long.
    """
    require_model(model, "influence_map(labkit.load('bert'), text)")
    require_whole("num_changes", num_changes, 1)
    require_seed(seed)
    input_ids, body = encode(model, text), body_of(model.network)  # (1, T)
    generator = torch.Generator().manual_seed(seed)
    special = set(model.tokenizer.all_special_ids)
    ordinary = [t for t, token in enumerate(input_ids[0].tolist()) if token not in special]
    if not ordinary:
        raise LabkitError("The text has no ordinary token to change. Write a sentence.")
    device, pieces, columns = device_of(model.network), ordinary_ids(model), []

    def hidden(ids: torch.Tensor) -> torch.Tensor:
        """(B, T) -> (B, T, D), of the ordinary tokens."""
        states = body(input_ids=ids.to(device)).last_hidden_state[:, ordinary].float().cpu()
        return require_numbers(model.name, states)

    before = hidden(input_ids)[0]  # (T, D)
    for j in ordinary:
        changed = input_ids.repeat(num_changes, 1)  # (num_changes, T)
        changed[:, j] = pieces[torch.randint(len(pieces), (num_changes,), generator=generator)]
        columns.append(((hidden(changed) - before).norm(dim=-1) / before.norm(dim=-1)).mean(dim=0))  # (T,)
    tokens = [word_of(model.tokenizer, int(input_ids[0, t])) for t in ordinary]
    return tokens, torch.stack(columns, dim=1)
