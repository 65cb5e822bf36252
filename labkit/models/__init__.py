"""Models: `labkit.load`, where they come from, what they are made of, and what they write.

loading       labkit.load: one call, four places to come from
folders       what is in a model's folder; tokenizers reads the tokenizer as the file has it
hub           the model hub: pinned downloads, kept in the cache
downloads     archives that hold a model or a data set, fetched by their hash; index finds them
connection    what the environment says of proxies and certificates, looked at before one is needed
start         networks before any training, and the bundled pair's positional start
encoding      from texts to ids, and what is no text; vocabulary is the way back, from ids to words
steady        the same numbers whatever a notebook has set elsewhere
transformer   the readable Transformer: both architectures in one file; weight_maps names its weights
architectures which options of a configuration are computed, and which refused
masks         causal and padding masks, and a model behind another mask
packed        many texts in one pass without padding
generation    writing with a decoder
"""

from labkit.short_names import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
