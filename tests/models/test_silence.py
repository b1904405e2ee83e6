"""The one timer of a stream's waits."""

from __future__ import annotations

import asyncio

import pytest

from chatkit.models.silence import Silence


def now() -> float:
    return asyncio.get_running_loop().time()


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def test_a_wait_is_cut_off_at_the_deadline() -> None:
    silence = Silence(now() + 0.02)
    began = now()

    with pytest.raises(TimeoutError), silence:
        await for_ever()

    assert now() - began >= 0.015
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await pause(0)  # nothing of the cancellation is left behind


async def test_what_comes_in_time_moves_the_deadline() -> None:
    silence = Silence(now() + 0.05)
    for _ in range(5):
        with silence:
            await pause(0.03)
        silence.move(now() + 0.05)
    silence.end()


async def test_a_nearer_deadline_counts_at_once() -> None:
    silence = Silence(now() + 3600)
    with silence:
        await pause(0)
    silence.move(now() + 0.02)

    with pytest.raises(TimeoutError), silence:
        await for_ever()


async def test_between_two_waits_nothing_is_cut_off_and_the_next_one_is() -> None:
    silence = Silence(now() + 0.01)
    with silence:
        await pause(0)
    await pause(0.05)

    with pytest.raises(TimeoutError), silence:
        await for_ever()


async def test_a_wait_after_the_deadline_was_moved_in_a_pause_is_not_cut_off() -> None:
    silence = Silence(now() + 0.01)
    with silence:
        await pause(0)
    await pause(0.05)
    silence.move(now() + 0.2)

    with silence:
        await pause(0.02)
    silence.end()


async def test_who_is_cancelled_from_outside_is_cancelled() -> None:
    waiting = asyncio.Event()

    async def wait() -> None:
        silence = Silence(now() + 3600)
        try:
            with silence:
                waiting.set()
                await for_ever()
        finally:
            silence.end()

    task = asyncio.create_task(wait())
    await waiting.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_at_the_very_deadline_is_cancelled() -> None:
    silences: list[Silence] = []

    async def wait() -> None:
        silences.append(Silence(now() + 3600))
        with silences[0]:
            await for_ever()

    task = asyncio.create_task(wait())
    await pause(0)
    silences[0]._deadline = 0.0
    silences[0]._fire()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    silences[0].end()


async def test_an_error_of_the_wait_goes_through() -> None:
    silence = Silence(now() + 3600)
    with pytest.raises(KeyError), silence:
        raise KeyError
    silence.end()
