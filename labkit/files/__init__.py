"""Where files are, and how they are written whole or not at all."""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
