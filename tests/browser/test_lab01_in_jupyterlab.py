"""Lab 01 as a student meets it: in JupyterLab, in a browser, with a mouse and a keyboard.

One server, one browser and one Run All serve all tests of this module, which take them in this order.
"""

import pytest

SLUG = "01_mlm_fill_in_blank"
PLOTLY = "application/vnd.plotly.v1+json"
RUN_ALL_SECONDS = 300  # 30 on an idle machine

# An answer with a mistake that students make (continuations are looked up without ##), and a right one.
WRONG = '''def wordpiece(word, vocab):
    """Longest match first."""
    pieces = []
    start = 0
    while start < len(word):
        end = len(word)
        while end > start and word[start:end] not in vocab:
            end -= 1
        if end == start:
            return ["[UNK]"]
        pieces.append(word[start:end])
        start = end
    return pieces'''
RIGHT = '''def wordpiece(word, vocab):
    """Longest match first."""
    pieces = []
    rest, mark = word, ""
    while rest:
        fits = [end for end in range(len(rest), 0, -1) if mark + rest[:end] in vocab]
        if not fits:
            return ["[UNK]"]
        pieces.append(mark + rest[: fits[0]])
        rest, mark = rest[fits[0] :], "##"
    return pieces'''

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium, jupyterlab):
    """The student notebook, opened, run to its end and saved."""
    from .page import NotebookPage

    url, folder = jupyterlab
    page = NotebookPage(chromium, url(SLUG), folder / f"{SLUG}.ipynb")
    page.open()
    page.run_all(RUN_ALL_SECONDS)
    page.save()
    return page


def test_run_all_goes_past_unsolved_checks_and_every_figure_draws(page):
    code = [cell for cell in page.on_disk()["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    errors = {
        cell["id"]: output for cell in code for output in cell["outputs"] if output["output_type"] == "error"
    }
    checks = {cell["id"] for cell in code if cell["id"].startswith("check-")}
    assert checks and set(errors) == checks, "errors in the unsolved check cells and nowhere else"
    for name, error in errors.items():
        assert error["ename"] == "NotImplementedError"
        assert len(error["traceback"]) == 1 and "\n" not in error["traceback"][0], (
            f"{name}: one line, no traceback"
        )
    with_figure = {
        cell["id"] for cell in code if any(PLOTLY in output.get("data", {}) for output in cell["outputs"])
    }
    assert with_figure and set(page.figures()) == with_figure
    assert all(height > 150 for height, _ in page.figures().values()), page.figures()


def test_wrong_answers_get_climbing_hints_and_the_right_one_passes_and_is_saved(page):
    page.write("solution-wordpiece", WRONG)
    page.run("solution-wordpiece")
    said = page.run("check-wordpiece")
    assert "not yet right" in said and "Hint 1" in said and "Hint 2" not in said, said
    said = page.run("check-wordpiece")
    assert "Hint 1" in said and "Hint 2" not in said, "the same answer gets the same hint"
    page.write("solution-wordpiece", WRONG.replace("start = end", "start = end + 0"))
    page.run("solution-wordpiece")
    said = page.run("check-wordpiece")
    assert "Hint 1" in said and "Hint 2" in said, said
    assert "Traceback" not in said

    page.write("solution-wordpiece", RIGHT)
    page.run("solution-wordpiece")
    said = page.run("check-wordpiece")
    assert "wordpiece: passed, 4 of 4 points" in said and "Hint" not in said, said
    assert "Using the course's" not in page.run("pieces-compared"), "from here on the student's own is used"

    page.save()
    answer, check = page.cell_on_disk("solution-wordpiece"), page.cell_on_disk("check-wordpiece")
    assert "".join(answer["source"]) == RIGHT
    assert answer["metadata"]["nbgrader"]["grade_id"] == "wordpiece"
    saved = "".join("".join(output["data"]["text/plain"]) for output in check["outputs"])
    assert "wordpiece: passed" in saved


def test_figures_keep_their_height_when_a_slider_or_the_window_moves(page):
    from .page import until

    before, after = page.move_slider("keyfigure-learning")
    assert after != before
    assert page.figures()["keyfigure-learning"][0] > 150, "the slider's figure is still there"

    widths = {name: width for name, (_, width) in page.figures().items()}
    page.driver.set_window_size(900, 900)
    try:
        narrower = lambda: all(width < widths[name] for name, (_, width) in page.figures().items())
        until(narrower, 10, "figures as narrow as the window")
        assert all(height > 150 for height, _ in page.figures().values()), page.figures()
    finally:
        page.driver.set_window_size(1280, 900)


def test_nothing_is_asked_of_other_machines_and_the_console_is_clean(page):
    elsewhere = page.elsewhere()
    assert page.requests, "the browser logs no requests"
    assert elsewhere == []
    assert page.severe() == []
