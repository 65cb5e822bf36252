"""Solution regions: between `### BEGIN SOLUTION` and `### END SOLUTION`, nbgrader's own markers."""

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def region_problems(text):
    """What is wrong with the regions of a cell: a list of (line within the cell, from 0; message)."""
    found, opened, regions = [], None, 0
    for number, line in enumerate(text.splitlines()):
        word = line.strip()
        if word == BEGIN:
            if opened is not None:
                found.append((number, f"a second `{BEGIN}` before the `{END}` of the first"))
            opened, regions = number, regions + 1
        elif word == END:
            if opened is None:
                found.append((number, f"`{END}` without a `{BEGIN}` above it"))
            opened = None
        elif "BEGIN SOLUTION" in word.upper() or "END SOLUTION" in word.upper():
            found.append((number, f"`{word}`: expected exactly `{BEGIN}` or `{END}` on a line of its own"))
    if opened is not None:
        found.append((opened, f"`{BEGIN}` has no `{END}` in its cell"))
    if regions == 0 and not found:
        found.append((0, f"a solution cell without a region: expected `{BEGIN}` and `{END}` in it"))
    return found


def stub(text, name):
    """The cell as the student gets it: each region replaced, at the region's own indentation.

    The first becomes `raise NotImplementedError("write NAME here")`; later ones become a comment and `...`,
    which are valid wherever a statement is.
    """
    lines, inside, regions = [], False, 0
    for line in text.splitlines():
        word = line.strip()
        if word == BEGIN:
            indent = line[: len(line) - len(line.lstrip())]
            first = [f'raise NotImplementedError("write {name} here")']
            lines += [indent + new for new in (first if regions == 0 else ["# your code here", "..."])]
            inside, regions = True, regions + 1
        elif word == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)
