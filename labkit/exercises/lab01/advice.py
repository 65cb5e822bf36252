"""What a report says of a mistake that nobody has foreseen: a sentence about the case that it shows."""

from dataclasses import replace

from labkit.exercises.exercise import Fault


def advised(prop, advise):
    """The Property, with a sentence of `advise` about its Fault: shown where no misconception is recognised.

    advise: (args of the case, expected, seen) -> a sentence that is true of it, or "".
    """

    def holds(trial):
        fault = prop.holds(trial)
        if not isinstance(fault, Fault) or fault.case is None or trial.outcomes[fault.case].error:
            return fault
        args = trial.cases[fault.case].args
        said = advise(args, trial.expected[fault.case], trial.observed[fault.case])
        return replace(fault, advice=said or fault.advice)

    return replace(prop, holds=holds)
