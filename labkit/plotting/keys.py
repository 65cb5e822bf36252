"""Keys pressed inside an output belong to the output."""

# JupyterLab takes the arrow keys to move from cell to cell, and Enter to edit one, wherever the focus is in a
# notebook, but not from an element that has this attribute itself. Elsewhere it means nothing.
OWN_KEYS = 'data-lm-suppress-shortcuts="true"'
