"""Every module of this package adds its routes to the blueprint; a new one needs no line anywhere."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import blueprints.records as package

for _module in sorted(found.name for found in iter_modules(package.__path__)):
    if _module != "views":
        import_module(f"{package.__name__}.{_module}")
