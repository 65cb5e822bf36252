"""Lab 01 in the browser."""

from tests.browser.answers import Answer

ANSWER = Answer(
    "wordpiece",
    "no ## at all",
    '''def wordpiece(word, vocab):
    """The marks forgotten."""
    pieces = []
    start = 0
    while start < len(word):
        end = len(word)
        while end > start and word[start:end] not in vocab:
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append(word[start:end])
        start = end
    return pieces''',
)
