"""Lab 03 in the browser."""

from tests.browser.answers import Answer

ANSWER = Answer(
    "cosine_similarity_matrix",
    "dot products",
    '''def cosine_similarity_matrix(vectors):
    """The lengths forgotten."""
    return vectors @ vectors.T''',
)
