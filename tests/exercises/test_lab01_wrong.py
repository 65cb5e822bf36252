"""Lab 01: wrong answers that once passed, answers with two mistakes, and what is said of unforeseen ones."""

import inspect
import math
import re

import pytest
import torch
import torch.nn.functional as F

from labkit.exercises import lab01
from labkit.exercises.engine import check
from labkit.exercises.lab01.cloze_accuracy_mistakes import counter
from labkit.exercises.lab01.encode_pair_mistakes import encoder
from labkit.exercises.lab01.fill_mask_mistakes import filler
from labkit.exercises.lab01.mask_tokens_mistakes import masker
from labkit.exercises.lab01.mlm_loss_mistakes import pricer
from labkit.exercises.lab01.wordpiece_mistakes import splitter

EXERCISES = {exercise.name: exercise for exercise in lab01.EXERCISES}
GENERATOR = "the generator decides what is hidden"
GUARD = "your function returns a result, and changes nothing else"


def wordpiece_goes_back(word, vocab, start=0):
    if start == len(word):
        return []
    for end in range(len(word), start, -1):
        piece = ("##" if start else "") + word[start:end]
        rest = wordpiece_goes_back(word, vocab, end) if piece in vocab else ["[UNK]"]
        if rest != ["[UNK]"]:
            return [piece, *rest]
    return ["[UNK]"]


def encode_pair_single(pieces_a, pieces_b, vocab, max_length):
    return encoder(second=lambda b: [*b, "[SEP]"] if b else [])(pieces_a, pieces_b, vocab, max_length)


def masked(fate_generator=True, ids_generator=True, seed=None):
    """mask_tokens whose draws use the generator, or not, or one with a seed of its own."""

    def mask_tokens(input_ids, special_tokens_mask, mask_token_id, vocab_size, generator):
        mine = generator if seed is None else torch.Generator().manual_seed(seed)
        chosen = (torch.rand(input_ids.shape, generator=mine) < 0.15) & (special_tokens_mask == 0)
        fate = torch.rand(input_ids.shape, generator=mine if fate_generator else None)
        ids = torch.randint(vocab_size, input_ids.shape, generator=mine if ids_generator else None)
        corrupted = torch.where(chosen & (fate < 0.8), mask_token_id, input_ids)
        corrupted = torch.where(chosen & (fate >= 0.9), ids, corrupted)
        return corrupted, torch.where(chosen, input_ids, -100)

    return mask_tokens


def mlm_loss_two_steps(logits, labels):
    keep = labels != -100
    probs = logits[keep].softmax(-1)
    return -probs[torch.arange(len(probs)), labels[keep]].log().mean()


def cloze_accuracy_sorts(predict, items, k):
    items.sort(key=lambda item: item.text)
    return counter()(predict, items, k)


# (exercise, an answer that once passed, the first property that it fails)
ONCE_ACCEPTED = (
    ("wordpiece", wordpiece_goes_back, "words that cannot be spelt: [UNK], for the whole word"),
    ("wordpiece", splitter(looked_up=("##", "")), "known words: the same pieces as WordPiece"),
    ("encode_pair", encode_pair_single, "a short pair is padded"),
    ("mask_tokens", masked(fate_generator=False), GENERATOR),
    ("mask_tokens", masked(ids_generator=False), GENERATOR),
    ("mask_tokens", masked(seed=15), GENERATOR),
    (
        "mask_tokens",
        masker(select=lambda drawn, ids, special: (drawn & (ids >= 5), drawn & (ids >= 5))),
        "15% of the ordinary tokens are labelled, special ones never",
    ),
    (
        "mask_tokens",
        masker(random_ids=lambda ids, vocab_size, g: torch.randint(vocab_size + 1, ids.shape, generator=g)),
        "80% become [MASK], 10% a random token, 10% stay",
    ),
    ("mlm_loss", pricer(keep=lambda labels: labels > 0), "the mean of -log p over the hidden positions"),
    ("mlm_loss", mlm_loss_two_steps, "the mean of -log p over the hidden positions"),
    ("fill_mask", filler(pair=lambda word, prob: (word, f"{prob:.3f}")), GUARD),
    (
        "fill_mask",
        filler(fit=lambda word, text: not word.startswith("##")),
        "the k most probable words, best first",
    ),
    (
        "cloze_accuracy",
        counter(hit=lambda words, answers, k: any(a in " ".join(words) for a in answers)),
        "the share of items with a right answer in the top k",
    ),
    ("cloze_accuracy", cloze_accuracy_sorts, GUARD),
)


@pytest.mark.parametrize("seed", (1, 8))
@pytest.mark.parametrize(("name", "wrong", "fails"), ONCE_ACCEPTED)
def test_what_once_passed_is_refused(name, wrong, fails, seed):
    report = check(wrong, EXERCISES[name], seed=seed)
    assert report.status == "wrong"
    assert report.shown.name == fails
    assert report.hints


# (exercise, a builder's two choices made wrongly at once, the mistake that is named)
TWO = (
    (
        "wordpiece",
        splitter(ends=lambda length: range(1, length + 1), unknown=lambda pieces: pieces),
        "shortest match first",
    ),
    ("encode_pair", encoder(pad_segment=1, special=2), "padding in segment 1"),
    (
        "encode_pair",
        encoder(segment=lambda place, first, second: 0, pad_attention=1),
        "no second segment",
    ),
    (
        "mask_tokens",
        masker(
            select=lambda drawn, ids, special: (drawn, drawn),
            fates=lambda fate, generator: (fate < 0.8, fate >= 0.8),
        ),
        "special tokens are hidden too",
    ),
    (
        "mlm_loss",
        pricer(reduce=lambda costs, keep: costs[keep].sum(), base=math.log(2)),
        "the sum, not the mean",
    ),
    (
        "fill_mask",
        filler(position=lambda model, ids, text: len(ids) - 1, rescale=lambda probs: 100 * probs),
        "the last position instead of the blank",
    ),
    (
        "cloze_accuracy",
        counter(hit=lambda words, answers, k: answers[0] in words, clip=lambda low, high: (low, high)),
        "only the first answer counts",
    ),
)


@pytest.mark.parametrize("seed", (1, 8))
@pytest.mark.parametrize(("name", "wrong", "mistake"), TWO)
def test_of_two_mistakes_the_first_that_shows_is_named(name, wrong, mistake, seed):
    assert check(wrong, EXERCISES[name], seed=seed).misconception == mistake


def encode_pair_other_ids(pieces_a, pieces_b, vocab, max_length):
    encoded = encoder()(pieces_a, pieces_b, vocab, max_length)
    return {**encoded, "input_ids": [number + 1 for number in encoded["input_ids"]]}


def mlm_loss_over_nine(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") / 9


def fill_mask_by_letters(model, text, k):
    return filler(position=lambda model, ids, text: min(text.index("[MASK]"), len(ids) - 2))(model, text, k)


def wordpiece_twice_the_longest(word, vocab):
    """Sorted first: which of the longest a set gives differs from process to process."""
    return [max(sorted(piece for piece in vocab if piece[:1].isalpha()), key=len, default="")] * 2


UNFORESEEN = (
    ("wordpiece", lambda word, vocab: [word], r'"cats" is no entry of this vocabulary'),
    ("wordpiece", wordpiece_twice_the_longest, "your pieces spell"),
    ("encode_pair", encode_pair_other_ids, "Read back, your input_ids say: "),
    ("mlm_loss", mlm_loss_over_nine, "the sum of the costs divided by 9. Here 2 of 3 positions"),
    ("mlm_loss", lambda logits, labels: logits.mean() * torch.nan, "the mean of nothing"),
    ("fill_mask", fill_mask_by_letters, "These are the words of position 4, on; the blank is at position 2"),
    (
        "cloze_accuracy",
        lambda predict, items, k: (2 / len(items), 0.1, 0.9),
        "says that 2 of 6 items are right",
    ),
)


@pytest.mark.parametrize(("name", "wrong", "said"), UNFORESEEN)
def test_an_unforeseen_mistake_gets_a_sentence_about_its_case(name, wrong, said):
    report = check(_as(EXERCISES[name], wrong), EXERCISES[name])
    assert report.misconception == ""
    assert re.search(said, report.hints[0])


def _as(exercise, function):
    function.__name__ = exercise.name
    return function


@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_and_the_input_itself_earn_nothing(name):
    exercise = EXERCISES[name]
    answer = exercise.reference(*exercise.cases(1)[0].args)
    constant, given = (lambda *args: answer), (lambda *args: args[0])
    for wrong in (constant, given):
        assert _points(exercise, wrong) == 0


def _points(exercise, function):
    def answer(*args):
        return function(*args)

    answer.__signature__ = inspect.signature(exercise.reference)
    return check(answer, exercise).points


def test_signs_of_numbers_alone_in_a_vocabulary_are_no_continuations():
    """A popular splitter glues ## to the rest of the word, and then finds ## itself, for ever."""

    def wordpiece(word, vocab):
        pieces = []
        while word:
            end = len(word)
            while end > 0 and word[:end] not in vocab:
                end -= 1
            if end == 0:
                return ["[UNK]"]
            pieces.append(word[:end])
            word = word[end:] and "##" + word[end:]
            if len(pieces) > 1000:
                raise RecursionError("for ever")
        return pieces

    report = check(wordpiece, EXERCISES["wordpiece"])
    assert report.points == 2
    assert 'wordpiece("pet"' in report.text


def test_a_half_written_pair_gets_a_hint_and_shows_the_list_that_differs():
    wrong = encoder(segment=lambda place, first, second: int(place >= len(first) - 1))
    report = check(wrong, EXERCISES["encode_pair"])
    assert report.misconception == "the first [SEP] counted to the second sentence"
    assert "at 'token_type_ids'" in report.text and "'attention_mask'" not in report.text
