"""Names that load on first use, and modules by the short names that notebooks use.

`import labkit` is cheap: what a lab does not use is not imported. A package lists its names in a stub beside
it (`__init__.pyi`, Scientific Python's SPEC 1), from which lazy_loader imports them when they are first asked
for, and from which editors complete names and show docstrings.
"""

import importlib
import importlib.abc
import importlib.util
import sys
import types

import lazy_loader

from labkit.messages.causes import explained


def attach(package: str, file: str):
    """`__getattr__`, `__dir__` and `__all__` for the package whose `__init__.py` is `file`, from its stub."""
    load, list_names, names = lazy_loader.attach_stub(package, file)

    def __getattr__(name):
        if name not in names:
            message = f"{package} has no {name!r}; it has {', '.join(names)}"
            raise AttributeError(message, name=name, obj=sys.modules[package])
        with explained():
            return load(name)

    return __getattr__, list_names, names


class ShortNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets `from labkit.features import extract` mean the module that `labkit.features` is.

    It is the last that Python asks, so it is asked only for what is no module by that name itself.
    """

    def find_spec(self, fullname, path=None, target=None):
        """A spec for a short name of labkit's; None for everything else."""
        package, _, name = fullname.rpartition(".")
        if package != "labkit" or name not in sys.modules[package].__all__:
            return None
        module = getattr(sys.modules[package], name)
        if not isinstance(module, types.ModuleType):
            return None
        # The module keeps the spec of its own name; importlib would give it this one.
        return importlib.util.spec_from_loader(fullname, self, origin=module.__name__)

    def create_module(self, spec):
        """The module itself, imported by its own name."""
        module = importlib.import_module(spec.origin)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module):
        """Nothing is left to run: the module gets its own spec back."""
        module.__spec__ = module.__spec__.loader_state
