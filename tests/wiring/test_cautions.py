"""What the start warns of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatkit.wiring.cautions import cautions
from chatkit.wiring.settings import load_settings

DEMO = {"MODEL": "demo/tasks"}


def warned(tmp_path: Path, **variables: str) -> str:
    settings = load_settings({**DEMO, **variables})
    return "\n".join(cautions(settings, tmp_path / ".env"))


@pytest.fixture(autouse=True)
def _as_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_a_plain_configuration_is_nothing_to_warn_of(tmp_path: Path) -> None:
    assert warned(tmp_path) == ""
    assert warned(tmp_path, BETTER_AUTH_URL="http://localhost:3000", MODEL="a/b") == ""
    assert warned(tmp_path, BETTER_AUTH_URL="https://auth.example", MODEL="a/b") == ""


@pytest.mark.parametrize(("mode", "is_told"), [(0o644, True), (0o640, False), (0o600, False)])
def test_a_file_with_keys_that_everybody_can_read(tmp_path: Path, mode: int, is_told: bool) -> None:
    file = tmp_path / ".env"
    file.write_text("MODEL_API_KEY=k\n", encoding="utf-8")
    file.chmod(mode)
    assert ("chmod 600" in warned(tmp_path)) is is_told


def test_keys_that_come_over_a_network_in_plain_text(tmp_path: Path) -> None:
    assert "BETTER_AUTH_URL" in warned(tmp_path, BETTER_AUTH_URL="http://auth.example")


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"GUESTS": "on", "MODEL": "a/b"}, "everybody"),
        ({"MODEL": "a/b"}, ""),
        ({"GUESTS": "on", "MODELS": "demo/tasks,a/b"}, "everybody"),
        ({"GUESTS": "off", "MODEL": "a/b"}, ""),
        ({"GUESTS": "on"}, ""),
    ],
)
def test_guests_who_use_a_model_that_costs_money(
    tmp_path: Path, variables: dict[str, str], word: str
) -> None:
    told = warned(tmp_path, **variables)
    assert (word in told) if word else told == ""


def test_a_server_that_runs_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "root" in warned(tmp_path)
