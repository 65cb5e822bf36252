"""What `labkit.start` says where a notebook was made for another labkit: one line, with what to do."""

import re

import pytest

from labkit import __version__, release
from labkit.lab import start


def said(made_for, installed="1.2.0"):
    return release.remark(made_for, "01_a_lab", installed)


@pytest.mark.parametrize("made_for", ["1.2.0", "1.2", "v1.2.0", "1.2.0+mine", " 1.2.0 ", None])
def test_of_the_same_release_or_of_before_there_were_stamps_nothing_is_said(made_for):
    assert said(made_for) == ""


@pytest.mark.parametrize("made_for", ["1.2.1", "1.10.0", "2", "v1.3", "1.3.0rc1", "1!0"])
@pytest.mark.parametrize(("checkout", "todo"), [(True, "git pull"), (False, "%pip uninstall -y labkit")])
def test_an_older_labkit_is_to_be_renewed(made_for, checkout, todo, monkeypatch):
    monkeypatch.setattr(release, "is_checkout", lambda: checkout)
    line = said(made_for)
    assert "1.2.0, which is older, is installed" in line and todo in line and "restart the kernel" in line


@pytest.mark.parametrize("made_for", ["1.1.9", "0.1.0", "1", "v1.1", "1.2.0rc1", "1.2.0.dev3"])
@pytest.mark.parametrize(
    ("checkout", "todo"), [(True, "notebooks/01_a_lab.ipynb"), (False, "%pip uninstall -y labkit")]
)
def test_a_newer_labkit_may_check_otherwise(made_for, checkout, todo, monkeypatch):
    monkeypatch.setattr(release, "is_checkout", lambda: checkout)
    line = said(made_for)
    assert "1.2.0, whose checks may differ, is installed" in line and todo in line


@pytest.mark.parametrize(
    "made_for", ["", "banana", "1.2.x", 1.2, 12, ["1.2.0"], b"1.2.0", object(), "9" * 5000, "1\n2"]
)
def test_a_stamp_that_is_none_is_said_and_the_lab_goes_on(made_for):
    assert "is no version of labkit" in said(made_for)


@pytest.mark.parametrize("made_for", ["1.1.9", "1.3", "banana\nbanana", "x" * 500])
def test_it_is_one_line(made_for):
    assert re.fullmatch(r"\[note\] notebook: .{40,250}\.", said(made_for))


def test_start_says_it_and_goes_on(capsys):
    lab = start("01", made_for="0.0.1")
    shown = capsys.readouterr().out
    assert shown.count("[note]") == 1 and "made for labkit 0.0.1" in shown and lab.number == "01"
    assert shown.splitlines()[-1].startswith((f"labkit {__version__} is ready", "Mend"))


@pytest.mark.parametrize("stamp", [{}, {"made_for": __version__}])
def test_start_says_nothing_where_there_is_nothing_to_say(stamp, capsys):
    start("01", **stamp)
    assert "[note]" not in capsys.readouterr().out
