"""Lab 03, feature extraction: the exercises in their order, and the quiz."""

from labkit.exercises.lab03.all_but_the_top import ALL_BUT_THE_TOP
from labkit.exercises.lab03.anisotropy import ANISOTROPY
from labkit.exercises.lab03.cosine_similarity_matrix import COSINE_SIMILARITY_MATRIX
from labkit.exercises.lab03.hidden_states import HIDDEN_STATES
from labkit.exercises.lab03.linear_cka import LINEAR_CKA
from labkit.exercises.lab03.nearest import NEAREST
from labkit.exercises.lab03.pool import POOL
from labkit.exercises.lab03.questions import QUESTIONS
from labkit.exercises.lab03.token_vector import TOKEN_VECTOR

TITLE = "feature extraction"
SLUG = "03_feature_extraction"
BUILDS = "hidden states, pooling, similarity, two models' spaces compared"
EXERCISES = (
    HIDDEN_STATES,
    POOL,
    COSINE_SIMILARITY_MATRIX,
    NEAREST,
    ANISOTROPY,
    ALL_BUT_THE_TOP,
    TOKEN_VECTOR,
    LINEAR_CKA,
)

__all__ = ["BUILDS", "EXERCISES", "QUESTIONS", "SLUG", "TITLE"]
