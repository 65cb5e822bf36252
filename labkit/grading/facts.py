"""What a grader must know of the labs, as plain data: read once, and sent to the processes that need it."""

from labkit.authoring.notebook import student_notebook, text_cell_id
from labkit.authoring.validate import ends_with_name
from labkit.grading.cells import Cell
from labkit.grading.program import Program
from labkit.grading.submissions import digest

OWN = ("", "keyfigure")  # the roles of a lab's own code cells

_READ = {}  # a checkout's folder -> its labs' facts


def facts(project):
    """{lab number: {"exercises", "pristine", "statements"}}

    exercises: their names.
    pristine: [id, role, exercise, digest of the text] for each code cell as the course makes it.
    statements: of the notebook's own cells, as `course.Statement` has them.
    """
    if project.root not in _READ:
        labs = [project.lab(slug) for slug in project.slugs()]
        _READ[project.root] = {lab.number: _facts(lab, project) for lab in labs}
    return _READ[project.root]


def _facts(lab, project):
    roles = {cell.id: (cell.role, cell.name) for cell in lab.cells}
    made = student_notebook(lab, project.address())
    pristine = [
        [cell.id, *roles.get(cell.id, ("", "")), digest(cell.source)]
        for cell in made.cells
        if cell.cell_type == "code"
    ]
    places = {ident: place for place, (ident, *_) in enumerate(pristine)}
    # The solution notebook has cells more: they print what a figure says.
    figures = [(cell, ends_with_name(cell.text)) for cell in lab.cells if cell.role == "keyfigure"]
    pristine += [[text_cell_id(cell), "", "", digest(f"print({name})")] for cell, name in figures if name]
    own = [cell for cell in lab.cells if cell.kind == "code" and cell.role in OWN]
    program = Program(Cell("code", cell.text, cell.id) for cell in own)
    statements = [
        {"names": d.names, "changes": d.changes, "text": d.text, "place": places[own[d.place].id]}
        for d in program.definitions
    ]
    return {
        "exercises": list(lab.exercises),
        "pristine": pristine,
        "statements": statements,
    }
