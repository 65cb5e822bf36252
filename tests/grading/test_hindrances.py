"""Where there is no sandbox, it is said why, and what to do about just that."""

import pytest

from labkit.grading import hindrances


@pytest.fixture
def machine(monkeypatch):
    """A function that makes this machine another: settings that hinder, a container or none, a release."""

    def make(settings=(), contained=False, filtered=False, release="6.8.0-45-generic"):
        found = [(name.replace("/", "."), hindrances.SETTINGS[name]) for name in settings]
        monkeypatch.setattr(hindrances, "settings", lambda: found)
        monkeypatch.setattr(hindrances, "is_contained", lambda: contained)
        monkeypatch.setattr(hindrances, "is_filtered", lambda: filtered)
        monkeypatch.setattr(hindrances.platform, "release", lambda: release)

    return make


def said(is_root=False, may_mount=False, last="bwrap: No permissions to create new namespace", folders=()):
    return hindrances.refusal(*hindrances.after(last, folders, is_root, may_mount))


@pytest.mark.parametrize("name", hindrances.SETTINGS)
def test_a_setting_that_forbids_namespaces_is_named_with_what_frees_it(name, machine):
    machine([name])
    text, (hinders, frees) = said(), hindrances.SETTINGS[name]
    dotted = name.replace("/", ".")
    assert f"{dotted}={hinders} forbids" in text and f"sysctl -w {dotted}={frees}" in text
    assert "apt-get" not in text and "container." not in text
    assert dotted not in said(is_root=True, may_mount=True), "root is free of it"


def test_several_settings_are_all_named(machine):
    machine(hindrances.SETTINGS)
    assert said().count("sysctl -w") == len(hindrances.SETTINGS)


@pytest.mark.parametrize(
    ("contained", "filtered", "is_root"),
    [(True, True, False), (True, False, False), (True, True, True), (False, True, True)],
)
def test_a_container_is_to_be_started_otherwise(contained, filtered, is_root, machine):
    machine(contained=contained, filtered=filtered)
    text = said(is_root=is_root)
    assert "--security-opt seccomp=unconfined" in text and "--privileged" in text
    assert ("(seccomp)" in text) == filtered and "apt-get" not in text


def test_wsl_of_the_first_version_is_told_from_the_second(machine):
    machine(release="4.4.0-19041-Microsoft")
    assert "wsl --set-version NAME 2" in said()
    machine(release="5.15.90.1-microsoft-standard-WSL2")
    assert "WSL" not in said()


def test_what_root_alone_can_read_is_named(machine):
    machine()
    text = said(
        True, True, "PermissionError: [Errno 13] denied: '/srv/my labs/labkit'", ["/srv/my labs/labkit"]
    )
    assert "chmod -R a+rX '/srv/my labs/labkit'" in text and "the user nobody" in text


@pytest.mark.parametrize("is_root", [False, True])
def test_what_is_not_known_is_said_as_bubblewrap_said_it(is_root, machine):
    machine()
    text = said(is_root=is_root, may_mount=is_root, last="bwrap: something odd")
    assert "bwrap: something odd" in text and "bubblewrap is installed" in text
    assert "Here:" not in text and "--no-sandbox" in text and "\n\n\n" not in text


@pytest.mark.parametrize(
    ("platform", "has", "match"),
    [
        ("darwin", True, "this is darwin"),
        ("win32", False, "this is win32"),
        ("linux", False, "is not installed"),
    ],
)
def test_what_is_missing_from_the_start(platform, has, match, monkeypatch):
    monkeypatch.setattr(hindrances.sys, "platform", platform)
    monkeypatch.setattr(hindrances.shutil, "which", lambda name: "/usr/bin/bwrap" if has else None)
    text = hindrances.refusal(*hindrances.before())
    assert match in text and ("apt-get install bubblewrap" in text) == (platform == "linux")


def test_settings_are_read(tmp_path):
    for name, text in (("user/max_user_namespaces", "0\n"), ("kernel/unprivileged_userns_clone", "1\n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert [name for name, _ in hindrances.settings(tmp_path)] == ["user.max_user_namespaces"]


@pytest.mark.parametrize("mark", hindrances.MARKS)
def test_containers_are_known_by_their_files(mark, tmp_path):
    assert not hindrances.is_contained(tmp_path)
    (tmp_path / mark.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark.lstrip("/")).touch()
    assert hindrances.is_contained(tmp_path)


@pytest.mark.parametrize(
    ("line", "expected"), [("Seccomp:\t0\n", False), ("Seccomp:\t2\n", True), ("", False)]
)
def test_a_filter_is_seen(line, expected, tmp_path):
    (tmp_path / "status").write_text(f"Name:\tpython\n{line}")
    assert hindrances.is_filtered(tmp_path / "status") == expected
    assert not hindrances.is_filtered(tmp_path / "none")
