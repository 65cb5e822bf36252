"""Files that take another's place whole or not at all."""

import pytest

from labkit.files.safe_files import replacing


def test_a_file_takes_the_others_place_at_the_end(tmp_path):
    path = tmp_path / "new folder" / "grades.csv"
    for text in ("first", "second"):
        with replacing(path) as scratch:
            scratch.write_text(text)
            assert not path.exists() or path.read_text() == "first"
        assert path.read_text() == text
    assert [file.name for file in path.parent.iterdir()] == ["grades.csv"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_when_something_is_raised_the_old_file_stays_and_nothing_else(tmp_path, fault):
    path = tmp_path / "grades.csv"
    path.write_text("old")
    with pytest.raises(fault), replacing(path) as scratch:
        scratch.write_text("half of the n")
        raise fault
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
