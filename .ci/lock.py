"""Write constraints.txt anew, for every Python and system that labkit runs on: `make lock`.

    .venv/bin/python .ci/lock.py [--upgrade]

A version that stands there stays if it still fits what pyproject.toml asks for; with --upgrade, all become as
new as they may be. uv resolves; it asks the package index that it is set to.
"""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "constraints.txt"
HEADER = """\
# Versions known to work together, with what libraries need in turn, for `pip install -c constraints.txt ...`.
# The ranges that labkit accepts are in pyproject.toml; these are what it is tested with. Made by `make lock`.
# Without hashes: torch's builds for a processor and for CUDA have the same version and other hashes.
"""
# What torch needs beside itself is another set for each of its builds, and each build names it exactly.
OF_ONE_BUILD = re.compile(r"(nvidia|cuda|triton)\b")
# Newer ones build a grammar at import: 2 s of every start of JupyterLab and of what reads notebooks.
AVOIDED = "jsonschema<4.25\n"


def main(upgrade=False):
    """Resolve and write; return the exit status."""
    uv = Path(sysconfig.get_path("scripts"), "uv")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'^requires-python = ">=(3\.\d+),', text, re.MULTILINE)[1]
    command = [uv, "pip", "compile", "-q", "--universal", "--python-version", oldest, "--all-extras"]
    command += ["--annotation-style", "line", "--no-header", "pyproject.toml", "-c", "-", "-o", FILE]
    command += ["--upgrade"] if upgrade else []
    before = FILE.read_text(encoding="utf-8")
    done = subprocess.run(command, cwd=ROOT, input=AVOIDED, text=True, stdout=subprocess.DEVNULL)
    # uv has written the file itself, as it takes from there which versions stay.
    FILE.write_text(
        locked(FILE.read_text(encoding="utf-8")) if done.returncode == 0 else before, encoding="utf-8"
    )
    return done.returncode


def locked(resolved):
    """The text of constraints.txt, from what uv has resolved."""
    lines = [line for line in resolved.splitlines() if line and not line.startswith("#")]
    return HEADER + "".join(f"{line}\n" for line in lines if not OF_ONE_BUILD.match(line))


if __name__ == "__main__":
    sys.exit(main("--upgrade" in sys.argv[1:]))
