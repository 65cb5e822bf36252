"""Hints, questions and reports: where a text goes on in another line of the source, a sentence has ended."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

EXERCISES = Path(__file__).parents[2] / "labkit" / "exercises"
PROSE = re.compile(r"[a-z] [a-z]")
ENDS = re.compile(r"""([.!?]["'`)\]*]* |\n *)$""")


def pieces(source):
    """(line, piece, whole text) of every plain string that consists of several, but for the last of each."""
    run = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING:
            run.append(token)
        elif token.type not in (tokenize.NL, tokenize.COMMENT):
            if len(run) > 1 and all(piece.string[0] in "'\"" for piece in run):
                texts = [ast.literal_eval(piece.string) for piece in run]
                for piece, text in zip(run[:-1], texts[:-1], strict=True):
                    yield piece.start[0], text, "".join(texts)
            run = []


def broken(source):
    return [
        (line, text) for line, text, whole in pieces(source) if PROSE.search(whole) and not ENDS.search(text)
    ]


@pytest.mark.parametrize("path", sorted(EXERCISES.rglob("*.py")), ids=lambda path: path.stem)
def test_a_sentence_stands_whole_in_its_line(path):
    assert broken(path.read_text(encoding="utf-8")) == []


def test_a_broken_sentence_is_seen():
    assert broken('hint = (\n    "Only the first of them "\n    "counts."\n)') == [
        (2, "Only the first of them ")
    ]
    assert broken('hint = (\n    "Only the first counts. "\n    "Ask for any."\n)') == []
