"""Make .venv-lowest, with the lowest versions that pyproject.toml allows: `make test-lowest` tests in it.

A lower bound that no version meets promises what can't be installed: it is said, and the exit status is 1.
Only wheels are taken, as students have no compiler. With `newest`, .venv-newest, without any constraints.
"""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ["lab", "views", "author", "test", "browser"]


def main(which="lowest"):
    """Resolve, compare, install; return the exit status."""
    os.chdir(ROOT)
    folder = Path(f".venv-{which}")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python, uv = str(programs / "python"), str(programs / "uv")
    if not programs.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "uv>=0.9"], check=True)
    text = Path("pyproject.toml").read_text(encoding="utf-8")
    how = ["--resolution", "lowest-direct"] if which == "lowest" else []
    if which == "lowest":
        oldest = re.search(r'^requires-python = ">=(3\.\d+),', text, re.M)[1]
        untrue = untrue_bounds(text, resolved(uv, [*how, "--python-version", oldest]))
        if untrue:
            print("No Python of the range can have:", *untrue, sep="\n  ", file=sys.stderr)
            return 1
    versions = folder / "versions.txt"
    versions.write_text(resolved(uv, [*how, "--python", python]), encoding="utf-8")
    wheels = ["--only-binary", ":all:", "--python", python]
    subprocess.run([uv, "pip", "install", "-q", *wheels, "-r", str(versions)], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-e", "."], check=True)
    return 0


def resolved(uv, options):
    """The versions that uv finds, a line each."""
    extras = [option for extra in EXTRAS for option in ("--extra", extra)]
    plain = ["-q", "--only-binary", ":all:", "--no-header", "--no-annotate"]
    command = [uv, "pip", "compile", *plain, *options, *extras, "pyproject.toml"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def untrue_bounds(text, versions):
    """The lower bounds in pyproject.toml below the lowest versions there are, a line each."""
    found = dict(re.findall(r"^([\w.-]+)==([\w.]+)", versions, re.M))
    untrue = []
    for name, bound in re.findall(r'"([A-Za-z][\w.-]*)>=([\d.]+)[^"]*"', text):
        version = found.get(re.sub(r"[-_.]+", "-", name).lower(), bound)
        if not f"{version}.".startswith(f"{bound}."):
            untrue.append(f"{name}>={bound}: the lowest is {version}")
    return untrue


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
