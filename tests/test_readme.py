"""The README says what there is, and there is what the README says."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from chatkit.models.deprecations import end_of_service
from chatkit.wiring.settings import DEFAULT_MODELS
from tests.edge.application import running
from tests.model_table import model_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The code spans in the first column of every table row."""
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [span for row in rows for span in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    source = (ROOT / "chatkit" / "wiring" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', source))
    assert set(first_cells(section("Configuration"))) == read


def test_every_key_that_chooses_a_model_is_documented_with_its_model() -> None:
    text = section("Configuration")
    for key, model in DEFAULT_MODELS.items():
        assert re.search(rf"`{key}`\s+\(`{re.escape(model)}`\)", text)


def test_the_models_that_are_named_for_dictation_and_pictures_have_no_announced_end() -> None:
    named = re.search(r"dictation \(`([^`]+)`\) and pictures \(`([^`]+)`\)", README)
    assert named is not None
    table = model_table()
    modes = [table[model]["mode"] for model in named.groups()]
    assert modes == ["audio_transcription", "image_generation"]
    assert [end_of_service(model, table) for model in named.groups()] == [None, None]


async def test_every_route_is_documented_and_every_documented_one_is_there(
    database_url: str,
) -> None:
    documented = set()
    for row in re.findall(r"^\| (`[A-Z].*?) \|", section("Routes"), re.MULTILINE):
        methods: list[str] = []
        for span in re.findall(r"`([^`]+)`", row):
            *verbs, path = span.split()
            methods = verbs or methods
            documented |= {(method, path) for method in methods}
    async with running(database_url) as services:
        served = {
            (method, route.path) for route in services.router.routes for method in route.methods
        }
    assert documented == served


def test_every_error_code_is_documented() -> None:
    errors = (ROOT / "chatkit" / "protocol" / "errors.py").read_text(encoding="utf-8")
    tree = errors.split('"""')[1]
    codes = set(
        re.findall(
            r"[a-z]+_[a-z_]+|conflict|forbidden|internal|unavailable|unauthorized",
            " ".join(re.findall(r"\d{3}  (.*)", tree)),
        )
    )
    documented = set(re.findall(r"`([a-z_]+)`", section("Routes").split("| Status |")[1]))
    assert codes <= documented


def test_the_two_commands_are_those_that_the_contract_names() -> None:
    commands = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert commands[0] == (
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
        " && .venv/bin/python app.py"
    )
    assert commands[1] == (
        ".venv/bin/pip install -r tests/requirements.txt && .venv/bin/python -m pytest"
    )


def test_the_table_of_rooms_says_what_the_walls_let_through() -> None:
    walls = configparser.ConfigParser()
    walls.read(ROOT / ".importlinter", encoding="utf-8")
    forbidden = {
        module: set(walls[section]["forbidden_modules"].split())
        for section in walls.sections()
        if section.startswith("importlinter:contract:")
        for module in walls[section]["source_modules"].split()
    }
    row = re.compile(r"^\| `(chatkit/[a-z]+|store|tools)`[^|]*\| [^|]* \| ([^|]*) \|$", re.M)
    rooms = [(room.replace("/", "."), allowed) for room, allowed in row.findall(README)]
    names = [room for room, _ in rooms if room not in ("chatkit.page", "chatkit.wiring")]
    assert set(forbidden) - {"chatkit.models.pure", "chatkit.wiring"} == set(names)
    pure = "protocol, words, access, todo, models/pure, answer"
    for room, said in rooms:
        if room not in names:
            continue
        listed = said.replace("the pure rooms", pure).replace("/pure", "").split(", ")
        documented = {f"chatkit.{name}" for name in listed if name != "nothing"} - {room}
        let_through = {name for name in names if name not in forbidden[room]} - {room}
        assert (room, let_through) == (room, documented)


def test_every_file_that_the_list_of_changes_names_is_there() -> None:
    table = README.split("**Where to change what.**")[1].split("\n## ")[0]
    named = re.findall(r"`([a-z_]+(?:/[a-z_.]+)*\.(?:py|sql|js|ts))`", table)
    missing = [name for name in named if "/" in name and not (ROOT / name).is_file()]
    assert (len(named) > 15, missing) == (True, [])
