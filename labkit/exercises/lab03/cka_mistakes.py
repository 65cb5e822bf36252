"""What goes wrong in exercise 3.8: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _centred(vectors, dim=0):
    return vectors - vectors.mean(dim=dim, keepdim=True)


def _frobenius(matrix):
    return matrix.norm()


def build(
    of=lambda x, y: (x, y),
    centre=lambda x, y: (_centred(x), _centred(y)),
    product=lambda a, b: a.T @ b,
    norm=_frobenius,
    top=lambda n: n**2,
    bottom=lambda a, b, x, y: a * b,
    after=lambda cka: cka,
):
    """linear_cka with single choices made wrongly.

    of: what is done to the spaces first. centre: how their means are taken away. product: of two spaces.
    norm: of such a product. top: of the norm above. bottom: (norm of XᵀX, norm of YᵀY, X, Y) -> what stands
    below. after: what becomes of the result.
    """

    def answer(x, y):
        x, y = centre(*of(x, y))
        above, below = norm(product(y, x)), (norm(product(x, x)), norm(product(y, y)))
        return after(float(top(above) / bottom(*below, x, y)))

    return answer


def _rows_and_columns(kernel, centre):
    """By the (N, N) tables of similarities (HSIC), centred as `centre` does it."""

    def answer(x, y):
        k, m = centre(kernel(x)), centre(kernel(y))
        return float((k * m).sum() / (k.norm() * m.norm()))

    return answer


def _table(x):
    return x @ x.T


def _rbf(x):
    squares = torch.cdist(x, x) ** 2
    return torch.exp(-squares / squares.median().clamp(min=1e-6) / 2)


def _both_sides(k):
    return k - k.mean(dim=0, keepdim=True) - k.mean(dim=1, keepdim=True) + k.mean()


def _cut(x, y):
    width = min(x.shape[1], y.shape[1])
    return x[:, :width], y[:, :width]


def _text_by_text(x, y):
    return float(torch.cosine_similarity(*_cut(x, y), dim=1).mean())


def _filled(x, y):
    width = max(x.shape[1], y.shape[1])
    x, y = (torch.nn.functional.pad(v, (0, width - v.shape[1])) for v in (x, y))
    return float(torch.cosine_similarity(x, y).mean())


def _correlated(x, y):
    """Of the cosines of all pairs of texts."""
    tables = []
    row, column = torch.triu_indices(len(x), len(x), 1)
    for space in (x, y):
        unit = space / space.norm(dim=1, keepdim=True)
        tables.append((unit @ unit.T)[row, column])
    return float(torch.corrcoef(torch.stack(tables))[0, 1])


def _correlated_with_diagonals(x, y):
    tables = [_table(space / space.norm(dim=1, keepdim=True)).flatten() for space in (x, y)]
    return float(torch.corrcoef(torch.stack(tables))[0, 1])


def _above(x, y):
    return (y.T @ x).norm() ** 2


def _below(x, y):
    return (x.T @ x).norm() * (y.T @ y).norm()


def _ratio(above, x, y):
    return float(above / _below(x, y))


def _by_length(rows):
    return rows[rows.norm(dim=1).argsort()]


def _no_diagonal(table):
    return table - torch.diag(table.diagonal())


def _less_biased(x, y):
    """The estimator of HSIC that leaves the diagonals out."""
    num, (k, m) = len(x), (_no_diagonal(_table(v)) for v in (x, y))

    def hsic(a, b):
        whole = a.sum() * b.sum() / ((num - 1) * (num - 2))
        return (a * b).sum() + whole - 2 * (a @ b).sum() / (num - 2)

    return float(hsic(k, m) / (hsic(k, k) * hsic(m, m)).sqrt())


def _cca(x, y):
    left, right = (torch.linalg.svd(_centred(v).double(), full_matrices=False).U for v in (x, y))
    return float((left.T @ right).square().sum()) / min(left.shape[1], right.shape[1])


def _trace(matrix):
    return matrix.diagonal().sum()


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


def _m(name, first, second, third, wrong, *spellings):
    return Misconception(name, wrong, (first, second, third), spellings)


def _without_spread(v):
    return _centred(v) / v.std(dim=0)


def _unit(v):
    return torch.nn.functional.normalize(v, dim=1)


CENTRE = "Take each column's mean away, from x and from y, before anything else: x - x.mean(dim=0)."
NORM = "‖ ‖ is the root of the sum of all squares: .norm() without anything."
FORMULA = "(y.T @ x).norm() ** 2 over (x.T @ x).norm() times (y.T @ y).norm()."
MISTAKES = (
    _v(
        "not centred",
        "Your spaces are not centred.",
        "Two clouds far from 0 look alike just because both are far away.",
        CENTRE,
        centre=lambda x, y: (x, y),
    ),
    _v(
        "only x is centred",
        "y is not centred.",
        "Each space has a mean of its own, and both have to go.",
        CENTRE,
        centre=lambda x, y: (_centred(x), y),
    ),
    _v(
        "only y is centred",
        "x is not centred.",
        "Each space has a mean of its own, and both have to go.",
        CENTRE,
        centre=lambda x, y: (x, _centred(y)),
    ),
    _m(
        "not centred below the line",
        "Below the line your spaces are not centred.",
        "The norms of XᵀX and YᵀY belong to the same clouds as the numerator: without their means.",
        CENTRE,
        lambda x, y: _ratio(_above(_centred(x), _centred(y)), x, y),
    ),
    _m(
        "not centred above the line",
        "Above the line your spaces are not centred.",
        "YᵀX belongs to the same clouds as the norms below: without their means.",
        CENTRE,
        lambda x, y: _ratio(_above(x, y), _centred(x), _centred(y)),
    ),
    _v(
        "the mean of x for both",
        "You take the mean of x away from y as well.",
        "Each space has a mean of its own; where the widths differ, the two can't even be subtracted.",
        CENTRE,
        centre=lambda x, y: (_centred(x), y - x.mean(dim=0)),
    ),
    _v(
        "rows centred instead of columns",
        "You centre each row.",
        "What has to go is where the cloud lies: the mean over the texts, a number for each column.",
        "mean(dim=...): which axis are the texts?",
        centre=lambda x, y: (_centred(x, 1), _centred(y, 1)),
    ),
    _m(
        "the means of the rows along the columns",
        "You subtract the means of the rows without keepdim=True: (N, D) and (N,).",
        "That raises an error unless N and D are equal; and what has to go is one number for each column.",
        "mean(dim=...): which axis are the texts?",
        build(centre=lambda x, y: (x - x.mean(dim=1), y - y.mean(dim=1))),
    ),
    _v(
        "one mean for all numbers",
        "You take the same number away everywhere, the mean of the whole matrix.",
        "The mean of a cloud has a number for each column.",
        CENTRE,
        centre=lambda x, y: (x - x.mean(), y - y.mean()),
    ),
    _v(
        "divided by the spread as well",
        "You also divide each column by its spread.",
        "Then a column that hardly moves counts as much as one in which everything happens.",
        "Take the mean away, and nothing else.",
        centre=lambda x, y: (_without_spread(x), _without_spread(y)),
    ),
    _v(
        "rows of length 1 first",
        "You bring the rows to length 1 before you centre.",
        "CKA is about the clouds as they are; lengths belong to them.",
        "Take the mean away, and nothing else.",
        of=lambda x, y: (_unit(x), _unit(y)),
    ),
    _v(
        "centred rows of length 1",
        "You bring the centred rows to length 1.",
        "CKA is about the clouds as they are; lengths belong to them.",
        "Take the mean away, and nothing else.",
        centre=lambda x, y: (_unit(_centred(x)), _unit(_centred(y))),
    ),
    _v(
        "the numerator is not squared",
        "Your numerator lacks its square: the result changes when a space is scaled.",
        "In numerator and denominator x has to come equally often, or its scale does not cancel.",
        "Look at the formula again: the norm of YᵀX carries a small 2.",
        top=lambda n: n,
    ),
    _v(
        "everything squared",
        "Your denominator has squares too many: the numbers shrink with the scale of the spaces.",
        "In the denominator the norms of XᵀX and YᵀY stand as they are.",
        "Only the numerator is squared.",
        bottom=lambda a, b, x, y: (a * b) ** 2,
    ),
    _v(
        "the root of the formula",
        "Your numbers are too large: the root of what they should be.",
        "CKA is to correlation as r² is to r; the formula squares the numerator and takes no root.",
        FORMULA,
        after=lambda cka: cka**0.5,
        spellings=(build(top=lambda n: n, bottom=lambda a, b, x, y: (a * b) ** 0.5),),
    ),
    _v(
        "the square of the formula",
        "Your numbers are too small: the square of what they should be.",
        "The formula squares the numerator, and not the whole.",
        FORMULA,
        after=lambda cka: cka**2,
    ),
    _v(
        "the root of the denominator",
        "You take the root of the denominator.",
        ".norm() has taken the root of the sum of squares already.",
        FORMULA,
        bottom=lambda a, b, x, y: (a * b) ** 0.5,
    ),
    _v(
        "the denominator has only x",
        "Your denominator has only one of the two spaces, x.",
        "Then linear_cka(x, y) and linear_cka(y, x) differ, and y's scale counts.",
        "norm(XᵀX) times norm(YᵀY).",
        bottom=lambda a, b, x, y: a**2,
    ),
    _v(
        "the denominator has only y",
        "Your denominator has only one of the two spaces, y.",
        "Then linear_cka(x, y) and linear_cka(y, x) differ, and x's scale counts.",
        "norm(XᵀX) times norm(YᵀY).",
        bottom=lambda a, b, x, y: b**2,
    ),
    _v(
        "norms added below",
        "You add the two norms below; they should be multiplied.",
        "Twice as long, and the numerator is four times as large: only a product grows with it.",
        FORMULA,
        bottom=lambda a, b, x, y: a + b,
    ),
    _v(
        "no brackets around the denominator",
        "You divide by one norm and multiply with the other.",
        "a / b * c is (a / b) * c.",
        "Brackets around the denominator: / (b * c)",
        bottom=lambda a, b, x, y: a / b,
    ),
    _v(
        "nothing to divide by",
        "You divide by nothing: your number is not between 0 and 1.",
        "The numerator alone grows with both spaces; a similarity must not.",
        "Divide by what you get when each space is compared with itself.",
        bottom=lambda a, b, x, y: 1.0,
    ),
    _v(
        "the lengths of X and Y below",
        "You divide by the norms of X and Y (squared), not by those of XᵀX and YᵀY.",
        "Then a space is not fully like itself: CKA of X and X must be 1.",
        "What stands above is about products of columns, so what stands below has to be, too.",
        bottom=lambda a, b, x, y: (x.norm() * y.norm()) ** 2,
    ),
    _v(
        "the norms of X and Y below, not squared",
        "You divide by the norms of X and Y, not by those of XᵀX and YᵀY.",
        "In numerator and denominator x has to come equally often, or its scale does not cancel.",
        "What stands above is about products of columns, so what stands below has to be, too.",
        bottom=lambda a, b, x, y: x.norm() * y.norm(),
    ),
    _v(
        "the largest singular value for a norm",
        "Your norm is the largest singular value.",
        "torch.linalg.matrix_norm(..., ord=2) and torch.linalg.norm(..., 2) of a matrix give that.",
        NORM,
        norm=lambda m: torch.linalg.matrix_norm(m, ord=2),
    ),
    _v(
        "the sum of the singular values for a norm",
        "Your norm is the sum of the singular values.",
        "That is the nuclear norm.",
        NORM,
        norm=lambda m: torch.linalg.matrix_norm(m, ord="nuc"),
    ),
    _v(
        "sums of absolute numbers",
        "Your norm is the sum of the absolute values.",
        "It depends on which axes the numbers are written in: turn a space, and it changes.",
        NORM,
        norm=lambda m: m.abs().sum(),
    ),
    _v(
        "the largest absolute number",
        "Your norm is the largest number.",
        "It depends on which axes the numbers are written in: turn a space, and it changes.",
        NORM,
        norm=lambda m: m.abs().max(),
    ),
    _v(
        "sums without squares",
        "Your norm is the plain sum of all numbers.",
        "Numbers of both signs cancel in it; squares do not.",
        NORM,
        norm=torch.sum,
    ),
    _v(
        "means of the norms of columns",
        "Your norm is a mean over the columns.",
        ".norm(dim=0) has a number for each column; one number for all is wanted.",
        NORM,
        norm=lambda m: m.norm(dim=0).mean(),
    ),
    _v(
        "traces for norms",
        "You take traces: sums of the diagonal.",
        "Number 7 of one space has nothing to do with number 7 of the other, so the diagonal of YᵀX means nothing.",
        NORM,
        norm=_trace,
    ),
    _v(
        "texts multiplied with texts",
        "You multiply texts with texts, X Yᵀ.",
        "That needs equal widths: number 7 of one model would have to meet number 7 of the other.",
        "YᵀX is (D2, D1): y.T @ x.",
        product=lambda a, b: a @ b.T,
        spellings=(lambda x, y: build(product=lambda a, b: a @ b.T)(*_cut(x, y)),),
    ),
    _m(
        "number by number",
        "You multiply number by number with *.",
        "That needs equal widths: number 7 of one model would have to meet number 7 of the other.",
        "YᵀX is (D2, D1): y.T @ x.",
        build(product=lambda a, b: a * b),
    ),
    _m(
        "number by number, the one turned over",
        "You turn y over, and then multiply number by number with *: y.T * x.",
        "* needs equal shapes; a product of matrices sums over the texts that both share.",
        "The product of matrices is written @: y.T @ x.",
        lambda x, y: float((_centred(y).T * _centred(x)).norm() ** 2 / _below(_centred(x), _centred(y))),
        build(product=lambda a, b: a.T * b),
    ),
    _m(
        "no norm above the line",
        "You return a matrix, not a number: it is the norm above the line that makes one number of YᵀX.",
        "** 2 alone squares every number of the matrix and leaves it a matrix.",
        FORMULA,
        lambda x, y: (_centred(y).T @ _centred(x)) ** 2 / _below(_centred(x), _centred(y)),
        lambda x, y: (_centred(y).T @ _centred(x)) / _below(_centred(x), _centred(y)),
        lambda x, y: (_centred(x).T @ _centred(y)) ** 2 / _below(_centred(x), _centred(y)),
    ),
    _m(
        "not transposed",
        "Your products do not fit: none of the two is turned over.",
        "x and y are (N, D1) and (N, D2); the N has to meet the N.",
        "YᵀX is y.T @ x.",
        build(product=lambda a, b: a @ b),
    ),
    _m(
        "cosines of the vectors themselves",
        "You compare the vectors of a text in the two spaces directly.",
        "Number 7 of one model has nothing to do with number 7 of the other, and the widths may differ. "
        "CKA compares how the texts lie to each other in each space.",
        "YᵀX: its rows are the numbers of one space, its columns those of the other.",
        _filled,
        _text_by_text,
        lambda x, y: float(torch.cosine_similarity(x, y).mean()),
    ),
    _v(
        "cut to the same width",
        "You cut the wider space to the width of the other.",
        "YᵀX fits whatever the widths are: (D2, N) times (N, D1).",
        "Use all columns.",
        of=_cut,
    ),
    _v(
        "y is ignored",
        "You compare x with itself: the result is always 1.",
        "y is the other space.",
        "Look where y comes into your formula.",
        of=lambda x, y: (x, x),
    ),
    _v(
        "columns sorted",
        "You sort the columns, so that rows no longer belong to their texts.",
        "Row i of both is about the same text; that is all that connects the two spaces.",
        "Leave the rows where they are.",
        of=lambda x, y: (x.sort(dim=0).values, y.sort(dim=0).values),
    ),
    _v(
        "rows in another order",
        "You put the rows of a space in another order.",
        "Row i of both is about the same text; that is all that connects the two spaces.",
        "Leave the rows where they are.",
        centre=lambda x, y: (_centred(x), _by_length(_centred(y))),
        spellings=(
            build(of=lambda x, y: (x, _by_length(y))),
            build(of=lambda x, y: (_by_length(x), y)),
            build(of=lambda x, y: (_by_length(x), _by_length(y))),
            build(centre=lambda x, y: (_by_length(_centred(x)), _by_length(_centred(y)))),
            build(of=lambda x, y: (x, y.flip(0))),
            build(of=lambda x, y: (x, y.roll(1, 0))),
        ),
    ),
    _v(
        "distance instead of similarity",
        "You return a distance, 1 − CKA.",
        "A space is fully like itself: 1.",
        "Leave out the 1 − ...",
        after=lambda cka: 1 - cka,
    ),
    _v(
        "in percent",
        "Your number is a hundred times too large.",
        "It should be from 0 to 1.",
        "Leave out the 100.",
        after=lambda cka: 100 * cka,
    ),
    _v(
        "rounded",
        "Your number is rounded to one digit.",
        "Rounding is for printing.",
        "Leave out the rounding.",
        after=lambda cka: round(cka, 1),
    ),
    _v(
        "rounded to two digits",
        "Your number is rounded to two digits.",
        "Rounding is for printing.",
        "Leave out the rounding.",
        after=lambda cka: round(cka, 2),
    ),
    _m(
        "tables of texts, one mean",
        "From your tables of similarities you take one number, the mean of the whole.",
        "Rows and columns have to be centred; it is done if x and y are centred before.",
        CENTRE,
        _rows_and_columns(_table, lambda k: k - k.mean()),
    ),
    _m(
        "tables of texts, centred on one side",
        "Your tables of similarities are centred on one side only.",
        "Rows and columns have to be centred; it is done if x and y are centred before.",
        CENTRE,
        _rows_and_columns(_table, lambda k: k - k.mean(dim=0, keepdim=True)),
        _rows_and_columns(_table, lambda k: k - k.mean(dim=1, keepdim=True)),
    ),
    _m(
        "tables of texts, without their diagonals",
        "You leave out the diagonals of the two tables of similarities.",
        "An estimator with less bias does that; the formula here keeps each text's product with itself.",
        FORMULA,
        _rows_and_columns(lambda x: _no_diagonal(_table(_centred(x))), lambda k: k),
        _rows_and_columns(_table, lambda k: _no_diagonal(_both_sides(k))),
        _less_biased,
    ),
    _m(
        "another kernel",
        "You compute CKA with a kernel of distances (RBF).",
        "The paper has both; asked is the linear one.",
        FORMULA,
        _rows_and_columns(_rbf, _both_sides),
    ),
    _m(
        "tables of cosines correlated",
        "You correlate the two tables of cosines.",
        "That is another measure (representational similarity analysis).",
        FORMULA,
        _correlated,
        _correlated_with_diagonals,
    ),
    _m(
        "canonical correlations",
        "You compute canonical correlations (CCA).",
        "There every direction counts alike, also those in which hardly anything happens.",
        FORMULA,
        _cca,
    ),
)
