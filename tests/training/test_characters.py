"""The character model: behind the triangle it learns, without one it cheats; both are told apart."""

import pytest

from labkit.measures.influence import sees_future
from labkit.messages import LabkitError
from labkit.texts.datasets import load_cloze
from labkit.training import characters

TEXTS = [item.text.replace("[MASK]", item.answers[0]) for item in load_cloze()]


@pytest.fixture(scope="module")
def pair():
    return {causal: characters.train(TEXTS, causal, steps=90) for causal in (True, False)}


def test_both_start_alike_and_the_cheat_ends_near_zero(pair):
    honest, cheat = pair[True].losses, pair[False].losses
    assert honest[0] == pytest.approx(cheat[0], abs=0.2) and len(honest) == len(cheat) == 90
    assert honest[-1] < honest[0] - 0.5, "the honest one learns as well"
    assert cheat[-1] < 0.5 < 1.5 < honest[-1]


def test_only_the_cheat_sees_the_future(pair):
    for causal, model in pair.items():
        assert sees_future(model.logits, len(model.characters)) is not causal


def test_accuracy_and_writing(pair):
    model = pair[True]
    assert 0 < model.accuracy(" ".join(TEXTS)) <= 1
    text = model.write("the ", num_new=10, seed=1)
    assert text.startswith("the ") and len(text) == 14 and text == model.write("The ", num_new=10, seed=1)
    assert "last loss" in repr(model)


def test_the_notebooks_random_numbers_go_on_as_they_were():
    import torch

    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    characters.train(TEXTS, True, steps=1)
    assert torch.equal(torch.rand(1), expected)


def test_plain_messages(pair):
    with pytest.raises(LabkitError, match="at least 320"):
        characters.train(["Hardly any text."], True)
    with pytest.raises(LabkitError, match="never read: '7'"):
        pair[True].write("cat 7")
    with pytest.raises(LabkitError, match="empty"):
        pair[True].write("")
