"""Attention maps for the cases of this lab: made from a seed, or written out."""

import torch


def random_maps(seed, num_layers, num_heads, length, causal=False, sharpness=1.5):
    """Rows that sum to 1 and differ in how sharp they are, zeros above the diagonal if causal: (L, H, T, T).

    No two heads and no two layers are equally sharp, so that each mean over the wrong axis shows.
    """
    generator = torch.Generator().manual_seed(seed)
    scores = sharpness * torch.randn(num_layers, num_heads, length, length, generator=generator)
    scores = scores * torch.linspace(0.3, 1.7, num_layers * num_heads).view(num_layers, num_heads, 1, 1)
    if causal:
        ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(ahead, -torch.inf)
    return scores.softmax(dim=-1)


def looks_at(*columns):
    """A head that looks at one token in each row: (1, 1, T, T), row i at token columns[i]."""
    return torch.eye(len(columns))[list(columns)][None, None]


def shape_of(maps):
    """How a report names a case's maps."""
    return f"maps of shape {tuple(maps.shape)}"


def written(maps):
    """Small maps written out, head by head."""
    heads = [
        f"layer {layer}, head {head}: {_rows(maps[layer, head])}"
        for layer in range(maps.shape[0])
        for head in range(maps.shape[1])
    ]
    return f"{shape_of(maps)}\n" + "\n".join(heads)


def _rows(table):
    return "[" + ", ".join("[" + ", ".join(f"{x:.4g}" for x in row) + "]" for row in table.tolist()) + "]"
