"""A tiny run for `accelerate launch`: several.py KIND CORPUS HELDOUT FOLDER PIECES_PER_STEP STEPS."""

import json
import sys
from pathlib import Path

from labkit.pretraining import run
from labkit.pretraining.recipe import Recipe
from tests.tiny_corpus import TINY

kind, corpus, heldout, folder, pieces_per_step, steps = sys.argv[1:]
run.SHAPE = TINY
run.has_fast_bfloat16 = lambda device: False  # rounding would hide what is compared
losses, original = [], run.Run.step


def watched(self):
    losses.append(original(self))
    return losses[-1]


run.Run.step = watched
number = run.Processes().number
recipe = Recipe(
    pieces=int(pieces_per_step) * number * int(steps),
    lengths=((16, 1), (64, 1)),
    pieces_per_step=int(pieces_per_step),
    warmup_pieces=1024,
)
run.pretrain(kind, corpus, heldout, folder, recipe, threads=1, checkpoint_every=1e9)
rank = run.Processes().rank
(Path(folder) / f"losses-{rank}.json").write_text(json.dumps(losses))
