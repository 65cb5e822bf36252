"""The geometry of a space of vectors: who is near whom, how wide the space is used, how alike two spaces are.

Lab 03 asks students to write `cosine_similarity_matrix`, `nearest`, `anisotropy`, `all_but_the_top` and
`linear_cka`; these are the functions it compares with. Vectors are the rows of a matrix (N, D), as a tensor
or an array. Every function raises LabkitError for another shape and for NaN or infinity.
"""

from collections.abc import Sequence

import torch

from labkit.messages import LabkitError
from labkit.models.steady import steady


@steady(gradients=None)
def cosine_similarity_matrix(vectors: torch.Tensor) -> torch.Tensor:
    """The cosine of the angle between every two rows.  (N, D) -> (N, N), from -1 to 1

    Raises LabkitError for a row of zeros: it points nowhere.
    """
    vectors = _matrix(vectors)
    lengths = vectors.norm(dim=1, keepdim=True)  # (N, 1)
    if (lengths == 0).any():
        number = int((lengths[:, 0] == 0).nonzero()[0])
        raise LabkitError(f"Row {number} is all zeros: it has no direction, so no cosine.")
    unit = vectors / lengths
    return (unit @ unit.T).clamp(-1, 1)


@steady(gradients=None)
def nearest(vectors: torch.Tensor, index: int, k: int) -> list[int]:
    """The k other rows with the largest cosine to row `index`, the nearest first: a list of k int.

    Raises LabkitError when there is no such row, or there are not k others.
    """
    vectors = _matrix(vectors)
    if not 0 <= index < len(vectors):
        raise LabkitError(
            f"index should be 0 to {len(vectors) - 1}, for {len(vectors)} rows; it was {index}."
        )
    if not 1 <= k < len(vectors):
        raise LabkitError(f"k should be 1 to {len(vectors) - 1}, the number of other rows; it was {k}.")
    cosines = cosine_similarity_matrix(vectors)[index]
    cosines[index] = -torch.inf
    return cosines.topk(k).indices.tolist()


@steady(gradients=None)
def anisotropy(vectors: torch.Tensor) -> float:
    """The mean cosine between two different rows: 0 when they point everywhere, near 1 in a narrow cone.

    Ethayarajh 2019, "How contextual are contextualized word representations?", section 3.3.
    Raises LabkitError for fewer than two rows.
    """
    cosines = cosine_similarity_matrix(vectors)  # (N, N)
    num = len(cosines)
    if num < 2:
        raise LabkitError("Anisotropy compares rows with each other: give at least two.")
    return ((cosines.sum() - cosines.diagonal().sum()) / (num * (num - 1))).item()


@steady(gradients=None)
def all_but_the_top(vectors: torch.Tensor, num_directions: int) -> torch.Tensor:
    """The cure for anisotropy: take away the mean, then the directions that all rows share most.  -> (N, D)

    Mu & Viswanath 2018, "All-but-the-Top: simple and effective postprocessing for word representations",
    algorithm 1; num_directions is their D (0 only takes away the mean).
    Raises LabkitError when num_directions is not 0 to min(N, D) - 1.
    """
    vectors = _matrix(vectors)
    most = min(vectors.shape) - 1
    if not 0 <= num_directions <= most:
        raise LabkitError(f"num_directions should be 0 to {most} for these rows; it was {num_directions}.")
    centred = vectors - vectors.mean(dim=0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:num_directions]  # (num_directions, D)
    return centred - centred @ directions.T @ directions


@steady(gradients=None)
def linear_cka(x: torch.Tensor, y: torch.Tensor) -> float:
    """How alike two spaces are, from 0 to 1: row i of x and of y belong to the same text.

    (N, D1) and (N, D2) -> float. Not changed by turning either space, by its scale or by a shift.
    Kornblith et al. 2019, "Similarity of neural network representations revisited", section 3 and equation 4:
    ||Y^T X||^2 / (||X^T X|| ||Y^T Y||) of centred columns, norms of Frobenius.
    Raises LabkitError when the numbers of rows differ or all rows of one are the same.
    """
    x, y = _matrix(x).double(), _matrix(y).double()
    if len(x) != len(y):
        raise LabkitError(f"CKA compares the same texts in two spaces: {len(x)} rows against {len(y)}.")
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    own = (x.T @ x).norm() * (y.T @ y).norm()
    if own < 1e-18:
        raise LabkitError("All rows of a space are the same, so there is nothing to compare.")
    return ((y.T @ x).norm() ** 2 / own).item()


@steady(gradients=None)
def cka_table(spaces: Sequence[torch.Tensor]) -> torch.Tensor:
    """`linear_cka` of every space with every other.  a list of S matrices (N, D) -> (S, S) tensor"""
    table = torch.ones(len(spaces), len(spaces))
    for row in range(len(spaces)):
        for column in range(row):
            table[row, column] = table[column, row] = linear_cka(spaces[row], spaces[column])
    return table


def _matrix(vectors: torch.Tensor) -> torch.Tensor:
    """A float tensor (N, D) of finite numbers."""
    try:
        vectors = torch.as_tensor(vectors)
    except (TypeError, ValueError, RuntimeError):
        raise LabkitError(
            f"Vectors are a matrix of numbers, one row each; this was {type(vectors).__name__}."
        ) from None
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise LabkitError(f"Vectors are a matrix (N, D), one row each; the shape was {tuple(vectors.shape)}.")
    vectors = vectors if vectors.dtype == torch.float64 else vectors.float()
    bad = ~vectors.isfinite().all(dim=1)
    if bad.any():
        raise LabkitError(
            f"Row {int(bad.nonzero()[0])} holds NaN or infinity, one of {int(bad.sum())} such rows. "
            "Look where it came from: often 0/0, or a mean over no tokens."
        )
    return vectors
