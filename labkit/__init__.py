"""labkit: the models, checks and pictures behind the BERT and GPT labs.

`import labkit` is cheap: what a lab does not use is not imported (PEP 562).
"""

import importlib

__version__ = "0.1.0"

_HOMES = {"load": "models", "start": "lab"}
_MODULES = {
    "ablation",
    "attention",
    "explaining",
    "views",
    "models",
    "objectives",
    "paths",
    "training",
    "plotting",
    "quiz",
    "exercises",
    "cloze",
    "datasets",
    "features",
    "geometry",
    "projection",
    "senses",
    "lab",
    "probing",
    "transformer",
    "masks",
    "reviews",
    "baselines",
    "comparison",
    "transfer",
    "downloads",
    "characters",
    "generation",
    "influence",
}
__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"labkit.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"labkit.{name}")
    raise AttributeError(f"labkit has no {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
