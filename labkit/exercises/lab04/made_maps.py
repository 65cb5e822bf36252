"""Attention maps made from a seed, for the cases of this lab."""

import torch


def random_maps(seed, num_layers, num_heads, length, causal=False, sharpness=1.5):
    """Rows that sum to 1 and differ in how sharp they are; zeros above the diagonal if causal.  (L, H, "
    "T, T)"""
    generator = torch.Generator().manual_seed(seed)
    scores = sharpness * torch.randn(num_layers, num_heads, length, length, generator=generator)
    scores = scores * torch.linspace(0.3, 1.7, num_heads)[:, None, None]
    if causal:
        ahead = torch.ones(length, length, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(ahead, -torch.inf)
    return scores.softmax(dim=-1)


def shape_of(maps):
    """How a report names a case's maps."""
    return f"maps of shape {tuple(maps.shape)}"
