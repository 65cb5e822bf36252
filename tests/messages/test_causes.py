"""What around labkit makes a library fail is named, in a script, by a command and by the doctor."""

import os
import subprocess
import sys

import pytest

from labkit import machine
from labkit.messages import causes

LOAD = [sys.executable, "-c", "import labkit; labkit.load('bert')"]
SETTING = "HF_HUB_ETAG_TIMEOUT is 'soon', and a whole number is expected"


def run(command, folder, **environment):
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HF_HUB_ETAG_TIMEOUT": "soon"}, SETTING),
        ({"PYTHONOPTIMIZE": "2"}, "leave docstrings out"),
    ],
    ids=["a setting", "no docstrings"],
)
def test_an_environment_that_a_library_stumbles_over(environment, said, tmp_path):
    last = run(LOAD, tmp_path, **environment)
    assert last.startswith("labkit.messages.LabkitError: ") and said in last


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that somebody is in")
def test_a_working_folder_that_is_gone(tmp_path):
    (tmp_path / "gone").mkdir()
    leave = f"import os; os.chdir({str(tmp_path / 'gone')!r}); os.rmdir(os.getcwd()); "
    last = run([*LOAD[:2], leave + LOAD[2]], tmp_path)
    assert last == f"labkit.messages.LabkitError: {causes.GONE}"


def number_of(text):
    """As huggingface_hub reads a setting."""
    code = {}
    exec(
        compile("def read(text): return int(text)", "site-packages/huggingface_hub/constants.py", "exec"),
        code,
    )
    return code["read"](text)


def failing(text, read=number_of):
    with pytest.raises(ValueError) as caught:
        read(text)
    return caught.value


def test_only_a_setting_that_the_library_has_read_is_named(monkeypatch):
    monkeypatch.setenv("HF_HUB_NEWEST_NUMBER", "1.5 s")
    assert causes.blamed(failing("1.5 s")).startswith("HF_HUB_NEWEST_NUMBER is '1.5 s', and a whole number")
    assert causes.blamed(failing("something else")) == ""
    assert causes.blamed(failing("1.5 s", read=int)) == ""  # a fault of ours, which says the same


@pytest.mark.parametrize(
    ("seconds", "wrong"), [("soon", True), ("-1", True), ("1.5", True), ("30", False), ("", False)]
)
def test_the_doctor_sees_a_timeout_that_is_none(seconds, wrong, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", seconds)
    assert [line.topic for line in machine.check_settings()] == ["HF_HUB_DOWNLOAD_TIMEOUT"] * wrong


def test_a_line_of_the_doctor_that_could_not_be_had_says_why(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "json.py"
    path.write_text("1 / 0")

    def check_hidden():
        exec(compile(path.read_text(), str(path), "exec"))

    def check_ours():
        raise ZeroDivisionError("a fault")

    hidden, ours = machine.look([check_hidden, check_ours])
    assert "hides the module json" in hidden.remedy and "report" not in hidden.remedy
    assert "report" in ours.remedy
