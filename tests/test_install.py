"""install.py, with programs in the places of uv and pip that write down what they were asked."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


@pytest.fixture
def installer(monkeypatch):
    spec = importlib.util.spec_from_file_location("installer", ROOT / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.3)
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    return module


def install(installer, folder, uv="exit 0", config="", pip="exit 0", torch_index=""):
    """Install with these shell scripts as uv and pip; return what was asked of them, a line each."""
    (folder / "bin").mkdir()
    log = f'echo "$(basename $0) $*" >> "{folder}/log"\n'
    (folder / "config").write_text(config)
    python = f'case "$*" in *"config list"*) cat "{folder}/config"; exit;; esac\n{pip}'
    for name, script in {"python": python, "uv": uv}.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{log}{script}\n")
        (folder / "bin" / name).chmod(0o755)
    environment = installer.Environment(str(folder), {"PATH": os.environ["PATH"]})
    installer.install(environment, ["lab"], torch_index)
    return (folder / "log").read_text().splitlines(), environment.variables


HANGS = 'case "$*" in *compile*) exec sleep 20;; esac'
REFUSES = 'case "$*" in *compile*) exit 2;; esac'


@pytest.mark.parametrize(
    ("uv", "config", "index", "backend", "said"),
    [
        ("exit 0", "", "", True, ""),
        (HANGS, "", "", False, "cannot be reached"),
        (REFUSES, "", "", False, "cannot be reached"),
        ("exit 0", "global.index-url='https://a.example'\n", "", False, "that is set here"),
        ("exit 0", "", "https://t.example", False, ""),
    ],
)
def test_where_torch_comes_from(installer, tmp_path, capsys, uv, config, index, backend, said):
    asked, _ = install(installer, tmp_path, uv, config, torch_index=index)
    assert ("--torch-backend auto" in asked[-1]) is backend and asked[-1].endswith("-e .[lab]")
    assert any(f"--default-index {index} torch" in line for line in asked) is bool(index)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("uv", ["exit 1", 'case "$*" in *install*) exit 1;; esac'])
def test_pip_does_it_where_uv_cannot(installer, tmp_path, uv):
    asked, _ = install(installer, tmp_path, uv)
    assert asked[-1].startswith("python -m pip install") and asked[-1].endswith("-e .[lab]")


def test_where_nothing_can_be_installed_one_message_says_so(installer, tmp_path):
    with pytest.raises(installer.Refused, match="not complete"):
        install(installer, tmp_path, "exit 1", pip="exit 1")


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        ("global.find-links='/a /b'", {"UV_FIND_LINKS": "/a,/b"}),
        ("global.index-url='x'\n:env:.index-url='y'", {"UV_DEFAULT_INDEX": "y"}),
        ("install.extra-index-url='a\\nb'", {"UV_INDEX": "a b", "UV_INDEX_STRATEGY": "unsafe-best-match"}),
        (":env:.cert='/c.pem'", {"SSL_CERT_FILE": "/c.pem"}),
        ("global.no-index='false'\nglobal.pre='yes'", {"UV_PRERELEASE": "allow"}),
        ("download.index-url='x'\nnonsense", {}),
    ],
)
def test_uv_is_told_what_pip_is_set_to(installer, tmp_path, config, variables):
    _, told = install(installer, tmp_path, config=config)
    assert {name: value for name, value in told.items() if name != "PATH"} == variables


@pytest.mark.parametrize(("version", "right"), [((3, 9), False), ((3, 10), True), ((3, 99), False)])
def test_the_python_is_looked_at_first(installer, version, right):
    text = 'requires-python = ">=3.10,<3.15"\n'
    if right:
        installer.check_python(version, text)
    else:
        with pytest.raises(installer.Refused, match=f"3.10 to 3.14, and this is 3.{version[1]}"):
            installer.check_python(version, text)


def test_an_environment_whose_python_is_gone(installer, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "gone")
    with pytest.raises(installer.Refused, match="no longer there"):
        installer.Environment(str(tmp_path)).make()


def test_pyproject_says_the_range_as_install_reads_it(installer, monkeypatch):
    monkeypatch.chdir(ROOT)
    installer.check_python(sys.version_info)
