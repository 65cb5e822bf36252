"""Lab 04 in the browser."""

from tests.browser.answers import Answer

ANSWER = Answer(
    "head_entropy",
    "0 log 0 is NaN",
    '''def head_entropy(maps):
    """As the formula says it."""
    return -(maps * maps.log()).sum(dim=-1).mean(dim=-1)''',
)
