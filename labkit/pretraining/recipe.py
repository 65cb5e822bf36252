"""What decides what a pre-training run learns; kept apart, so that reading it takes no torch."""

from dataclasses import dataclass, field, replace


@dataclass
class Recipe:
    """Everything that decides what is learnt; stored in the log and the model card.

    lengths: ((T, weight), ...) of a step's windows; pieces_per_step: the batch, in pieces.
    stages: a curriculum of (until, lengths, pieces_per_step): each holds until that part of the run is over,
        as in ((0.5, ((32, 1),), 1024), (1.0, ((128, 1),), 4096)); () keeps `lengths` and `pieces_per_step`.
    mask_rate, mask_rate_end: the share of masked words at the run's beginning and end, linear in between:
        many lessons while everything is new, then more words left to read (Ankner et al. 2023, "Dynamic
        Masking Rate Schedules for MLM Pretraining"); an end of None keeps the rate.
    spare_frequent: the share of the text from which on a piece is masked less often (see
        `objectives.spare_frequent`); None masks all alike.
    muon: the Muon optimiser's multiple of the learning rate (see `Optimisation`); None for AdamW alone.
    positional, cooccurrence: where the weights begin (see `start`); both False for the usual random start.
    pairs: the second objective, sentence pairs: "nsp", "contrastive" or None (see `batches`).
    shape: what differs from `start.SHAPE`, as in {"num_layers": 6}.
    """

    minutes: float = 30.0
    pieces: int | None = None
    seed: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_pieces: int = 400_000
    mask_rate: float = 0.30
    mask_rate_end: float | None = None
    spare_frequent: float | None = None
    lengths: tuple[tuple[int, int], ...] = ((16, 1), (32, 2), (64, 4), (128, 3))
    pieces_per_step: int = 4096
    stages: tuple[tuple[float, tuple[tuple[int, int], ...], int], ...] = ()
    muon: float | None = 2.0
    positional: bool = True
    cooccurrence: bool = True
    pairs: str | None = "nsp"
    shape: dict[str, int] = field(default_factory=dict)

    def at(self, progress):
        """The recipe as it is when `progress`, 0 to 1, of the run is over: with the masking rate of then."""
        end = self.mask_rate if self.mask_rate_end is None else self.mask_rate_end
        return replace(self, mask_rate=(1 - progress) * self.mask_rate + progress * end)
