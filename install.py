"""Make .venv and install labkit and what it needs into it: `make install`, or, where there is no make,

    python3 install.py [EXTRA ...]        (on Windows: py install.py)

uv does the work, in seconds, and picks the CPU or the CUDA build of torch by what the machine has; pip does
it where uv can't be had. uv asks the package indices that pip is set to. Only Python's own library is used
here, as nothing else is there yet, and old Pythons can read this file, for it tells them that they are old.
"""

import argparse
import ast
import importlib.util
import os
import platform
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
EXTRAS = ["lab", "views", "author", "test"]
CONSTRAINTS = ["-c", "constraints.txt"]
PROBE_SECONDS = 15  # for torch's own index to answer
UV = "uv>=0.9"
# What pip is set to -> what uv calls it; where pip has several, the sign that uv puts between them.
SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", None),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "no-index": ("UV_NO_INDEX", None),
    "pre": ("UV_PRERELEASE", None),
    "proxy": ("ALL_PROXY", None),
    "cert": ("SSL_CERT_FILE", None),
    "client-cert": ("SSL_CLIENT_CERT", None),
    "timeout": ("UV_HTTP_TIMEOUT", None),
    "default-timeout": ("UV_HTTP_TIMEOUT", None),
}
FALSE = ("", "0", "no", "off", "false", "n", "f")  # as pip reads them


class Refused(Exception):
    """Something that the user can act on, in one message."""


def main(arguments=None):
    """Install; return the exit status."""
    parser = argparse.ArgumentParser(description="Make .venv and install labkit and what it needs into it.")
    parser.add_argument("extras", nargs="*", metavar="EXTRA", help="more of it: browser, nbgrader, dask")
    parser.add_argument(
        "--torch-index",
        metavar="ADDRESS",
        default=os.environ.get("TORCH_INDEX", ""),
        help="where torch comes from, if not from where uv or pip looks for it",
    )
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    try:
        check_python()
        environment = Environment(".venv")
        environment.make()
        install(environment, EXTRAS + options.extras, options.torch_index)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Started again, it goes on from here.", file=sys.stderr)
        return 130
    if not options.extras and environment.run(environment.script("labkit"), "doctor") != 0:
        print("See the lines marked [fix] above.")
    open(os.path.join(environment.folder, ".installed"), "w").close()  # the Makefile looks at its date
    return 0


def check_python(version=sys.version_info, text=None):
    """Raise Refused where pyproject.toml says that labkit does not run on this Python."""
    if text is None:
        with open("pyproject.toml", encoding="utf-8") as file:
            text = file.read()
    found = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"', text, re.MULTILINE)
    oldest, end = int(found.group(1)), int(found.group(2))
    if not (3, oldest) <= tuple(version[:2]) < (3, end):
        raise Refused(
            "labkit needs Python 3.{} to 3.{}, and this is {}.{}. Start install.py with one of them, "
            "or say where it is: make install PYTHON=/path/to/python3".format(oldest, end - 1, *version[:2])
        )


class Environment:
    """The virtual environment in a folder, and how programs are run in it."""

    def __init__(self, folder, variables=None):
        self.folder = folder
        self.variables = dict(os.environ if variables is None else variables)
        self.python = self.script("python")

    def script(self, name):
        """The path of a program in the environment."""
        windows = os.name == "nt"
        folder = os.path.join(self.folder, "Scripts" if windows else "bin")
        return os.path.abspath(os.path.join(folder, name + ".exe" if windows else name))

    def run(self, *command):
        """Run a program whose output the user sees; return its exit status."""
        return subprocess.call(list(command), env=self.variables)

    def ask(self, *command, variables=(), **options):
        """(exit status, output) of a program whose output only we read; (None, "") if it can't be run."""
        try:
            done = subprocess.run(
                list(command),
                env=dict(self.variables, **dict(variables)),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                **options,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None, ""
        return done.returncode, done.stdout

    def make(self):
        """Make it where it isn't there, with pip in it."""
        if self.ask(self.python, "-m", "pip", "--version")[0] == 0:
            return
        if os.path.lexists(self.python) and self.ask(self.python, "--version")[0] != 0:
            raise Refused(
                f"The folder {self.folder} was made by a Python that is no longer there: remove it, "
                "and start again."
            )
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            raise Refused(
                f"This Python ({sys.executable}) cannot make virtual environments: on Debian and Ubuntu, "
                "sudo apt-get install python3-venv, and start again."
            )
        if not os.access(".", os.W_OK):
            raise Refused(
                f"Nothing can be written to {os.getcwd()}: copy the course into a folder of yours, "
                "and start again there."
            )
        print(f"Installing into {self.folder}: a minute or two, this once.", flush=True)
        if self.run(sys.executable, "-m", "venv", self.folder) != 0:
            raise Refused(f"{os.path.abspath(self.folder)} could not be made: the lines above say why.")


def install(environment, extras, torch_index=""):
    """Install labkit with these extras, by uv or, where it can't be had or can't do it, by pip."""
    labkit = ["-e", ".[{}]".format(",".join(extras))]
    uv = get_uv(environment)
    if uv:
        done = install_with_uv(environment, uv, labkit, torch_index)
        if done:
            return
        print("uv could not do it (see above): pip tries, which takes some minutes.", flush=True)
    pip = [environment.python, "-m", "pip", "install", "-q"] + CONSTRAINTS
    first = [["--index-url", torch_index, "torch"]] if torch_index else []
    for step in first + [labkit]:
        if environment.run(*(pip + step)) != 0:
            raise Refused("The installation is not complete: the lines above say why. Start it again then.")


def get_uv(environment):
    """The path of uv in the environment, or "" if it can't be had."""
    uv = environment.script("uv")
    if environment.ask(uv, "--version")[0] != 0:
        pip = [environment.python, "-m", "pip", "install", "-q", "--only-binary", ":all:", "--retries", "1"]
        if environment.ask(*(pip + [UV]))[0] != 0 or environment.ask(uv, "--version")[0] != 0:
            print("uv cannot be had here: pip installs, which takes some minutes.", flush=True)
            return ""
    return uv


def install_with_uv(environment, uv, labkit, torch_index):
    """Install torch's build for this machine and all the rest; True if it went well."""
    settings = pip_settings(environment)
    for name, value in uv_variables(settings).items():
        environment.variables.setdefault(name, value)
    quiet = [] if sys.stderr.isatty() else ["-q"]  # its progress is for people
    command = [uv, "pip", "install"] + quiet + ["--python", environment.python] + CONSTRAINTS
    for path in settings.get("constraint", "").split():
        command += ["-c", path]
    if torch_index:
        if environment.run(*(command + ["--default-index", torch_index, "torch"])) != 0:
            return False
        backend = []
    else:
        backend = torch_backend(environment, uv, settings)
    return environment.run(*(command + backend + labkit)) == 0


def torch_backend(environment, uv, settings):
    """uv's option for torch's build: by what the machine has, if torch's own index answers in time."""
    if "UV_TORCH_BACKEND" in environment.variables or platform.system() == "Darwin":
        return []  # the user has said it; on a Mac there is one build
    if "UV_DEFAULT_INDEX" in environment.variables or "UV_NO_INDEX" in environment.variables:
        print("torch comes from the package index that is set here, as all the rest.", flush=True)
        return []
    backend = ["--torch-backend", "auto"]
    find = [uv, "pip", "compile", "-", "--no-deps", "--python", environment.python] + backend + CONSTRAINTS
    once = {"UV_HTTP_RETRIES": "1"}
    if environment.ask(*find, variables=once, input="torch", timeout=PROBE_SECONDS)[0] == 0:
        return backend
    print(
        "torch's own package index cannot be reached: torch comes from where pip takes it. "
        "On Linux that is usually the build with CUDA, 3 GB.",
        flush=True,
    )
    return []


def pip_settings(environment):
    """{option: value} of what pip is set to, by files and variables, for all its commands or for install."""
    _, text = environment.ask(environment.python, "-m", "pip", "config", "list")
    found = {"global": {}, "install": {}, ":env:": {}}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in found:
            try:
                found[section][option] = str(ast.literal_eval(value))
            except (SyntaxError, ValueError):
                continue
    settings = {}
    for section in ("global", "install", ":env:"):  # what comes later counts
        settings.update(found[section])
    return settings


def uv_variables(settings):
    """{variable: value} that tells uv what pip is set to."""
    variables = {}
    for option, (name, separator) in SETTINGS.items():
        value = settings.get(option, "").strip()
        if separator:
            value = separator.join(value.split())
        elif option in ("no-index", "pre"):
            value = "" if value.lower() in FALSE else "allow" if option == "pre" else "1"
        if value:
            variables[name] = value
    if "UV_INDEX" in variables:
        # pip takes the newest of all its indices; uv stops at the first that has some.
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return variables


if __name__ == "__main__":
    sys.exit(main())
