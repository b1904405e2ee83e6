"""The stores and the ports that they implement: what a method does is said in the port alone."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import store.sql

#: Store modules by the names of their files of statements. The server's secrets have no port: only
#: the wiring reads them, once.
MODULES = sorted(
    {path.stem for path in Path(store.sql.__file__).with_name("queries").glob("*.sql")}
    - {"secrets"}
)


def public_methods(cls: type) -> dict[str, Any]:
    return {
        name: method
        for name, method in vars(cls).items()
        if not name.startswith("_") and callable(method)
    }


@pytest.mark.parametrize("name", MODULES)
def test_a_store_implements_the_port_of_its_name_and_leaves_the_words_to_it(name: str) -> None:
    ports = importlib.import_module(f"chatkit.ports.{name}")
    module = importlib.import_module(f"store.{name}")
    implemented = set()
    for cls in vars(module).values():
        if not inspect.isclass(cls) or cls.__module__ != module.__name__:
            continue
        found = re.match(r"(?:The|A) `(\w+)`", cls.__doc__ or "")
        assert found, f"{cls.__name__} names its port"
        port = getattr(ports, found[1])
        methods = public_methods(cls)
        assert methods.keys() == public_methods(port).keys()
        assert {method.__doc__ for method in methods.values()} == {"See the port."}
        implemented.add(port)
    assert implemented
