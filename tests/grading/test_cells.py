"""Any file that may be handed in: its cells, or one sentence for the student."""

import json

import pytest

from labkit.grading.cells import HEAD, LONGEST, Cell, Unreadable, read_notebook


def read_cells(data):
    document = read_notebook(data)
    return document.cells, document.notes


def notebook(*cells, **more):
    return json.dumps(
        {"cells": list(cells), "nbformat": 4, "nbformat_minor": 5, "metadata": {}, **more}
    ).encode()


CODE = {"cell_type": "code", "id": "a", "source": ["x = 1\n", "y = 2"], "outputs": [], "metadata": {}}


def test_source_may_be_a_list_or_a_text():
    cells, notes = read_cells(notebook(CODE, {**CODE, "source": "z = 3"}))
    assert cells == [Cell("code", "x = 1\ny = 2", "a"), Cell("code", "z = 3", "a")]
    assert notes == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"\x00\x01\x02junk", "not JSON"),
        (b"PK\x03\x04 a zip", "a zip file"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b'{"cells": [', "not JSON"),
        (b"[1, 2]", "no cells"),
        (b"{}", "no cells"),
        (b'{"cells": "none"}', "no cells"),
        (b'{"cells": [7, null]}', "no cells"),
        (b"[" * 200_000, "deep|JSON"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(data, reason):
    with pytest.raises(Unreadable, match=reason):
        read_cells(data)


def test_nbformat_3_is_read():
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1", "outputs": []}]}]}
    cells, notes = read_cells(json.dumps(old).encode())
    assert cells == [Cell("code", "x = 1")]
    assert "old format" in notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_other_encodings_are_read(encoding):
    text = '{"cells": [{"cell_type": "code", "source": "x = \'caf\u00e9\'"}]}'
    cells, notes = read_cells(text.encode(encoding))
    assert cells[0].text.startswith("x = 'caf")
    assert bool(notes) == (encoding == "latin-1")


def test_damaged_cells_cost_nothing_but_themselves():
    cells, notes = read_cells(notebook(CODE, 7, {"cell_type": 3, "source": 5, "metadata": "?"}))
    assert cells == [Cell("code", "x = 1\ny = 2", "a"), Cell("", "")]
    assert "1 damaged" in notes[0]


def test_saved_outputs_are_dropped_however_large():
    huge = {**CODE, "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 10**7}]}
    assert read_cells(notebook(huge))[0] == [Cell("code", "x = 1\ny = 2", "a")]


def test_a_lost_id_is_found_in_nbgraders_metadata():
    lost = {
        "cell_type": "code",
        "source": "x",
        "metadata": {"nbgrader": {"grade_id": "pool", "solution": True}},
    }
    assert read_cells(notebook(lost))[0][0].id == "solution-pool"


def test_the_labs_number_is_in_the_metadata():
    lab_of = lambda data: read_notebook(data).lab
    assert lab_of(notebook(CODE, metadata={"labkit": {"lab": "02"}})) == "02"
    for metadata in ({}, None, [], {"labkit": 2}, {"labkit": {"lab": 2}}):
        assert lab_of(notebook(CODE, metadata=metadata)) is None


def test_more_code_than_anybody_writes_is_not_read_and_pictures_in_the_text_do_not_count():
    picture = {"cell_type": "markdown", "source": "![a](data:image/png;base64," + "A" * LONGEST + ")"}
    much = {**CODE, "source": "x = 1\n" * (LONGEST // 6)}
    cells, _ = read_cells(notebook(*[picture] * 5, *[much] * 5, {**CODE, "source": "x" * (LONGEST + 1)}))
    assert [bool(cell.problem) for cell in cells] == [False] * 5 + [False] * 4 + [True] * 2
    assert cells[0].text == picture["source"] and len(cells[-1].text) == HEAD
