"""The container for machines without bubblewrap. No test can build it; what can be checked without, is."""

import re
import shlex

from labkit.commands import cli
from labkit.grading.hindrances import REFUSAL
from tests.notebooks.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_the_dockerfile_copies_is_there():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for name in line.split()]
    assert {"labkit", "data", "notebooks", "pyproject.toml"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ".git" in left_out and not set(left_out) & set(copied)


def test_the_refusal_points_to_a_recipe_that_cuts_the_network():
    chapter = re.search(r'README, "(.+)"', REFUSAL)[1]
    assert f"### {chapter}\n" in README
    recipe = README.split(f"### {chapter}\n")[1].split("\n### ")[0]
    command = shlex.split(re.search(r"^    (docker run .+)$", recipe, re.MULTILINE)[1])
    assert command[command.index("--network") + 1] == "none"
    words = command[command.index("labkit") + 1 :]
    args = cli._parser("grade").parse_args(words)
    assert words[0] == "grade" and args.sandbox and args.container is None
    mounted = [word.split(":") for word in command if word.startswith("PATH/TO")]
    assert [m[1] for m in mounted] == [str(args.folder), str(args.output)] and mounted[0][2] == "ro"
