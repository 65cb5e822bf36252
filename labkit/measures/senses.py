"""How well vectors tell a word's two senses apart. The sentences are those of texts/senses.py.

In a notebook both are `labkit.senses`: what it needs of the sentences is here by the same name.
"""

from collections.abc import Sequence

import torch

from labkit.intervals import mean_interval
from labkit.measures import geometry
from labkit.messages import LabkitError
from labkit.models.steady import steady
from labkit.texts.senses import PLACES, SenseItem, by_word, clue_places, load_senses

__all__ = [
    "PLACES",
    "SenseItem",
    "by_word",
    "clue_places",
    "load_senses",
    "mean_interval",
    "neighbour_agreement",
    "sense_accuracy",
]


@steady
def neighbour_agreement(vectors: torch.Tensor, items: Sequence[SenseItem]) -> float:
    """The share of items whose nearest other item (by cosine) holds the same word in the same sense.

    vectors: (N, D), one for each item. Chance is the share of such items among the others, 11 of 239 in the
    bundled set.
    """
    cosines = geometry.cosine_similarity_matrix(vectors)
    if len(cosines) != len(items):
        raise LabkitError(f"Each item needs its vector: {len(cosines)} vectors for {len(items)} items.")
    nearest = cosines.fill_diagonal_(-torch.inf).argmax(dim=1).tolist()
    kinds = [(item.word, item.sense) for item in items]
    return sum(kinds[k] == kinds[other] for k, other in enumerate(nearest)) / len(items)


@steady
def sense_accuracy(
    vectors: torch.Tensor, items: Sequence[SenseItem], repeats: int = 20, seed: int = 0
) -> torch.Tensor:
    """How often each item's sense can be read off its vector, layer by layer.

    In turns, a random half of each sense's sentences is averaged to the sense's mean vector; each sentence of
    the other half is given to the mean with the larger cosine, after the middle of the two has been taken
    away (without that, what all vectors share would decide). 0.5 is chance.

    Sentences are held out in pairs, one of each sense, whose words have as many words before them. Otherwise
    the word's position alone, which even the embeddings tell, would pull the result away from 0.5.

    vectors: (N, L + 1, D) tensor, of the word in each item.
    items: N SenseItem; both senses of a word with as many sentences, at least two.

    Returns (N, L + 1) tensor from 0 to 1: the share of the times that an item was put to the test; a draw
    counts one half. Raises LabkitError when the numbers of rows differ and for NaN.
    """
    vectors = torch.as_tensor(vectors)
    if vectors.ndim != 3 or len(vectors) != len(items):
        raise LabkitError(
            f"Vectors should be (N, layers, D) with a row for each of {len(items)} items; "
            f"the shape was {tuple(vectors.shape)}."
        )
    if not vectors.isfinite().all():
        raise LabkitError("The vectors hold NaN or infinity: look where they came from.")
    generator = torch.Generator().manual_seed(seed)
    points = torch.zeros(vectors.shape[:2])
    tested = torch.zeros(len(items), 1)
    all_pairs = [_pairs(items, word) for word in by_word(items)]
    for _ in range(repeats):
        for pairs in all_pairs:
            shuffled = pairs[torch.randperm(len(pairs), generator=generator)]  # (pairs, 2): a column a sense
            learn, test = shuffled[: len(pairs) // 2], shuffled[len(pairs) // 2 :]
            means = vectors[learn].mean(dim=0)  # (2, L + 1, D)
            first, second = means - means.mean(dim=0)
            for sense in (0, 1):
                seen = vectors[test[:, sense]] - means.mean(dim=0)  # (tests, L + 1, D)
                lead = torch.cosine_similarity(seen, first, dim=-1) - torch.cosine_similarity(
                    seen, second, dim=-1
                )
                lead = lead if sense == 0 else -lead
                points[test[:, sense]] += (lead > 1e-6).float() + 0.5 * (lead.abs() <= 1e-6).float()
                tested[test[:, sense]] += 1
    return points / tested.clamp(min=1)


def _pairs(items: Sequence[SenseItem], word: str) -> torch.Tensor:
    """The rows of a word's items, (pairs, 2): a sentence of each sense, alike in how early the word comes."""
    rows = [k for k, item in enumerate(items) if item.word == word]
    senses = sorted({items[k].sense for k in rows})
    columns = [
        sorted((k for k in rows if items[k].sense == sense), key=lambda k: items[k].words_before)
        for sense in senses
    ]
    if len(columns) != 2 or len(columns[0]) != len(columns[1]) or len(columns[0]) < 2:
        raise LabkitError(f"{word!r} needs two senses with as many sentences each, at least two.")
    return torch.tensor(columns).T
