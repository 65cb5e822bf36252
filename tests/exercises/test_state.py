"""What a function may not change behind the caller's back: it is noticed, said, and put back."""

import random

import numpy as np
import pytest
import torch

from labkit.exercises.calls import call_on_copies
from labkit.exercises.state import RESEEDED, Guard, drawn_alike
from labkit.models.loading import load
from tests.tiny_models import save_tiny_gpt


@pytest.fixture
def model(tmp_path):
    return load(str(save_tiny_gpt(tmp_path / "tiny")))


def train(model):
    model.network.train()


def eager(model):
    model.network.set_attn_implementation("eager")


def asks_for_states(model):
    model.network.config.output_hidden_states = True


def new_field(model):
    model.network.config.my_setting = 3


def other_weights(model):
    with torch.no_grad():
        next(model.network.parameters()).mul_(2)


def other_weights_by_data(model):
    next(model.network.parameters()).data[0] += 1


def other_tensor(model):
    parameter = next(model.network.parameters())
    parameter.data = torch.zeros_like(parameter)


def frozen(model):
    for parameter in model.network.parameters():
        parameter.requires_grad_(not parameter.requires_grad)


def hook(model):
    model.network.register_forward_hook(lambda module, given, output: output)


def padding_on_the_left(model):
    model.tokenizer.padding_side = "left" if model.tokenizer.padding_side == "right" else "right"


def no_gradients(model):
    torch.set_grad_enabled(False)


def doubles(model):
    torch.set_default_dtype(torch.float64)


SPOILERS = {
    train: "mode",
    eager: "attn_implementation",
    asks_for_states: "output_hidden_states",
    new_field: "my_setting",
    other_weights: "weights",
    other_weights_by_data: "weights",
    other_tensor: "weights",
    frozen: "requires_grad",
    hook: "hook",
    padding_on_the_left: "padding_side",
    no_gradients: "gradients",
    doubles: "dtype",
}


def state_of(model):
    network = model.network
    return (
        [module.training for module in network.modules()],
        {k: v for k, v in vars(network.config).items()},
        [parameter.detach().clone() for parameter in network.parameters()],
        [parameter.requires_grad for parameter in network.parameters()],
        [len(module._forward_hooks) for module in network.modules()],
        model.tokenizer.padding_side,
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )


@pytest.mark.parametrize("spoiler", SPOILERS, ids=lambda function: function.__name__)
def test_a_change_is_said_and_put_back(model, spoiler):
    before = state_of(model)
    outcome = call_on_copies(spoiler, (model,))
    assert SPOILERS[spoiler] in outcome.changed
    for old, new in zip(before, state_of(model), strict=True):
        same = (
            all(map(torch.equal, old, new))
            if isinstance(old, list) and torch.is_tensor(old[0])
            else old == new
        )
        assert same, (old, new)
    assert call_on_copies(lambda model: 1, (model,)).changed == ""


@pytest.mark.parametrize("spoiler", SPOILERS, ids=lambda function: function.__name__)
def test_it_is_also_put_back_after_an_error(model, spoiler):
    def fails(model):
        spoiler(model)
        raise ValueError

    outcome = call_on_copies(fails, (model,))
    assert outcome.error_type is ValueError and SPOILERS[spoiler] in outcome.changed
    assert call_on_copies(lambda model: 1, (model,)).changed == ""


def test_what_an_answer_may_do_is_no_change(model):
    def answer(model):
        ids = torch.tensor([[1, 2, 3]])
        model.network(input_ids=ids, output_hidden_states=True)
        with torch.inference_mode():
            model.network(input_ids=ids)
        model.tokenizer(["a", "a b"], padding=True) if model.tokenizer.pad_token else None
        training = model.network.training
        model.network.train()
        model.network.train(training)
        torch.rand(3)
        return 0

    assert call_on_copies(answer, (model,)).changed == ""


def test_a_bare_network_is_guarded_as_well():
    network = torch.nn.Linear(2, 2).eval()
    guard = Guard((network,))
    network.train()
    assert "mode" in guard.changes() and not network.training


@pytest.mark.parametrize(
    "seeder",
    [lambda: torch.manual_seed(0), lambda: np.random.seed(0), lambda: random.seed(0)],
    ids=["torch", "numpy", "random"],
)
def test_seeding_everybody_anew_is_a_change(seeder):
    def answer():
        seeder()
        return 1

    with drawn_alike(3):
        assert "seed" in call_on_copies(answer, ()).changed
        assert call_on_copies(lambda: torch.rand(1), ()).changed == ""
        assert call_on_copies(lambda: torch.Generator().manual_seed(0), ()).changed == ""
    assert RESEEDED == []


def test_random_numbers_are_the_same_in_every_check_and_untouched_afterwards():
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    drawn = []
    for _ in range(2):
        with drawn_alike(8):
            drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
            torch.manual_seed(1)
    assert drawn[0] == drawn[1]
    assert before == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
    assert torch.manual_seed.__module__ == "torch.random"
