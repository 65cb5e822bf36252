"""Every figure of the labs: plotly, one template, and a text alternative computed from the same data.

Each function returns a `LabFigure`: it draws in JupyterLab, VS Code and Colab, offline and in notebooks the
reader has not trusted, and its `summary` says in words what the picture shows.
"""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
