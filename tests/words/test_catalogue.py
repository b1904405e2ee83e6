"""Languages: which one is spoken to whom, and how a code becomes a sentence."""

from __future__ import annotations

import pytest

from chatkit.words.catalogue import Catalogue, choose_language, say_in
from tests.wording import add_catalogue

POLISH = Catalogue(
    language="pl",
    sentences={"card.count": {"one": "{count} zadanie", "few": "{count} zadania", "many": "…"}},
    plural=lambda count: "one" if count == 1 else "few" if 1 < count % 10 < 5 else "many",
)


@pytest.fixture
def _polish(monkeypatch: pytest.MonkeyPatch) -> None:
    add_catalogue(monkeypatch, POLISH)


@pytest.mark.usefixtures("_polish")
@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("pl", "pl"),
        ("PL-pl", "pl"),
        ("fr, pl;q=0.4", "pl"),
        ("en;q=0.5, pl;q=0.8", "pl"),
        ("pl;q=0.5,en", "en"),
        ("pl;q=0", "en"),
        ("pl;q=x", "en"),
        ("pl;level=1", "pl"),
        ("*", "en"),
        (";;,,;q=", "en"),
        (",".join(["fr"] * 20) + ",pl", "en"),
    ],
)
def test_the_language_is_the_one_that_a_browser_wants_most(
    header: str | None, language: str
) -> None:
    assert choose_language(header) == language


@pytest.mark.usefixtures("_polish")
def test_a_count_chooses_the_form_of_its_language() -> None:
    said = [say_in("pl")("card.count", count=count) for count in (1, 3, 5)]
    assert said == ["1 zadanie", "3 zadania", "…"]
    assert say_in("en")("card.count", count=1) == "1 task"
    assert say_in("en")("card.count", count=0) == "0 tasks"


@pytest.mark.usefixtures("_polish")
def test_a_code_that_a_language_lacks_is_said_in_english() -> None:
    assert say_in("pl")("card.more", count=2) == "and 2 more"


def test_a_parameter_is_data_whatever_it_holds() -> None:
    said = say_in("en")("card.deleted", title="{count} {title!r} %s")
    assert said == "Deleted “{count} {title!r} %s”."


def test_a_code_that_no_catalogue_has_is_an_error() -> None:
    with pytest.raises(KeyError):
        say_in("en")("no.such_code")
