"""Lab 01, MLM fill-in-blank: the exercises in their order, and the quiz."""

from labkit.exercises.lab01.cloze_accuracy import CLOZE_ACCURACY
from labkit.exercises.lab01.encode_pair import ENCODE_PAIR
from labkit.exercises.lab01.fill_mask import FILL_MASK
from labkit.exercises.lab01.mask_tokens import MASK_TOKENS
from labkit.exercises.lab01.mlm_loss import MLM_LOSS
from labkit.exercises.lab01.questions import QUESTIONS
from labkit.exercises.lab01.wordpiece import WORDPIECE

TITLE = "MLM fill-in-blank"
SLUG = "01_mlm_fill_in_blank"
BUILDS = "pieces, special tokens, the masking rule, the loss, a filled blank"
EXERCISES = (WORDPIECE, ENCODE_PAIR, MASK_TOKENS, MLM_LOSS, FILL_MASK, CLOZE_ACCURACY)

__all__ = ["BUILDS", "EXERCISES", "QUESTIONS", "SLUG", "TITLE"]
