"""Figures, a question and a report in JupyterLab, in its light and its dark theme, used with keys."""

import json

import pytest

from tests.browser import access

CELLS = {
    "figure": "from labkit import plotting\n"
    "from tests.plotting.samples import LOG, TEXT\nplotting.learning_slider(LOG, TEXT)",
    "quiz": "from labkit.exercises import lab01\nnext(iter(lab01.QUESTIONS))",
    "report": "from labkit.exercises.engine import check\n"
    "check(lambda word, vocab: [word], lab01.EXERCISES[0], attempt=99)",
}
# What has no background of its own stands on the theme's.
WORDS = (
    ".labkit-text summary",
    ".labkit-text pre",
    ".labkit-quiz p",
    ".labkit-quiz summary",
    ".labkit-quiz details div",
    "[role=status]",
    "[role=status] li",
)


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"])
def page(request, chromium, jupyterlab):
    """The notebook, run in JupyterLab under one of its themes."""
    from tests.browser.page import RUN, NotebookPage, notebook, until

    url, folder = jupyterlab
    settings = folder.parents[1] / "settings" / "@jupyterlab" / "apputils-extension"
    theme = settings / "themes.jupyterlab-settings"
    theme.write_text(json.dumps({"theme": request.param}), encoding="utf-8")
    path = folder / "access.ipynb"
    notebook(path, CELLS)
    page = NotebookPage(chromium, url("access"), path)
    page.open()
    light = chromium.execute_script("return document.body.dataset.jpThemeLight")
    assert light == str(request.param.endswith("Light")).lower()
    page.run_all(RUN)
    drawn = "return document.querySelectorAll('.main-svg[role=img]').length"
    until(lambda: chromium.execute_script(drawn) == 1, RUN, "a figure, drawn and named")
    yield page
    page.close()
    theme.unlink()


def test_the_figure_has_its_name_its_menu_and_its_words(page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    from tests.browser.page import REACT, until

    cell = page.cell("figure")
    picture = cell.find_element(By.CSS_SELECTOR, ".main-svg[role=img]").get_attribute("aria-label")
    assert picture.startswith("Learning to fill the blank:") and picture.endswith("A text version follows.")
    active = lambda: page.driver.execute_script(
        "return arguments[0].querySelector('.js-plotly-plot')._fullLayout.sliders[0].active", cell
    )
    assert active() == 2

    def menu_has_the_focus():
        menu = page.cell("figure").find_element(By.CSS_SELECTOR, ".labkit-text select")
        page.driver.execute_script("arguments[0].focus()", menu)
        return page.driver.switch_to.active_element == menu

    until(menu_has_the_focus, REACT, "the focus on the figure's menu")
    access.press(page.driver, Keys.ARROW_UP)
    until(lambda: active() == 1, REACT, "the slider's second step")
    access.press(page.driver, Keys.TAB)
    assert page.driver.switch_to.active_element.text == "Text version of this figure"
    access.press(page.driver, Keys.ENTER)
    assert "2M pieces: cat 46%" in cell.find_element(By.CSS_SELECTOR, ".labkit-text pre").text


def test_question_and_report_are_read_and_used_with_keys(page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    choices = page.cell("quiz").find_elements(By.CSS_SELECTOR, "summary")
    page.driver.execute_script("arguments[0].focus()", choices[0])
    access.press(page.driver, Keys.TAB)
    assert page.driver.switch_to.active_element == choices[1]
    opened = lambda: [
        bool(choice.find_element(By.XPATH, "..").get_attribute("open")) for choice in choices[:2]
    ]
    access.press(page.driver, Keys.ENTER)
    assert opened() == [False, True], "Enter is not for the cell"
    access.press(page.driver, Keys.SPACE)
    assert opened() == [False, False]
    access.press(page.driver, Keys.SPACE)
    assert opened() == [False, True]
    line = page.driver.execute_script("return getComputedStyle(arguments[0]).outlineWidth", choices[1])
    assert line == "3px", "the focus is seen"
    told = access.announced(page.driver)
    assert any(role == "status" and properties.get("live") == "polite" for role, _, properties in told)
    assert any(role == "heading" and "not yet right" in name for role, name, _ in told)


def test_everything_can_be_read_on_the_theme(page):
    from selenium.webdriver.common.by import By

    card = page.driver.execute_script(
        "return getComputedStyle(document.querySelector('.js-plotly-plot .main-svg')).backgroundColor"
    )
    assert card == "rgb(255, 255, 255)", "a figure brings its own card"
    for name in CELLS:
        page.cell(name)
        page.driver.execute_script(
            "document.querySelectorAll('.jp-Cell details').forEach((d) => d.open = true)"
        )
    for selector in WORDS:
        found = page.driver.find_elements(By.CSS_SELECTOR, f".jp-OutputArea {selector}")
        assert found, selector
        ratios = [access.contrast(page.driver, element) for element in found]
        assert min(ratios) >= 4.5, (selector, ratios)
