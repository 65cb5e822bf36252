"""Each lab, run and exported: one file that opens from disk, draws all it has, and shuts no reader out.

Run after test_labs_in_jupyterlab, it takes the notebooks that those tests have run and saved, as a student's;
alone, it runs the labs itself.
"""

import nbformat
import pytest

from labkit.authoring.notebook import student_notebook
from labkit.authoring.project import Project
from labkit.authoring.reference import run
from labkit.export.command import export_notebook
from tests.browser import access

PROJECT = Project.here(__file__)
PLOTLY = "application/vnd.plotly.v1+json"
MOST_BYTES = 8_000_000  # plotly's script is 4.9 MB of it


@pytest.fixture(scope="module", params=PROJECT.slugs())
def notebook(request, tmp_path_factory):
    """A lab's notebook with its outputs: (path, content)."""
    saved = tmp_path_factory.getbasetemp().glob(f"jupyterlab*/course/notebooks/{request.param}.ipynb")
    for path in saved:
        content = nbformat.read(path, as_version=4)
        if all(cell.execution_count for cell in content.cells if cell.cell_type == "code"):
            return path, content
    lab = PROJECT.lab(request.param)
    content = run(student_notebook(lab, PROJECT.address()), PROJECT.root, timeout=900)
    path = tmp_path_factory.mktemp("run") / f"{request.param}.ipynb"
    nbformat.write(content, path)
    return path, content


@pytest.fixture(scope="module")
def page(notebook, chromium, tmp_path_factory):
    """The exported page, open and drawn."""
    from tests.browser.page import REACT, NotebookPage, until

    path, content = notebook
    target = export_notebook(path, tmp_path_factory.mktemp("exported") / f"{path.stem}.html")
    page = NotebookPage(chromium, target.as_uri(), path)
    page.elsewhere(), page.severe()
    page.requests.clear(), page.console.clear()
    chromium.set_script_timeout(900)
    chromium.get(page.url)
    outputs = [output for cell in content.cells for output in cell.get("outputs", [])]
    page.figures_in_file = sum(PLOTLY in output.get("data", {}) for output in outputs)
    page.views_in_file = sum(
        'id="bertviz-' in "".join(output.get("data", {}).get("text/html", "")) for output in outputs
    )
    page.size = target.stat().st_size
    drawn = lambda: chromium.execute_script(
        "return [document.querySelectorAll('.figure .main-svg[role=img]').length,"
        "document.querySelectorAll('[id^=bertviz-] #vis svg line').length > 0,"
        "document.querySelectorAll('[id^=bertviz-][id$=-notice]').length]"
    )
    wanted = [page.figures_in_file, page.views_in_file > 0, 0]
    until(lambda: drawn() == wanted, REACT, f"{wanted} figures, views, notices")
    return page


def test_it_works_from_disk_and_asks_for_nothing(page):
    assert page.figures_in_file
    assert page.elsewhere() == [] and page.requests[0] == page.url
    assert {url.partition(":")[0] for url in page.requests[1:]} <= {"data", "blob"}
    assert page.severe() == []  # bertviz tells the console its version
    assert page.size < MOST_BYTES


def test_every_figure_has_a_name_and_a_text_version(page):
    names = page.driver.execute_script(
        "return [...document.querySelectorAll('.figure .main-svg[role=img]')].map((svg) => svg.ariaLabel)"
    )
    assert all(name and name.strip() not in ("", "Figure") for name in names)
    texts = page.driver.execute_script("return document.querySelectorAll('.labkit-text details').length")
    assert texts == page.figures_in_file


def test_axe_finds_nothing_serious(page):
    found, kept = access.violations(page.driver)
    assert found == [] and kept > 10
    # The dark page has the same elements in other colours.
    found, kept = access.violations(page.driver, "dark", ["color-contrast"])
    assert found == [] and kept == 1
