"""The bars: what reaches a goal, what passes a floor, and measurements that repeat."""

import pytest

from labkit.messages import LabkitError
from labkit.pretraining import bars


@pytest.mark.parametrize(
    ("value", "floor", "goal", "verdict"),
    [
        (0.5, 0.4, 0.5, "goal"),
        (0.45, 0.4, 0.5, "above"),
        (0.39, 0.4, 0.5, "below"),
        (1.3, 1.65, 1.4, "goal"),
        (1.5, 1.65, 1.4, "above"),
        (1.7, 1.65, 1.4, "below"),
    ],
)
def test_a_verdict_knows_which_way_is_better(value, floor, goal, verdict):
    assert bars.judge(value, floor, goal).startswith(verdict)


def test_language_figures_repeat(tmp_path):
    text = tmp_path / "heldout.txt"
    text.write_text("It was the best film that I have seen for a long time, she said to the old man. " * 200)
    first = bars.language_figures(text, num_windows=4)
    assert first == bars.language_figures(text, num_windows=4)
    assert set(bars.BARS) & set(first) == {
        "bert-mini, top-1 at masked pieces",
        "bert-mini, top-5 at masked pieces",
        "gpt-mini, bits per character",
    }
    assert 0 <= first["bert-mini, top-1 at masked pieces"] <= first["bert-mini, top-5 at masked pieces"] <= 1


def test_a_figure_below_its_floor_ends_with_status_1(monkeypatch, tmp_path, capsys):
    text = tmp_path / "heldout.txt"
    text.write_text("One sentence.")
    name = next(iter(bars.BARS))
    for value, status in ((0.0, 1), (1.0, 0)):
        monkeypatch.setattr(bars, "language_figures", lambda heldout, value=value: {name: value})
        monkeypatch.setattr(bars, "cloze_figures", dict)

        def offline():
            raise LabkitError("no network")

        monkeypatch.setattr(bars, "probe_figures", offline)
        assert bars.run_evaluate(type("Args", (), {"heldout": text})) == status
        shown = capsys.readouterr().out
        assert name in shown and "left out: no network" in shown
