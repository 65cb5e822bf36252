"""The texts that the labs work on: what is bundled, and what is fetched.

datasets   cloze sentences, stories, and data sets from elsewhere
reviews    the film reviews
senses     words with two senses
"""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
