"""What goes wrong in exercise 3.3: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _length(vectors):
    return vectors.norm(dim=1, keepdim=True)


def build(
    centre=lambda vectors: vectors,
    length=_length,
    sides="both",
    product=lambda a, b: a @ b.T,
    after=lambda cosines: cosines,
    diagonal=None,
    keep=lambda cosines: cosines,
):
    """cosine_similarity_matrix with single choices made wrongly.

    centre: what is done to the vectors first. length: what they are divided by. sides: of which of the two
    the length is divided away. product: of the two. after: what becomes of each cosine. diagonal: what is
    written there. keep: which cosines are returned.
    """

    def answer(vectors):
        vectors = centre(vectors)
        unit = vectors / length(vectors)
        left, right = {"both": (unit, unit), "left": (unit, vectors), "right": (vectors, unit)}[sides]
        cosines = after(product(left, right))
        if diagonal is not None:
            cosines = cosines.clone().fill_diagonal_(diagonal)
        return keep(cosines)

    return answer


def _pairs_by(table):
    """Lengths that belong to pairs, not to rows: the division comes after the product."""
    return lambda vectors: vectors @ vectors.T / table(_length(vectors))


def _without_last(cosines):
    cosines = cosines.clone()
    cosines[-1], cosines[:, -1] = 0, 0
    return cosines


def _fails(name, first, second, third, **choices):
    """A choice that mostly raises an error: never tried together with another."""
    return Misconception(name, build(**choices), (first, second, third))


def _v(name, first, second, third, **choices):
    return variant(build, name, (first, second, third), **choices)


UNIT = "Bring every row to length 1 before you multiply: vectors / vectors.norm(dim=1, keepdim=True)."
LEAVE = "The cosine itself is asked, from −1 to 1."
MISTAKES = (
    _v(
        "dot products",
        "Your numbers are dot products: nothing has been divided by the lengths.",
        "A dot product grows with the lengths of both vectors; the cosine knows only their directions.",
        UNIT,
        length=lambda v: 1.0,
    ),
    _v(
        "columns brought to length 1",
        "You bring the columns to length 1, not the rows.",
        "A row is a vector; a column is one number of each of them.",
        "Along which axis do you take the norm? A row's length runs over dim=1.",
        length=lambda v: v.norm(dim=0, keepdim=True),
    ),
    _v(
        "the columns are compared",
        "You compare the columns: your matrix is (D, D).",
        "A row is a vector, so the cosine of rows i and j belongs at (i, j): (N, N).",
        "a @ b.T multiplies the rows of a with the rows of b, a.T @ b the columns.",
        centre=lambda v: v.T,
    ),
    _v(
        "rows of length 1, but columns multiplied",
        "Your matrix is (D, D): you multiply the columns.",
        "The rows have their lengths right; then each has to meet each.",
        "a @ b.T multiplies the rows of a with the rows of b, a.T @ b the columns.",
        product=lambda a, b: a.T @ b,
    ),
    _v(
        "one length divided away only",
        "You divide by one of the two lengths only, the row's: your matrix is not symmetric.",
        "The cosine divides by the lengths of both.",
        "If the rows have length 1 before the product, both are done at once.",
        sides="left",
    ),
    _v(
        "only the second length divided away",
        "You divide by one of the two lengths only, the column's: your matrix is not symmetric.",
        "The cosine divides by the lengths of both.",
        "If the rows have length 1 before the product, both are done at once.",
        sides="right",
    ),
    _v(
        "one length twice",
        "You divide by the same length twice, that of the row: your matrix is not symmetric.",
        "The cosine of i and j divides by the length of i and by the length of j.",
        "If the rows have length 1 before the product, both are done at once.",
        product=lambda a, b: a @ b.T,
        length=lambda v: _length(v) ** 2,
        sides="left",
    ),
    _v(
        "the column's length twice",
        "You divide by the same length twice, that of the column: your matrix is not symmetric.",
        "The cosine of i and j divides by the length of i and by the length of j; without keepdim both divisions run along the same axis.",
        "If the rows have length 1 before the product, both are done at once.",
        length=lambda v: _length(v) ** 2,
        sides="right",
    ),
    _v(
        "divided by the squares of the lengths",
        "You divide by the squares of the lengths: your diagonal is 1 over the length squared.",
        "Length is the root of the sum of squares; you divide by the sum itself.",
        "Take the root, or use .norm(dim=1, keepdim=True).",
        length=lambda v: _length(v) ** 2,
    ),
    _v(
        "divided by the roots of the lengths",
        "You divide by too little: by the root of each length.",
        ".norm() has taken the root of the sum of squares already.",
        "Leave the .sqrt() out.",
        length=lambda v: _length(v).sqrt(),
    ),
    _fails(
        "lengths along the wrong axis",
        "You divide by the lengths without keepdim=True: (N, D) by (N,), which goes along the columns.",
        "That raises an error unless N and D happen to be equal, or one of them 1.",
        UNIT,
        length=lambda v: v.norm(dim=1),
    ),
    _v(
        "the length of the whole matrix",
        "You divide all rows by the same number, the length of the whole matrix.",
        ".norm() without dim is one length for all of it.",
        "Each row has its own length: dim=1, keepdim=True.",
        length=lambda v: v.norm(),
    ),
    _v(
        "sums of absolute numbers for lengths",
        "Your lengths are sums of absolute values.",
        "A length is the root of the sum of squares (p=2, which is what .norm() does by itself).",
        UNIT,
        length=lambda v: v.norm(p=1, dim=1, keepdim=True),
    ),
    _v(
        "divided by the largest number",
        "You divide each row by its largest number.",
        "A length is the root of the sum of squares.",
        UNIT,
        length=lambda v: v.abs().amax(dim=1, keepdim=True),
    ),
    _v(
        "scaled as in attention",
        "You divide by the root of D.",
        "That is what attention does to its scores; the lengths of the vectors are still in them.",
        UNIT,
        length=lambda v: v.shape[1] ** 0.25,
    ),
    _v(
        "distance instead of similarity",
        "You return 1 − cosine: your diagonal is 0, as for a distance.",
        "1 − cosine says how different two vectors are; asked is how alike.",
        "Leave out the 1 − ...",
        after=lambda c: 1 - c,
    ),
    _v(
        "absolute values",
        "You return absolute values: none of your cosines is negative.",
        "Opposite directions have the cosine −1, and are not alike at all.",
        LEAVE,
        after=torch.abs,
    ),
    _v(
        "nothing below 0",
        "Every negative cosine has become 0.",
        "Opposite directions have the cosine −1; a right angle has 0.",
        LEAVE + " clamp(−1, 1) would do no harm.",
        after=lambda c: c.clamp(min=0),
    ),
    _v(
        "squares of the cosines",
        "You return the squares of the cosines: none is negative.",
        "Opposite directions have the cosine −1, and are not alike at all.",
        LEAVE,
        after=lambda c: c**2,
    ),
    _v(
        "angles",
        "You return the angles, not their cosines.",
        "An angle is 0 where two vectors are most alike; the cosine is 1 there.",
        "Leave out the arc cosine.",
        after=lambda c: c.clamp(-1, 1).acos(),
    ),
    _v(
        "moved to 0 to 1",
        "Your numbers go from 0 to 1: you have moved the cosines.",
        "(1 + cosine) / 2 gives ½ for a right angle, where the cosine is 0.",
        LEAVE,
        after=lambda c: (1 + c) / 2,
    ),
    _v(
        "a softmax over each row",
        "Each of your rows adds up to 1: there is a softmax over the cosines.",
        "Attention turns scores into shares so; a cosine needs no other rows to mean something.",
        "Leave the softmax out.",
        after=lambda c: c.softmax(dim=1),
    ),
    _v(
        "rounded",
        "Your cosines are rounded to two digits.",
        "They are rounded where they are printed; whoever computes with them needs all digits.",
        "Leave the rounding out.",
        after=lambda c: c.round(decimals=2),
    ),
    _v(
        "the mean of each row taken away",
        "You compute correlations: each row's own mean is taken away first.",
        "A correlation does that; a cosine does not.",
        "Divide by the length, and change nothing else.",
        centre=lambda v: v - v.mean(dim=1, keepdim=True),
    ),
    _v(
        "the mean of all rows taken away",
        "You take the mean of all rows away first.",
        "That changes every direction. The lab comes to it later, as a cure that has to be asked for.",
        "Divide by the length, and change nothing else.",
        centre=lambda v: v - v.mean(dim=0),
    ),
    _v(
        "reshaped instead of transposed",
        "Your numbers are mixed: rows have been cut up instead of turned into columns.",
        ".reshape(D, N) and .view(D, N) read the numbers in their old order; .T exchanges the axes.",
        "unit @ unit.T",
        product=lambda a, b: a @ b.reshape(b.shape[1], b.shape[0]),
    ),
    _fails(
        "not transposed",
        "The second matrix is not turned over: (N, D) @ (N, D).",
        "That raises an error unless N and D happen to be equal, and is no table of dot products then.",
        "a @ b.T multiplies the rows of a with the rows of b.",
        product=lambda a, b: a @ b,
    ),
    _v(
        "cosines along the wrong axis",
        "You spread the rows out as pairs, (N, 1, D) and (1, N, D), and take the cosine along axis 1.",
        "torch.cosine_similarity has dim=1 where nothing is said, and there the rows are now.",
        "The numbers of a vector are on the last axis: dim=-1.",
        length=lambda v: 1.0,
        product=lambda a, b: torch.cosine_similarity(a[:, None], b[None]),
    ),
    _v(
        "Euclidean distances",
        "You return distances between the vectors: your diagonal is 0.",
        "The distance says how far two points are apart; the cosine how alike their directions are.",
        "The dot products of rows of length 1.",
        length=lambda v: 1.0,
        product=torch.cdist,
    ),
    _v(
        "divided by the sum of the two lengths",
        "You divide by the sum of the two lengths.",
        "The cosine divides by their product: twice as long, and the dot product is twice as large.",
        UNIT,
        length=lambda v: 1.0,
        product=lambda a, b: a @ b.T / (_length(a) + _length(b).T),
    ),
    _v(
        "each row with itself only",
        "You return one number for each row: its cosine with itself.",
        "torch.cosine_similarity(vectors, vectors) goes through both row by row.",
        "Every row with every other: (N, N). a @ b.T does that.",
        keep=lambda c: c.diagonal(),
    ),
    _v(
        "one row of the matrix",
        "You return one row of the matrix: how alike the first row is to each.",
        "Every row has to be compared with every other: (N, N).",
        "Is there a return inside a loop?",
        keep=lambda c: c[0],
    ),
    _v(
        "half the matrix",
        "Below the diagonal your matrix is 0.",
        "The cosine of i and j is also that of j and i: the matrix is symmetric.",
        "In a loop: write each number to both places.",
        keep=torch.triu,
    ),
    _v(
        "the other half of the matrix",
        "Above the diagonal your matrix is 0.",
        "The cosine of i and j is also that of j and i: the matrix is symmetric.",
        "In a loop: write each number to both places.",
        keep=torch.tril,
    ),
    _v(
        "the last row is missing",
        "The last row and column of your matrix are 0.",
        "range(N − 1) ends at N − 2.",
        "range(N) goes over all rows.",
        keep=_without_last,
    ),
    _v(
        "a diagonal of zeros",
        "Your diagonal is 0.",
        "A vector points where it points: its cosine with itself is 1.",
        "Do you leave out i == j, or write over the diagonal?",
        diagonal=0.0,
    ),
    _v(
        "all ones",
        "Your matrix holds nothing but 1.",
        "So alike are only vectors of the same direction.",
        "Compute it from the vectors: their dot products over their lengths.",
        keep=torch.ones_like,
    ),
)
