"""A notebook in JupyterLab, as a test drives it: run, type, read, save.

Written against the DOM of JupyterLab 4.6. Cells are named by their place in the notebook file, which is
what JupyterLab's `data-windowed-list-index` says too.
"""

import contextlib
import json
import re
import sys
import time
import urllib.request
from urllib.parse import parse_qs, quote, urlsplit

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

MODIFIER = Keys.COMMAND if sys.platform == "darwin" else Keys.CONTROL
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PROMPT = ".jp-InputPrompt"
HERE = ("localhost", "127.0.0.1", "")  # "": data: and blob: addresses
# Seconds. The machine may be slow, and busy with something else.
OPEN, RUN, REACT, QUIET = 900, 600, 240, 20


def until(condition, seconds, what):
    """Wait for a condition to become true and return its value; AssertionError says what did not come."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except StaleElementReferenceException:  # JupyterLab drew it anew in this very moment
            value = None
        if value:
            return value
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(0.1)


def notebook(path, cells):
    """Write a notebook of code cells. cells: id -> source."""
    import nbformat

    nodes = [nbformat.v4.new_code_cell(source, id=name) for name, source in cells.items()]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}  # or JupyterLab asks which
    nbformat.write(nbformat.v4.new_notebook(cells=nodes, metadata={"kernelspec": kernel}), path)


class NotebookPage:
    """One notebook, open in JupyterLab in one browser.

    driver: a selenium Chrome with performance and browser logs. url: of the notebook in JupyterLab.
    path: the notebook's file on disk.
    """

    def __init__(self, driver, url, path):
        self.driver, self.url, self.path = driver, url, path
        self.requests, self.console = [], []
        ids = [cell["id"] for cell in self.on_disk()["cells"]]
        self.places = {name: place for place, name in enumerate(ids)}

    def on_disk(self):
        """The notebook as it is in its file."""

        def whole():  # JupyterLab may be writing it in this very moment
            with contextlib.suppress(json.JSONDecodeError):
                return json.loads(self.path.read_text(encoding="utf-8"))

        return until(whole, REACT, f"a whole notebook in {self.path.name}")

    def cell_on_disk(self, name):
        """One cell of the file, by its id."""
        return next(cell for cell in self.on_disk()["cells"] if cell["id"] == name)

    def open(self):
        """Open the notebook and wait until all cells are there and the kernel is ready."""
        self.driver.get(self.url)
        cells = f"{PANEL} .jp-Notebook .jp-Cell"
        until(
            lambda: len(self._all(cells)) == len(self.places), OPEN, "all cells of the notebook on the page"
        )
        until(self.is_idle, OPEN, "a kernel that is ready")

    def close(self):
        """Leave the page, and end its kernel and the memory that it takes."""
        self.driver.get("about:blank")
        address = urlsplit(self.url)
        token = parse_qs(address.query)["token"][0]

        def api(path, method):
            url = f"http://{address.netloc}/api/{path}"
            asked = urllib.request.Request(url, method=method, headers={"Authorization": f"token {token}"})
            with urllib.request.urlopen(asked, timeout=REACT) as answer:
                return answer.read()

        for session in json.loads(api("sessions", "GET")):
            if session["path"] == self.path.name:
                api(f"sessions/{quote(session['id'])}", "DELETE")

    def is_idle(self):
        """Whether the kernel waits for something to do."""
        return bool(self._all(f"{PANEL} .jp-Notebook-ExecutionIndicator[data-status=idle]"))

    def cell(self, name):
        """A cell's element, scrolled into view."""
        found = self._all(f'{PANEL} .jp-Cell[data-windowed-list-index="{self.places[name]}"]')
        assert len(found) == 1, f"cell {name}: {len(found)} on the page"
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'start'})", found[0])
        return found[0]

    def prompt(self, name):
        """What stands left of a code cell: "[ ]:", "[*]:" or "[7]:"."""
        return self.cell(name).find_element(By.CSS_SELECTOR, PROMPT).get_attribute("textContent")

    def run_all(self, seconds, may_stop_at=None):
        """Run > Run All Cells, and wait until the last code cell has run, or JupyterLab has given up.

        may_stop_at: a cell whose error may end it there.
        """
        names = [cell["id"] for cell in self.on_disk()["cells"] if cell["cell_type"] == "code"]
        before = self._prompts()
        self._menu("Run", "Run All Cells")
        until(lambda: self._prompts() != before, REACT, "the first cell at work")
        quiet_since = None

        def ended():
            nonlocal quiet_since
            quiet = self.is_idle() and not any("*" in prompt for prompt in self._prompts().values())
            quiet_since = (quiet_since or time.monotonic()) if quiet else None
            stopped = quiet and time.monotonic() - quiet_since > QUIET
            return stopped or (quiet and re.search(r"\d", self.prompt(names[-1])))

        until(ended, seconds, "the end of Run All")
        prompts = self._prompts()
        wanted = names[: names.index(may_stop_at) + 1] if may_stop_at else names
        left = [name for name in wanted if not re.search(r"\d", prompts[name])]
        assert not left, f"Run All stopped; not run: {', '.join(left)}"

    def write(self, name, source):
        """Replace what is in a code cell, as by pasting."""
        editor = self._editor(name)
        ActionChains(self.driver).key_down(MODIFIER).send_keys("a").key_up(MODIFIER).perform()
        self.driver.execute_cdp_cmd("Input.insertText", {"text": source})
        words = source.split()
        until(lambda: editor.text.split() == words, REACT, f"the new source in cell {name}")

    def run(self, name, seconds=RUN):
        """Run one cell with Ctrl+Enter, wait for it, and return its outputs' text."""
        before = self.prompt(name)
        self._editor(name)
        ActionChains(self.driver).key_down(MODIFIER).send_keys(Keys.ENTER).key_up(MODIFIER).perform()
        done = re.compile(r"\[\d+\]")
        until(
            lambda: self.prompt(name) != before and done.search(self.prompt(name)),
            seconds,
            f"the end of cell {name}",
        )
        until(self.is_idle, seconds, f"an idle kernel after cell {name}")
        return self.output(name)

    def output(self, name):
        """The text of a cell's outputs, as it stands on the page."""
        outputs = self.cell(name).find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output")
        return "\n".join(output.text for output in outputs)

    def source(self, name):
        """What is in a cell's editor, as it stands on the page."""
        return self.cell(name).find_element(By.CSS_SELECTOR, ".cm-content").text

    def save(self):
        """Save with Ctrl+S and wait until nothing is unsaved."""
        ActionChains(self.driver).key_down(MODIFIER).send_keys("s").key_up(MODIFIER).perform()
        until(
            lambda: not self._all("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-dirty"),
            REACT,
            "a saved notebook",
        )

    def figures(self):
        """The cells that show a live figure: id -> its height and width in pixels."""
        names = {str(place): name for name, place in self.places.items()}
        sizes = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(figure => ["
            "figure.closest('.jp-Cell').dataset.windowedListIndex, figure.clientHeight, figure.clientWidth])",
            f"{PANEL} .js-plotly-plot",
        )
        return {names[place]: (height, width) for place, height, width in sizes}

    def with_outputs(self):
        """The cells whose saved outputs hold a picture or HTML."""
        rich = ("application/vnd.plotly.v1+json", "text/html")
        return [
            cell["id"]
            for cell in self.on_disk()["cells"]
            if any(kind in output.get("data", {}) for kind in rich for output in cell.get("outputs", []))
        ]

    def with_slider(self):
        """The cells whose live figure has a slider."""
        names = {str(place): name for name, place in self.places.items()}
        places = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter(figure => figure._fullLayout && figure._fullLayout.sliders.length)"
            ".map(figure => figure.closest('.jp-Cell').dataset.windowedListIndex)",
            f"{PANEL} .js-plotly-plot",
        )
        return [names[place] for place in places]

    def move_slider(self, name):
        """Click the middle of a figure's slider; return its step before and after."""
        cell = self.cell(name)
        step = lambda: self.driver.execute_script(
            "return arguments[0].querySelector('.js-plotly-plot')._fullLayout.sliders[0].active", cell
        )
        before = step()
        rail = cell.find_element(By.CSS_SELECTOR, ".slider-rail-touch-rect")
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", rail)
        ActionChains(self.driver).move_to_element(rail).click().perform()
        until(lambda: step() != before, REACT, "a slider that moves")
        return before, step()

    def elsewhere(self):
        """Addresses outside this machine that the page has asked for so far."""
        self._read_logs()
        web = [url for url in self.requests if urlsplit(url).scheme in ("http", "https", "ws", "wss")]
        return sorted({url for url in web if urlsplit(url).hostname not in HERE})

    def severe(self):
        """Severe messages in the browser's console so far."""
        self._read_logs()
        return [entry["message"] for entry in self.console if entry["level"] == "SEVERE"]

    def _prompts(self):
        names = {str(place): name for name, place in self.places.items()}
        found = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(cell => "
            "[cell.dataset.windowedListIndex, cell.querySelector(arguments[1]).textContent])",
            f"{PANEL} .jp-CodeCell",
            PROMPT,
        )
        return {names[place]: prompt for place, prompt in found}

    def _read_logs(self):
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            elif event["method"] == "Network.webSocketCreated":
                self.requests.append(event["params"]["url"])
        self.console += self.driver.get_log("browser")

    def _all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _editor(self, name):
        editor = self.cell(name).find_element(By.CSS_SELECTOR, ".cm-content")

        def click():
            try:
                editor.click()
            except WebDriverException:  # still scrolling, or not drawn yet
                return False
            return self.driver.switch_to.active_element == editor

        until(click, REACT, f"the editor of cell {name}")
        return editor

    def _menu(self, menu, item):
        bar = until(
            lambda: [e for e in self._all(".lm-MenuBar-item") if e.text.strip() == menu],
            REACT,
            f"menu {menu}",
        )
        bar[0].click()
        labels = ".lm-Menu .lm-Menu-itemLabel"
        found = until(lambda: [e for e in self._all(labels) if e.text == item], REACT, f"menu entry {item}")
        found[0].click()
