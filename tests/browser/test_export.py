"""An exported page, opened from disk with no network and used with nothing but a keyboard.

The notebook is made here: a formula, a question, two reports, a figure with a slider and one with a menu.
"""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit import plotting
from labkit.exercises.quiz import Choice, Question
from labkit.exercises.report import PropertyResult, Report
from labkit.export.page import page as exported
from labkit.plotting.alternative import alternative
from tests.browser import access
from tests.plotting.samples import LOG, MAPS, TEXT, WORDS

QUESTION = Question(
    "where",
    "Where may a decoder look?",
    [Choice("Back.", True, "The past is all it has."), Choice("Ahead.", False, "That would be copying.")],
)
WRONG = Report(
    "causal_mask",
    "The mask",
    "wrong",
    [PropertyResult("square", 1, True), PropertyResult("looks back", 2, False, "expected True, got False")],
    hints=["Which way does the triangle point?"],
    more_hints=True,
    printed="my own print",
)
RIGHT = Report("mlm_loss", "The loss", "passed", [PropertyResult("a mean", 1, True)])
SLIDER, EXPLORER = plotting.learning_slider(LOG, TEXT), plotting.attention_explorer(MAPS, WORDS)
PROSE = "# A lab\n\n## Scores\n\n$q k^\\top / \\sqrt{d}$\n\n$$\\sum_{i<j} p_i$$\n\n![far](https://example.com/a.png)"


def outputs(shown):
    """What a kernel would store for an object: a mime bundle, or a figure's drawing and its words."""
    bundles = [shown._repr_mimebundle_()]
    if isinstance(shown, plotting.LabFigure):
        bundles = [
            {"application/vnd.plotly.v1+json": shown.figure.to_plotly_json(), "text/plain": shown.summary},
            {"text/html": alternative(shown.title, shown.summary)},
        ]
    return [new_output("display_data", data=bundle) for bundle in bundles]


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """The browser, with the page open and its figures drawn; what it logged is under page.log."""
    from tests.browser.page import REACT, NotebookPage, until

    shown = [QUESTION, WRONG, RIGHT, SLIDER, EXPLORER]
    cells = [
        new_code_cell("show()", outputs=outputs(thing), execution_count=k) for k, thing in enumerate(shown, 1)
    ]
    notebook = nbformat.from_dict(new_notebook(cells=[new_markdown_cell(PROSE), *cells]))
    folder = tmp_path_factory.mktemp("export")
    path, file = folder / "page.html", folder / "page.ipynb"
    path.write_text(exported(notebook, "page"), encoding="utf-8")
    nbformat.write(notebook, file)
    page = NotebookPage(chromium, path.as_uri(), file)
    page.elsewhere(), page.severe()  # what earlier tests have left in the logs
    page.requests.clear(), page.console.clear()
    chromium.get(page.url)
    chromium.set_script_timeout(600)
    count = lambda selector: chromium.execute_script(
        "return document.querySelectorAll(arguments[0]).length", selector
    )
    until(lambda: count(".figure .main-svg[role=img]") == 2, REACT, "two figures, drawn and named")
    until(lambda: count(".labkit-text select") == 3, REACT, "a menu for each control of theirs")
    return page


def test_nothing_is_asked_for_and_nothing_goes_wrong(page):
    assert page.elsewhere() == [] and page.console == []
    # Chromium's own first page may still have been at work.
    assert [url for url in page.requests if not url.startswith(("chrome:", "data:"))] == [page.url]
    assert page.driver.title == "A lab"


def test_formulas_are_drawn(page):
    sizes = page.driver.execute_script(
        "return [...document.querySelectorAll('math')].map((m) => m.getBoundingClientRect())"
        ".map((box) => [box.width, box.height])"
    )
    assert len(sizes) == 2 and all(width > 40 and height > 12 for width, height in sizes), sizes
    assert (
        page.driver.execute_script("return document.querySelector('msqrt').getBoundingClientRect().width") > 8
    )


def test_it_fits_a_narrow_window(page):
    for width in (1280, 400):
        page.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        wide, seen = page.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen == width
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_screen_reader_hears_it(page):
    told = access.announced(page.driver)
    headings = {name: properties.get("level") for role, name, properties in told if role == "heading"}
    assert headings["A lab"] == 1 and headings["Scores"] == 2
    assert headings["Question."] == 3
    assert headings["\u2717 causal_mask: not yet right, 1 of 3 points"] == 4
    assert headings["\u2713 mlm_loss: passed, 1 of 1 points"] == 4
    pictures = [name for role, name, _ in told if role == "image" and name]
    assert pictures == [
        f"Learning to fill the blank: {TEXT} A text version follows.",
        "Attention, layer by layer. A text version follows.",
    ]
    letters = [name for role, name, _ in told if role == "StaticText"]
    assert "Where may a decoder look?" in " ".join(letters) and "probability" not in letters, (
        "a drawing is one thing"
    )
    live = [(role, properties.get("live")) for role, _, properties in told]
    assert live.count(("status", "polite")) == 2, "two reports"
    assert "Where may a decoder look?" in next(
        name for role, name, _ in told if role == "group" and "?" in name
    )


def focused(driver):
    """What has the focus: its tag, its text, and the width of the line around it; None at the page's end."""
    return driver.execute_script(
        "const at = document.activeElement; if (at === document.body) return null;"
        "const name = at.labels?.[0] || at;"
        "return [at.tagName.toLowerCase(), at.dataset.title || at.getAttribute('aria-label')"
        "|| name.firstChild.textContent.trim() || at.textContent.trim(),"
        "parseFloat(getComputedStyle(at).outlineWidth)]"
    )


def tab_to(driver, tag, text):
    """Press Tab until this element has the focus."""
    from selenium.webdriver.common.keys import Keys

    for _ in range(60):
        at = focused(driver)
        if at and at[0] == tag and text in at[1]:
            return driver.switch_to.active_element
        access.press(driver, Keys.TAB)
    raise AssertionError(f"no Tab leads to {tag} {text!r}")


def test_tab_reaches_everything_and_the_focus_is_seen(page):
    from selenium.webdriver.common.keys import Keys

    page.driver.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    for _ in range(60):
        access.press(page.driver, Keys.TAB)
        at = focused(page.driver)
        if at is None:
            break
        reached.append(at)
    unseen = [at for at in reached if at[2] < 1]
    assert not unseen, unseen
    tags = [(tag, text) for tag, text, _ in reached]
    for tag, text in (
        ("summary", "Contents"),
        ("a", "far"),
        ("summary", "A"),
        ("summary", "B"),
        ("summary", "What your function printed"),
        ("select", "pieces read"),
        ("select", "layer"),
        ("select", "show"),
        ("summary", "Text version of this figure"),
    ):
        assert (tag, text) in tags, (tag, text, tags)


def test_a_question_is_answered_with_keys_and_the_answer_is_announced(page):
    from selenium.webdriver.common.keys import Keys

    choice = tab_to(page.driver, "summary", "B")
    said = lambda: [name for _, name, _ in access.announced(page.driver) if "copying" in name]
    assert not said()
    access.press(page.driver, Keys.ENTER)
    assert any("That would be copying." in name for name in said())
    live = page.driver.execute_script("return arguments[0].closest('[aria-live]').ariaLive", choice)
    assert live == "polite"
    words = page.driver.execute_script("return arguments[0].parentElement.innerText", choice)
    assert "\u2717 Not this one." in words, "a sign and words, not a colour alone"
    access.press(page.driver, Keys.SPACE)
    assert not said(), "the same key closes it"


def test_a_slider_and_a_list_of_buttons_are_moved_with_keys(page):
    from selenium.webdriver.common.keys import Keys

    from tests.browser.page import REACT, until

    figure = lambda k, what: page.driver.execute_script(
        f"const figure = document.querySelectorAll('.figure')[arguments[0]];return figure{what}",
        k,
    )
    before = figure(0, ".data[0].x")
    menu = tab_to(page.driver, "select", "pieces read")
    access.press(page.driver, Keys.ARROW_UP)
    until(lambda: figure(0, "._fullLayout.sliders[0].active") == 1, REACT, "the slider's second step")
    until(lambda: figure(0, ".data[0].x") != before, REACT, "other bars")
    assert menu.get_attribute("value") == "1"

    tab_to(page.driver, "select", "layer")
    access.press(page.driver, Keys.ARROW_DOWN)
    until(lambda: figure(1, "._fullLayout.sliders[0].active") == 1, REACT, "the next layer")
    tab_to(page.driver, "select", "show")
    access.press(page.driver, Keys.ARROW_DOWN)
    until(lambda: figure(1, "._fullLayout.xaxis.domain[1]") == 1, REACT, "one head alone")
    access.press(page.driver, Keys.ARROW_UP)
    until(lambda: figure(1, "._fullLayout.xaxis.domain[1]") < 1, REACT, "all heads again")


def test_the_text_version_opens_with_keys(page):
    from selenium.webdriver.common.keys import Keys

    summary = tab_to(page.driver, "summary", "Text version")
    access.press(page.driver, Keys.ENTER)
    title, words = page.driver.execute_script(
        "return [arguments[0].closest('.labkit-text').dataset.title, arguments[0].nextSibling.innerText]",
        summary,
    )
    assert words == {made.title: made.summary for made in (SLIDER, EXPLORER)}[title]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, scheme):
    from selenium.webdriver.common.by import By

    for closed in page.driver.find_elements(By.CSS_SELECTOR, "details:not([open])"):
        page.driver.execute_script("arguments[0].open = true", closed)
    found, passed = access.violations(page.driver, scheme)
    assert found == [] and passed > 10
    for element in page.driver.find_elements(
        By.CSS_SELECTOR, ".labkit-text pre, .labkit-quiz p, h2, .input .k"
    ):
        assert access.contrast(page.driver, element) >= 4.5


def test_axe_finds_what_is_wrong(page):
    """The measure works: a picture without words and pale text are found."""
    picture = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    page.driver.execute_script(
        "document.querySelector('main').insertAdjacentHTML('beforeend', arguments[0])",
        f'<p id="pale" style="color: #bbb; background: #fff">pale {picture}</p>',
    )
    found, _ = access.violations(page.driver, "light")
    page.driver.execute_script("document.getElementById('pale').remove()")
    assert {line.split()[0] for line in found} == {"image-alt", "color-contrast"}
