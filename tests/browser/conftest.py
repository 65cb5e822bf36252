"""A JupyterLab of its own and a headless Chromium; what needs them is skipped where they are missing."""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new",
    "--window-size=1280,900",
    "--no-sandbox",  # in a container, and as root, Chromium's own sandbox does not start; the page is ours
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    # Whatever the page asks for, nothing goes out: the test sees the attempt, the network does not.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def browser_paths():
    """(chromium, chromedriver), or a skip that says what is missing and how to get it."""
    for package in ("selenium", "jupyterlab"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install {package})")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not browser or not driver:
        pytest.skip(
            "no chromium or no chromedriver on the PATH (Debian: apt install chromium chromium-driver)"
        )
    return browser, driver


@pytest.fixture(scope="session")
def make_lab(browser_paths, tmp_path_factory):
    """JupyterLab over a copy of notebooks/, started by `make lab`.

    (the URL that it opens, function from a notebook's name to its URL, the folder)
    """
    from .page import until

    if shutil.which("make") is None:
        pytest.skip("there is no make here (Debian: apt install make)")
    home = tmp_path_factory.mktemp("jupyterlab")
    course = home / "course"
    shutil.copytree(ROOT / "notebooks", course / "notebooks")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, course)
    installed = course / ".venv" / ".installed"  # so that make finds nothing to install
    installed.parent.mkdir()
    installed.touch()
    no_news = {"fetchNews": "false", "checkForUpdates": False}
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(no_news), encoding="utf-8")
    token = secrets.token_hex(16)
    command = ["make", "lab", f"BIN={Path(sys.executable).parent}", "LAB_ARGS=--no-browser --allow-root"]
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",  # nor are kernels of the user's own seen
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "LABKIT_CACHE": home / "cache",
    }
    outer_make = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in outer_make},
        **{name: str(folder) for name, folder in folders.items()},
        "JUPYTER_TOKEN": token,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    log = home / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=course, stdout=output, stderr=output, start_new_session=True
        )
    try:
        # The server takes the next free port, and writes into a page the address that it opens.
        found = until(
            lambda: list((home / "runtime").glob("jpserver-file-to-run-*.html")) or server.poll() is not None,
            180,
            "a JupyterLab that listens",
        )
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text(errors='replace')}"
        opened = until(
            lambda: re.search(r'href="(http://localhost:\d+/lab/tree/)([^"?]*)', found[0].read_text("utf-8")),
            30,
            "the address that JupyterLab opens",
        )
        url = f"{opened[1]}{{}}.ipynb?token={token}&reset"
        yield opened[1] + opened[2], url.format, course / "notebooks"
    finally:
        # make and the server; the server ends its kernels before it goes
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="session")
def jupyterlab(make_lab):
    """That JupyterLab: (function from a notebook's name to its URL, folder)."""
    return make_lab[1:]


@pytest.fixture(scope="session")
def chromium(browser_paths, tmp_path_factory):
    """A headless Chromium with an empty profile, whose console and requests are logged."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location, path = browser_paths
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(path))
    try:
        yield driver
    finally:
        driver.quit()
