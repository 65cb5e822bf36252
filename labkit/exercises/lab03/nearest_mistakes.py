"""What goes wrong in exercise 3.4: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _cosines(vectors, index):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return unit @ unit[index]


def build(
    scores=_cosines,
    row=lambda index: index,
    leave_out="itself",
    order=lambda ranked: ranked,
    cut=lambda ranked, k: ranked[:k],
    result=lambda ranked, scores, vectors: ranked,
    farthest=False,
):
    """nearest with single choices made wrongly.

    scores: (vectors, index) -> (N,). row: which row is asked about. leave_out: how the row is kept out.
    order: what becomes of the k rows. cut: how many are taken. result: what is returned of them.
    """

    def answer(vectors, index, k):
        values = scores(vectors, row(index)).clone()
        values = -values if farthest else values
        ranked = _ranked(values, index, row(index), leave_out, k)
        return result(order(cut(ranked, k)), values, vectors)

    return answer


def _ranked(values, index, asked, leave_out, k):
    """All rows that are left, the best first."""
    sort = lambda numbers, v: sorted(numbers, key=lambda n: -v[n])  # stable, as by hand
    rows = list(range(len(values)))
    if leave_out in ("zero", "row 0", "minus one"):
        place = 0 if leave_out == "row 0" else asked
        values[place] = {"zero": 0.0, "row 0": -torch.inf, "minus one": -1.0}[leave_out]
        return sort(rows, values)
    if leave_out == "ones":
        values[values > 0.9999] = -torch.inf
        return sort(rows, values)
    if leave_out == "first":
        return sort(rows, values.round(decimals=5))[1:]
    if leave_out == "cut out":
        rest = torch.cat([values[:asked], values[asked + 1 :]])
        return sort(range(len(rest)), rest)
    if leave_out == "afterwards":
        return [n for n in sort(rows, values)[:k] if n != asked]
    return sort([n for n in rows if leave_out == "nothing" or n != asked], values)


def _one_per_cosine(vectors, index, k):
    """In a dict by their cosine, rows with the same cosine write over each other."""
    found = {round(float(value), 5): n for n, value in enumerate(_cosines(vectors, index)) if n != index}
    return [found[value] for value in sorted(found, reverse=True)[:k]]


def _by_topk(vectors, index, k):
    return _cosines(vectors, index).topk(k + 1).indices.tolist()[1:]


def _by_argsort(vectors, index, k):
    return _cosines(vectors, index).argsort(descending=True).tolist()[1 : k + 1]


def _topk_of(number, row=None):
    """topk of a fixed number raises where there are fewer rows."""

    def answer(vectors, index, k):
        asked = index if row is None else row
        values = _cosines(vectors, asked)
        values[asked] = -2.0
        return values.topk(number).indices.tolist()

    return answer


def _down_the_columns(vectors, index, k):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    matrix = (unit @ unit.T).fill_diagonal_(-2.0)
    return matrix.topk(len(matrix), dim=0).indices[index].tolist()[:k]


def _on_and_on(vectors, index, k):
    """The nearest, then the nearest of that one that is not there yet, and so on."""
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    matrix, found, here = unit @ unit.T, [], index
    for _ in range(k):
        matrix[:, here] = -3.0
        here = int(matrix[here].argmax())
        found.append(here)
    return found


def _opposite(largest):
    """By absolute cosines, where torch and not the order of the rows decides between equal ones."""

    def answer(vectors, index, k):
        values = _cosines(vectors, index).abs()
        values[index] = -1.0
        return largest(values, k)

    return answer


def _in_matrix(vectors, index, k):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return (unit @ unit.T).fill_diagonal_(-2.0).flatten().topk(k).indices.tolist()


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


CANNOT_WIN = "Make sure that row `index` cannot win: what must its score be, when cosines go down to −1?"
COSINE = "Use the cosine: lab.best(cosine_similarity_matrix), or rows brought to length 1."
MISTAKES = (
    _v(
        "the row itself is among its neighbours",
        "The row itself is among its neighbours.",
        "Nothing is nearer to a vector than itself, and nothing is less interesting.",
        CANNOT_WIN,
        leave_out="nothing",
        spellings=(lambda vectors, index, k: _cosines(vectors, index).topk(k).indices.tolist(),),
    ),
    _v(
        "one neighbour too few",
        "You return k − 1 rows.",
        "Either the row itself is among the k best and goes afterwards, or a cut such as [1:k] holds one too few.",
        "Make sure beforehand that the row cannot win; then take k.",
        leave_out="afterwards",
    ),
    _v(
        "the first hit is dropped",
        "You take the first hit for the row itself and drop it, whichever it is.",
        "Where another row points the same way, that one may come first; then the row itself stays in the list.",
        CANNOT_WIN,
        leave_out="first",
        spellings=(_by_topk, _by_argsort),
    ),
    _v(
        "all rows of the same direction are dropped",
        "You leave out every row whose cosine is 1.",
        "Only row `index` is to be left out: another row of the same direction is its nearest neighbour.",
        "Go by the number of the row, not by its cosine.",
        leave_out="ones",
    ),
    _v(
        "its own cosine is 0",
        "The row itself comes before rows with a negative cosine.",
        "You set its own score to 0, and cosines go down to −1.",
        CANNOT_WIN,
        leave_out="zero",
    ),
    _v(
        "row 0 is left out",
        "You leave out row 0, whichever row is asked about.",
        "A row is not its own neighbour; row 0 may be.",
        "Where does the -2 go?",
        leave_out="row 0",
    ),
    _v(
        "the numbers behind the row have moved up",
        "Your numbers of the rows behind `index` are one too small.",
        "When the row is cut out of the scores, all rows behind it move up by one place, and topk counts places.",
        "Leave the score in its place, and write something very small into it.",
        leave_out="cut out",
    ),
    Misconception(
        "moved back by one, but not all",
        lambda vectors, index, k: [
            n + 1 if n > index else n for n in build(leave_out="cut out")(vectors, index, k)
        ],
        (
            "The row right behind `index` is named wrongly.",
            "When the row is cut out of the scores, all rows behind it move up by one place, also the one that then stands at `index`.",
            "Leave the score in its place, and write something very small into it. (Or >= in place of >.)",
        ),
    ),
    _v(
        "the farthest rows",
        "You return the rows that are least alike.",
        "A cosine is a similarity: near means a large cosine. Sorting puts the smallest first.",
        "topk, or argsort with descending=True.",
        farthest=True,
    ),
    _v(
        "dot products",
        "Your neighbours are picked by dot product: long vectors win.",
        "A long vector has large dot products with everyone. "
        "To divide by the length of the asked row alone changes nothing in the order.",
        COSINE,
        scores=lambda v, i: v @ v[i],
    ),
    _v(
        "Euclidean distance",
        "Your neighbours are near by Euclidean distance.",
        "It mixes direction and length: a long and a short vector that point the same way are far apart.",
        COSINE,
        scores=lambda v, i: -(v - v[i]).norm(dim=1),
    ),
    _v(
        "columns of length 1",
        "Your scores belong to vectors whose columns, not rows, have been brought to length 1.",
        "A row is a vector: its length runs over dim=1.",
        COSINE,
        scores=lambda v, i: (lambda unit: unit @ unit[i])(v / v.norm(dim=0, keepdim=True)),
    ),
    _v(
        "absolute values",
        "Rows that point the opposite way count as near.",
        "You rank by the absolute value of the cosine.",
        "Leave the signs: −1 is as far away as can be.",
        scores=lambda v, i: _cosines(v, i).abs(),
        spellings=(
            _opposite(lambda values, k: values.topk(k).indices.tolist()),
            _opposite(lambda values, k: sorted(values.topk(k).indices.tolist())),
            _opposite(lambda values, k: values.argsort(descending=True)[:k].tolist()),
        ),
    ),
    Misconception(
        "the nearest of the nearest",
        _on_and_on,
        (
            "After the first you look for the neighbours of that neighbour, not of row `index`.",
            "That is a walk from row to row. Asked are the k rows nearest to one and the same row.",
            "Which row of the matrix do you read in each round? It stays row `index`.",
        ),
    ),
    _v(
        "rounded cosines",
        "You rank by rounded cosines: rows that are nearly as near stand in the order of their numbers.",
        "Rounding is for printing.",
        "Rank first.",
        scores=lambda v, i: _cosines(v, i).round(decimals=1),
    ),
    _v(
        "the mean of all rows taken away",
        "You take the mean of all rows away before you compare.",
        "That changes every direction; it comes later in this lab, and has to be asked for.",
        COSINE,
        scores=lambda v, i: _cosines(v - v.mean(dim=0), i),
    ),
    _v(
        "always row 0",
        "You compare with row 0, whichever row is asked about.",
        "index says which row it is.",
        "matrix[index] is the row of the matrix that belongs to it.",
        row=lambda index: 0,
    ),
    Misconception(
        "row 0 of the matrix, without the asked row",
        lambda vectors, index, k: [
            n for n in _cosines(vectors, 0).argsort(descending=True).tolist() if n != index
        ][:k],
        (
            "The scores are those of row 0, while row `index` is left out.",
            "index says which row is asked about; what is near it has to be asked of it.",
            "matrix[index] is the row of the matrix that belongs to it.",
        ),
    ),
    _v(
        "the nearest last",
        "You have the right rows, the nearest last.",
        "Ascending order puts the smallest similarity first.",
        "Turn the list around, or sort with descending=True.",
        order=lambda ranked: ranked[::-1],
    ),
    _v(
        "in the order of the matrix",
        "You have the right rows, in the order in which they stand in the matrix.",
        "Who searches reads the first hit first.",
        "Sort by the cosine, not by the row number.",
        order=sorted,
    ),
    _v(
        "all other rows",
        "You return all other rows.",
        "k says how many are wanted.",
        "[:k] cuts a list.",
        cut=lambda ranked, k: ranked,
    ),
    _v(
        "only the nearest",
        "You return one row, whatever k is.",
        "argmax gives the place of the one largest number.",
        "topk(k) gives the k largest.",
        cut=lambda ranked, k: ranked[:1],
    ),
    *(
        _v(
            f"always {number}",
            f"You return {number} rows, whatever k is.",
            "k says how many are wanted; the lab's own call is only one of many.",
            "topk(k)",
            cut=lambda ranked, k, number=number: ranked[:number],
            spellings=(_topk_of(number), _topk_of(number, row=0)),
        )
        for number in (2, 3, 5)
    ),
    _v(
        "one row too many",
        "You return one row too many.",
        "k + 1 makes room for the row itself; yours is out of the way already.",
        "With the row itself out of the way, [:k] is what is wanted.",
        cut=lambda ranked, k: ranked[: k + 1],
    ),
    _v(
        "begins with the second",
        "The nearest row is missing: yours begin with the second.",
        "The row itself is out of the way already, and then one more hit is dropped.",
        "With the row itself out of the way, [:k] is what is wanted.",
        cut=lambda ranked, k: ranked[1 : k + 1],
    ),
    _v(
        "cosines instead of row numbers",
        "You return the cosines, not the row numbers.",
        "From a cosine nobody can look up the text.",
        "topk gives .values and .indices: which do you need?",
        result=lambda ranked, scores, vectors: [float(scores[n]) for n in ranked],
    ),
    _v(
        "lists in the list",
        "Each item of your list has parts of its own; it should be a row number.",
        "Pairs of row and cosine, or lists of one number each: whoever looks up the text needs the number alone.",
        "[3, 0, 5] is what a result looks like.",
        result=lambda ranked, scores, vectors: [(n, float(scores[n])) for n in ranked],
        spellings=(
            build(result=lambda ranked, scores, vectors: [[n] for n in ranked]),
            build(result=lambda ranked, scores, vectors: [[ranked]]),
        ),
    ),
    _v(
        "the vectors themselves",
        "You return the vectors of the rows, not their numbers.",
        "From a number the text can be looked up; from a vector it cannot.",
        "Return what you use to look up the vectors.",
        result=lambda ranked, scores, vectors: vectors[ranked],
    ),
    _v(
        "a number where k is 1",
        "With k = 1 you return a number, not a list.",
        ".squeeze() takes away every axis of length 1; .item() every axis.",
        "A list of one number: [3].",
        result=lambda ranked, scores, vectors: ranked[0] if len(ranked) == 1 else ranked,
    ),
    _v(
        "numbers one too small",
        "All your numbers are one too small.",
        "texts[row - 1] in the next cell makes up for the question, which stands in front there. "
        "Here rows are counted from 0.",
        "Return the places as topk has them.",
        result=lambda ranked, scores, vectors: [n - 1 for n in ranked],
    ),
    _v(
        "numbers one too large",
        "All your numbers are one too large.",
        "Rows are counted from 0.",
        "Return the places as topk has them.",
        result=lambda ranked, scores, vectors: [n + 1 for n in ranked],
    ),
    _v(
        "rows with negative cosines left out",
        "You leave out rows with a negative cosine, so that fewer than k come back.",
        "k rows are asked for, however far away they are.",
        "Cut at k, and at nothing else.",
        result=lambda ranked, scores, vectors: [n for n in ranked if scores[n] > 0],
    ),
    Misconception(
        "rows of the same cosine write over each other",
        _one_per_cosine,
        (
            "Of rows with the same cosine you keep only one.",
            "A dict has one place for each key, and the second row with that cosine overwrites the first.",
            "Keep (cosine, row) pairs in a list, or let topk sort.",
        ),
    ),
    Misconception(
        "the largest of the whole matrix",
        _in_matrix,
        (
            "Your numbers are places in the whole matrix, not rows.",
            "topk of all N² cosines finds the nearest pairs of all; asked is for one row.",
            "matrix[index] first, then topk.",
        ),
    ),
    Misconception(
        "topk down the columns",
        _down_the_columns,
        (
            "Your numbers are places down the columns of the matrix: one of each column.",
            "topk(..., dim=0) ranks every column, and [index] then takes the same rank of each.",
            "matrix[index] first, then topk(k).",
        ),
    ),
    Misconception(
        "simply the next rows",
        lambda vectors, index, k: [(index + step) % len(vectors) for step in range(1, k + 1)],
        (
            "You return the rows that stand behind `index`.",
            "Where a row stands says nothing about its direction.",
            COSINE,
        ),
    ),
)
