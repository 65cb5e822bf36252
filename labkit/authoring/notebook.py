"""From a lab's cells to its two notebooks: the student's and the solution."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.authoring.protect import stamp
from labkit.authoring.solutions import stub
from labkit.authoring.stamps import open_links, setup_source
from labkit.authoring.validate import ends_with_name, setup_cell

MARKER = "# NBVAL_CHECK_OUTPUT"


def student_notebook(lab, address):
    """What a student opens: stubs, no outputs; check cells may raise, so that Run All goes on."""
    nodes = [_links_cell(lab, address)]
    for cell, node in _shared_cells(lab, address):
        if cell.role == "solution":
            node.source = stub(node.source, cell.name)
        if cell.role == "check":
            _tag(node, "raises-exception")
        nodes.append(node)
    return _notebook(lab, nodes)


def solution_notebook(lab, address, texts, passing):
    """The pristine notebook with its reference outputs, ready for `pytest --nbval-lax`.

    texts: key figure -> the text that its cell must give.
    passing: exercise -> mime bundle of the report that a right answer gets. nbval compares all of it, and
    all of it follows from the exercise, so nothing needs to be skipped.

    A figure's numbers differ in their last digits between machines, and nbval would compare them. So a
    key figure's own cell isn't compared: a cell below it prints the figure's text, and that one is.
    """
    nodes, checked = [_links_cell(lab, address)], 0
    for cell, node in _shared_cells(lab, address):
        nodes.append(node)
        if cell.role == "check":
            output = new_output("display_data", data=passing(lab.exercises[cell.name][1]))
        elif cell.role == "keyfigure":
            figure = ends_with_name(cell.text)
            if figure:
                node = new_code_cell(f"print({figure})", id=text_cell_id(cell))
                nodes.append(node)
            output = new_output("stream", name="stdout", text=texts[cell.name] + "\n")
        else:
            continue
        checked += 1
        # nbval compares a cell only if it has been run, which it reads off the execution count
        node.source, node.outputs, node.execution_count = f"{MARKER}\n{node.source}", [output], checked
    return _notebook(lab, nodes)


def text_cell_id(cell):
    """The id of the cell whose output is a key figure's text: one below its own, or its own if it prints."""
    return f"{cell.id}-text" if ends_with_name(cell.text) else cell.id


def to_text(notebook):
    """The file's text, the same for the same notebook."""
    return nbformat.writes(notebook, indent=1, sort_keys=True).rstrip("\n") + "\n"


def _links_cell(lab, address):
    return new_markdown_cell(open_links(address, lab.slug), id="badges")


def _shared_cells(lab, address):
    """What both notebooks have, solutions in place: pairs (source cell, notebook cell)."""
    setup = setup_cell(lab.cells)
    for cell in lab.cells:
        text = setup_source(address, lab.number) if cell is setup else cell.text
        if cell.role == "exercise":
            text = f"{_exercise_heading(lab, cell.name)}\n\n{text}"
        node = (new_markdown_cell if cell.kind == "markdown" else new_code_cell)(text, id=cell.id)
        for tag in cell.tags:
            _tag(node, tag)
        if cell.role in ("solution", "check"):
            node.metadata["nbgrader"] = _nbgrader(lab, cell)
        yield cell, node


def _exercise_heading(lab, name):
    place, exercise = lab.exercises[name]
    points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
    number = f"{int(lab.number)}.{place}"
    return f"### Exercise {number} · {exercise.title} · {exercise.minutes} minutes · {points}"


def _nbgrader(lab, cell):
    """nbgrader's cell metadata, schema 3: a solution cell is the student's, a check cell is graded."""
    graded = cell.role == "check"
    metadata = {
        "schema_version": 3,
        "grade_id": f"{cell.name}-check" if graded else cell.name,
        "cell_type": "code",
        "solution": not graded,
        "grade": graded,
        "locked": graded,
        "task": False,
    }
    if graded:
        metadata["points"] = lab.exercises[cell.name][1].points
    return metadata


def _tag(node, tag):
    node.metadata["tags"] = [*node.metadata.get("tags", []), tag]


def _notebook(lab, cells):
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    notebook.metadata["labkit"] = {"lab": lab.number, "stamp": stamp(notebook)}
    nbformat.validate(notebook)
    return notebook
