"""Exercise 2.7: drawing the next token."""

import torch

from labkit import generation
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import inputs_unchanged, matches_reference


def sample_next(logits, temperature, top_k, top_p, generator):
    """labkit.generation.sample_next."""
    return generation.sample_next(logits, temperature, top_k, top_p, generator)


PROBS = (0.42, 0.25, 0.15, 0.09, 0.06, 0.03)
DRAWS = 1500  # of each of the two texts; a loop over rows takes seconds, not minutes
CHANCE = 0.065  # five standard deviations of a share of 1,500 draws
# (temperature, top_k, top_p). With PROBS, 0.7 is crossed by the third token and 0.3 already by the first;
# after top_k=3 the rest is rescaled, so that 0.75 needs two tokens instead of three; at temperature 1.5, 0.6
# needs three instead of two.
SETTINGS = (
    (1.0, 0, 1.0),
    (0.7, 0, 1.0),
    (1.5, 0, 1.0),
    (0, 0, 1.0),
    (1.0, 1, 1.0),
    (1.0, 3, 1.0),
    (1.0, 0, 0.7),
    (1.0, 0, 0.3),
    (1.0, 3, 0.75),
    (1.5, 0, 0.6),
)


def _sample_cases(seed):
    cases = []
    for number, (temperature, top_k, top_p) in enumerate(SETTINGS):
        make = torch.Generator().manual_seed(1000 * seed + number)
        orders = [torch.randperm(len(PROBS), generator=make) for _ in range(2)]
        while orders[0].argmin() == orders[1].argmin():  # the two texts have different favourites
            orders[1] = torch.randperm(len(PROBS), generator=make)
        probs = torch.stack([torch.tensor(PROBS)[order] for order in orders])  # (2, V)
        shift = 3 * torch.randn(2, 1, generator=make)  # logits are log-probabilities up to a constant
        logits = (probs.log() + shift).repeat(DRAWS, 1)  # (2 * DRAWS, V), the texts in turn
        generator = torch.Generator().manual_seed(2000 * seed + number)
        lists = " and ".join(str([round(p, 2) for p in row]) for row in probs.tolist())
        shown = (
            f"temperature={temperature}, top_k={top_k}, top_p={top_p} and probabilities {lists}, "
            f"{DRAWS} draws of each"
        )
        cases.append(Case((logits, temperature, top_k, top_p, generator), shown))
    return cases


def _describe(output, case):
    """What can be seen of the draws, whatever the order in which random numbers were used.

    A share that chance explains is reported as what it should be; any other in steps of 10%. Plain numbers
    in any case, because they travel from a student's process to the grader.
    """
    logits, temperature, top_k, top_p, _ = case.args
    ids = torch.as_tensor(output)
    if ids.shape != logits.shape[:1]:
        return f"shape {tuple(ids.shape)}"
    ids = ids.long().reshape(DRAWS, 2)
    exact = generation.next_probs(logits[:2], temperature, top_k, top_p)  # (2, V)
    seen = {}
    for text in (0, 1):
        counts = torch.bincount(ids[:, text], minlength=logits.shape[1]) / DRAWS  # (V,)
        plausible = (counts - exact[text]).abs() < CHANCE
        shares = torch.where(plausible, exact[text], (10 * counts).round() / 10)
        seen[f"tokens drawn for text {text}"] = sorted(set(ids[:, text].tolist()))
        seen[f"how often each token, for text {text}"] = [round(share, 2) for share in shares.tolist()]
    return seen


def _generator_decides(trial):
    logits = trial.cases[0].args[0]
    calls = [trial.call(logits, 1.0, 0, 1.0, torch.Generator().manual_seed(seed)) for seed in (11, 11, 12)]
    if any(outcome.error for outcome in calls):
        return next(outcome.said for outcome in calls if outcome.error)
    first, again, other = (torch.as_tensor(outcome.value) for outcome in calls)
    if not torch.equal(first, again):
        return "Two generators of the same seed drew different tokens: hand `generator` to torch.multinomial."
    if torch.equal(first, other):
        return "Generators of different seeds drew the same tokens: do not set a seed of your own."
    return ""


def _draw(probs, generator):
    return torch.multinomial(probs, 1, generator=generator)[:, 0]  # (B,)


def _sampler(
    temper=lambda logits, temperature: logits / temperature,
    zero=True,
    largest=True,
    crossing=True,
    rescale=True,
    p_first=False,
    uniform=False,
    as_ids=True,
    axis=-1,
):
    """sample_next with single choices made wrongly."""

    def wrong(logits, temperature, top_k, top_p, generator):
        if temperature == 0 and zero:
            return logits.argmax(dim=-1)
        ordered, ids = temper(logits, temperature).sort(dim=-1, descending=True)
        plain = logits.gather(-1, ids).softmax(dim=-1)
        probs = ordered.softmax(dim=axis)
        if top_k and largest:
            probs[:, top_k:] = 0
        elif top_k:
            probs[:, :-top_k] = 0
        measured = probs / probs.sum(dim=-1, keepdim=True) if rescale else probs
        measured = plain if p_first else measured
        reached = measured.cumsum(dim=-1)
        kept = (reached - measured < top_p) if crossing else (reached <= top_p + 1e-6)
        probs = probs * kept if top_p < 1 else probs
        pick = _draw((probs > 0).float() if uniform and top_k else probs, generator)
        return ids.gather(-1, pick[:, None])[:, 0] if as_ids else pick

    return wrong


def _ignoring(**off):
    """sample_next that takes a setting for switched off."""

    def wrong(logits, temperature, top_k, top_p, generator):
        settings = {"top_k": top_k, "top_p": top_p} | off
        return sample_next(logits, temperature, generator=generator, **settings)

    return wrong


def _keeping(more):
    """sample_next that keeps top_k + more tokens."""

    def wrong(logits, temperature, top_k, top_p, generator):
        if temperature == 0:
            return logits.argmax(dim=-1)
        ordered, ids = (logits / temperature).sort(dim=-1, descending=True)
        if top_k:
            ordered[:, top_k + more :] = -torch.inf
        probs = ordered.softmax(dim=-1)
        if top_p < 1:
            probs[probs.cumsum(dim=-1) - probs >= top_p] = 0
        return ids.gather(-1, _draw(probs, generator)[:, None])[:, 0]

    return wrong


def _is(*, temperature=None, cut=None):
    def where(case):
        _, given, top_k, top_p, _ = case.args
        kind = ("k" if top_k else "") + ("p" if top_p < 1 else "")
        return kind == cut and (given == 1.0) == (temperature is None)

    return where


SAMPLE_NEXT = Exercise(
    name="sample_next",
    title="Draw the next token",
    minutes=12,
    reference=sample_next,
    cases=_sample_cases,
    observe=_describe,
    seconds=60.0,
    properties=(
        matches_reference("each token as often as its probability says", 1, _is(cut="")),
        matches_reference(
            "temperature: 0 is greedy, low is bold, high is wild", 2, _is(cut="", temperature=1)
        ),
        matches_reference("top_k: only the k likeliest, in their proportions", 1, _is(cut="k")),
        matches_reference(
            "top_p: the smallest set that reaches p, after temperature and top_k",
            2,
            lambda case: case.args[3] < 1,
        ),
        Property("the generator decides", 1, _generator_decides),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "the temperature has no effect",
            _sampler(temper=lambda logits, temperature: logits),
            (
                "Your temperature changes nothing.",
                "Dividing *probabilities* by a number is undone when they are rescaled to sum to 1.",
                "Divide the logits, before the softmax.",
            ),
        ),
        Misconception(
            "multiplied by the temperature",
            _sampler(temper=lambda logits, temperature: logits * temperature),
            (
                "Your high temperature is bold and your low one wild.",
                "A high temperature makes all tokens alike: it must shrink the differences between logits.",
                "Divide, do not multiply.",
            ),
        ),
        Misconception(
            "always the likeliest",
            lambda logits, temperature, top_k, top_p, generator: logits.argmax(dim=-1),
            (
                "You always take the likeliest token.",
                "That is greedy decoding, right only for temperature 0. Sampling *draws*.",
                "torch.multinomial draws an index with the probabilities you hand it.",
            ),
        ),
        Misconception(
            "division by a temperature of 0",
            _sampler(zero=False),
            (
                "A temperature of 0 breaks your function.",
                "Dividing by 0 gives infinities, and the softmax of those is NaN. What happens as the "
                "temperature comes close to 0?",
                "Treat it first: if temperature == 0, return the argmax.",
            ),
        ),
        Misconception(
            "top_k keeps the least likely",
            _sampler(largest=False),
            (
                "With top_k you keep the k *least* likely tokens.",
                "Sorting puts the smallest first unless told otherwise.",
                "Once sorted from the likeliest down, which part do you set to 0: [:k] or [k:]?",
            ),
        ),
        Misconception(
            "the k likeliest are drawn evenly",
            _sampler(uniform=True),
            (
                "With top_k the remaining tokens come equally often.",
                "top_k only takes the others away; the rest keep their proportions.",
                "Hand the remaining probabilities to torch.multinomial, not ones.",
            ),
        ),
        Misconception(
            "the token that crosses p is dropped",
            _sampler(crossing=False),
            (
                "Your top_p keeps one token too few.",
                "The set has to *reach* p, so the token that crosses it belongs to it; if the first is "
                "above p "
                "already, it must stay, or nothing is left.",
                "Keep a token if what is likelier, without itself, is still below p.",
            ),
        ),
        Misconception(
            "top_p before the rest is rescaled",
            _sampler(rescale=False),
            (
                "With top_k and top_p together you keep too many tokens.",
                "After top_k the remaining probabilities have to sum to 1 again before p is measured on "
                "them.",
                "Set the logits behind the k-th to −inf, and take the softmax after that.",
            ),
        ),
        Misconception(
            "top_p before the temperature",
            _sampler(p_first=True),
            (
                "You measure top_p on probabilities of temperature 1.",
                "The temperature changes how many tokens it takes to reach p.",
                "First divide by the temperature, then cut.",
            ),
        ),
        Misconception(
            "the place in the sorted list instead of the token",
            _sampler(as_ids=False),
            (
                "You return places in the sorted list.",
                "After sorting, entry 0 is the likeliest token, whichever id it has.",
                "sort gives .indices as well: look the drawn place up there, with gather.",
            ),
        ),
        Misconception(
            "softmax over the texts",
            _sampler(axis=0),
            (
                "Your softmax runs over the texts of the batch.",
                "Each text has its own distribution over the V tokens.",
                "logits are (B, V): the tokens are the last axis.",
            ),
        ),
        Misconception(
            "top_k is not used",
            _ignoring(top_k=0),
            (
                "Your draws pay no attention to top_k.",
                "top_k = 1 leaves a single token; yours draws others as well.",
                "Before the softmax, give all but the first top_k of the sorted logits −inf.",
            ),
        ),
        Misconception(
            "top_p is not used",
            _ignoring(top_p=1.0),
            (
                "Your draws pay no attention to top_p.",
                "Tokens that stand behind the p likeliest percent are drawn too.",
                "A token stays if what is likelier than it sums to less than top_p; the others get "
                "probability 0.",
            ),
        ),
        Misconception(
            "one token fewer than top_k",
            _keeping(-1),
            (
                "You keep one token too few of the k likeliest.",
                "With top_k = 1 nothing is left to draw from.",
                "The first k of a sorted row are [:, :top_k]; what goes is [:, top_k:].",
            ),
        ),
        Misconception(
            "one token more than top_k",
            _keeping(1),
            (
                "You keep one token too many of the k likeliest.",
                "With top_k = 1 the likeliest should come every time.",
                "The first k of a sorted row are [:, :top_k]; what goes is [:, top_k:].",
            ),
        ),
    ),
)
