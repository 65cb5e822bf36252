"""README and data card: links lead somewhere, pictures have a text alternative, commands exist."""

import json
import re
from pathlib import Path

import pytest
import yaml

import labkit
from labkit import exercises
from labkit.authoring import overview
from labkit.commands import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "data/README.md"]
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_within_the_repository_lead_somewhere(name):
    targets = {target for _, _, target in LINK.findall(read(name)) if "://" not in target}
    assert targets
    missing = [
        target for target in targets if not (ROOT / name).parent.joinpath(target.split("#")[0]).exists()
    ]
    assert missing == []


def test_pictures_have_a_text_alternative():
    pictures = [
        (alternative, target) for mark, alternative, target in LINK.findall(read("README.md")) if mark
    ]
    assert any("://" not in target for _, target in pictures)
    assert [target for alternative, target in pictures if not alternative.strip()] == []


def test_the_picture_says_what_the_bundled_models_say():
    from labkit.measures.cloze import fill_mask, next_words

    text = read("README.md")
    sentence = re.search(r'One sentence, "(.*?)"', text)[1] + "."
    assert sentence == overview.SENTENCE.replace("[MASK]", "____")
    ours = re.findall(r'its first guess is "(.*?)"', text)
    (bert, _), *_ = fill_mask(labkit.load("bert"), sentence.replace("____", "[MASK]"))
    (gpt, _), *_ = next_words(labkit.load("gpt"), sentence.split(" ____")[0])
    assert [bert, gpt.strip()] == ours, "labkit build --reference, and the text in README.md"
    drawn = read("notebooks/images/overview.svg")
    assert all(f">{word}</text>" in drawn for word in ours)


def test_the_readme_names_only_commands_and_targets_that_exist():
    text = read("README.md")
    targets = re.search(r"^\.PHONY: (.*)", read("Makefile"), re.M)[1].split()
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.M))
    assert {"lab", "test"} <= named <= set(targets)
    commands = set(re.findall(r"(?:`|^    )labkit ([a-z]+)", text, re.M))
    assert {"doctor", "fetch", "pretrain", "build", "links"} <= commands <= set(cli.COMMANDS)


def test_the_data_card_counts_right():
    card = read("data/README.md")
    items = [json.loads(line) for line in read("data/cloze.jsonl").splitlines()]
    sides = [sum(item["clue"] == side for item in items) for side in ("left", "right", "both")]
    assert f"{len(items)} sentences" in card
    assert [
        f"({sides[0]} sentences)" in card,
        f"({sides[1]})" in card,
        f"remaining {sides[2]} the" in card,
    ] == [True] * 3
    for topic in {item["topic"] for item in items}:
        assert topic in card
    words = [len(item["text"].split()) for item in items]
    assert f"({min(words)} to {max(words)}\nwords, {round(sum(words) / len(words))} on average)" in card
    assert {len(item["answers"]) for item in items} == {1, 2, 3, 4}
    assert all(item["text"].count("[MASK]") == 1 and not item["text"].startswith("[MASK]") for item in items)


def test_the_changelog_begins_with_what_is_unreleased_and_names_exercises_that_exist():
    text = read("CHANGELOG.md")
    versions = re.findall(r"^## (.+)$", text, re.M)
    assert versions[0] == "Unreleased" and labkit.__version__ in versions
    checks = re.search(r"^### Checks\n(.*?)^###", text, re.M | re.S)[1]
    names = {task.name for number in exercises.labs() for task in exercises.get(number).EXERCISES}
    assert set(re.findall(r"`(\w+)`", checks)) <= names


def test_what_contributing_names_is_there():
    text = read("CONTRIBUTING.md")
    named = set(re.findall(r"`((?:labkit|tests|notebooks|data)/[\w/.]+)`", text))
    assert named
    made_up = re.compile("NN|NAME|06")  # lab 06 is the example; tests/authoring/test_new.py holds its files
    assert [name for name in named if not made_up.search(name) and not (ROOT / name).exists()] == []
    targets = re.search(r"^\.PHONY: (.*)", read("Makefile"), re.M)[1].split()
    assert set(re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.M)) <= set(targets)


def test_the_citation_has_the_version_and_the_licence():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == labkit.__version__ and citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


FORMS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    if path.stem != "config"
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_issue_form_has_what_github_asks_for(form):
    assert {"name", "description", "body"} <= form.keys()
    parts = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in parts}) == len(parts)
    for part in parts:
        assert part["type"] in ("input", "textarea", "dropdown", "checkboxes") and part["attributes"]["label"]


def test_who_was_refused_is_asked_for_the_function():
    form = FORMS["right-answer-refused"]
    (function,) = [part for part in form["body"] if part.get("id") == "function"]
    assert function["validations"]["required"] and function["attributes"]["render"] == "python"


def test_pre_commit_runs_what_make_check_runs():
    config = yaml.safe_load(read(".pre-commit-config.yaml"))
    entries = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    assert all(Path(entry.split()[0]).parts[:2] == (".venv", "bin") for entry in entries)
    checked = read("Makefile").replace("$(BIN)/", "")
    for command in ("ruff format", "ruff check", "labkit build --check"):
        assert any(command in entry for entry in entries) and command in checked
