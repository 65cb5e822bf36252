"""What goes wrong in exercise 3.5: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _cosines(vectors):
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    return unit @ unit.T


def _off_diagonal(matrix):
    return matrix[~torch.eye(len(matrix), dtype=torch.bool)]


def _pairs(num):
    return num * (num - 1)


def build(
    of=lambda vectors: vectors,
    scores=_cosines,
    each=lambda cosines: cosines,
    which=_off_diagonal,
    total=torch.sum,
    divide=lambda kept, vectors: len(kept),
    after=lambda mean: mean,
):
    """anisotropy with single choices made wrongly.

    of: what is done to the vectors. scores: of which matrix. each: what becomes of each number. which:
    the numbers that count. total: of these. divide: (numbers, vectors) -> by how many. after: of the result.
    """

    def answer(vectors):
        vectors = of(vectors)
        kept = which(each(scores(vectors)))
        count = divide(kept, vectors)
        return after(float(total(kept)) / count if count else float("nan"))

    return answer


def _upper(diagonal):
    def which(matrix):
        row, column = torch.triu_indices(len(matrix), len(matrix), diagonal)
        return matrix[row, column]

    return which


def _mean_by(measure):
    """Not the mean of a matrix, but something else of the vectors."""
    return lambda vectors: float(measure(vectors))


def _unit(vectors):
    return vectors / vectors.norm(dim=1, keepdim=True)


def _different(vectors):
    return torch.unique(vectors, dim=0)


def _last_left_out(matrix):
    return _off_diagonal(matrix[:-1, :-1])


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


def _m(name, first, second, third, measure, *spellings):
    return Misconception(
        name, _mean_by(measure), (first, second, third), tuple(_mean_by(each) for each in spellings)
    )


LEFT = "Without the diagonal, how many entries has a matrix of N rows and N columns?"
PAIRS = "Every pair of two different rows counts, and each as much as the others."
MISTAKES = (
    _v(
        "each vector is compared with itself too",
        "Each vector is also compared with itself.",
        "The diagonal is 1 for any vectors, and the fewer there are, the more it weighs.",
        "Take the diagonal away, from the sum and from the count.",
        which=torch.flatten,
    ),
    _v(
        "the diagonal taken from the sum but not from the count",
        "You divide by all N² entries.",
        "The diagonal is gone from the sum; it has to go from the count as well.",
        LEFT,
        divide=lambda kept, vectors: len(vectors) ** 2,
    ),
    _v(
        "the diagonal taken from the count but not from the sum",
        "The diagonal is still in your sum.",
        "You divide by N (N − 1), as if it were not.",
        "matrix.sum() minus what? matrix.diagonal().sum()",
        which=torch.flatten,
        divide=lambda kept, vectors: _pairs(len(vectors)),
    ),
    _m(
        "1 taken away for the whole diagonal",
        "You take 1 away, and the diagonal holds N of them.",
        "Each of the N vectors has the cosine 1 with itself.",
        "matrix.diagonal().sum()",
        lambda v: (_cosines(v).sum() - 1) / _pairs(len(v)),
    ),
    _m(
        "the diagonal taken from every row",
        "You take N² ones away: the whole diagonal from every row.",
        "matrix − matrix.diagonal() subtracts N numbers from each row; only one of each row is to go.",
        "First the two sums, then their difference: matrix.sum() − matrix.diagonal().sum()",
        lambda v: (_cosines(v).sum() - len(v) ** 2) / _pairs(len(v)),
    ),
    _v(
        "only the diagonal",
        "Your number is 1, whatever the vectors are.",
        "Each vector has the cosine 1 with itself, so the mean of the diagonal is 1 for any vectors.",
        PAIRS,
        which=torch.diagonal,
    ),
    _m(
        "the mean of the diagonal taken from the mean",
        "You take 1 from the mean of the whole matrix.",
        "The sum without the diagonal, over the number of entries without it: two means can't be subtracted.",
        "matrix.sum() − matrix.diagonal().sum(), and then divide.",
        lambda v: _cosines(v).mean() - 1,
    ),
    _v(
        "the triangle with the diagonal",
        "Your triangle still holds the diagonal.",
        "A vector with itself is no pair.",
        "torch.triu has an argument that says where the triangle begins.",
        which=_upper(0),
    ),
    _v(
        "the diagonal in the triangle's sum, not in its count",
        "Your triangle's sum still holds the diagonal, though your count doesn't.",
        "matrix.triu() keeps the diagonal, N ones; N (N − 1) / 2 counts only the pairs beside it.",
        "torch.triu has an argument that says where the triangle begins.",
        which=_upper(0),
        divide=lambda kept, vectors: _pairs(len(vectors)) / 2,
    ),
    _v(
        "the triangle begins too late",
        "You leave out the pairs of neighbours, rows i and i + 1.",
        "diagonal=1 begins right beside the diagonal, diagonal=2 one further.",
        PAIRS,
        which=_upper(2),
    ),
    _v(
        "zeros of the other triangle counted",
        "Your mean is too near 0: the zeros that triu leaves below the diagonal count as cosines.",
        "triu keeps the size of the matrix.",
        "Divide the triangle's sum by the number of pairs, N (N − 1) / 2.",
        which=_upper(1),
        divide=lambda kept, vectors: len(vectors) ** 2,
    ),
    _v(
        "each pair once, but divided as if twice",
        "Your number is half of what it should be.",
        "A triangle holds each pair once, and N (N − 1) counts it twice.",
        "Divide by N (N − 1) / 2, or sum the whole matrix without its diagonal.",
        divide=lambda kept, vectors: 2 * len(kept),
    ),
    _v(
        "pairs counted once, cosines twice",
        "Your number is twice what it should be.",
        "In the matrix each pair stands twice, as (i, j) and as (j, i); you divide by the number of pairs that stand there once.",
        LEFT,
        divide=lambda kept, vectors: len(kept) / 2,
    ),
    _v(
        "the sum instead of the mean",
        "Your number grows with the number of vectors: it is a sum.",
        "A mean can be compared between 10 vectors and 10,000; a sum cannot.",
        "Divide by the number of pairs.",
        divide=lambda kept, vectors: 1,
    ),
    _v(
        "the sum of each pair once",
        "Your number is the sum over all pairs.",
        "A mean can be compared between 10 vectors and 10,000; a sum cannot.",
        "Divide by the number of pairs.",
        divide=lambda kept, vectors: 2,
    ),
    _v(
        "divided by N − 1 only",
        "Your number grows with the number of vectors: you divide by N − 1.",
        "That is how many others one row has; there are N rows.",
        LEFT,
        divide=lambda kept, vectors: len(vectors) - 1,
    ),
    _v(
        "divided by N only",
        "Your number grows with the number of vectors: you divide by N.",
        "There are N rows, and each has N − 1 others.",
        LEFT,
        divide=lambda kept, vectors: len(vectors),
    ),
    _m(
        "no brackets around N (N − 1)",
        "You divide by N and multiply with N − 1.",
        "a / b * c is (a / b) * c.",
        "Brackets around the divisor: / (num * (num - 1))",
        lambda v: _off_diagonal(_cosines(v)).sum() / len(v) * (len(v) - 1),
    ),
    _m(
        "no brackets around the difference",
        "Only the diagonal's sum is divided, and then taken from the whole sum.",
        "Division comes before subtraction.",
        "Brackets around the difference: (a - b) / c",
        lambda v: _cosines(v).sum() - len(v) / _pairs(len(v)),
    ),
    _v(
        "N + 1 in place of N − 1",
        "Your divisor has N + 1 in it, where N − 1 is wanted.",
        "Each of the N rows has N − 1 others; N (N + 1) / 2 counts each row with itself as well.",
        LEFT,
        divide=lambda kept, vectors: len(vectors) * (len(vectors) + 1),
    ),
    _v(
        "N is taken from the columns",
        "You divide by D (D − 1), where N (N − 1) is wanted.",
        "vectors is (N, D): N is the number of rows.",
        "len(vectors), or vectors.shape[0].",
        divide=lambda kept, vectors: _pairs(vectors.shape[1]),
    ),
    _v(
        "the size of the notebook's vectors",
        "You divide by 240 · 239, however many vectors there are.",
        "There are 240 sentences in the lab; the function may get any number.",
        "len(vectors)",
        divide=lambda kept, vectors: _pairs(240),
        spellings=(_mean_by(lambda v: (_cosines(v).sum() - 240) / _pairs(240)),),
    ),
    _v(
        "absolute values",
        "You average absolute values.",
        "Vectors that point everywhere have cosines of both signs, which cancel: that is how 0 comes about.",
        "Leave the signs.",
        each=torch.abs,
    ),
    _v(
        "squares",
        "You average the squares of the cosines.",
        "Vectors that point everywhere have cosines of both signs, which cancel: that is how 0 comes about.",
        "Leave the cosines as they are.",
        each=torch.square,
    ),
    _v(
        "1 minus each",
        "You return a distance: 1 minus what it should be.",
        "A narrow cone has a mean cosine near 1.",
        "Leave out the 1 − ...",
        each=lambda cosines: 1 - cosines,
    ),
    _v(
        "dot products",
        "You average dot products.",
        "They depend on how long the vectors are; a cone is a matter of directions.",
        "Use the cosine: lab.best(cosine_similarity_matrix)(vectors).",
        scores=lambda v: v @ v.T,
    ),
    _m(
        "dot products, less N",
        "You average dot products, and take N away for the diagonal.",
        "The diagonal of a table of dot products holds the squares of the lengths; only for cosines is it 1.",
        "Use the cosine: lab.best(cosine_similarity_matrix)(vectors).",
        lambda v: ((v @ v.T).sum() - len(v)) / _pairs(len(v)),
    ),
    _v(
        "the columns are compared",
        "You compare the columns with each other.",
        "A row is a vector.",
        "Hand over the vectors as they are, without .T.",
        of=lambda v: v.T,
    ),
    _v(
        "the mean is taken away first",
        "You take the mean away before you measure.",
        "That is the cure of the next exercise. Here the question is how narrow the cone is before it.",
        "Use the vectors as they come.",
        of=lambda v: v - v.mean(dim=0),
        spellings=(lambda v: build()(v - v.mean(dim=0) + 1e-6),),
    ),
    _v(
        "equal rows once only",
        "You leave out rows that are there twice.",
        "Two equal vectors are two different rows, and a pair like any other: its cosine is 1.",
        PAIRS,
        of=_different,
        spellings=(lambda v: build()(_different(v)) if len(_different(v)) > 1 else 1.0,),
    ),
    _v(
        "cosines of 1 left out",
        "You leave out every cosine that is 1.",
        "Two different rows may point the same way: their cosine is 1 too, and counts.",
        "Leave out the diagonal by its place, not by its value.",
        which=lambda m: m[m < 0.9999],
        spellings=(lambda v: build(which=lambda m: m[(m - 1).abs() > 1e-6])(v),),
    ),
    _v(
        "right angles left out",
        "You leave out every cosine that is 0.",
        "A right angle counts like any other; with the diagonal at 0 one can't tell the two apart.",
        "Divide by N (N − 1), not by how many numbers are not 0.",
        which=lambda m: (lambda off: off[off.abs() > 1e-6])(_off_diagonal(m)),
    ),
    _v(
        "only the next row",
        "You compare each row only with the next.",
        "There are N − 1 neighbours, and N (N − 1) / 2 pairs.",
        PAIRS,
        which=lambda m: m.diagonal(1),
    ),
    _v(
        "only the first row",
        "You compare only the first row with the others.",
        "The cone is about all of them.",
        PAIRS,
        which=lambda m: m[0, 1:],
    ),
    _v(
        "the last row is left out",
        "The last row is never compared.",
        "range(N − 1) ends at N − 2.",
        PAIRS,
        which=_last_left_out,
        spellings=(lambda v: build(which=_last_left_out)(v) if len(v) > 2 else 0.0,),
    ),
    _m(
        "only the nearest row",
        "You average over the nearest row of each only.",
        "Of every row one other counts, the nearest; the cone is about all pairs.",
        PAIRS,
        lambda v: _cosines(v).fill_diagonal_(-2.0).amax(dim=1).mean(),
    ),
    _v(
        "the largest",
        "You return the largest cosine.",
        "Two rows may point the same way in any cloud; the mean says how the whole lies.",
        "A mean over all pairs.",
        total=torch.max,
        divide=lambda kept, vectors: 1,
    ),
    _m(
        "the median",
        "You return the median.",
        "It is the number in the middle; asked is the mean.",
        "The sum over all pairs, divided by their number.",
        lambda v: torch.quantile(_upper(1)(_cosines(v)), 0.5),
        lambda v: _upper(1)(_cosines(v)).median(),
    ),
    _m(
        "the cosine to the mean vector",
        "You compare each vector with the mean of all.",
        "That is another measure of the same thing, and larger: for few vectors the mean is near each.",
        "Compare the vectors with each other: every pair of two different rows.",
        lambda v: torch.cosine_similarity(v, v.mean(dim=0, keepdim=True)).mean(),
    ),
    _m(
        "the length of the mean vector",
        "You return the length of the mean of the vectors, each brought to length 1.",
        "Its square is the mean of the whole matrix, diagonal included.",
        PAIRS,
        lambda v: _unit(v).mean(dim=0).norm(),
    ),
    _v(
        "in percent",
        "Your number is a hundred times too large.",
        "It should be from −1 to 1.",
        "Leave out the 100.",
        after=lambda mean: 100 * mean,
    ),
    _v(
        "rounded",
        "Your number is rounded to one digit.",
        "Rounding is for printing.",
        "Leave out the rounding.",
        after=lambda mean: round(mean, 1),
    ),
    _v(
        "rounded to two digits",
        "Your number is rounded to two digits.",
        "Rounding is for printing.",
        "Leave out the rounding.",
        after=lambda mean: round(mean, 2),
    ),
    _v(
        "cut to a whole number",
        "Your number is a whole number.",
        "int() cuts off what stands behind the point, and that is everything here.",
        "float(...) is what is wanted.",
        after=int,
    ),
    _v(
        "nothing below 0",
        "Where the mean is below 0 you return 0.",
        "The mean cosine of vectors that point apart is below 0.",
        "Leave it as it is.",
        after=lambda mean: max(0.0, mean),
    ),
    _v(
        "a mean for each row",
        "You return several numbers, not one.",
        "The mean runs over all pairs of all rows.",
        "One sum over the whole matrix, and one division.",
        after=lambda mean: [mean, mean],
    ),
)
