"""A tiny GPT of characters, trained within seconds, with its causal mask or without: the cheat of lab 02.

Without the mask every position sees the character it has to predict. The loss falls to almost nothing, and
what the model writes on its own is worthless, because then there is nothing to copy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from labkit.messages import LabkitError
from labkit.models.checks import require_seed, require_whole
from labkit.models.encoding import check_texts
from labkit.models.steady import steady
from labkit.training.objectives import next_token_loss

LENGTH = 32  # characters in a training window, and the most that the model looks back


@dataclass(repr=False)
class CharacterModel:
    """A trained network, its characters (index is id), and the loss of every training step, in nats."""

    network: torch.nn.Module
    characters: str
    losses: list[float]

    def __repr__(self) -> str:
        return f"CharacterModel({len(self.characters)} characters, last loss {self.losses[-1]:.2f})"

    def logits(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Character ids (T,) int64 -> logits (T, V)."""
        return self.network(input_ids[None])[0]

    @steady
    def accuracy(self, text: str) -> float:
        """The share of characters that are the likeliest, given the true ones (teacher forcing)."""
        ids = _encode(text, self.characters)
        windows = ids[: len(ids) // LENGTH * LENGTH].view(-1, LENGTH)  # (B, T)
        guesses = self.network(windows)[:, :-1].argmax(dim=-1)
        return (guesses == windows[:, 1:]).float().mean().item()

    @steady
    def write(self, start: str, num_new: int = 60, temperature: float = 0.5, seed: int = 0) -> str:
        """`start` and what the model writes behind it, character by character, on its own."""
        from labkit.models.generation import sample_next

        require_whole("num_new", num_new, 0)
        require_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        ids = _encode(start, self.characters)
        for _ in range(num_new):
            logits = self.logits(ids[-LENGTH:])[-1]
            ids = torch.cat([ids, sample_next(logits, temperature, generator=generator).view(1)])
        return "".join(self.characters[index] for index in ids.tolist())


@steady(gradients=True)
def train(texts: Iterable[str], causal: bool, steps: int = 150, seed: int = 0) -> CharacterModel:
    """Train a two-layer Transformer to predict the next character of `texts`, behind a causal mask or none.

    Everything but the mask is the same for both: weights to begin with, windows, learning rate. Takes some
    three seconds. Raises LabkitError when there is hardly any text.
    """
    from labkit.models.transformer import Transformer, TransformerConfig

    require_whole("steps", steps, 1)
    require_seed(seed)
    text = " ".join(check_texts(texts)).lower()
    if len(text) < 10 * LENGTH:
        raise LabkitError(f"There are {len(text)} characters of text; it takes at least {10 * LENGTH}.")
    characters = "".join(sorted(set(text)))
    ids = _encode(text, characters)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # `causal` in the config stands for a decoder as a whole (its head is the words' matrix).
        network = Transformer(
            TransformerConfig(len(characters), 64, 2, 4, LENGTH, 256, causal=True, pre_norm=True)
        )
        for embedding in (network.words, network.positions):
            torch.nn.init.normal_(embedding.weight, std=0.05)
    if not causal:
        network.visible = _everywhere  # type: ignore[method-assign]
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(steps):
        starts = torch.randint(len(ids) - LENGTH, (32, 1), generator=generator)
        windows = ids[starts + torch.arange(LENGTH)]  # (B, T)
        loss = next_token_loss(network(windows), windows)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return CharacterModel(network.eval(), characters, losses)


def _everywhere(input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None) -> torch.Tensor:
    """Every position may look at every other."""
    length = input_ids.shape[1]
    return torch.ones(1, 1, length, length, dtype=torch.bool, device=input_ids.device)


def _encode(text: str, characters: str) -> torch.Tensor:
    unknown = sorted(set(text.lower()) - set(characters))
    if not text or unknown:
        raise LabkitError(
            f"The text is empty, or has characters that the model never read: {', '.join(map(repr, unknown))}"
        )
    return torch.tensor([characters.index(character) for character in text.lower()])
