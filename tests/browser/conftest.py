"""A JupyterLab of its own and a headless Chromium; what needs them is skipped where they are missing."""

import json
import os
import secrets
import shutil
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
def jupyterlab(browser_paths, tmp_path_factory):
    """A JupyterLab over a copy of notebooks/: (function from a notebook's name to its URL, folder)."""
    from .page import until

    home = tmp_path_factory.mktemp("jupyterlab")
    course = home / "course"
    shutil.copytree(ROOT / "notebooks", course / "notebooks")
    no_news = {"fetchNews": "false", "checkForUpdates": False}
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(no_news), encoding="utf-8")
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--notebook-dir={course}"]
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",  # nor are kernels of the user's own seen
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "LABKIT_CACHE": home / "cache",
    }
    environment = {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        "JUPYTER_TOKEN": token,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    log = home / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, cwd=course, stdout=output, stderr=output)
    try:
        # The server takes the next free port and says in this file which.
        found = until(
            lambda: list((home / "runtime").glob("jpserver-*.json")) or server.poll() is not None,
            90,
            "a JupyterLab that listens",
        )
        assert server.poll() is None, f"JupyterLab did not start:\n{log.read_text(errors='replace')}"
        info = until(lambda: _json(found[0]), 10, "JupyterLab's port")
        url = f"http://localhost:{info['port']}/lab/tree/notebooks/{{}}.ipynb?token={token}&reset"
        yield url.format, course / "notebooks"
    finally:
        server.terminate()  # it ends its kernels before it goes
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


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


def _json(path):
    """The file's content, or None while it is being written."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
