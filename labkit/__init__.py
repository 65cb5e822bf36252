"""labkit: the models, checks and pictures behind the BERT and GPT labs.

Which names there are, and where each is at home, stands in `__init__.pyi`.
"""

import sys

__version__ = "0.1.0"

# Under `python -m labkit...`, Python looks for modules in the working folder first, where a file of the
# user's may be called like one of them (`argparse.py`). The command `labkit` does not look there at all.
if sys.argv[:1] == ["-m"] and any(word.startswith("labkit") for word in sys.orig_argv[1:4]):
    if not getattr(sys.flags, "safe_path", False):
        sys.path.append(sys.path.pop(0))

try:
    from labkit.short_names import ShortNames, attach

    __getattr__, __dir__, __all__ = attach(__name__, __file__)
except Exception as error:
    from labkit.messages.causes import say_of_import

    say_of_import(error)
    raise

if not any(type(finder).__name__ == "ShortNames" for finder in sys.meta_path):
    sys.meta_path.append(ShortNames())
