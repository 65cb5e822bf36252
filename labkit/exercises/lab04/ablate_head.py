"""Exercise 4.5: silence a head."""

import torch

from labkit import ablation
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference


def ablate_head(mixed, head, num_heads):
    """labkit.ablation.ablate_head."""
    return ablation.ablate_head(mixed, head, num_heads)


SETTINGS = ((1, 2, 6, 1, 2), (2, 3, 8, 0, 4), (1, 4, 12, 2, 4), (3, 2, 12, 2, 3))  # B, T, D, head, num_heads


def _ablation_cases(seed):
    cases = []
    for k, (batch_size, length, width, head, num_heads) in enumerate(SETTINGS):
        generator = torch.Generator().manual_seed(10 * seed + k)
        mixed = torch.randn(batch_size, length, width, generator=generator)
        shown = f"ablate_head(mixed of shape {tuple(mixed.shape)}, head={head}, num_heads={num_heads})"
        cases.append(Case((mixed, head, num_heads), shown))
    return cases


def _others_are_untouched(trial):
    for case, outcome in zip(trial.cases, trial.outcomes, strict=True):
        mixed, head, num_heads = case.args
        if outcome.error:
            return f"For {case.shown}\n{outcome.said}"
        width = mixed.shape[-1] // num_heads
        others = [k for k in range(mixed.shape[-1]) if k // width != head]
        got = torch.as_tensor(outcome.value)
        if got.shape != mixed.shape:
            return (
                f"For {case.shown}\nexpected: shape {tuple(mixed.shape)}\ngot:      shape {tuple(got.shape)}"
            )
        if not torch.equal(got[..., others], mixed[..., others]):
            return f"For {case.shown}\nthe numbers of another head have changed."
    return ""


def _ablator(choose=None, value=0.0, keep=False, scale=False):
    """ablate_head with single choices made wrongly."""

    def wrong(mixed, head, num_heads):
        width = mixed.shape[-1] // num_heads
        silent = torch.zeros(mixed.shape[-1], dtype=torch.bool)
        silent[(choose or (lambda h, n, w: slice(h * w, (h + 1) * w)))(head, num_heads, width)] = True
        result = mixed.masked_fill(~silent if keep else silent, value)
        return result * num_heads / (num_heads - 1) if scale else result

    return wrong


def _cut_out(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    return torch.cat([mixed[..., : head * width], mixed[..., (head + 1) * width :]], dim=-1)


def _mean_instead(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    result = mixed.clone()
    part = result[..., head * width : (head + 1) * width]
    result[..., head * width : (head + 1) * width] = part.mean()
    return result


def _on_the_tokens(mixed, head, num_heads):
    width = mixed.shape[-1] // num_heads
    result = mixed.clone()
    result[:, head * width : (head + 1) * width] = 0.0
    return result


ABLATE_HEAD = Exercise(
    name="ablate_head",
    title="Silence a head",
    minutes=8,
    reference=ablate_head,
    cases=_ablation_cases,
    properties=(
        matches_reference("the head's D/H numbers are 0", 2),
        Property("everything else is as it was", 2, _others_are_untouched),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "a single number",
            _ablator(choose=lambda head, num_heads, width: head),
            (
                "You set one number of each token to 0.",
                "A head has D/H of the D numbers, not one.",
                "From head * width up to (head + 1) * width, with width = D // num_heads.",
            ),
        ),
        Misconception(
            "every H-th number",
            _ablator(choose=lambda head, num_heads, width: slice(head, None, num_heads)),
            (
                "Your zeros lie H apart.",
                "The heads lie side by side, each in a piece: first all of head 0, then all of head 1.",
                "A slice from ... to ..., without a step.",
            ),
        ),
        Misconception(
            "counted from 1",
            _ablator(
                choose=lambda head, num_heads, width: slice(max(0, head - 1) * width, max(1, head) * width)
            ),
            (
                "You silence the head before the one asked for.",
                "Heads are counted from 0, as everything in Python.",
                "Head 0 has the first D/H numbers.",
            ),
        ),
        Misconception(
            "all others",
            _ablator(keep=True),
            (
                "You silence every head but the one asked for.",
                "That measures what a head can do alone, which is another question.",
                "Set the head's own numbers to 0 and leave the rest.",
            ),
        ),
        Misconception(
            "positions instead of numbers",
            _on_the_tokens,
            (
                "You set tokens to 0, not numbers of tokens.",
                "mixed is (B, T, D): the heads share the last axis.",
                "mixed[..., from:to], where ... stands for the axes before.",
            ),
        ),
        Misconception(
            "cut out",
            _cut_out,
            (
                "Your result is narrower than what came in.",
                "The matrix that reads it expects D numbers, each in its place.",
                "Put zeros where the head's numbers were.",
            ),
        ),
        Misconception(
            "the others made larger",
            _ablator(scale=True),
            (
                "You make the other heads larger.",
                "Dropout does that in training, where many are dropped by chance. Here one head goes, "
                "nothing else.",
                "Leave the other numbers as they are.",
            ),
        ),
        Misconception(
            "the mean instead of 0",
            _mean_instead,
            (
                "You put the head's mean in place of its numbers.",
                "Some studies do (mean ablation); asked for is the plain kind.",
                "0.0.",
            ),
        ),
        Misconception(
            "everything up to the head",
            _ablator(choose=lambda head, num_heads, width: slice(0, (head + 1) * width)),
            (
                "You silence the heads before it as well.",
                "The numbers of one head are D/H in a row; they begin where those of the head before end.",
                "At which number does head 2 begin, if each has D/H?",
            ),
        ),
    ),
)
