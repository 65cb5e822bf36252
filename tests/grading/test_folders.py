"""Packages that lie elsewhere than Python does are there in the sandbox too, and nobody's home is."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import platformdirs
import pytest

from labkit.grading import folders
from labkit.grading.sandbox import can_shut_in
from tests.notebooks.conftest import ROOT

SITE = Path(platformdirs.__file__).parents[1]  # where what labkit needs is installed
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# Prints what the sandbox sees: a package's file, sys.path, and which of some paths can be read.
INSIDE = """
import importlib.util, json, os, sys
found = importlib.util.find_spec("borrowed_by_labkit")
found = found and found.origin
seen = [path for path in sys.argv[1:] if os.access(path, os.R_OK)]
try:
    open(os.path.join(os.path.dirname(found or "/x"), "mine"), "w")
    written = True
except OSError:
    written = False
print(json.dumps([found, sys.path, seen, written]))
"""
OUTSIDE = f"""
import subprocess, sys
from labkit.grading import sandbox
sandbox.require_sandbox()
command = sandbox.bubblewrap([sys.executable, "-c", {INSIDE!r}, *sys.argv[1:]])
sys.exit(subprocess.run(command, **sandbox.starter()).returncode)
"""


@pytest.fixture(scope="module", autouse=True)
def walls():
    if not can_shut_in():
        pytest.skip("no bubblewrap here, or it may not work")


class Place:
    """A machine: an environment without labkit's dependencies, a home, and a working folder of a class."""

    def __init__(self, root, name="a home"):
        self.home = root / name
        self.venv = root / "an environment"
        self.variables = {"PYTHONPATH": str(ROOT), "HOME": str(self.home)}
        for folder in (self.home, root / "class"):
            folder.mkdir(parents=True)
        (self.home / "secret").write_text("mine")
        (root / "class" / "submission").write_text("hers")
        self.root = root

    def make(self, folder=None, system=False):
        """The environment; its Python finds what labkit needs."""
        self.venv = folder or self.venv
        venv.create(self.venv, with_pip=False, symlinks=True, system_site_packages=system)
        self.site = self.venv / "lib" / PYTHON / "site-packages"
        (self.site / "needs.pth").write_text(f"{SITE}\n", encoding="utf-8")

    def package(self, folder):
        """A package in a folder."""
        package = folder / "borrowed_by_labkit"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text("")
        return folder

    def run(self, *paths):
        """What is seen inside: (the package's folder, sys.path, which of the paths)."""
        done = subprocess.run(
            [self.venv / "bin" / "python", "-c", OUTSIDE, *map(str, paths)],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.variables},
            cwd=self.root / "class",
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        found, path, seen, written = json.loads(done.stdout.splitlines()[-1])
        assert not written, "what is shown can be written to"
        return found and Path(found).parents[1], path, seen


def user_site(place):
    place.make(system=True)
    return place.package(place.home / ".local" / "lib" / PYTHON / "site-packages")


def user_base(place):
    place.make(system=True)
    place.variables["PYTHONUSERBASE"] = str(place.home / "elsewhere")
    return place.package(place.home / "elsewhere" / "lib" / PYTHON / "site-packages")


def pth_file(place):
    place.make()
    (place.site / "more.pth").write_text(f"{place.home}/packages\n", encoding="utf-8")
    return place.package(place.home / "packages")


def pth_file_of_the_user(place):
    ours = user_site(place)
    (ours / "more.pth").write_text(f"{place.home}/packages\n", encoding="utf-8")
    (ours / "borrowed_by_labkit").rename(ours / "other")
    return place.package(place.home / "packages")


def python_path(place):
    place.make()
    place.variables["PYTHONPATH"] += f":{place.home}/packages"
    return place.package(place.home / "packages")


def python_path_before_the_course(place):
    place.make()
    place.variables["PYTHONPATH"] = f"{place.home}/packages::{ROOT}:/nowhere"
    return place.package(place.home / "packages")


def link(place):
    place.make()
    (place.home / "real").mkdir()
    (place.home / "link").symlink_to("real")
    (place.site / "more.pth").write_text(f"{place.home}/link\n", encoding="utf-8")
    return place.package(place.home / "link")


def environment_in_a_home(place):
    place.make(place.home / ".venv")
    return place.package(place.site)


def home_that_is_an_environment(place):
    place.make(place.home)
    return place.package(place.site)


WHERE = [user_site, user_base, pth_file, pth_file_of_the_user, python_path, python_path_before_the_course]
WHERE += [link, environment_in_a_home, home_that_is_an_environment]


@pytest.mark.parametrize("where", WHERE)
def test_packages_that_lie_elsewhere_are_there_and_the_home_is_not(where, tmp_path):
    place = Place(tmp_path, "Übung's $HOME %s")
    folder = where(place)
    found, path, seen = place.run(
        place.home / "secret", tmp_path / "class" / "submission", ROOT / "README.md"
    )
    assert found == folder
    assert seen == []
    assert str(folder) in path


@pytest.mark.parametrize("more", ["{home}", "{home}/..", "/", ".", "", "{home}:{home}", "relative"])
def test_a_home_on_the_path_is_not_shown(more, tmp_path):
    place = Place(tmp_path)
    place.make()
    place.package(place.home)
    place.variables["PYTHONPATH"] += ":" + more.format(home=place.home)
    found, _, seen = place.run(place.home / "secret", tmp_path / "class" / "submission")
    assert (found, seen) == (None, [])


def test_what_is_found_first_here_is_found_first_inside(tmp_path):
    place = Place(tmp_path)
    ours = user_site(place)
    (ours / "json.py").write_text("")  # of the standard library, which comes before it
    place.package(place.site)
    place.variables["PYTHONPATH"] = f"{place.package(place.home / 'first')}:{ROOT}"
    found, path, _ = place.run()
    assert found == place.home / "first"
    known = [str(place.home / "first"), str(place.site), str(ours)]
    assert sorted(known, key=path.index) == known


@pytest.mark.parametrize("home", ["/", "/nowhere", "relative", "", None])
def test_whatever_home_says_there_is_an_answer(home, monkeypatch):
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    assert folders.is_too_much(Path("/")) and not folders.is_too_much(Path("/usr/lib"))
    assert ROOT / "labkit" in folders.visible_folders()


def test_a_python_that_can_not_be_asked_shows_what_was_always_shown(monkeypatch):
    folders.search_path.cache_clear()
    monkeypatch.setattr(folders.sys, "executable", "/bin/false")
    assert folders.search_path() == () and Path(sys.prefix) in folders.visible_folders()
    folders.search_path.cache_clear()
