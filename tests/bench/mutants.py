"""Do the checks notice a small fault? Simple mutants of every solution, each to be refused.

    python -m tests.bench.mutants [LAB ...] [EXERCISE ...]

A mutant is the notebook's own solution with one thing changed: another comparison, sign, constant or axis, a
line or an argument left out, a bound of a slice lost. One that passes its check is either no fault at all
(`EQUIVALENT` says why) or a case that is missing.
"""

import ast
import copy
import sys
import warnings
from dataclasses import replace

from labkit.authoring.project import Project
from labkit.exercises import get, labs
from labkit.exercises.engine import check

SECONDS = 10.0  # for one mutant: some of them never end
COMPARE = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
METHODS = {
    "mean": "sum",
    "sum": "mean",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "log": "log2",
    "log_softmax": "softmax",
    "any": "all",
    "all": "any",
}
# (exercise, what is changed, the line afterwards) -> why that is no fault.
EQUIVALENT = {("wordpiece", "a slice without its bound", ":end"): "where the word begins, start is 0"}


def mutants(source):
    """Yield (what was changed, the line afterwards, the source) for each mutant of one function's source."""
    tree = ast.parse(source)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    nodes = list(ast.walk(function))
    for number, node in enumerate(nodes):
        for what, change in changes(node, nodes):
            mutant = copy.deepcopy(tree)
            twin = list(ast.walk(next(n for n in mutant.body if isinstance(n, ast.FunctionDef))))[number]
            line = change(twin)
            text = ast.unparse(ast.fix_missing_locations(mutant))
            if text != ast.unparse(tree):
                yield what, ast.unparse(line if isinstance(line, ast.AST) else twin), text


def changes(node, nodes):
    """Yield (what, a function that changes such a node in place) for all that can be done to a node."""
    if isinstance(node, ast.Compare):
        for other in COMPARE.get(type(node.ops[0]), ()):
            yield "another comparison", lambda n, other=other: n.ops.__setitem__(0, other())
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in BINARY:
        yield "another operator", lambda n: setattr(n, "op", BINARY[type(n.op)]())
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "and for or", lambda n: setattr(n, "op", other())
        for k in range(len(node.values)):
            yield "a condition left out", lambda n, k=k: n.values.pop(k)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "the other of True and False", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for by in (1, -1):
            yield "another constant", lambda n, by=by: setattr(n, "value", n.value + by)
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield "a slice without its bound", lambda n, bound=bound: setattr(n, bound, None)
    if isinstance(node, ast.Call):
        for k in range(len(node.keywords)):
            yield "an argument left out", lambda n, k=k: n.keywords.pop(k)
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            yield "another method", lambda n: setattr(n.func, "attr", METHODS[n.func.attr])
        if isinstance(node.func, ast.Name) and node.func.id in METHODS:
            yield "another function", lambda n: setattr(n.func, "id", METHODS[n.func.id])
        if len(node.args) == 2 and not any(isinstance(arg, ast.Starred) for arg in node.args):
            yield "arguments swapped", lambda n: n.args.reverse()
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "the opposite condition", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, ast.For | ast.comprehension):
        yield (
            "only the first",
            lambda n: setattr(n, "iter", ast.parse(f"list({ast.unparse(n.iter)})[:1]").body[0].value),
        )
    if isinstance(node, ast.comprehension):
        for k in range(len(node.ifs)):
            yield "a condition left out", lambda n, k=k: n.ifs.pop(k)
    if hasattr(node, "body") and isinstance(node.body, list):
        for k, line in enumerate(node.body):
            is_text = isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
            if not is_text:
                yield (
                    f"without the line {ast.unparse(line).splitlines()[0]!r}",
                    lambda n, k=k: n.body.__setitem__(k, ast.Pass()),
                )
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.UnaryOp) and not isinstance(value.operand, ast.Constant):
            yield "without a sign", lambda n, name=name: setattr(n, name, getattr(n, name).operand)


def solutions(number):
    """[(exercise, the source of its solution, names that it may use)] of a lab's notebook."""
    lab = Project.here().lab(get(number).SLUG)
    imports, found = [], []
    for cell in lab.cells:
        if cell.kind != "code":
            continue
        tree = ast.parse(cell.text)
        imports += [ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        if cell.role == "solution":
            space = {}
            exec("\n".join(imports), space)
            space |= {exercise.name: exercise.reference for exercise in get(number).EXERCISES}
            found.append((lab.exercises[cell.name][1], cell.text, space))
    return found


def run(exercise, source, space):
    """The report on a function's source."""
    names = dict(space)
    exec(compile(source, "<mutant>", "exec"), names)
    return check(names[exercise.name], replace(exercise, seconds=SECONDS))


def main(wanted):
    """Run all mutants of these labs or exercises, or of all; print what survives, and the shares."""
    warnings.simplefilter("ignore")
    total = [0, 0, 0]
    for number in labs():
        for exercise, source, space in solutions(number):
            if wanted and number not in wanted and exercise.name not in wanted:
                continue
            if any(word not in labs() for word in wanted) and exercise.name not in wanted:
                continue
            assert run(exercise, source, space).passed, exercise.name
            counts = [0, 0, 0]  # all, refused, no fault
            for what, line, text in mutants(source):
                report = run(exercise, text, space)
                counts[0] += 1
                counts[1] += not report.passed
                if report.passed and (exercise.name, what, line) in EQUIVALENT:
                    counts[2] += 1
                elif report.passed:
                    print(f"  survives: {exercise.name}: {what}: {line.splitlines()[0]}")
            every, refused, harmless = counts
            print(f"{number} {exercise.name}: {refused} of {every} refused, {harmless} known to be no fault")
            total = [a + b for a, b in zip(total, counts, strict=True)]
    share = total[1] / max(1, total[0] - total[2])
    print(f"in all {total[1]} of {total[0]} refused, {total[2]} no fault: {share:.1%} of the faults noticed")
    return total


if __name__ == "__main__":
    main(sys.argv[1:])
