"""What is measured on a model. Each module belongs to a lab and holds what its exercises compare with.

cloze                             lab 01: filling blanks
influence                         lab 02: which token sees which
features, geometry, projection    lab 03: vectors of words and texts
senses                            lab 03: one word, two senses
attention, ablation, explaining   lab 04: who looks at whom, and what it is worth
probing, baselines, comparison    lab 05: classifiers on frozen features
transfer                          lab 05: the same with larger encoders, recorded
"""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
