"""The palette: told apart whatever the eyes, and seen on the card.

Colour blindness is simulated after Machado, Oliveira & Fernandes (2009), severity 1.0, in linear RGB;
distances are in CIELAB, where 2.3 is just noticeable. Contrast is WCAG 2's.
"""

import itertools

import numpy as np
import pytest

from labkit.plotting import theme

SIMULATED = {
    "no colour blindness": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
CARD, TEXT = theme.NEUTRALS["card"], theme.NEUTRALS["text"]


def linear(colour):
    """'#0072B2' -> three numbers from 0 to 1, in proportion to light."""
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG's contrast ratio, 1 to 21."""
    dark, light = sorted(float(linear(colour) @ XYZ[1]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour, matrix):
    """CIELAB coordinates of a colour as simulated eyes see it."""
    xyz = XYZ @ np.clip(np.array(matrix) @ linear(colour), 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def mixed(scale, share):
    """The colour at 0..1 of a plotly colour scale, as '#RRGGBB'."""
    at = [place for place, _ in scale]
    ends = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in scale])
    return "#" + "".join(f"{round(float(np.interp(share, at, ends[:, k]))):02X}" for k in range(3))


def test_the_measures_know_what_is_known():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    red, green = (lab(colour, SIMULATED["deuteranopia"]) for colour in ("#B84000", "#6E6E00"))
    seen = lab("#B84000", np.eye(3)) - lab("#6E6E00", np.eye(3))
    assert np.linalg.norm(red - green) < 0.5 * np.linalg.norm(seen), "red and green come close"
    assert mixed([[0, "#000000"], [1, "#FFFFFF"]], 0.5) == "#808080"


@pytest.mark.parametrize("eyes", SIMULATED)
def test_series_are_told_apart(eyes):
    for group in (theme.SERIES, theme.FILLS):
        for one, other in itertools.combinations([theme.PALETTE[name] for name in group], 2):
            distance = np.linalg.norm(lab(one, SIMULATED[eyes]) - lab(other, SIMULATED[eyes]))
            assert distance > 15, (one, other, distance)


def test_marks_and_text_stand_out():
    for name in theme.SERIES:
        assert contrast(theme.PALETTE[name], CARD) >= 3, name
    assert contrast(theme.NEUTRALS["line"], CARD) >= 4.5
    assert contrast(TEXT, CARD) >= 7
    for fill in [*(theme.PALETTE[name] for name in theme.FILLS), theme.NEUTRALS["padding"]]:
        assert contrast(TEXT, fill) >= 4.5, fill


def test_what_a_figure_draws_stands_out(drawn):
    """Lines and signs by their colour, pale areas by their outline, numbers on the colour of their cell."""
    name, made, _ = drawn
    for trace in made.figure.data:
        if trace.type == "heatmap":
            numbers_in_cells_can_be_read(trace)
        elif trace.type == "bar":
            colours = trace.marker.color if isinstance(trace.marker.color, tuple) else [trace.marker.color]
            outline = trace.marker.line
            outlines = outline.color if isinstance(outline.color, tuple) else [outline.color]
            widths = outline.width if isinstance(outline.width, tuple) else [outline.width]
            pale = any(contrast(colour, CARD) < 3 for colour in colours)
            outlined = all(contrast(colour, CARD) >= 3 for colour in outlines if colour) and all(widths)
            assert not pale or (outlines[0] and outlined), f"{name}: pale bars without an outline"
            assert all(contrast(TEXT, colour) >= 4.5 for colour in colours)
        elif "lines" in trace.mode and trace.line.width != 0:
            assert contrast(trace.line.color, CARD) >= 3, name
        elif "markers" in trace.mode:
            colour, outline = trace.marker.color, trace.marker.line.color
            assert max(contrast(c, CARD) for c in (colour, outline) if c) >= 3, name


def numbers_in_cells_can_be_read(trace):
    if trace.texttemplate is None:
        return
    span = trace.zmax - trace.zmin
    for values, words in zip(trace.z, trace.text, strict=True):
        for value, word in zip(values, words, strict=True):
            if str(word).strip():
                share = min(max((float(value) - trace.zmin) / span, 0), 1)
                cell = mixed(trace.colorscale, share)
                assert contrast(trace.textfont.color, cell) >= 4.5, (word, cell)
