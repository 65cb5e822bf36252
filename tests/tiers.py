"""Which test is in which tier: said here, and nowhere else.

quick    `make test`: what a newcomer and a contributor wait for, under six minutes on two idle cores
full     `make test-all`, together with the quick ones: everything that needs no browser
browser  `make test-browser`

What no rule names is quick, a new file too. A test belongs in the full tier when it is slow and a quick one
sees most of what it sees: then say so in a rule. Of tests that are many of a kind, some can stay quick.
"""

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase

TIERS = ("quick", "full", "browser")


@dataclass(frozen=True)
class Rule:
    """tests: a path, or path::function, as pytest writes it, with * for anything. The first that fits counts.

    one_in: of the tests of one function, every one_in-th is quick all the same, the first among them.
    """

    tests: str
    tier: str
    one_in: int = 0


RULES = (
    Rule("tests/browser/test_answers.py", "quick"),
    Rule("tests/browser/*", "browser"),
)


def tiers_of(tests):
    """The tier of each test, for the ids of tests in the order in which they were collected."""
    seen, tiers = Counter(), []
    for test in tests:
        function = test.split("[")[0]
        rule = next((rule for rule in RULES if _fits(rule, function)), Rule("*", "quick"))
        stays = rule.one_in and seen[function] % rule.one_in == 0
        seen[function] += 1
        tiers.append("quick" if stays else rule.tier)
    return tiers


def _fits(rule, function):
    path = function.split("::")[0]
    return fnmatchcase(function if "::" in rule.tests else path, rule.tests)
