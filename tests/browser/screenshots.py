"""Pictures of the course as it looks in JupyterLab: the README's, and every figure of every lab to look at.

    python -m tests.browser.screenshots                  renews the README's pictures and their descriptions
    python -m tests.browser.screenshots --labs FOLDER    runs all labs, and writes every figure there

`make pictures` does the first. It needs chromium and chromium-driver from the system.
"""

import argparse
import io
import re
import tempfile
from pathlib import Path

from labkit.authoring.project import Project
from tests.browser import start
from tests.browser.answers.lab02 import ANSWER

IMAGES = start.ROOT / "notebooks" / "images"
README = start.ROOT / "README.md"
MOST_BYTES = 60_000
HEIGHT = 2400  # of the window, so that no cell is taller
DESCRIPTION = "Description"  # the field of a PNG file that holds what the picture shows
RUN_SECONDS, DRAW_SECONDS = 1800, 120

SENTENCE = "The river bank was flooding, so we ran home."
# id -> source, of the notebook that the README's pictures are taken of
CELLS = {
    "set-up": 'import labkit, torch\n\nlab = labkit.start("02")',
    "wrong": ANSWER.wrong,
    "check": "lab.check(causal_mask)",
    "attention": f'labkit.views.head_view(labkit.load("bert"), "{SENTENCE}", layer=1)',
    "claim": 'films = labkit.transfer.results("films")\n'
    'labkit.plotting.learning_curves(films.curves, title="Film snippets: 100 with, 10,000 without?")',
}
# picture -> what it shows, one under the other: cells, or a part of one; and what is there once it is drawn
PICTURES = {
    "hint": ((("wrong", None), ("check", None)), ".jp-OutputArea-output"),
    "attention": ((("attention", "[role=figure]"),), "#vis svg line"),
    "claim": ((("claim", None),), ".js-plotly-plot .main-svg"),
}
# Which cell is the active one says nothing about the course.
PLAIN = ".jp-cell-toolbar, .jp-Collapser { visibility: hidden !important }"


def descriptions():
    """What each picture shows, in words, from the course as it is now: picture -> text."""
    import labkit
    from labkit.plotting.theme import percent

    lab = Project(start.ROOT).lab("02_causal_masks")
    films = labkit.transfer.results("films")
    read = next(name for name in films.curves if name.startswith("minilm"))
    reached = [f"{read} reads {percent(films.at(read, 100)[0])} right with 100 examples"]
    reached += [
        f"{name} {percent(films.at(name, 10_000)[0])} with 10,000" for name in ("TF-IDF", "LSTM from scratch")
    ]
    view = labkit.views.head_view(labkit.load("bert"), SENTENCE, layer=1)
    texts = {
        "hint": "A wrong answer in lab 02, a causal mask with its triangle above the diagonal, and the check "
        f"below it: which properties it has and which it lacks, and a hint: {ANSWER.hints(lab)[0]}",
        "attention": f"bertviz's head view of bert-mini, of the sentence: {SENTENCE} A line from each "
        f"word to those it looks at, a colour for each head. {view.twin.summary}",
        "claim": "A figure of lab 05, the lecture's claim of 100 examples against 10,000 measured on film "
        f"snippets: {', '.join(reached)}.",
    }
    return {name: re.sub(r"[\[\]\s]+", " ", text).strip() for name, text in texts.items()}


def described(path):
    """The description inside a picture's file."""
    from PIL import Image

    with Image.open(path) as picture:
        return picture.text[DESCRIPTION]


def renew():
    """Take the README's pictures anew, and write their descriptions into the files and into the README."""
    texts = descriptions()
    with browser() as (driver, url, folder):
        from tests.browser.page import NotebookPage, notebook, until

        path = folder / "pictures.ipynb"
        notebook(path, CELLS)
        page = NotebookPage(driver, url("pictures"), path)
        page.open()
        page.run_all(RUN_SECONDS, may_stop_at="check")
        for name in list(CELLS)[list(CELLS).index("check") + 1 :]:
            page.run(name, RUN_SECONDS)
        driver.execute_script(
            "document.head.appendChild(document.createElement('style')).textContent = arguments[0]", PLAIN
        )
        for picture, (parts, drawn) in PICTURES.items():
            until(
                lambda drawn=drawn, cell=parts[-1][0]: page.cell(cell).find_elements("css selector", drawn),
                DRAW_SECONDS,
                f"a picture of {picture}",
            )
            size = save(IMAGES / f"{picture}.png", [shot(page, *part) for part in parts], texts[picture])
            print(f"wrote notebooks/images/{picture}.png, {size:,} bytes")
    README.write_text(with_descriptions(README.read_text(encoding="utf-8"), texts), encoding="utf-8")


def with_descriptions(text, texts):
    """The README's text with these alternative texts for its pictures."""
    for name, words in texts.items():
        pattern = rf"!\[[^\]]*\]\(notebooks/images/{name}\.png\)"
        text = re.sub(
            pattern, lambda _, name=name, words=words: f"![{words}](notebooks/images/{name}.png)", text
        )
    return text


def look(folder, numbers):
    """Run the student notebooks of these labs, and write a picture of every figure's cell into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as (driver, url, notebooks):
        from tests.browser.page import NotebookPage

        for slug in Project(start.ROOT).slugs():
            if numbers and slug[:2] not in numbers:
                continue
            page = NotebookPage(driver, url(slug), notebooks / f"{slug}.ipynb")
            page.open()
            page.run_all(RUN_SECONDS)
            page.save()
            for name in page.with_outputs():
                (folder / f"{slug[:2]}-{name}.png").write_bytes(shot(page, name))
            page.close()
            print(f"lab {slug[:2]}: done", flush=True)


def browser():
    """(driver, function from a notebook's name to its URL, folder), with JupyterLab and Chromium running."""
    import contextlib

    @contextlib.contextmanager
    def running():
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as profile:
            with (
                start.jupyterlab(Path(home)) as (_, url, folder),
                start.chromium(profile, 1280, HEIGHT) as driver,
            ):
                yield driver, url, folder

    if start.missing():
        raise SystemExit(start.missing())
    return running()


def shot(page, cell, part=None):
    """A cell, or a part of it by its CSS selector, as PNG, its figures drawn."""
    from tests.browser.page import until

    element = page.cell(cell)
    undrawn = (
        "[...arguments[0].querySelectorAll('.js-plotly-plot')].filter(p => !p.querySelector('.main-svg'))"
    )
    until(
        lambda: page.driver.execute_script(f"return {undrawn}.length", element) == 0,
        DRAW_SECONDS,
        f"{cell}, drawn",
    )
    if part:
        element = element.find_element("css selector", part)
    return element.screenshot_as_png


def save(path, parts, description):
    """PNG pictures, one under the other, as one small file with its description; returns its size."""
    from PIL import Image, PngImagePlugin

    pictures = [Image.open(io.BytesIO(part)).convert("RGB") for part in parts]
    width, height = max(p.width for p in pictures), sum(p.height for p in pictures)
    sheet = Image.new("RGB", (width, height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    words = PngImagePlugin.PngInfo()
    words.add_itxt(DESCRIPTION, description)
    # "Coverage" keeps the colours of thin lines, which are few pixels.
    small = sheet.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True, pnginfo=words)
    return path.stat().st_size


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--labs", type=Path, metavar="FOLDER", help="pictures of all labs' figures, to look at"
    )
    parser.add_argument("--only", nargs="*", default=[], metavar="NN", help="of these labs only")
    args = parser.parse_args()
    look(args.labs, args.only) if args.labs else renew()
