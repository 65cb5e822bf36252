"""The README's picture, drawn from the bundled models' own answers: one blank, two readers.

`labkit build --reference` draws it anew. It is an SVG file, so that it stays sharp and small.
"""

from html import escape

from labkit.measures import cloze

SENTENCE = "The [MASK] sat on the mat."
WIDTH, HEIGHT, TOP_K = 860, 330, 5
INK, PALE, PAPER = "#222222", "#eceae4", "#fbfaf7"
ENCODER_COLOUR, DECODER_COLOUR = "#0072B2", "#D55E00"  # Okabe-Ito


def overview(bert, gpt):
    """The picture as SVG text.

    Each reader's row shows the words that it sees, the blank, and its five best guesses with their
    probabilities on one scale.
    """
    left = SENTENCE[: SENTENCE.index(cloze.BLANK)]
    guesses = cloze.fill_mask(bert, SENTENCE, TOP_K), cloze.next_words(gpt, left, TOP_K)
    scale = max(prob for row in guesses for _, prob in row)
    words = SENTENCE.split()
    blank = words.index(cloze.BLANK)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif">',
        "<title>One blank, two readers: bert-mini sees both sides of it, gpt-mini only the left</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="12" fill="{PAPER}"/>',
        *_row(24, bert.name, "sees both sides", ENCODER_COLOUR, words, blank, len(words)),
        *_bars(24, guesses[0], scale, ENCODER_COLOUR),
        f'<line x1="28" x2="{WIDTH - 28}" y1="163" y2="163" stroke="#dcd8cd"/>',
        *_row(176, gpt.name, "sees the left side", DECODER_COLOUR, words, blank, blank),
        *_bars(176, guesses[1], scale, DECODER_COLOUR),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _row(top, name, sees, colour, words, blank, num_seen):
    """The reader's name, and the sentence as boxes: seen, not seen, and the blank with arrows into it."""
    yield _text(28, top + 22, name, 20, colour, weight="bold")
    yield _text(136, top + 22, sees, 16, "#444444")
    x, centres = 28, []
    for number, word in enumerate(words):
        width = 24 + 10 * (4 if number == blank else len(word))
        centres.append(x + width / 2)
        seen = number < num_seen and number != blank
        fill = "#ffffff" if number == blank else colour if seen else PALE
        dashes = f' stroke="{colour}" stroke-width="2" stroke-dasharray="5 4"' if number == blank else ""
        yield f'<rect x="{x}" y="{top + 76}" width="{width}" height="34" rx="7" fill="{fill}"{dashes}/>'
        ink = colour if number == blank else "#ffffff" if seen else "#8a867c"
        yield _text(centres[-1], top + 99, "?" if number == blank else word, 18, ink, anchor="middle")
        x += width + 10
    for number, centre in enumerate(centres):
        if number < num_seen and number != blank:
            target = centres[blank] + (6 if number > blank else -6)
            lift = top + 44 - 6 * abs(number - blank)
            yield (
                f'<path d="M {centre} {top + 74} C {centre} {lift}, {target} {lift}, {target} {top + 72}" '
                f'fill="none" stroke="{colour}" stroke-width="2" opacity="0.75"/>'
            )


def _bars(top, guesses, scale, colour):
    """The guesses as bars with their probabilities."""
    for number, (word, prob) in enumerate(guesses):
        y = top + 14 + 24 * number
        yield _text(610, y + 5, word, 16, INK, anchor="end")
        width = max(2, round(160 * prob / scale))
        yield f'<rect x="620" y="{y - 9}" width="{width}" height="17" rx="3" fill="{colour}"/>'
        yield _text(626 + width, y + 5, f"{prob:.0%}", 14, INK)


def _text(x, y, text, size, colour, anchor="start", weight="normal"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="{colour}">{escape(text)}</text>'
    )
