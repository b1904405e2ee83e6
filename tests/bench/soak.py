"""Thousands of turns against one server, to see whether its memory stays flat.

    python -m tests.bench.soak --turns 10000

Starts a scripted model and the server on an embedded database of its own; every tenth turn is left
in its middle. Prints the memory of a stream whose model is silent, then memory, open files and the
rate as it goes; exit code 1 when the memory after the last fifth is more than a tenth
above that after the first.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.acceptance.server import SECRET, ServerProcess, said
from tests.conftest import reachable_directory
from tests.model_server import ModelServer
from tests.model_steps import HANG

#: Turns under way at the same time, each of a user of its own.
USERS = 16
#: As many answers as one user may have at once.
STREAMS_OF_A_USER = 5


def resident_mib(pid: int) -> float:
    """The memory of a process that is in RAM, in MiB (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def open_files(pid: int) -> int:
    """How many files and sockets a process holds (proc(5))."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def user(server: ServerProcess, name: str, share: int, done: list[int]) -> None:
    """One user's turns, a thread for every twenty."""
    token = server.jwt(name, expires_in=24 * 3600)
    thread_id: str | None = None
    for number in range(share):
        if number % 20 == 0:
            thread_id = (await server.say(f"Hello {number}", token)).thread_id
        elif number % 10 == 5:
            params = {"thread_id": thread_id, "input": said(f"Leave me {number}, 200 words")}
            async with server.stream("threads.add_user_message", params, token) as events:
                async for event in events:
                    if "update" in event:
                        break
        else:
            await server.say(f"Message {number}", token, thread_id)
        server.events.clear()
        done[0] += 1


async def idle_stream_kib(server: ServerProcess, model: ModelServer) -> float:
    """What the server keeps in memory for one answer that has begun and waits for more."""
    before = resident_mib(server.pid)
    async with AsyncExitStack() as stack:
        for number in range(USERS):
            token = server.jwt(f"idle{number}")
            for _ in range(STREAMS_OF_A_USER):
                model.script("Hello ", HANG)
                params = {"input": said("Wait")}
                events = await stack.enter_async_context(
                    server.stream("threads.create", params, token)
                )
                async for event in events:
                    if "update" in event:
                        break
        grown_mib = resident_mib(server.pid) - before
    return grown_mib * 1024 / (USERS * STREAMS_OF_A_USER)


async def soak(turns: int) -> bool:
    """Run so many; whether the memory stayed flat."""
    with reachable_directory() as place:
        async with ModelServer() as model:
            variables = {
                "DATA_DIR": str(place / "data"),
                "MODEL": "openai/scripted",
                "TITLE_MODEL": "demo/tasks",
                "MODEL_API_BASE": model.api_base,
                "MODEL_API_KEY": "x",
                "BETTER_AUTH_SECRET": SECRET,
                "ON_DISCONNECT": "cancel",
                "RATE_LIMIT_USER": "off",
                "RATE_LIMIT_IP": "off",
                "LOG_LEVEL": "warning",
            }
            async with ServerProcess(variables) as server:
                for _ in range(20):  # what is built once is not a stream's
                    await server.say("Warm up", server.jwt("first"))
                print(f"an idle stream: {await idle_stream_kib(server, model):.0f} KiB", flush=True)
                done = [0]
                running = [
                    asyncio.create_task(user(server, f"user{n}", turns // USERS, done))
                    for n in range(USERS)
                ]
                sizes: list[float] = []
                began = time.monotonic()
                for mark in range(1, 11):
                    while done[0] < turns * mark // 10 - USERS:
                        _, pending = await asyncio.wait(running, timeout=0.2)
                        if not pending:
                            break
                    model.requests.clear()
                    sizes.append(resident_mib(server.pid))
                    files = open_files(server.pid)
                    rate = done[0] / (time.monotonic() - began)
                    print(
                        f"{done[0]:6} turns  {sizes[-1]:7.1f} MiB  {files:3} files  {rate:5.1f}/s",
                        flush=True,
                    )
                await asyncio.gather(*running)
                print(server.stderr, end="")
                return sizes[-1] < sizes[1] * 1.1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=10_000)
    raise SystemExit(0 if asyncio.run(soak(parser.parse_args().turns)) else 1)
