"""Checks that are compiled from annotations."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.protocol.widgets.checks import compile_check


@pytest.mark.parametrize("annotation", [bytes, set[str], dict[int, str]])
def test_a_prop_of_a_type_that_json_does_not_have_cannot_be_declared(annotation: Any) -> None:
    with pytest.raises(TypeError, match="no check for"):
        compile_check(annotation)
