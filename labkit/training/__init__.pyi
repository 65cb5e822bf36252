from . import characters as characters
from . import loop as loop
from . import objectives as objectives
