"""What a report says of a mistake that nobody has foreseen: a sentence about the case that it shows."""

from dataclasses import replace

from labkit.exercises.exercise import Fault
from labkit.exercises.values import same


def advised(prop, advise):
    """The Property, with a sentence of `advise` about its Fault: shown where no misconception is recognised.

    advise: (args of the case, expected, seen) -> a sentence that is true of it, or "".
    """

    def holds(trial):
        fault = prop.holds(trial)
        if not isinstance(fault, Fault) or fault.case is None or trial.outcomes[fault.case].error:
            return fault
        args = trial.cases[fault.case].args
        said = _of_several_calls(trial, fault.case) or advise(
            args, trial.expected[fault.case], trial.observed[fault.case]
        )
        return replace(fault, advice=said or fault.advice)

    return replace(prop, holds=holds)


def _of_several_calls(trial, place):
    """What one call does not show: that the next one gives something else, or that all give the same."""
    first = trial.outcomes[place].value
    again = trial.call(*trial.cases[place].args)
    if not again.error and same(first, first) and not same(first, again.value):  # nan differs from itself
        return (
            "The same call, made twice, gives two results. "
            "Is something kept outside the function from call to call (a list, a counter), or drawn at random?"
        )
    values = [outcome.value for outcome in trial.outcomes if not outcome.error]
    if len(values) == len(trial.cases) > 2 and all(isinstance(value, list) for value in values):
        longest = max(values, key=len)
        if all(same(value, longest[: len(value)]) for value in values):
            return (
                "Your result is the same for every call, but for its length: work it out from the arguments."
            )
    return ""
