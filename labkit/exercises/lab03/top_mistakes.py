"""What goes wrong in exercise 3.6: each is one choice of `build` made wrongly."""

import torch

from labkit.exercises.exercise import Misconception, variant


def _centred(vectors, dim=0):
    return vectors - vectors.mean(dim=dim, keepdim=True)


def _without(centred, vectors, directions):
    return centred - centred @ directions.T @ directions


def _svd(vectors):
    return torch.linalg.svd(vectors, full_matrices=False)


def build(
    of=lambda vectors: vectors,
    centre=_centred,
    found_in=lambda centred, vectors: centred,
    count=lambda n, width: n,
    pick=lambda svd, n: svd.Vh[:n],
    remove=_without,
    after=lambda result, vectors: result,
):
    """all_but_the_top with single choices made wrongly.

    of: what is done to the vectors first. centre: how the mean is taken away. found_in: the matrix whose
    directions they are. count: how many. pick: which. remove: how. after: what becomes of the result.
    """

    def answer(vectors, num_directions):
        given = of(vectors)
        centred = centre(given)
        directions = pick(_svd(found_in(centred, given)), count(num_directions, vectors.shape[1]))
        return after(remove(centred, given, directions), vectors)

    return answer


def _full_columns(vectors, num_directions):
    centred = _centred(vectors)
    Vh = torch.linalg.svd(centred, full_matrices=True).Vh
    return _without(centred, vectors, Vh[:, :num_directions].T)


def _columns_filled_up(svd, n):
    """Columns of Vh, with zeros up to D where there are fewer directions than that."""
    return torch.nn.functional.pad(svd.Vh[:, :n].T, (0, svd.Vh.shape[1] - len(svd.Vh)))


def _scaled_part(centred, vectors, directions):
    along = centred @ directions.T
    return centred - along @ (along.norm(dim=0)[:, None] * directions)


def _part_without_strength(vectors, num_directions):
    centred = _centred(vectors)
    U, _, Vh = _svd(centred)
    return centred - U[:, :num_directions] @ Vh[:num_directions]


def _ascending(vectors, num_directions):
    centred = _centred(vectors)
    top = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, :num_directions]
    return centred - centred @ top @ top.T


def _rest_of_the_axes(vectors, num_directions):
    centred = _centred(vectors)
    return centred @ torch.linalg.svd(centred, full_matrices=True).Vh[num_directions:].T


def _columns_zeroed(vectors, num_directions):
    centred = _centred(vectors)
    centred[:, :num_directions] = 0
    return centred


def _widest_zeroed(vectors, num_directions):
    centred = _centred(vectors)
    centred[:, centred.var(dim=0).topk(num_directions).indices] = 0
    return centred


def _whitened(vectors, num_directions):
    U, _, Vh = _svd(_centred(vectors))
    return U[:, num_directions:] @ Vh[num_directions:]


def _rows_removed(vectors, num_directions):
    centred = _centred(vectors)
    U = torch.linalg.svd(centred, full_matrices=True).U[:num_directions]
    return centred - U.T @ U @ centred


def _untouched_at_zero(vectors, num_directions):
    return build()(vectors, num_directions) if num_directions else vectors.clone()


def _fails(name, first, second, third, **choices):
    """A choice that mostly raises an error: never tried together with another."""
    return Misconception(name, build(**choices), (first, second, third))


def _v(name, first, second, third, spellings=(), **choices):
    wrong = variant(build, name, (first, second, third), **choices)
    return Misconception(name, wrong.wrong, wrong.hints, spellings, build, wrong.choices)


COLUMN_MEANS = "vectors.mean(dim=0) has one number for each column."
FROM_CENTRED = "Subtract from the centred vectors the part of them that lies along the directions."
FIRST_N = "Vh[:num_directions] are the rows 0 to num_directions − 1."
MISTAKES = (
    _v(
        "the mean alone",
        "You take the mean away, but no directions.",
        "That is the first half of the cure. "
        "A direction in which all vectors vary strongly still decides most cosines.",
        "How much of each centred row lies along the first directions? centred @ directions.T",
        count=lambda n, width: 0,
    ),
    _v(
        "the mean stays",
        "The directions are gone, the mean is still there.",
        "The directions come from the centred vectors; they have to be taken out of those too.",
        "From which matrix do you subtract at the end?",
        remove=lambda centred, vectors, d: vectors - vectors @ d.T @ d,
    ),
    _v(
        "vectors that are not centred",
        "Your vectors are not centred: the mean is still in them.",
        "Without centring, the first direction is little more than the mean itself, and the mean is not quite gone either.",
        "First take the mean of each column away, then look for directions.",
        centre=lambda v: v,
    ),
    _v(
        "directions of vectors that are not centred",
        "Your directions are those of the vectors as they come, with their mean.",
        "The first of them is then little more than the mean, which is gone already.",
        "What do you hand to svd? It should be the centred vectors.",
        found_in=lambda centred, vectors: vectors,
    ),
    _v(
        "the part of the vectors that are not centred",
        "You subtract the part of the vectors as they come, with their mean in it.",
        "The mean's part along the directions is then taken away twice.",
        FROM_CENTRED,
        remove=lambda centred, vectors, d: centred - vectors @ d.T @ d,
    ),
    _v(
        "the mean is put back",
        "You take away the right part along the directions, but the mean is still in your result.",
        "The part is subtracted from the vectors as they came, or the mean is added again. "
        "All vectors share it, so it is the first thing to go.",
        FROM_CENTRED,
        after=lambda result, vectors: result + vectors.mean(dim=0),
    ),
    _v(
        "the mean of each row taken away",
        "You take away the mean of each row.",
        "What all vectors share is their mean: over the rows, one number for each column.",
        "vectors.mean(dim=...): which axis are the vectors?",
        centre=lambda v: _centred(v, dim=1),
    ),
    _fails(
        "the means of the rows along the columns",
        "You subtract the means of the rows without keepdim=True: (N, D) and (N,).",
        "That raises an error unless N and D are equal; and what all share is one number for each column.",
        COLUMN_MEANS,
        centre=lambda v: v - v.mean(dim=1),
    ),
    _v(
        "one mean for all numbers",
        "You take the same number away everywhere, the mean of the whole matrix.",
        "The mean vector has one number for each column.",
        COLUMN_MEANS,
        centre=lambda v: v - v.mean(),
    ),
    _v(
        "the median",
        "You take the median of each column away.",
        "The mean of what is left is then not 0.",
        COLUMN_MEANS,
        centre=lambda v: v - v.median(dim=0).values,
    ),
    _v(
        "divided by the spread as well",
        "You also divide each column by its spread.",
        "That changes all lengths and angles. Here only something is taken away.",
        "Subtract the mean, and nothing else, before svd.",
        centre=lambda v: _centred(v) / v.std(dim=0),
        spellings=(build(centre=lambda v: _centred(v) / v.std(dim=0, unbiased=False)),),
    ),
    _v(
        "rows of length 1 first",
        "You bring the rows to length 1 before you begin.",
        "The cosine does that by itself, afterwards. Here the vectors keep their lengths.",
        "Use the vectors as they come.",
        of=lambda v: v / v.norm(dim=1, keepdim=True),
    ),
    _v(
        "rows of length 1 in the end",
        "You bring the rows to length 1 in the end.",
        "The cosine does that by itself. Here the vectors keep their lengths, and their mean is 0.",
        "Return what is left after the subtraction.",
        after=lambda result, vectors: torch.nn.functional.normalize(result, dim=1),
    ),
    _v(
        "keeps what should go",
        "You keep the first directions and drop the rest.",
        "That is PCA, for a picture. Here the first directions are the ones to get rid of.",
        "Subtract that part from the centred vectors.",
        remove=lambda centred, vectors, d: centred @ d.T @ d,
    ),
    _v(
        "how far along each direction",
        "You return how far each vector goes along the directions: (N, num_directions).",
        "Those are coordinates, of the part that should go.",
        "Times directions again they are vectors, which can be subtracted from the centred ones.",
        remove=lambda centred, vectors, d: centred @ d.T,
    ),
    _fails(
        "coordinates subtracted from vectors",
        "You subtract (N, num_directions) from (N, D): coordinates from vectors.",
        "That fits only by chance, where there is one direction.",
        "centred @ directions.T @ directions is (N, D).",
        remove=lambda centred, vectors, d: centred - centred @ d.T,
    ),
    _fails(
        "the transpose on the wrong one",
        "Your product does not fit: one of the two has to be turned over with .T.",
        "centred is (N, D) and directions (n, D): the D has to meet the D.",
        "centred @ directions.T @ directions",
        remove=lambda centred, vectors, d: centred - centred @ d @ d.T,
    ),
    Misconception(
        "coordinates instead of vectors",
        lambda vectors, num_directions: (lambda c: c @ _svd(c).Vh[num_directions:].T)(_centred(vectors)),
        (
            "You return coordinates along the remaining directions, not vectors of the old space.",
            "They say the same, but can no longer be compared with vectors of the old space.",
            "The part to subtract has to be a vector: times the directions again.",
        ),
        (_rest_of_the_axes,),
    ),
    _v(
        "added instead of subtracted",
        "The directions have become stronger: you add what should be taken away.",
        "Adding the part once more doubles it.",
        "A minus.",
        remove=lambda centred, vectors, d: centred + centred @ d.T @ d,
    ),
    _v(
        "the smallest directions",
        "You take away the directions in which the vectors differ least.",
        "svd sorts by size, the largest first (eigh the smallest first); the largest are those that all share.",
        FIRST_N,
        pick=lambda svd, n: svd.Vh[len(svd.Vh) - n :],
        spellings=(build(pick=lambda svd, n: svd.Vh[-n:]), _ascending),
    ),
    _v(
        "one direction too many",
        "You take away one direction too many.",
        "With num_directions = 0 only the mean should go.",
        FIRST_N,
        count=lambda n, width: n + 1,
    ),
    _v(
        "one direction too few",
        "You take away one direction too few.",
        "With num_directions = 1 the strongest should go.",
        FIRST_N,
        count=lambda n, width: max(n - 1, 0),
    ),
    _v(
        "begins with the second direction",
        "The strongest direction is still there: yours begin with the second.",
        "Rows are counted from 0. "
        "The mean is not one of the directions, so nothing has to be skipped for it.",
        FIRST_N,
        pick=lambda svd, n: svd.Vh[1 : n + 1],
    ),
    _v(
        "one direction alone",
        "You take away a single direction, the one behind those that should go.",
        "Vh[n] is row n; the rows in front of it are still there.",
        FIRST_N,
        pick=lambda svd, n: svd.Vh[n : n + 1],
    ),
    _v(
        "the last of them only",
        "Of several directions only the last is gone.",
        "In a loop that subtracts from `centred` each time, each step forgets the one before; and Vh[n − 1] is one row.",
        "Subtract from what the last step has left, or all at once: Vh[:num_directions].",
        pick=lambda svd, n: svd.Vh[n - 1 : n] if n else svd.Vh[:0],
    ),
    _v(
        "always one",
        "You take one direction away, whatever num_directions says.",
        "How many are good has to be tried out; a rule of thumb such as D // 100 + 1 is not what was asked.",
        FIRST_N,
        count=lambda n, width: 1,
    ),
    _v(
        "never more than six",
        "You never take away more than six directions.",
        "torch.pca_lowrank looks for q = 6 where nothing is said, and not exactly either.",
        "torch.linalg.svd finds all of them.",
        count=lambda n, width: min(n, 6),
    ),
    Misconception(
        "nothing at 0",
        _untouched_at_zero,
        (
            "With num_directions = 0 you return the vectors as they came.",
            "No directions are to go then, but the mean is.",
            "Take the mean away before you ask for num_directions.",
        ),
    ),
    _v(
        "columns of Vh instead of rows",
        "You take the columns of Vh for directions.",
        "svd returns V already turned over (the h): its *rows* are the directions, the strongest first.",
        "Vh is (directions, D): along which of its axes do you count to num_directions?",
        pick=lambda svd, n: svd.Vh.T[:n],
        spellings=(_full_columns, build(pick=_columns_filled_up)),
    ),
    _v(
        "directions times their strength",
        "Your directions are not of length 1: they are multiplied with their strength.",
        "Only along a direction of length 1 does a product with it give the part that lies along it.",
        "Leave S out.",
        pick=lambda svd, n: svd.S[:n, None] * svd.Vh[:n],
    ),
    _v(
        "the part times the strength",
        "What you take away is the part along the directions times their singular values.",
        "centred @ directions.T holds the strength already: it says how far each vector goes along them.",
        "Leave S out.",
        remove=_scaled_part,
    ),
    Misconception(
        "the part without the strength",
        _part_without_strength,
        (
            "What you take away points along the right directions, but is not as long as the part there.",
            "U has columns of length 1; how far each vector goes along the directions is U times S.",
            FROM_CENTRED,
        ),
    ),
    _v(
        "U in place of Vh",
        "You take rows of U for directions.",
        "U has a row for each text; the directions, D numbers each, are the rows of Vh.",
        "U, S, Vh = torch.linalg.svd(...): the third.",
        pick=lambda svd, n: svd.U[:n],
        spellings=(_rows_removed, build(pick=lambda svd, n: svd.U[:, :n].T)),
    ),
    Misconception(
        "all directions made equally long",
        _whitened,
        (
            "In your result all remaining directions are equally strong.",
            "That is whitening: it leaves S out. Here only the first directions change.",
            FROM_CENTRED,
        ),
    ),
    Misconception(
        "the first columns set to 0",
        _columns_zeroed,
        (
            "You set the first columns to 0.",
            "A direction is rarely one of the columns: it is a mixture of all of them.",
            "The directions are the rows of Vh.",
        ),
    ),
    Misconception(
        "the widest columns set to 0",
        _widest_zeroed,
        (
            "You set the columns to 0 in which the vectors differ most.",
            "A direction is rarely one of the columns: it is a mixture of all of them.",
            "The directions are the rows of Vh.",
        ),
    ),
    Misconception(
        "as they came",
        lambda vectors, num_directions: vectors.clone(),
        (
            "You return the vectors as they came.",
            "The mean should be gone, and the first directions of what is left.",
            "Begin with centred = vectors - vectors.mean(dim=0).",
        ),
    ),
)
