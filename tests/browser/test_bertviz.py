"""bertviz's views in a browser that reaches no other machine: in JupyterLab, exported, and not trusted.

One notebook holds all three views, one of them twice. It is written here, so that the test does not depend on
what a lab says.
"""

import json
import subprocess
import sys

import pytest

from labkit.plotting.views import libraries

SENTENCE = "The river bank was flooding. </script><b>so</b> we ran home to the old house on the hill."
CELLS = {
    "models": f'import labkit\nbert, gpt = labkit.load("bert"), labkit.load("gpt")\ntext = {SENTENCE!r}',
    "head": "labkit.views.head_view(bert, text)",
    "model": "labkit.views.model_view(gpt, text)",
    "neuron": "labkit.views.neuron_view(bert, text)",
    "again": "labkit.views.head_view(gpt, text, layer=2, heads=[3])",
    "figure": "labkit.plotting.accuracy_bars(['encoder', 'decoder'], [0.61, 0.2])",
}
VIEWS = ("head", "model", "neuron", "again")
RUN_SECONDS = 600
DRAW_SECONDS = 120

pytestmark = pytest.mark.skipif(
    bool(libraries.missing()), reason=f"pip install {' '.join(libraries.missing())}"
)


@pytest.fixture(scope="module")
def page(chromium, jupyterlab):
    """The notebook, opened in JupyterLab, run to its end and saved."""
    from tests.browser.page import NotebookPage, notebook

    url, folder = jupyterlab
    path = folder / "views.ipynb"
    notebook(path, CELLS)
    page = NotebookPage(chromium, url("views"), path)
    page.open()
    page.run_all(RUN_SECONDS)
    page.save()
    return page


def script(driver, source, *arguments):
    return driver.execute_script(source, *arguments)


ROOTS = "[...document.querySelectorAll('div[id^=bertviz-]')]"


def roots(driver):
    """The ids of the views on the page, in order, each with how many lines are drawn in it."""
    return script(
        driver,
        f"return {ROOTS}.map(root => [root.id, root.querySelectorAll('#vis svg line').length])",
    )


def all_drawn(driver):
    found = roots(driver)
    return found if len(found) == len(VIEWS) and all(lines for _, lines in found) else None


def twins_shown(page):
    """The cells whose static twin is drawn."""
    picture = (
        "[...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output img')]"
    )
    drawn = script(
        page.driver,
        f"return {picture}.filter(img => img.complete && img.naturalWidth > 0 && img.clientHeight > 150)"
        ".map(img => Number(img.closest('.jp-Cell').dataset.windowedListIndex))",
    )
    return {name for name, place in page.places.items() if place in drawn}


def opacities(driver, root):
    """What a view's lines look like: the sum of their opacities, which controls change."""
    return script(
        driver,
        "return [...document.getElementById(arguments[0]).querySelectorAll('#vis svg line')]"
        ".reduce((sum, line) => sum + Number(line.getAttribute('stroke-opacity')), 0)",
        root,
    )


def choose(driver, root, control, value):
    """Choose an entry of one of a view's menus."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    element = driver.find_element(By.CSS_SELECTOR, f"#{root} #{control}")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    Select(element).select_by_value(str(value))


def click(driver, element, double=False):
    from selenium.webdriver.common.action_chains import ActionChains

    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    chain = ActionChains(driver).move_to_element(element)
    (chain.double_click() if double else chain.click()).perform()


def check_controls(driver):
    """Each view's controls change that view, and no other."""
    from selenium.webdriver.common.by import By

    head, model, neuron, again = (root for root, _ in roots(driver))
    before = {root: opacities(driver, root) for root in (head, model, neuron, again)}

    choose(driver, head, "layer", 3)
    boxes = driver.find_elements(By.CSS_SELECTOR, f"#{again} #vis svg > g:last-child rect")
    assert len(boxes) == 4, "a box for each head"
    click(driver, boxes[0])
    thumbnails = driver.find_elements(By.CSS_SELECTOR, f"#{model} #vis .attn_background")
    assert len(thumbnails) == 16
    regions = driver.find_elements(By.CSS_SELECTOR, f"#{model} #vis svg > g > rect:last-child")
    click(driver, regions[5])
    assert driver.find_elements(By.CSS_SELECTOR, f"#{model} #vis .detail"), "a click enlarges a head"
    choose(driver, neuron, "att_head", 1)
    choose(driver, neuron, "layer", 2)

    after = {root: opacities(driver, root) for root in before}
    assert all(after[root] != pytest.approx(before[root]) for root in before), (before, after)
    layers = script(
        driver, f"return {ROOTS}.map(root => root.querySelector('#layer')).map(menu => menu && menu.value)"
    )
    assert layers == ["3", None, "2", "2"]
    words = driver.find_element(By.ID, head).text
    assert "river" in words and "script" in words and ">" in words, "the sentence is drawn as it stands"


def test_three_views_draw_in_jupyterlab_and_their_controls_work(page):
    from tests.browser.page import until

    until(lambda: all_drawn(page.driver), DRAW_SECONDS, "four views with lines")
    assert not script(page.driver, "return document.querySelector('[id$=-notice]')"), "a notice was left"
    check_controls(page.driver)
    assert twins_shown(page) == set(VIEWS), "each with its static twin"


# What of a view's drawing lies outside of its svg element, and is not seen: [view, element, pixels].
CUT_OFF = """
return [...document.querySelectorAll('div[id^=bertviz-] #vis svg')].flatMap((svg, k) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('line, rect, text')].filter(e => e.checkVisibility({opacityProperty: true}))
    .map((e) => [k, e.tagName, Math.round(Math.max(e.getBoundingClientRect().bottom - frame.bottom,
      e.getBoundingClientRect().right - frame.right))]).filter(([, , more]) => more > 2);
});
"""


def test_no_view_is_cut_off(page):
    """JupyterLab makes an svg element fit its cell, and what is drawn in it does not become smaller."""
    from tests.browser.page import until

    until(lambda: all_drawn(page.driver), DRAW_SECONDS, "four views with lines")
    assert script(page.driver, CUT_OFF) == []


def test_pointing_and_expanding_in_the_neuron_view(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    neuron = roots(page.driver)[2][0]
    visible = lambda part: script(
        page.driver,
        "return getComputedStyle(document.querySelector(arguments[0])).visibility",
        f"#{neuron} #{part}",
    )
    assert (visible("collapsed"), visible("expanded")) == ("visible", "hidden")
    word = f"#{neuron} #collapsed #leftText > g:nth-child(4)"
    text = page.driver.find_element(By.CSS_SELECTOR, f"{word} text")
    page.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", text)
    ActionChains(page.driver).move_to_element(text).perform()
    click(page.driver, page.driver.find_element(By.CSS_SELECTOR, f"{word} > rect:last-child"))  # over the +
    assert (visible("collapsed"), visible("expanded")) == ("hidden", "visible")
    wide_enough = script(
        page.driver,
        "const box = document.querySelector(arguments[0]).getBBox(); const svg = "
        "document.querySelector(arguments[1]);"
        "return box.x + box.width <= svg.clientWidth",
        f"#{neuron} #expanded",
        f"#{neuron} #vis svg",
    )
    assert wide_enough, "the right side is cut off"
    vectors = page.driver.find_elements(By.CSS_SELECTOR, f"#{neuron} #expanded #queries .vector")
    assert len(vectors) == 32, "tokens: the size that the test below is about"
    assert len(vectors) == len(
        page.driver.find_elements(By.CSS_SELECTOR, f"#{neuron} #expanded #leftText text")
    )


def test_libraries_are_in_the_file_once_and_a_view_is_small(page):
    outputs = {
        name: ["".join(output["data"].get("text/html", "")) for output in page.cell_on_disk(name)["outputs"]]
        for name in VIEWS
    }
    with_libraries = [name for name in VIEWS if any("DecompressionStream" in html for html in outputs[name])]
    assert with_libraries == ["head"]
    for name in VIEWS[1:]:
        assert len(json.dumps(page.cell_on_disk(name))) < 100_000, name


def test_nothing_is_asked_of_other_machines_and_the_page_is_left_alone(page):
    elsewhere = page.elsewhere()
    assert page.requests and elsewhere == []
    assert [message for message in page.severe() if "favicon" not in message] == []
    assert script(page.driver, "return [typeof window.d3, typeof window.bertviz_params]") == ["undefined"] * 2


def test_a_trusted_notebook_draws_again_when_it_is_opened_anew(page):
    from tests.browser.page import until

    page.open()
    until(lambda: all_drawn(page.driver), DRAW_SECONDS, "four views, from the file alone")


def test_an_untrusted_notebook_has_the_twins_and_says_why(page, jupyterlab):
    from tests.browser.page import NotebookPage, until

    url, folder = jupyterlab
    content = page.on_disk()
    # Other content has no signature: JupyterLab has not seen it and does not trust it.
    content["metadata"]["of"] = "somebody else"
    path = folder / "from_elsewhere.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    other = NotebookPage(page.driver, url("from_elsewhere"), path)
    other.open()
    for name in VIEWS:  # JupyterLab draws what is scrolled away only when it has nothing else to do
        other.cell(name)
        until(lambda name=name: name in twins_shown(other), DRAW_SECONDS, f"the static twin of view {name}")
    assert not any(lines for _, lines in roots(other.driver)), "scripts ran in an untrusted notebook"
    # innerText would leave out what JupyterLab does not render because it is scrolled away
    text = script(
        other.driver, "return document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)').textContent"
    )
    assert text.count("Trust the notebook") == len(VIEWS)
    other.console.clear()


def test_without_plotlys_extension_views_draw_and_figures_are_pictures_or_words(page, jupyterlab):
    """Where JupyterLab and the kernel are not installed together, JupyterLab may know no plotly."""
    from selenium.webdriver.common.by import By

    from tests.browser.page import until

    _, folder = jupyterlab
    settings = folder.parents[1] / "config" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('{"disabledExtensions": {"@jupyterlab/plotly-extension": true}}', encoding="utf-8")
    pictures = lambda: page.cell("figure").find_elements(By.CSS_SELECTOR, ".jp-RenderedImage img")
    try:
        page.open()
        until(lambda: all_drawn(page.driver), DRAW_SECONDS, "four views without the extension")
        until(pictures, DRAW_SECONDS, "the picture that plotly's extension saved with the figure")
        assert "encoder: 61%" in page.run("figure"), "run anew there is no such picture"
        assert page.figures() == {} and not pictures()
        page.save()
    finally:
        settings.unlink()


def test_the_exported_page_draws_too(page, tmp_path):
    from tests.browser.page import until

    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "html",
        "--output-dir",
        str(tmp_path),
        str(page.path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    page.driver.get((tmp_path / "views.html").as_uri())
    until(lambda: all_drawn(page.driver), DRAW_SECONDS, "four views on the exported page")
    check_controls(page.driver)
