"""Options of the commands: what is a number above 0, a share, a whole number from 1 on."""

import argparse

import pytest

from labkit.arguments import above_zero, at_least_one, share, share_or_all, weighted_lengths


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [(above_zero, "0.5", 0.5), (share, "0.15", 0.15), (share_or_all, "1", 1.0), (at_least_one, "12", 12)],
)
def test_what_fits_is_read(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize("kind", [above_zero, share, share_or_all, at_least_one])
@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", ""])
def test_what_does_not_fit_is_said(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"got '{text}'"):
        kind(text)


@pytest.mark.parametrize(
    ("kind", "text"), [(share, "1"), (share, "15"), (share_or_all, "1.1"), (at_least_one, "1.5")]
)
def test_what_is_too_much_or_no_whole_number_is_said(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match="expected a"):
        kind(text)


def test_lengths_and_their_weights_are_read():
    assert weighted_lengths("16:1") == ((16, 1),)
    assert weighted_lengths("16:2,128:3") == ((16, 2), (128, 3))


@pytest.mark.parametrize("text", ["", "16", "16:1,", "16:0", "3:1", "a:b", "16:1:2", "-16:1"])
def test_other_lengths_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="as in 16:1,64:4"):
        weighted_lengths(text)
