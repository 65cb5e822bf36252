"""The course's own names in a student's notebook: made when an answer asks for them, and only then.

A notebook's demo cells set names (`bert`, `words`, `loss`) that answers may use. Running those cells takes as
long as the lab; most answers use none of them. So the cells that nobody changed are not run: a name that the
student's code does not find is looked up here, and the statement that sets it is run for it, with the
course's own answers where that statement calls an exercise.
"""

import builtins
import re
import types
from dataclasses import dataclass

IMPORT = re.compile(r"(import|from)\s")
CALL = re.compile(r"[\w.]+\(")
# Calls of a module's functions that are made for what they change there. All others (plots, above all) are
# made for what they return or show: running them and all that they need for the module's sake takes minutes.
SETS = re.compile(r"[\w.]+\.(\w*seed\w*|set_\w+|use\w*)\(")


@dataclass(frozen=True)
class Statement:
    """A top-level statement of the pristine notebook's own cells (`program.Definition`, as plain data).

    place: of its cell among the notebook's.
    """

    names: tuple[str, ...]
    changes: tuple[str, ...]  # names whose meaning it changes: x += 1, x.append(1)
    text: str
    place: int


class Course:
    """Finds a name's value as the solved notebook has it at a place.

    statements: the notebook's, in order.  known: name -> value, for what needs no statement: the exercises'
    functions, `lab`.
    place: where the student's notebook has got to; of several statements that set a name the last one above
    counts.
    """

    def __init__(self, statements, known):
        self.statements, self.known, self.place = list(statements), dict(known), -1
        self.spaces = {}  # (name, indices of statements) -> the namespace in which they were run

    def imports(self, reached):
        """{name: module} of what the cells above the place import, from the place `reached` before on.

        These cost nothing and are put into the notebook at once: some libraries look names up there
        (`torch.jit.script`), and not as Python does.
        """
        found = {}
        for statement in self.statements:
            if reached < statement.place <= self.place and IMPORT.match(statement.text):
                found |= {name: self.value(name) for name in statement.names}
        return found

    def value(self, name, place=None, before=None):
        """The value. Raises KeyError for a name that the notebook does not set.

        before: only statements above this index are meant; what a statement uses stands above it.
        """
        if name in self.known:
            return self.known[name]
        place = self.place if place is None else place
        setting = [
            index for index, statement in enumerate(self.statements[:before]) if name in statement.names
        ]
        if not setting:
            raise KeyError(name)
        first = next((i for i in reversed(setting) if self.statements[i].place <= place), setting[0])
        is_module = IMPORT.match(self.statements[first].text)
        changing = [
            index
            for index, statement in enumerate(self.statements[:before])
            if index > first and name in statement.changes and statement.place <= place
            if not (is_module and CALL.match(statement.text) and not SETS.match(statement.text))
        ]
        return self.space(name, (first, *changing))[name]

    def space(self, name, indices):
        """The namespace in which these statements have been run, one after the other."""
        key = (name if len(indices) > 1 else "", indices)
        if key not in self.spaces:
            space = {"__name__": "__main__"}
            for index in indices:
                statement = self.statements[index]
                space["__builtins__"] = Names(self, statement.place, index)
                exec(compile(statement.text, "<the course's notebook>", "exec"), space)
            self.spaces[key] = space
        return self.spaces[key]


class Names(dict):
    """Python's own names and, behind them, the course's: what a namespace has as `__builtins__`.

    Python looks there for what a notebook does not define itself, so everything of a student's comes first,
    `filter` and `sum` included.
    """

    def __init__(self, course, place=None, before=None):
        own = vars(builtins)
        # What is called without asking __missing__ must be here; the rest is looked up when it is wanted,
        # since a check puts another `input` there for its time.
        super().__init__({name: own[name] for name in ("__import__", "__build_class__", "__name__")})
        self.course, self.where = course, (place, before)

    def __missing__(self, name):
        if name in vars(builtins):
            return vars(builtins)[name]
        return self.course.value(name, *self.where)

    def __getattr__(self, name):  # a student may write __builtins__.sum
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def namespace(course):
    """An empty `__main__` for a student's notebook, with the course's names behind it."""
    module = types.ModuleType("__main__", "A student's notebook")
    module.__dict__["__builtins__"] = Names(course)
    return module
