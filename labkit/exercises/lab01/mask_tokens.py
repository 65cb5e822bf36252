"""Exercise 1.3: what is hidden."""

import torch

from labkit import objectives
from labkit.exercises.exercise import Case, Exercise, Misconception, Property
from labkit.exercises.properties import each_case, expected_got, inputs_unchanged
from labkit.objectives import IGNORE


def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
    """labkit.objectives.mask_tokens at the rate of the paper."""
    return objectives.mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, 0.15, generator)


def _masking(special=True, shares=(0.8, 0.1), labels="selected", nested=False, one_random=False, at="own"):
    """Masking with single choices made wrongly."""

    def wrong(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
        selected = torch.rand(input_ids.shape, generator=generator) < 0.15  # (B, T)
        if special:
            selected &= ~special_tokens_mask.bool()
        lot = torch.rand(input_ids.shape, generator=generator)
        masked = selected & (lot < shares[0])
        if nested:
            lot = torch.rand(input_ids.shape, generator=generator)
            to_random = selected & ~masked & (lot < shares[1])
        else:
            to_random = selected & (lot >= shares[0]) & (lot < sum(shares))
        shape = (1, 1) if one_random else input_ids.shape
        random_ids = torch.randint(vocab_size, shape, generator=generator).expand(input_ids.shape)
        corrupted = torch.where(masked, mask_token_id, input_ids)
        corrupted = torch.where(to_random, random_ids, corrupted)
        source = corrupted if labels == "corrupted" else input_ids
        if labels == "everywhere":
            return corrupted, input_ids.clone()
        if labels == "inverted":
            return corrupted, torch.where(selected, IGNORE, input_ids)
        if labels == "only [MASK]":
            return corrupted, torch.where(masked, input_ids, IGNORE)
        return corrupted, torch.where(selected, source, IGNORE)

    return wrong


def _mask_cases(seed):
    cases = []
    for k, (batch_size, length) in enumerate([(256, 128), (128, 256)]):
        make = torch.Generator().manual_seed(1000 * seed + k)
        input_ids = torch.randint(5, 1000, (batch_size, length), generator=make)
        special = torch.rand(input_ids.shape, generator=make) < 0.08
        special[:, 0] = True
        input_ids[special] = 2
        generator = torch.Generator().manual_seed(2000 * seed + k)
        shown = f"a batch of {batch_size} x {length} ids, 8% of them special, mask_token_id 4"
        cases.append(Case((input_ids, special.long(), 4, 1000, generator), shown))
    return cases


def _percent(part, step):
    """A share rounded to `step` percent: wide enough that chance does not move it, narrow enough to tell."""
    return f"about {round(100 * part / step) * step}%"


def _describe_masking(output, case):
    """What can be seen of a masking, whatever the order in which it draws its random numbers."""
    input_ids, special, mask_token_id, _, _ = case.args
    corrupted, labels = output
    if corrupted.shape != input_ids.shape or labels.shape != input_ids.shape:
        return f"shapes {tuple(corrupted.shape)} and {tuple(labels.shape)}"
    special, selected = special.bool(), labels != IGNORE  # (B, T)
    hit = corrupted[selected]
    is_mask, is_same = hit == mask_token_id, hit == input_ids[selected]
    is_random = ~is_mask & ~is_same
    count = max(1, int(selected.sum()))
    return {
        "labelled ordinary tokens": _percent((selected & ~special).sum().item() / (~special).sum().item(), 5),
        "special tokens labelled or changed": bool(((selected | (corrupted != input_ids)) & special).any()),
        "of the labelled, [MASK]": _percent(is_mask.sum().item() / count, 10),
        "of the labelled, another token": _percent(is_random.sum().item() / count, 5),
        "of the labelled, unchanged": _percent(is_same.sum().item() / count, 5),
        "labels are the original ids": bool((labels[selected] == input_ids[selected]).all()),
        "other positions unchanged": bool((corrupted == input_ids)[~selected].all()),
        "many different random tokens": len(hit[is_random].unique()) > 20,
    }


def _says(*keys):
    """A Property's test: these lines of the description are as the reference's."""

    def test(expected, seen):
        if not isinstance(seen, dict):
            return f"expected: (corrupted, labels), two tensors like input_ids\ngot:      {seen}"
        for key in keys:
            if seen[key] != expected[key]:
                return f"{key}\n{expected_got(expected[key], seen[key])}"
        return ""

    return each_case(test)


def _generator_decides(trial):
    input_ids, special, mask_token_id, vocab_size, _ = trial.cases[0].args
    seeds = (11, 11, 12)
    calls = [
        trial.call(input_ids, special, mask_token_id, vocab_size, torch.Generator().manual_seed(seed))
        for seed in seeds
    ]
    if any(outcome.error for outcome in calls):
        return next(outcome.said for outcome in calls if outcome.error)
    first, again, other = (outcome.value[1] for outcome in calls)
    if not torch.equal(first, again):
        return (
            "Two calls with generators of the same seed hid different tokens: hand `generator` to torch.rand."
        )
    if torch.equal(first, other):
        return "Generators of different seeds hid the same tokens: do not set a seed of your own."
    return ""


MASK_TOKENS = Exercise(
    name="mask_tokens",
    title="Hide 15%, the 80/10/10 way",
    minutes=15,
    reference=mask_tokens,
    cases=_mask_cases,
    observe=_describe_masking,
    properties=(
        Property(
            "15% of the ordinary tokens are labelled, special ones never",
            1,
            _says("labelled ordinary tokens", "special tokens labelled or changed"),
        ),
        Property(
            "labels are the original ids there, -100 elsewhere",
            1,
            _says("labels are the original ids", "labelled ordinary tokens"),
        ),
        Property(
            "80% become [MASK], 10% a random token, 10% stay",
            2,
            _says(
                "of the labelled, [MASK]",
                "of the labelled, another token",
                "of the labelled, unchanged",
                "many different random tokens",
            ),
        ),
        Property("tokens that are not labelled stay as they are", 1, _says("other positions unchanged")),
        Property("the generator decides what is hidden", 1, _generator_decides),
        inputs_unchanged(),
    ),
    misconceptions=(
        Misconception(
            "everything selected becomes [MASK]",
            _masking(shares=(1.0, 0.0)),
            (
                "Every token you select becomes [MASK].",
                "[MASK] never occurs in real text: a model must not learn to work only where one stands. "
                "So 10% become a random token and 10% stay.",
                "Draw a second random number for each position and let it choose between the three fates.",
            ),
        ),
        Misconception(
            "special tokens are hidden too",
            _masking(special=False),
            (
                "Your mask also hits [CLS], [SEP] and [PAD].",
                "They stand at fixed places: guessing them teaches nothing and hiding them hurts.",
                "special_tokens_mask is 1 where a special token stands: take those out of the selection.",
            ),
        ),
        Misconception(
            "labels at every position",
            _masking(labels="everywhere"),
            (
                "Your labels hold the original id at every position.",
                "Cross-entropy would then also reward copying the 85% that were never hidden.",
                "Positions that were not selected get -100, the label that cross-entropy skips.",
            ),
        ),
        Misconception(
            "labels taken after the corruption",
            _masking(labels="corrupted"),
            (
                "Your labels are the corrupted ids.",
                "The answer to a blank is the word that stood there, not [MASK].",
                "Take the labels from input_ids before anything is replaced, and replace in a copy.",
            ),
        ),
        Misconception(
            "labels inverted",
            _masking(labels="inverted"),
            (
                "-100 stands at the hidden positions, and the ids elsewhere.",
                "-100 means: do not count this position. Only the hidden ones should count.",
                "Which branch of your torch.where is taken where the selection is True?",
            ),
        ),
        Misconception(
            "10% of the remaining 20%",
            _masking(shares=(0.8, 0.1), nested=True),
            (
                "Only about 2% of the selected tokens become a random one.",
                "You take 10% of what [MASK] left over; the paper's 10% are of all selected tokens.",
                "Of the 20% that are left, one half becomes random and the other half stays.",
            ),
        ),
        Misconception(
            "nothing stays unchanged",
            _masking(shares=(0.8, 0.2)),
            (
                "All that do not become [MASK] become a random token.",
                "Then a real word at a labelled place is always wrong: the model would never trust a word.",
                "Split the last 20% in two halves.",
            ),
        ),
        Misconception(
            "only the [MASK] positions are labelled",
            _masking(labels="only [MASK]"),
            (
                "The randomly replaced and the unchanged tokens carry no label.",
                "They were selected: the model has to say what stood there without being told by a [MASK].",
                "Labels belong to the whole selection, not only to the part that became [MASK].",
            ),
        ),
        Misconception(
            "one random token for all",
            _masking(one_random=True),
            (
                "All your random replacements are the same token.",
                "The model would soon know that one as a second [MASK].",
                "Draw a random id for every position: torch.randint(vocab_size, input_ids.shape, ...).",
            ),
        ),
    ),
)
