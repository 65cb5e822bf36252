"""Lab 04, attention visualization: the exercises in their order, and the quiz."""

from labkit.exercises.lab04.ablate_head import ABLATE_HEAD
from labkit.exercises.lab04.attention_maps import ATTENTION_MAPS
from labkit.exercises.lab04.attention_rollout import ATTENTION_ROLLOUT
from labkit.exercises.lab04.find_heads import FIND_HEADS
from labkit.exercises.lab04.head_entropy import HEAD_ENTROPY
from labkit.exercises.lab04.mean_distance import MEAN_DISTANCE
from labkit.exercises.lab04.questions import QUESTIONS

TITLE = "Attention visualization"
SLUG = "04_attention_visualization"
BUILDS = "what heads look at, what happens without them"
EXERCISES = (ATTENTION_MAPS, HEAD_ENTROPY, MEAN_DISTANCE, FIND_HEADS, ABLATE_HEAD, ATTENTION_ROLLOUT)

__all__ = ["BUILDS", "EXERCISES", "QUESTIONS", "SLUG", "TITLE"]
