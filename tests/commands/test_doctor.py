"""`labkit doctor`: a broken machine is simulated piece by piece; each [fix] says what to do."""

import importlib.metadata
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit import machine
from labkit.commands import doctor
from labkit.files.safe_files import write_checksums
from labkit.messages import LabkitError


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test reaches for the network; the ones about it say so themselves."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_a_line_shows_its_remedy_only_when_something_is_wrong():
    assert str(machine.Line("disk", True, "9 GB", "make room")) == "[ok]  disk: 9 GB"
    assert str(machine.Line("disk", False, "0 GB", "make room")) == "[fix] disk: 0 GB\n      make room"


def test_the_report_covers_every_topic_and_each_fix_has_a_remedy():
    lines = doctor.report()
    topics = {line.topic for line in lines}
    assert topics >= {
        "Python",
        "packages",
        "torch",
        "memory",
        "bundled models",
        "network",
        "downloads",
        "disk",
    }
    assert all(line.ok or line.remedy for line in lines)


def test_the_quick_report_asks_neither_the_network_nor_for_checksums(monkeypatch):
    called = []
    monkeypatch.setattr(doctor, "check_network", lambda: called.append("network") or [])
    monkeypatch.setattr(doctor, "wrong_files", lambda *args: called.append("checksums") or [])
    assert {line.topic for line in machine.report()} >= {"Python", "bundled models"}
    assert not called
    doctor.report()
    assert set(called) == {"network", "checksums"}


@pytest.mark.parametrize("ok", [True, False])
def test_the_exit_status_says_whether_something_is_to_be_fixed(monkeypatch, capsys, ok):
    monkeypatch.setattr(doctor, "report", lambda: [machine.Line("disk", ok, "a disk", "make room")])
    assert doctor.run_doctor() == (0 if ok else 1)
    assert capsys.readouterr().out.endswith("All is well.\n" if ok else "1 to fix.\n")


def test_a_check_that_breaks_does_not_silence_the_others(monkeypatch):
    def check_memory():
        raise RuntimeError("no such counter")

    monkeypatch.setattr(machine, "check_memory", check_memory)
    lines = doctor.report()
    broken = next(line for line in lines if line.topic == "memory")
    assert not broken.ok and "no such counter" in broken.text and broken.remedy
    assert any(line.topic == "disk" for line in lines)


OLDEST, NEWEST = machine.PYTHONS


@pytest.mark.parametrize(
    ("version", "said"),
    [((3, OLDEST[1] - 1), "too old"), (OLDEST, ""), (NEWEST, ""), ((3, NEWEST[1] + 1), "too new")],
)
def test_python_versions(monkeypatch, version, said):
    monkeypatch.setattr(sys, "version_info", (*version, 1))
    (line,) = machine.check_python()
    assert line.ok is not bool(said)
    assert said in line.text
    assert said == "" or f"3.{OLDEST[1]} to 3.{NEWEST[1]}" in line.remedy


def test_packages_out_of_range_or_missing_are_named(monkeypatch):
    versions = {"plotly": "5.9.0", "numpy": "2.2.6"}

    def version(name):
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    declared = ["plotly>=6.0", "numpy>=1.26", "tqdm>=4.66", 'jupyterlab>=4.2; extra == "lab"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: declared)
    monkeypatch.setattr(importlib.metadata, "version", version)
    good, plotly, tqdm = machine.check_packages()
    assert good.ok and good.text == "numpy 2.2.6"
    assert not plotly.ok and plotly.text == "5.9.0 is here, plotly>=6.0 is needed"
    assert not tqdm.ok and tqdm.remedy == 'python -m pip install "tqdm>=4.66"'


def test_a_folder_that_is_not_installed_is_no_fault(monkeypatch):
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    (line,) = machine.check_packages()
    assert line.ok and "not compared" in line.text


def test_torch_that_does_not_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # makes `import torch` raise ImportError
    (line,) = machine.check_torch()
    assert not line.ok and "does not load" in line.text and "force-reinstall" in line.remedy


def _torch(cuda, gpu):
    return SimpleNamespace(
        __version__="2.13.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(is_available=lambda: gpu, get_device_name=lambda index: "a GPU"),
    )


@pytest.mark.parametrize(
    ("cuda", "gpu", "colab", "ok"),
    [
        (None, False, "", True),
        ("12.8", True, "", True),
        ("12.8", False, "", False),
        ("12.8", False, "r1", True),
    ],
)
def test_a_cuda_build_is_right_where_there_is_a_gpu(monkeypatch, cuda, gpu, colab, ok):
    monkeypatch.setitem(sys.modules, "torch", _torch(cuda, gpu))
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    if colab:
        monkeypatch.setenv("COLAB_RELEASE_TAG", colab)
    (line,) = doctor.check_torch_build()
    assert line.ok is ok
    assert ok or "uninstall -y torch" in line.remedy


@pytest.mark.parametrize(
    ("total", "free", "container", "ok", "said"),
    [
        (8e9, 4e9, (None, 0), True, "4.0 GB free of 8.0 GB"),
        (8e9, 0.2e9, (None, 0), False, "0.2 GB free of 8.0 GB"),
        (8e9, 4e9, (2e9, 0.5e9), True, "1.5 GB free of 2.0 GB (this container's limit)"),
        (8e9, 4e9, (2e9, 1.8e9), False, "0.2 GB free of 2.0 GB (this container's limit)"),
        (8e9, 4e9, (0.5e9, 0), False, "0.5 GB free of 0.5 GB (this container's limit)"),
        (8e9, 4e9, (64e9, 0), True, "4.0 GB free of 8.0 GB"),
    ],
)
def test_memory(monkeypatch, total, free, container, ok, said):
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=total, available=free))
    monkeypatch.setattr(machine, "container_memory", lambda: container)
    (line,) = machine.check_memory()
    assert (line.ok, line.text) == (ok, said)
    assert ok or line.remedy


def _group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_dot_", ".")).write_text(text)


def test_the_tightest_of_nested_limits_counts(tmp_path):
    membership = tmp_path / "cgroup"
    membership.write_text("0::/outer/inner\n")
    root = tmp_path / "fs"
    stat = "anon 7\ninactive_file 100\n"
    _group(root / "outer" / "inner", memory_dot_max="max\n", memory_dot_current="300\n")
    _group(root / "outer", memory_dot_max="1000\n", memory_dot_current="400\n", memory_dot_stat=stat)
    assert machine.container_memory(root, membership) == (1000, 300)
    _group(root / "outer" / "inner", memory_dot_max="900\n")
    assert machine.container_memory(root, membership) == (900, 300)


def test_the_older_interface_and_no_interface(tmp_path):
    membership = tmp_path / "cgroup"
    assert machine.container_memory(tmp_path / "nowhere", membership) == (None, 0)
    old = tmp_path / "fs" / "memory"
    _group(old, memory_dot_limit_in_bytes=f"{2**63 - 4096}\n", memory_dot_usage_in_bytes="5\n")
    assert machine.container_memory(tmp_path / "fs", membership) == (None, 0)
    _group(old, memory_dot_limit_in_bytes="1000\n", memory_dot_stat="total_inactive_file 2\n")
    assert machine.container_memory(tmp_path / "fs", membership) == (1000, 3)


def _bundled(folder):
    for name in machine.BUNDLED.values():
        (folder / name).mkdir()
        (folder / name / "config.json").write_text("{}")
        (folder / name / "model.safetensors").write_bytes(b"weights")
        write_checksums(folder / name)


def test_bundled_models_missing_or_damaged(monkeypatch, tmp_path):
    for module in (doctor, machine):
        monkeypatch.setattr(module, "models_dir", lambda: tmp_path)
    (line,) = machine.check_models()
    assert not line.ok and "bert-mini and gpt-mini not found" in line.text
    _bundled(tmp_path)
    assert all(line.ok for line in [*machine.check_models(), *doctor.check_models_whole()])
    (tmp_path / "gpt-mini" / "model.safetensors").write_bytes(b"weight")
    bert, gpt = doctor.check_models_whole()
    assert bert.ok and not gpt.ok and "model.safetensors" in gpt.text
    (tmp_path / "bert-mini" / "SHA256SUMS").unlink()
    assert "SHA256SUMS" in doctor.check_models_whole()[0].text


@pytest.mark.parametrize(("answers", "said"), [(True, "can be reached"), (False, "cannot be reached")])
def test_the_network_never_needs_fixing(monkeypatch, answers, said):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(doctor, "reachable", lambda address: answers)
    (line,) = doctor.check_network()
    assert line.ok and said in line.text


def test_the_network_can_be_switched_off(monkeypatch):
    monkeypatch.setattr(doctor, "reachable", lambda address: pytest.fail("asked the network"))
    (line,) = doctor.check_network()
    assert line.ok and "HF_HUB_OFFLINE" in line.text


def test_reachable_takes_any_answer_and_waits_no_longer_than_told(monkeypatch):
    import threading
    import urllib.error
    import urllib.request

    def answer(error=None, wait=None):
        def urlopen(request, timeout):
            if wait:
                wait.wait(30)
            if error:
                raise error
            return SimpleNamespace(close=lambda: None)

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        return doctor.reachable("http://localhost", seconds=5.0 if wait is None else 0.05)

    assert answer()
    assert answer(urllib.error.HTTPError("http://localhost", 404, "not here", {}, None))
    assert not answer(urllib.error.URLError("refused"))
    never = threading.Event()
    assert not answer(wait=never)
    never.set()


def test_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "cache_dir", lambda: tmp_path / "not" / "there" / "yet")
    (line,) = doctor.check_downloads()
    assert line.ok and str(tmp_path / "not") in line.text
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    (line,) = doctor.check_downloads()
    assert not line.ok and "LABKIT_CACHE" in line.remedy


@pytest.mark.parametrize(("free", "ok"), [(5e9, True), (0.1e9, False)])
def test_disk(monkeypatch, free, ok):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    (line,) = doctor.check_disk()
    assert line.ok is ok and "LABKIT_CACHE" in line.remedy


@pytest.mark.parametrize("why", ["bubblewrap (the program bwrap) is not installed.", "this is darwin."])
def test_a_sandbox_is_missed_only_by_who_grades(why, monkeypatch):
    from labkit.grading import hindrances, sandbox

    def refuse():
        raise LabkitError(hindrances.refusal(why, ("one", "two")))

    monkeypatch.setattr(sandbox, "require_sandbox", refuse)
    (line,) = doctor.check_sandbox()
    assert line.ok and line.text.endswith(why) and "grades" in line.text
    monkeypatch.setattr(sandbox, "require_sandbox", lambda: None)
    assert "can shut answers in" in doctor.check_sandbox()[0].text


@pytest.mark.parametrize(
    ("needs", "asked", "gone"),
    [
        ({"torch": []}, [], ["torch"]),
        (
            {"torch": ["nvidia-x", "triton"], "nvidia-x": [], "triton": []},
            [],
            ["torch", "nvidia-x", "triton"],
        ),
        ({"torch": ["kit[a]"], "kit": ["nv_a; extra == 'a'"], "nv-a": []}, [], ["torch", "kit", "nv-a"]),
        ({"torch": ["nv"], "nv": [], "other": ["nv; extra == 'gpu'"]}, [], ["torch", "nv"]),
        ({"torch": ["nv", "shared"], "nv": [], "shared": [], "other": ["shared"]}, [], ["torch", "nv"]),
        ({"torch": ["kept"], "kept": ["below"], "below": [], "other": ["kept"]}, [], ["torch"]),
        ({"torch": ["nv", "mine"], "nv": [], "mine": ["below"], "below": []}, ["mine"], ["torch", "nv"]),
        ({"torch": ["absent"], "accelerate": ["torch"]}, ["torch"], ["torch"]),
        ({"torch": ["a"], "a": ["b"], "b": ["a"]}, [], ["torch", "a", "b"]),
    ],
)
def test_what_only_torch_needs_goes_with_it(monkeypatch, needs, asked, gone):
    installed = [
        SimpleNamespace(
            metadata={"Name": name},
            requires=requires,
            read_text=lambda file, name=name: "" if name in asked else None,
        )
        for name, requires in needs.items()
    ]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: installed)
    assert doctor.only_for("torch") == gone
