"""labkit.files.paths: where the cache is on each platform, and what the environment may say of it."""

import os
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from labkit.files.paths import cache_dir
from labkit.messages import LabkitError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home folder, and no word in the environment of where caches are; returns its path."""
    for name in ("LABKIT_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def on(monkeypatch):
    """A function that sets the platform: its name in `sys.platform` and platformdirs' class for it."""

    def set_platform(name, kind):
        monkeypatch.setattr("labkit.files.paths.sys.platform", name)
        user_cache_path = lambda *args, **kwargs: kind(*args, **kwargs).user_cache_path
        monkeypatch.setattr(platformdirs, "user_cache_path", user_cache_path)

    return set_platform


def test_linux(on, home, tmp_path, monkeypatch):
    on("linux", Unix)
    assert cache_dir() == home / ".cache" / "labkit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "labkit"


@pytest.mark.parametrize("wrong", ["", " ", "cache", "./cache", "../cache", "."])
def test_an_empty_or_relative_xdg_cache_home_is_none_at_all(on, home, monkeypatch, wrong):
    """The specification of these folders says so; the cache would lie in the working folder."""
    on("linux", Unix)
    monkeypatch.setenv("XDG_CACHE_HOME", wrong)
    assert cache_dir() == home / ".cache" / "labkit"


def test_a_mac_and_the_cache_that_an_earlier_version_left_there(on, home, tmp_path, monkeypatch):
    on("darwin", MacOS)
    assert cache_dir() == home / "Library" / "Caches" / "labkit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "labkit"
    (home / "Library" / "Caches" / "labkit").mkdir(parents=True)
    assert cache_dir() == home / "Library" / "Caches" / "labkit"
    (tmp_path / "xdg" / "labkit").mkdir(parents=True)
    assert cache_dir() == tmp_path / "xdg" / "labkit"


def test_windows_has_no_authors_folder_and_none_called_cache(on, tmp_path, monkeypatch):
    on("win32", Windows)
    local = tmp_path / "AppData" / "Local"
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: str(local))
    assert cache_dir() == local / "labkit"


@pytest.mark.skipif(sys.platform == "win32", reason="HOME is not where Windows looks")
@pytest.mark.parametrize(
    "wish, place",
    [
        ("~/lk", "home/lk"),
        ("~", "home"),
        ("$HOME/lk", "home/lk"),
        ("${HOME}/deep/lk", "home/deep/lk"),
        ("lk", "lk"),
        ("./lk", "lk"),
        (" lk ", "lk"),
    ],
)
def test_labkit_cache_is_filled_in_and_absolute(tmp_path, monkeypatch, wish, place):
    monkeypatch.setenv("LABKIT_CACHE", wish)
    assert cache_dir() == tmp_path / place
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "elsewhere"))
    assert cache_dir() == tmp_path / "elsewhere"


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_labkit_cache_is_none(on, home, monkeypatch, empty):
    on("linux", Unix)
    monkeypatch.setenv("LABKIT_CACHE", empty)
    assert cache_dir() == home / ".cache" / "labkit"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes up a home folder for any name")
def test_the_home_of_nobody(monkeypatch):
    monkeypatch.setenv("LABKIT_CACHE", "~nobody-of-this-name/lk")
    with pytest.raises(LabkitError, match="LABKIT_CACHE is '~nobody-of-this-name/lk'.*whole path"):
        cache_dir()


def test_asking_makes_no_folder(on, home):
    on("linux", Unix)
    assert not cache_dir().exists() and os.listdir(home) == []
    assert isinstance(cache_dir(), Path)
