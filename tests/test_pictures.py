"""The README's pictures of the notebooks are small, and what they show is still so."""

import pytest

from tests.browser import screenshots


def test_every_picture_shows_what_the_course_says_today():
    pytest.importorskip("PIL")
    texts, readme = screenshots.descriptions(), screenshots.README.read_text(encoding="utf-8")
    assert set(texts) == set(screenshots.PICTURES)
    for name, words in texts.items():
        path = screenshots.IMAGES / f"{name}.png"
        assert screenshots.described(path) == words, f"{name}.png is out of date: run make pictures"
        assert f"![{words}](notebooks/images/{name}.png)" in readme
        assert path.stat().st_size < screenshots.MOST_BYTES


def test_descriptions_are_words_that_markdown_leaves_alone():
    for words in screenshots.descriptions().values():
        assert 40 < len(words) < 500 and not set(words) & set("[]\n"), words


def test_the_readme_gets_them_and_keeps_the_rest():
    before = "# A\n\n![old](notebooks/images/hint.png) ![other](notebooks/images/overview.svg)\n"
    after = screenshots.with_descriptions(before, {"hint": r"what \1 it shows"})
    assert after == before.replace("old", r"what \1 it shows")


def test_a_picture_is_small_and_carries_its_words(tmp_path):
    image = pytest.importorskip("PIL.Image")
    parts = []
    for number, colour in enumerate(("red", "white")):
        path = tmp_path / f"{number}.png"
        image.new("RGB", (300, 100 + number), colour).save(path)
        parts.append(path.read_bytes())
    size = screenshots.save(tmp_path / "both.png", parts, "zwei Bilder, “übereinander”")
    assert size == (tmp_path / "both.png").stat().st_size < 2000
    with image.open(tmp_path / "both.png") as picture:
        assert (picture.mode, picture.size) == ("P", (300, 201))
        assert picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert screenshots.described(tmp_path / "both.png") == "zwei Bilder, “übereinander”"
