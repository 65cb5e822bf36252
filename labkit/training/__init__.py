"""Training: what is minimised, and the loop that does it.

objectives   masked and next-token losses
loop         optimisers, schedules, checkpoints
characters   a tiny GPT of characters, trained within seconds
"""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
