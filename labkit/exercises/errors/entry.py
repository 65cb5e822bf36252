"""One error of a table: how it is recognised, and what is said about it."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One error: a pattern of `Type: message`, what to say, and optionally a pattern of the student's line.

    {0}, {1}: what the pattern has caught; {a}, {b}: the same, as a kind of thing ("a list").
    """

    pattern: str
    says: str
    line: str = ""


NONE = r"^(TypeError|AttributeError|RuntimeError|ValueError): .*\bNoneType\b"
FUNCTION = r"(?:builtin_function_or_method|method|function|type)"
