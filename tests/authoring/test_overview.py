"""The README's picture: well-formed, and it says what the models say."""

from xml.etree import ElementTree

from labkit.authoring.overview import SENTENCE, overview
from labkit.measures import cloze
from labkit.models.loading import load


def test_the_picture_shows_both_readers_guesses():
    bert, gpt = load("bert-mini"), load("gpt-mini")
    root = ElementTree.fromstring(overview(bert, gpt))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    expected = cloze.fill_mask(bert, SENTENCE, 5) + cloze.next_words(gpt, SENTENCE.split(" [MASK]")[0], 5)
    for word, prob in expected:
        assert word in texts and f"{prob:.0%}" in texts
    assert texts.count("?") == 2 and root.find("{http://www.w3.org/2000/svg}title").text
