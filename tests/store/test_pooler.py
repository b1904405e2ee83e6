"""Behind a real transaction pooler, where each transaction may meet another server connection."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from chatkit.answer.leases import NewTurn
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.paging import Cursor
from chatkit.todo.tasks import TaskDraft
from store.migrate import apply_schema
from store.postgres import Database
from store.tasks import Tasks
from store.threads import Threads
from store.turns import StoredTurns
from tests.conftest import reachable_directory
from tests.engine.conftest import new_key
from tests.fakes import START

CONFIG = """
[databases]
pooled = host={host} port={port} dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooler_url(database_url: str) -> Iterator[str]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("this test needs PgBouncer: apt-get install pgbouncer")
    parts = urlsplit(database_url)
    place = parse_qs(parts.query)
    # The real path: PgBouncer is another user, to whom our open files are closed.
    socket_dir = Path(place["host"][0]).resolve()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    owner = socket_dir.stat().st_uid
    with reachable_directory() as folder:
        config = folder / "pgbouncer.ini"
        config.write_text(
            CONFIG.format(
                host=socket_dir,
                port=place["port"][0],
                database=parts.path.lstrip("/"),
                user=parts.username,
                password=parts.password,
                listen=listen,
            )
        )
        os.chown(config, owner, -1)
        user = ["-u", pwd.getpwuid(owner).pw_name] if os.geteuid() == 0 else []
        process = subprocess.Popen([program, *user, str(config)], stderr=subprocess.DEVNULL)
        try:
            yield f"postgresql://any@127.0.0.1:{listen}/pooled?pgbouncer=true"
        finally:
            process.terminate()
            process.wait(5)


async def connect(url: str) -> Database:
    async with asyncio.timeout(30):
        while True:
            try:
                return await Database.connect(url)
            except Exception:
                await asyncio.sleep(0.02)


async def test_everything_works_behind_a_transaction_pooler(pooler_url: str) -> None:
    database = await connect(pooler_url)
    try:
        await apply_schema(database)
        tasks, threads = Tasks(database), Threads(database)
        turns = StoredTurns(database, owner="one", lease_s=60)

        async def use(number: int) -> None:
            user_id = f"user{number}"
            task = await tasks.add(user_id, TaskDraft(title="Buy milk"))
            assert await tasks.get(user_id, task.id) == task
            message = UserMessage(content=(InputText(text="Hi"),))
            turn = NewTurn(turn_id=f"t{number}", item_id="m", model="m", key=new_key())
            await turns.begin_thread(user_id, f"thr_{number}", turn, message, START)
            loaded = await threads.load(user_id, f"thr_{number}", Cursor())
            assert loaded.answering
            assert len(loaded.items.data) == 1

        for _ in range(3):
            await database.execute("DELETE FROM threads WHERE user_id LIKE 'user%'")
            await asyncio.gather(*(use(number) for number in range(20)))
    finally:
        await database.close()
