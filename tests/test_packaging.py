"""What a newcomer installs: the ranges, pins and environment files agree; the wheel holds what it needs."""

import os
import re
import runpy
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from labkit import machine

ROOT = Path(__file__).parents[1]
SUPPORTED = SpecifierSet(
    re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1]
)
PYTHONS = [f"3.{minor}" for minor in range(8, 40) if f"3.{minor}.0" in SUPPORTED]
# The extras `browser`, which needs a browser that no environment file brings, `nbgrader`, which brings a
# server, a database and a second notebook application, and `dask`, for grading on several machines.
ONLY_WITH_PIP = {"selenium", "axe-core-python", "nbgrader", "pillow", "distributed"}
CONDA_NAMES = {"pytorch-cpu": "torch"}  # where the conda package is called otherwise
COMMENTED = re.compile(r'"(?P<requirement>[a-zA-Z][\w.-]*[^"]*)",?\]?\s*(?P<comment>#.*)?$')


def declared():
    """{canonical name: Requirement} of everything pyproject.toml names, extras and all, and the comments.

    Read line by line rather than as TOML, because the comments are wanted too and tomllib needs 3.11.
    """
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = text[text.index("\ndependencies = [") : text.index("\n[project.scripts]")].splitlines()
    found, comments = {}, {}
    for line in lines:
        if match := COMMENTED.search(line):
            requirement = Requirement(match["requirement"])
            name = canonicalize_name(requirement.name)
            found[name], comments[name] = requirement, (match["comment"] or "").strip("# ")
    return found, comments


def pins(python):
    """{canonical name: Requirement} of the constraints that hold for one Python."""
    environment = default_environment() | {"python_version": python, "python_full_version": f"{python}.0"}
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate(environment):
                name = canonicalize_name(requirement.name)
                assert name not in found, f"two versions of {name} for Python {python}"
                found[name] = requirement
    return found


def conda(path):
    """({name: specifier} of everything in an environment file, conda's part and pip's; its Python)."""
    content = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    plain = [line for line in content["dependencies"] if isinstance(line, str)]
    (pip,) = (part["pip"] for part in content["dependencies"] if isinstance(part, dict))
    found = {}
    for line in [*plain, *pip]:
        name, specifier = re.fullmatch(r"([\w.-]+)\s*(.*)", line.removeprefix("-e .") or "labkit").groups()
        name = canonicalize_name(CONDA_NAMES.get(name, name))
        assert name not in found, f"{name} twice in {path}"
        found[name] = specifier
    return found, found.pop("python")


def test_every_dependency_says_what_for():
    found, comments = declared()
    assert {"torch", "transformers", "jupyterlab", "nbval", "ruff"} <= set(found)
    assert [name for name, comment in comments.items() if not comment] == []


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_one_pin_within_its_range(python):
    found, _ = declared()
    pinned = pins(python)
    for name, requirement in found.items():
        if requirement.marker and not requirement.marker.evaluate({"python_version": python}):
            continue
        (exact,) = pinned[name].specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), f"{pinned[name]} is outside {requirement}"


def test_every_other_pin_says_who_needs_it():
    """So nothing is left of what was once needed, and what is needed now was resolved with the rest."""
    said, found = {}, set(declared()[0])
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, via = re.match(r"([\w.-]+)==.*  # via (.+)$", line).groups()
            said.setdefault(canonicalize_name(name), set()).update(via.split(", "))
    for name, needed_by in said.items():
        assert ("labkit (pyproject.toml)" in needed_by) == (name in found), name
        assert needed_by - {"labkit (pyproject.toml)"} <= set(said), name


def test_the_lock_holds_for_every_build_of_torch():
    locked = runpy.run_path(str(ROOT / ".ci/lock.py"))["locked"]
    resolved = (
        "# old\ncuda-toolkit==13.0  # via torch\nnvidia-nvtx==13 ; sys_platform == 'linux'  # via torch\n"
    )
    kept = "numpy==2.4  # via torch\ntorch==2.13.0  # via labkit (pyproject.toml)\n"
    text = locked(resolved + kept + "triton==3.7  # via torch\n")
    assert text.endswith(f"\n{kept}") and "cuda-" not in text and "# old" not in text
    assert locked(text) == text


def test_the_supported_pythons_are_the_same_everywhere():
    assert tuple(".".join(map(str, version)) for version in machine.PYTHONS) == (PYTHONS[0], PYTHONS[-1])
    for name, job in (("test", "test"), ("versions", "versions")):
        workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))
        assert workflow["jobs"][job]["strategy"]["matrix"]["python"] == PYTHONS
    assert SpecifierSet(conda("environment.yml")[1]) == SUPPORTED
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'target-version = "py{PYTHONS[0].replace(".", "")}"' in project
    assert f'\npython_version = "{PYTHONS[0]}"' in project
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")
    for name, said in (
        ("Dockerfile", r"FROM python:(3\.\d+)"),
        ("labkit/grading/templates/grade.yml", r'"(3\.\d+)"'),
    ):
        assert re.search(said, (ROOT / name).read_text(encoding="utf-8"))[1] in PYTHONS


def test_every_lower_bound_is_stated_and_no_pin_is_below_it():
    found, _ = declared()
    for name, requirement in found.items():
        (lowest,) = [part.version for part in requirement.specifier if part.operator == ">="]
        for python in PYTHONS:
            if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
                (pin,) = pins(python)[name].specifier
                assert Version(lowest) <= Version(pin.version), requirement


def test_a_bound_below_every_version_is_told_from_a_true_one():
    untrue = runpy.run_path(str(ROOT / ".ci/lowest.py"))["untrue_bounds"]
    text = '["torch>=2.9", "huggingface_hub>=1.0", "X_Y>=3.7,<4", "nobody>=1"]'
    assert untrue(text, "torch==2.9.0\nhuggingface-hub==1.3.0\nx-y==3.7.1\n") == [
        "huggingface_hub>=1.0: the lowest is 1.3.0"
    ]


def test_lowest_and_newest_versions_are_tried_everywhere_on_a_schedule():
    workflow = yaml.safe_load((ROOT / ".github/workflows/versions.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["versions"]["strategy"]["matrix"]
    assert matrix["versions"] == ["lowest", "newest"]
    assert [system.split("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]
    assert workflow[True]["schedule"], "YAML reads the key `on` as True"


def test_the_environment_files_name_every_dependency_with_its_range():
    found, _ = declared()
    ranges, _ = conda("environment.yml")
    assert ONLY_WITH_PIP <= set(found) and not ONLY_WITH_PIP & set(ranges)
    for name, requirement in found.items():
        if name in ONLY_WITH_PIP:
            continue
        assert SpecifierSet(ranges[name]) == requirement.specifier, name
    assert set(ranges) - set(found) == {"pip", "labkit"}


def test_binder_installs_a_part_of_the_same():
    ranges, _ = conda("environment.yml")
    small, python = conda("binder/environment.yml")
    assert {name: ranges.get(name) for name in small} == small
    assert python.removeprefix("=") in PYTHONS
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = text[text.index("\ndependencies = [") : text.index("\n[project.optional-dependencies]")]
    needed = {
        canonicalize_name(re.match(r"[\w-]+", name)[0]) for name in re.findall(r'^ +"(.*?)"', needed, re.M)
    }
    assert needed | {"jupyterlab", "ipykernel"} <= set(small)


@pytest.mark.parametrize("script", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_are_executable_and_parse(script):
    assert os.access(ROOT / script, os.X_OK)
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    done = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_binder_start_caps_threads_and_runs_what_it_is_given():
    environment = {**os.environ, "OMP_NUM_THREADS": "64"}
    command = ["bash", ROOT / "binder/start", "sh", "-c", 'echo "$OMP_NUM_THREADS $1"', "sh", "two words"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (0, "1 two words\n")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel, built in this process: no network, no other environment."""
    from hatchling.builders.wheel import WheelBuilder

    (path,) = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]
    )
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_code_data_models_and_licence(wheel):
    expected = {"labkit/commands/cli.py", "labkit/_data/cloze.jsonl"}
    for model in machine.BUNDLED.values():
        expected |= {f"labkit/_data/models/{model}/{name}" for name in ("config.json", "tokenizer.json")}
        expected |= {f"labkit/_data/models/{model}/{name}" for name in ("model.safetensors", "SHA256SUMS")}
    assert expected - wheel == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "labkit").rglob("*.py")}
    assert modules - wheel == set()
    stubs = {path.relative_to(ROOT).as_posix() for path in (ROOT / "labkit").rglob("*.pyi")}
    assert stubs and (stubs | {"labkit/py.typed"}) - wheel == set()


def test_the_wheel_holds_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labkit"}
    assert not [name for name in wheel if "__pycache__" in name or name.endswith(".ipynb")]


def tracked_texts():
    """(name, text) of every text file under version control."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in (".safetensors", ".png", ".xz", ".npz"):
            yield name, path.read_text(encoding="utf-8")


def test_no_registry_and_no_path_of_one_machine_is_written_down():
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "deb" + ".debian.org"]
    forbidden = re.compile(
        "|".join([*map(re.escape, hosts), r"(?<![\w.~-])/(?:work|root)/\w", r"/home/(?!jovyan)\w"])
    )
    found = [(name, match[0]) for name, text in tracked_texts() for match in forbidden.finditer(text)]
    assert found == []


def test_the_licence_is_there():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


# The Makefile, without installing anything: `make -n` says what it would do.

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@pytest.fixture
def checkout(tmp_path):
    """A folder that looks like an installed checkout to make."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/python", tmp_path / ".ci")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
        os.utime(tmp_path / name, (1_000_000, 1_000_000))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".installed").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_a_lab.ipynb").touch()
    return tmp_path


def make(folder, *arguments):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    # What the suite itself was started with would reach this make through the environment.
    for name in ("PYTHON", "LAB", "LAB_ARGS", "TEST_ARGS", "WORKERS", "TORCH_INDEX"):
        environment.pop(name, None)
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True, env=environment)


@needs_make
def test_make_lab_opens_the_lab_and_installs_only_when_something_changed(checkout):
    again = make(checkout, "-n", "lab", "LAB_ARGS=--no-browser").stdout
    assert re.search(r"-m jupyterlab .*--no-browser notebooks/01_a_lab.ipynb", again)
    assert "install.py" not in again
    os.utime(checkout / "pyproject.toml")
    os.utime(checkout / ".venv" / ".installed", (2_000_000, 2_000_000))
    first = make(checkout, "-n", "lab").stdout
    assert first.index("install.py") < first.index("jupyterlab")


@needs_make
def test_make_installs_a_browser_driver_only_for_its_own_tests(checkout):
    planned = make(checkout, "-n", "test-browser").stdout
    installs, tests = planned.index("install.py browser"), planned.index("-m browser")
    assert installs < tests and "tests/browser" in planned
    assert all("install.py" not in make(checkout, "-n", target).stdout for target in ("test", "test-all"))


@needs_make
def test_make_takes_torch_from_where_it_is_told(checkout):
    (checkout / ".venv" / ".installed").unlink()
    planned = make(checkout, "-n", "install", "TORCH_INDEX=https://index.example/cpu").stdout
    assert 'install.py --torch-index "https://index.example/cpu"' in planned


@needs_make
@pytest.mark.parametrize(("user", "option"), [("0", True), ("1000", False)])
def test_make_lab_starts_as_root_too(checkout, user, option, monkeypatch):
    (checkout / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (checkout / "id").chmod(0o755)
    monkeypatch.setenv("PATH", f"{checkout}{os.pathsep}{os.environ['PATH']}")
    assert ("--allow-root" in make(checkout, "-n", "lab").stdout) is option


@needs_make
def test_make_says_what_is_missing(checkout):
    missing = make(checkout, "lab", "LAB=99")
    assert missing.returncode != 0 and "There is no lab 99" in missing.stderr


@needs_make
@pytest.mark.parametrize(
    ("named", "version", "said"),
    [
        ("python3", "3.99.1", "python3 3.99.1 (too new)"),
        ("python", "2.7.18", "python 2.7.18 (too old)"),
        ("python3", "3.8.20", "python3 3.8.20 (too old)"),
        ("python3", "", "found none that runs"),
        ("mine", "3.99.1", "mine 3.99.1 (too new)"),
    ],
)
def test_make_names_the_pythons_that_it_found(checkout, named, version, said, monkeypatch):
    (checkout / ".venv" / ".installed").unlink()
    programs = checkout / "programs"
    programs.mkdir()
    for program in ("make", "sh", "sed", "dirname", "id"):
        (programs / program).symlink_to(shutil.which(program))
    (programs / named).write_text(f"#!/bin/sh\necho {version}\n" if version else "#!/bin/sh\nexit 1\n")
    (programs / named).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    refused = make(checkout, "install", *(["PYTHON=mine"] if named == "mine" else []))
    assert refused.returncode != 0
    assert f"needs Python {PYTHONS[0]} to {PYTHONS[-1]}" in refused.stderr and said in refused.stderr


@needs_make
def test_make_help_lists_every_target_and_none_deletes(checkout):
    text = (checkout / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)", text.replace("\\\n", ""), re.M)[1].split()
    listed = make(checkout).stdout
    assert [target for target in targets if f"make {target} " not in listed] == []
    assert not re.search(r"\brm\b|\bgit clean\b", text)
