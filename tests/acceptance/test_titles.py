"""A model's title reaches the user in the stream of the answer."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from store.embedded import EmbeddedPostgres
from tests.acceptance.conftest import provider
from tests.acceptance.server import SECRET, Answer, ServerProcess
from tests.conftest import fresh_database
from tests.model_server import ModelServer
from tests.model_steps import Pause, Step

USERS: Final = 12
THREADS_EACH: Final = 5
_PLEASE: Final = "Name this number"


def _answer(body: dict[str, Any]) -> list[Step]:
    """Titles come before, at and after the end of the answer: up to 0.2 seconds after its start."""
    if body["model"] == "titles":
        message = str(body["messages"][-1]["content"])
        number = message.partition(_PLEASE)[2].strip(' "}')
        return [Pause(int(number or 0) / 300), f"Number {number}"]
    return ["It ", Pause(0.01), "is ", Pause(0.01), "named."]


async def test_every_one_of_sixty_streams_has_the_title_of_a_fast_model(
    postgres_server: EmbeddedPostgres,
) -> None:
    async with (
        ModelServer(answer=_answer) as model,
        fresh_database(postgres_server) as database_url,
        ServerProcess(
            provider(model) | {"TITLE_MODEL": "openai/titles"},
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
        ) as server,
    ):
        await server.say("The first one waits for LiteLLM", server.jwt("first"))

        async def ask(user: int) -> list[tuple[int, Answer]]:
            token = server.jwt(f"user{user}")
            numbers = range(user * THREADS_EACH, (user + 1) * THREADS_EACH)
            return [(n, await server.say(f"{_PLEASE} {n}", token)) for n in numbers]

        asked = await asyncio.gather(*map(ask, range(USERS)))
    told = {n: answer.of("thread.updated") for answers in asked for n, answer in answers}
    assert len(told) == 60
    assert {n: events[-1]["thread"]["title"] for n, events in told.items() if events} == {
        n: f"Number {n}" for n in range(60)
    }
