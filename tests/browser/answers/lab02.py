"""Lab 02 in the browser."""

from tests.browser.answers import Answer

ANSWER = Answer(
    "causal_mask",
    "the triangle above the diagonal",
    '''def causal_mask(T):
    """Rows and columns mistaken for each other."""
    return torch.tensor([[i <= j for j in range(T)] for i in range(T)])''',
)
