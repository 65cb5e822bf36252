"""JupyterLab as `make lab` starts it, and a headless Chromium that reaches no other machine."""

import contextlib
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

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new",
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
START_SECONDS, STOP_SECONDS = 600, 60


def missing():
    """What a browser test lacks here and how to get it, as one line; "" when all is there."""
    for package in ("selenium", "jupyterlab"):
        if find_spec(package) is None:
            return f"{package} is not installed (pip install {package})"
    if _browser() is None or shutil.which("chromedriver") is None:
        return "no chromium or no chromedriver on the PATH (Debian: apt install chromium chromium-driver)"
    if shutil.which("make") is None:
        return "there is no make here (Debian: apt install make)"
    return ""


@contextlib.contextmanager
def jupyterlab(home):
    """JupyterLab over a copy of notebooks/, started by `make lab`, until the block ends.

    home: an empty folder, for the copy and for all that JupyterLab writes elsewhere.
    Gives (the URL that it opens, function from a notebook's name to its URL, the folder of the notebooks).
    """
    from tests.browser.page import until

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
    pages = (home / "runtime").glob
    try:
        # The server takes the next free port, and writes into a page the address that it opens.
        found = until(
            lambda: list(pages("jpserver-file-to-run-*.html")) or server.poll() is not None,
            START_SECONDS,
            "a JupyterLab that listens",
        )
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text(errors='replace')}"
        opened = until(
            lambda: re.search(r'href="(http://localhost:\d+/lab/tree/)([^"?]*)', found[0].read_text("utf-8")),
            START_SECONDS,
            "the address that JupyterLab opens",
        )
        url = f"{opened[1]}{{}}.ipynb?token={token}&reset"
        yield opened[1] + opened[2], url.format, course / "notebooks"
    finally:
        # make and the server; the server ends its kernels before it goes
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@contextlib.contextmanager
def chromium(profile, width=1280, height=900):
    """A selenium driver of a Chromium that logs its console and its requests, until the block ends.

    profile: an empty folder.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _browser()
    for flag in (*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    # What one answer may take: 2 minutes, or 30 seconds for a script, are few on a busy machine.
    driver.command_executor.client_config.timeout = START_SECONDS
    driver.set_page_load_timeout(START_SECONDS)
    driver.set_script_timeout(START_SECONDS)
    try:
        yield driver
    finally:
        driver.quit()


def _browser():
    return next(filter(None, map(shutil.which, BROWSERS)), None)
