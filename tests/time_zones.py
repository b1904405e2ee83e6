"""A time zone database as the `tzdata` package has it: its regions are directories."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def install_tzdata(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with the region America alone; to open that as a zone is an OSError."""
    region = directory / "tzdata" / "zoneinfo" / "America"
    region.mkdir(parents=True)
    for package in (region, *region.parents[:2]):
        (package / "__init__.py").touch()
    for name in ("tzdata", "tzdata.zoneinfo", "tzdata.zoneinfo.America"):
        # So that `monkeypatch` takes away what the import puts there.
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    monkeypatch.syspath_prepend(directory)
