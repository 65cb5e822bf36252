"""Lab 02, causal masks: the exercises in their order, and the quiz."""

from labkit.exercises.lab02.attention import ATTENTION
from labkit.exercises.lab02.causal_mask import CAUSAL_MASK
from labkit.exercises.lab02.combine_masks import COMBINE_MASKS
from labkit.exercises.lab02.generate import GENERATE
from labkit.exercises.lab02.next_token_loss import NEXT_TOKEN_LOSS
from labkit.exercises.lab02.questions import QUESTIONS
from labkit.exercises.lab02.sample_next import SAMPLE_NEXT
from labkit.exercises.lab02.sees_future import SEES_FUTURE
from labkit.exercises.lab02.sentence_log_prob import SENTENCE_LOG_PROB

TITLE = "Causal masks"
SLUG = "02_causal_masks"
BUILDS = "the mask, attention, next-token loss, a test for leaks, sampling with a cache"
EXERCISES = (
    CAUSAL_MASK,
    ATTENTION,
    COMBINE_MASKS,
    SEES_FUTURE,
    NEXT_TOKEN_LOSS,
    SENTENCE_LOG_PROB,
    SAMPLE_NEXT,
    GENERATE,
)

__all__ = ["BUILDS", "EXERCISES", "QUESTIONS", "SLUG", "TITLE"]
