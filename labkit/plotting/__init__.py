"""Every figure of the labs: plotly, one template, and a text alternative computed from the same data.

Each function returns a `LabFigure`: it draws in JupyterLab, VS Code and Colab, offline and in notebooks the
reader has not trusted, and its `summary` says in words what the picture shows.
Names load on first use, so that importing labkit.plotting costs nothing (PEP 562).
"""

import importlib

_HOMES = {
    "LabFigure": "figure",
    "token_strip": "tokens",
    "mask_counts": "tokens",
    "probability_bars": "probabilities",
    "compare_bars": "probabilities",
    "learning_slider": "learning",
    "learning_lines": "learning",
    "training_curve": "learning",
    "share_matrix": "tables",
    "accuracy_by_rate": "accuracy",
    "accuracy_bars": "accuracy",
    "learning_curves": "curves",
    "layer_curves": "curves",
    "cost_accuracy": "curves",
    "attention_heatmap": "attention",
    "attention_grid": "attention",
    "attention_explorer": "attention",
    "head_scatter": "heads",
    "head_matrix": "heads",
    "word_scores": "heads",
    "correlation_dots": "heads",
    "mask_panels": "masks",
    "influence_maps": "masks",
    "next_token_bars": "writing",
    "agreement_lines": "writing",
    "loss_lines": "writing",
    "layer_lines": "layers",
    "similarity_matrix": "similarity",
    "projection_slider": "projection",
    "projection_panels": "projection",
    "class_map": "classroom",
    "class_svg": "classroom",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"labkit.plotting.{_HOMES[name]}"), name)
    raise AttributeError(f"labkit.plotting has no {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
