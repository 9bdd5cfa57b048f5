"""What a folder declares: every source in ``data_sources/``, every layer in ``layers/``.

Adding a file to one of these folders is all it takes: its decorated functions are found by their type.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

from hjp_geo.errors import SchemaError

__all__ = ["discover"]

T = TypeVar("T")


def discover(package: str, kind: type[T]) -> dict[str, T]:
    """Everything of one kind that the modules of a package declare, by its name, in the order of the names.

    Raises `SchemaError` where two modules declare the same name.
    """
    found: dict[str, T] = {}
    for module in _modules(package):
        for value in _declared(module, kind):
            name = str(getattr(value, "name"))  # noqa: B009 - T has no protocol; every declared kind has a name
            if found.setdefault(name, value) is not value:
                raise SchemaError(f"{package}: two modules declare '{name}'. Rename one of the two functions.")
    return dict(sorted(found.items()))


def _declared(module: ModuleType, kind: type[T]) -> Iterator[T]:
    """What a module declares by name, or in a tuple where a family of them is made in a loop."""
    for value in vars(module).values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, kind):
                yield item


def _modules(package: str) -> list[ModuleType]:
    root = importlib.import_module(package)
    names = sorted(info.name for info in pkgutil.iter_modules(root.__path__) if not info.name.startswith("_"))
    return [importlib.import_module(f"{package}.{name}") for name in names]
