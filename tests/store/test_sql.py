"""The statements: how their files are read, that each is right, and that each is the user's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import asyncpg
import pytest

import store.sql
from chatkit.protocol.bodies import Body
from store.sql import COLUMNS, load, parse, with_columns


def loaded_by(tree: ast.Module) -> Iterator[ast.expr]:
    """The argument of every call of `load`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="load"), args=[name]):
                yield name


ROOM = Path(store.sql.__file__).parent
FILES = sorted((ROOM / "queries").glob("*.sql"))
#: The parsed store modules that load statements, by name.
MODULES = {
    path.stem: tree
    for path in sorted(ROOM.glob("*.py"))
    for tree in [ast.parse(path.read_text(encoding="utf-8"))]
    if any(loaded_by(tree))
}
STATEMENTS = {
    f"{path.stem}.{name}": statement
    for path in FILES
    for name, statement in load(path.stem).items()
}
#: As they are written, with the names of lists of columns.
WRITTEN = {
    f"{path.stem}.{name}": statement
    for path in FILES
    for name, statement in parse(path.read_text(encoding="utf-8"), place=path.name).items()
}
#: For each table: a column that only its rows have in a result, and the list of its columns.
KNOWN_BY = {
    "threads": ("status", "thread_columns"),
    "items": ("item_id", "item_columns"),
    "tasks": ("priority", "task_columns"),
}

#: Statements that serve all users at once, or no user, each with the reason.
NOT_OF_ONE_USER = {
    "audit.append_entries": "one statement for the entries of many users, or of none",
    "audit.read_entries": "for the operator, who may choose a user",
    "audit.sweep_audit_log": "deletes what is old, whoever did it",
    "files.lock_files": "a lock by the user's id, which reads no row",
    "files.sweep_unsent": "clears what was never sent, of every user",
    "files.sweep_uploads": "clears what is left of broken uploads, of every user",
    "limits.take": "buckets of users and of addresses, by the names that the server gives them",
    "limits.sweep": "clears what is full again, of every caller",
    "signatures.sweep_signatures": "clears what has expired, of every user",
    "sessions.find_session": "the secret itself tells whose it is",
    "sessions.sweep_sessions": "ends what has expired, whoever opened it",
    "secrets.get_secret": "the server's own",
    "secrets.lock_secret": "the server's own",
    "secrets.add_secret": "the server's own",
    "secrets.set_secret": "the server's own",
    "secrets.replace_secret": "the server's own",
    "secrets.drop_secret": "the server's own",
    "turns.renew_leases": "keeps the turns of this process, whoever asked for them",
    "turn_log.append_events": "one statement for all turns of this process, each with its user_id",
    "turn_log.watch_turns": "looks after the turns of this process, whoever asked for them",
    "turn_log.publish_followed": "one statement for all turns of a process, each with its user_id",
    "turn_log.sweep_events": "clears what has expired, of every user",
    "task_history.sweep_changes": "clears what is too old, of every user",
    "tasks.lock_changes": "takes a lock by the user, and reads no row",
    "requests.sweep_requests": "clears what has expired, of every user",
    "turns.list_owners": "names of processes, to see which have ended",
    "turns.reap_turns": "ends the turns whose process is gone, whoever asked for them",
}


def test_each_statement_stands_under_its_name_without_its_comments() -> None:
    text = (
        "-- A file.\n\n-- one --\n-- What it does.\n-- $1 a\nSELECT $1\n\n-- two --\nSELECT\n  2\n"
    )
    assert parse(text, place="x.sql") == {"one": "SELECT $1", "two": "SELECT\n  2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- one --\nSELECT 1\n-- one --\nSELECT 2", "x.sql:3: a second statement named one"),
        ("-- one --\n-- only a comment", "x.sql: no statement under one"),
        ("-- one --\n-- two --\nSELECT 2", "x.sql: no statement under one"),
        ("-- --\nSELECT 1", "x.sql:1: not a name for a statement: ''"),
        ("----\nSELECT 1", "x.sql:1: not a name for a statement: ''"),
        ("-- One-2 --\nSELECT 1", "x.sql:1: not a name for a statement: 'One-2'"),
        ("SELECT 1", "x.sql:1: a statement without a name"),
    ],
)
def test_a_broken_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        parse(text, place="x.sql")


async def test_every_statement_prepares_against_the_schema(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    faults = []
    try:
        for name, statement in STATEMENTS.items():
            try:
                await connection.prepare(statement)
            except asyncpg.PostgresError as error:
                faults.append(f"{name}: {error}")
    finally:
        await connection.close()
    assert faults == []


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_reaches_the_rows_of_one_user_only(name: str) -> None:
    flat = " ".join(STATEMENTS[name].split())
    bound = re.search(r"\buser_id = \$1\b", flat)
    inserted = re.search(r"INSERT INTO \w+ \( ?user_id\b.*? (?:VALUES \( ?|SELECT )\$1\b", flat)
    if name in NOT_OF_ONE_USER:
        assert not bound
        assert not inserted
    else:
        assert bound or inserted


def test_the_list_of_exceptions_names_existing_statements() -> None:
    assert NOT_OF_ONE_USER.keys() <= STATEMENTS.keys()


def test_each_store_module_has_its_own_file_of_statements() -> None:
    loaded = {
        name: [ast.literal_eval(each) for each in loaded_by(MODULES[name])] for name in MODULES
    }
    assert loaded == {path.stem: [path.stem] for path in FILES}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_uses_each_of_its_statements(module: str) -> None:
    patterns = []
    for node in ast.walk(MODULES[module]):
        match node:
            case ast.Constant(value=str(text)):
                patterns.append(re.escape(text))
            case ast.JoinedStr(values=parts):
                texts = (part.value if isinstance(part, ast.Constant) else None for part in parts)
                patterns.append("".join(".+" if t is None else re.escape(str(t)) for t in texts))
    unused = [
        name
        for name in load(module)
        if not any(re.fullmatch(pattern, name) for pattern in patterns)
    ]
    assert unused == []


def test_a_list_of_columns_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^x.sql: no list of columns named cat_columns$"):
        with_columns({"one": "SELECT {cat_columns}"}, COLUMNS, place="x.sql")


def test_a_statement_has_its_lists_of_columns_and_keeps_other_braces() -> None:
    filled = with_columns(
        {"one": "SELECT {cat_columns}, '{a,b}' AS path"}, {"cat_columns": "id, name"}, place="x.sql"
    )
    assert filled == {"one": "SELECT id, name, '{a,b}' AS path"}


@pytest.mark.parametrize("table", KNOWN_BY)
async def test_a_new_column_reaches_every_statement_that_reads_such_a_row(
    database_url: str, table: str
) -> None:
    known_by, name = KNOWN_BY[table]
    grown = with_columns(
        WRITTEN, {**COLUMNS, name: f"{COLUMNS[name]}, colour"}, place="all of them"
    )
    connection = await asyncpg.connect(database_url)
    readers, without = 0, []
    try:
        await connection.execute(f"ALTER TABLE {table} ADD COLUMN colour text")
        for statement_name, statement in grown.items():
            prepared = await connection.prepare(statement)
            given = {attribute.name for attribute in prepared.get_attributes()}
            readers += known_by in given
            if known_by in given and "colour" not in given:
                without.append(statement_name)
    finally:
        await connection.close()
    assert readers
    assert without == []


def test_the_statements_and_the_schema_know_no_kind_of_item_that_is_none() -> None:
    schema = ROOM.parent.joinpath("schema.sql").read_text(encoding="utf-8")
    lists = re.findall(
        r"(?<![.\w])(?:\w+\.)?type (?:=|IN|NOT IN) \(?('\w+'(?:, '\w+')*)",
        "\n".join([*STATEMENTS.values(), schema]),
    )
    named = {kind.strip("'") for kinds in lists for kind in kinds.split(", ")}
    assert "user_message" in named
    assert named <= {body.type for body in get_args(Body)}
