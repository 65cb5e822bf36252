"""The training loop's parts: schedule, optimiser, checkpoints and their faults."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from labkit.messages import LabkitError
from labkit.training import loop
from labkit.training.loop import Optimisation, load_checkpoint, save_checkpoint, schedule


def test_the_schedule_rises_and_falls():
    values = [schedule(p / 100, warmup=0.1) for p in range(101)]
    assert values[10] == pytest.approx(1.0) and values[100] == 0
    assert values[:11] == sorted(values[:11]) and values[10:] == sorted(values[10:], reverse=True)
    cosine = [schedule(p / 100, warmup=0.1, shape="cosine") for p in range(101)]
    assert cosine[55] == pytest.approx(0.5, abs=0.01) and cosine[100] == pytest.approx(0)
    assert schedule(0.9, shape="constant") == 1.0
    with pytest.raises(ValueError, match="linear"):
        schedule(0.5, shape="square")


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1))


def one_step(net, optimisation, factor=1.0):
    x = torch.arange(12.0).reshape(3, 4)
    loss = (net(x) - 1).square().mean()
    optimisation.step(loss, factor)
    return loss.item()


def test_steps_lower_the_loss_and_frozen_parts_stay():
    net = network()
    for parameter in net[0].parameters():
        parameter.requires_grad = False
    frozen = net[0].weight.clone()
    optimisation = Optimisation(net, 1e-2)
    losses = [one_step(net, optimisation) for _ in range(50)]
    assert losses[-1] < losses[0] / 2
    assert torch.equal(net[0].weight, frozen)


def test_muon_moves_hidden_matrices_by_orthogonal_steps_and_leaves_the_rest_to_adamw():
    torch.manual_seed(0)
    net = nn.ModuleDict({"word_embeddings": nn.Embedding(5, 8), "dense": nn.Linear(8, 8)})
    optimisation = Optimisation(net, 1e-2, weight_decay=0.0, muon=1.0)
    before = {name: p.clone() for name, p in net.named_parameters()}
    hidden = net["dense"](net["word_embeddings"](torch.arange(5)))
    optimisation.step((hidden * torch.randn_like(hidden)).sum())
    moved = {name: (before[name] - p).detach().numpy() for name, p in net.named_parameters()}
    values = np.linalg.svd(moved["dense.weight"])[1][:5]  # the gradient has rank 5
    assert values.min() > 0.3 * values.max()
    # AdamW's first step is the learning rate in each direction, whatever the gradient.
    assert abs(moved["word_embeddings.weight"]) == pytest.approx(np.full((5, 8), 1e-2), rel=1e-3)
    assert abs(moved["dense.bias"]) == pytest.approx(np.full(8, 1e-2), rel=1e-3)


def test_a_factor_of_zero_moves_nothing():
    net = network()
    before = [p.clone() for p in net.parameters()]
    one_step(net, Optimisation(net, 1e-2), factor=0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def test_a_loss_that_is_not_finite_stops_the_run():
    net = network()
    with pytest.raises(LabkitError, match="diverged"):
        Optimisation(net, 1e-2).step(net(torch.full((1, 4), float("nan"))).sum())


@pytest.mark.parametrize("muon", [None, 2.0])
def test_a_restored_run_takes_the_same_steps(tmp_path, muon):
    net = network()
    optimisation = Optimisation(net, 1e-2, muon=muon)
    for _ in range(5):
        one_step(net, optimisation)
    save_checkpoint(tmp_path / "c.safetensors", net, optimisation, {"step": 5})
    expected = [one_step(net, optimisation) for _ in range(5)]

    other = network(seed=9)
    restored = Optimisation(other, 1e-2, muon=muon)
    assert load_checkpoint(tmp_path / "c.safetensors", other, restored) == {"step": 5}
    assert [one_step(other, restored) for _ in range(5)] == pytest.approx(expected, abs=1e-7)


def test_a_failed_write_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    net, path = network(), tmp_path / "c.safetensors"
    optimisation = Optimisation(net, 1e-2)
    save_checkpoint(path, net, optimisation, {"step": 1})
    before = path.read_bytes()

    def full_disk(tensors, target, metadata):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full_disk)
    with pytest.raises(LabkitError, match="previous one is untouched"):
        save_checkpoint(path, net, optimisation, {"step": 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "junk", "other network"])
def test_a_damaged_checkpoint_is_a_clear_error(tmp_path, damage):
    net, path = network(), tmp_path / "c.safetensors"
    optimisation = Optimisation(net, 1e-2)
    save_checkpoint(path, net, optimisation, {"step": 1})
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "junk":
        path.write_bytes(b"not a checkpoint at all")
    else:
        net = nn.Sequential(nn.Linear(4, 9), nn.GELU(), nn.Linear(9, 1))
        optimisation = Optimisation(net, 1e-2)
    with pytest.raises(LabkitError, match="not a whole checkpoint"):
        load_checkpoint(path, net, optimisation)


def test_bfloat16_is_asked_of_the_processor():
    assert loop.has_fast_bfloat16() in (True, False)


def test_a_gpu_is_taken_where_there_is_one_and_a_missing_device_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert loop.pick_device().type == loop.pick_device("cpu").type == "cpu"
    for name in ("abacus", "cuda:63"):
        with pytest.raises(LabkitError, match=f"no device '{name}'"):
            loop.pick_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "empty", lambda size, device: None)  # whether or not there is one here
    assert loop.pick_device().type == "cuda"


FAULTS = """
import resource
import torch
from labkit.training.loop import keep_freed_memory

kept = {call}
for _ in range(40):  # the heap takes a while to settle
    torch.ones(10_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(10_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_taken(call):
    """(what the call returned, pages taken for 20 tensors of 40 MB after it), in a fresh Python."""
    command = [sys.executable, "-c", FAULTS.format(call=call)]
    kept, faults = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the GNU C library is Linux's")
def test_freed_memory_is_kept_for_the_next_tensor():
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("this C library has no mallopt")
    (_, usual), (kept, faults) = pages_taken("None"), pages_taken("keep_freed_memory()")
    assert kept == "True"
    assert 5 * faults < usual


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_another_c_library_is_left_as_it_is(monkeypatch, error):
    def cdll(name):
        raise error("as on another system")

    monkeypatch.setattr(loop.ctypes, "CDLL", cdll)
    assert loop.keep_freed_memory() is False
