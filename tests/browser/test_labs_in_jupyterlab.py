"""Each lab as a student meets it: in JupyterLab, in a browser, with a mouse and a keyboard.

One server and one browser serve all labs; one Run All a lab serves its tests, which take it in this order.
"""

import pytest

from tests.browser.answers import PROJECT, answers

PLOTLY = "application/vnd.plotly.v1+json"
RUN_ALL_SECONDS = 1800  # 30 to 60 on an idle machine
DRAW_SECONDS = 120


@pytest.fixture(scope="module", params=PROJECT.slugs())
def lab(request):
    return PROJECT.lab(request.param)


@pytest.fixture(scope="module")
def page(lab, chromium, jupyterlab):
    """The student notebook, opened, run to its end and saved."""
    from tests.browser.page import NotebookPage

    url, folder = jupyterlab
    page = NotebookPage(chromium, url(lab.slug), folder / f"{lab.slug}.ipynb")
    page.open()
    page.run_all(RUN_ALL_SECONDS)
    page.save()
    yield page
    page.close()


@pytest.fixture
def answer(lab):
    return answers()[lab.number]


def code_cells(page):
    return [cell for cell in page.on_disk()["cells"] if cell["cell_type"] == "code"]


def with_figure(page):
    """The cells that have a figure in the file."""
    return [
        cell["id"]
        for cell in code_cells(page)
        if any(PLOTLY in output.get("data", {}) for output in cell["outputs"])
    ]


def every_figure_draws(page):
    """Scrolls to each figure and waits for it: JupyterLab draws what is out of sight when it has time."""
    from tests.browser.page import until

    names = with_figure(page)
    for name in names:
        page.cell(name)
        until(lambda name=name: page.figures().get(name, (0,))[0] > 150, DRAW_SECONDS, f"{name}, drawn")
    return names


def test_make_lab_opens_its_notebook(make_lab):
    opened, url, folder = make_lab
    assert opened in url("01_mlm_fill_in_blank") and (folder / opened.rsplit("/")[-1]).is_file()


def test_run_all_goes_past_unsolved_checks_and_every_figure_draws(lab, page):
    code = code_cells(page)
    assert all(cell["execution_count"] for cell in code)
    errors = {
        cell["id"]: output for cell in code for output in cell["outputs"] if output["output_type"] == "error"
    }
    checks = {f"check-{name}" for name in lab.exercises}
    assert set(errors) == checks, "errors in the unsolved check cells and nowhere else"
    for name, error in errors.items():
        assert error["ename"] == "NotImplementedError"
        assert len(error["traceback"]) == 1 and "\n" not in error["traceback"][0], (
            f"{name}: one line, no traceback"
        )
        assert page.output(name).lower().count("not written yet") == 1, name
        assert "NotImplementedError" not in page.output(name), f"{name}: in red as well"
    assert every_figure_draws(page)


def test_a_wrong_answer_gets_its_hint_and_the_right_one_passes(lab, page, answer):
    hints = [" ".join(hint.split()) for hint in answer.hints(lab)]
    solution, check = f"solution-{answer.exercise}", f"check-{answer.exercise}"

    def said():
        page.run(solution)
        return " ".join(page.run(check).split())

    page.write(solution, answer.wrong)
    first = said()
    assert "not yet right" in first and hints[0] in first and hints[1] not in first, first
    again = said()
    assert hints[0] in again and hints[1] not in again, "the same answer gets the same hint"
    lines = answer.wrong.split("\n")
    page.write(solution, "\n".join([*lines[:2], "    another = 'try'", *lines[2:]]))
    second = said()
    assert hints[0] in second and hints[1] in second and "Traceback" not in second, second

    page.write(solution, answer.right(lab))
    right = said()
    points = lab.exercises[answer.exercise][1].points
    assert f"{answer.exercise}: passed, {points} of {points} points" in right and "Hint" not in right, right


def test_figures_keep_their_height_when_a_slider_or_the_window_moves(page):
    from tests.browser.page import until

    for name in page.with_slider()[:1]:
        before, after = page.move_slider(name)
        assert after != before
        assert page.figures()[name][0] > 150, "the slider's figure is still there"

    widths = {name: width for name, (_, width) in page.figures().items()}
    page.driver.set_window_size(900, 900)
    try:
        for name in widths:
            page.cell(name)
            until(
                lambda name=name: page.figures()[name][1] < widths[name],
                DRAW_SECONDS,
                f"{name} as narrow as the window",
            )
        assert all(height > 150 for height, _ in page.figures().values()), page.figures()
    finally:
        page.driver.set_window_size(1280, 900)


def test_the_notebook_is_saved_and_opens_again_with_the_work_in_it(lab, page, answer):
    right = answer.right(lab)
    page.save()
    solution, check = (page.cell_on_disk(f"{part}-{answer.exercise}") for part in ("solution", "check"))
    assert "".join(solution["source"]) == right
    assert solution["metadata"]["nbgrader"]["grade_id"] == answer.exercise
    saved = "".join("".join(output["data"]["text/plain"]) for output in check["outputs"])
    assert f"{answer.exercise}: passed" in saved

    page.open()
    assert page.source(solution["id"]).split() == right.split()
    assert f"{answer.exercise}: passed" in page.output(check["id"])
    assert every_figure_draws(page), "from the file alone"


def test_nothing_is_asked_of_other_machines_and_the_console_is_clean(page):
    elsewhere = page.elsewhere()
    assert page.requests, "the browser logs no requests"
    assert elsewhere == []
    assert page.severe() == []
