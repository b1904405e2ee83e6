"""Runs the tool calls of one model answer, and publishes their progress.

Calls that change something run first, one after another in the model's order. Then those that only
read run concurrently, so that a list holds what a call beside it has added. Images are generated
during all of that.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.answer.cards import Card
from chatkit.answer.eliciting import NotAsked
from chatkit.answer.rounds import NOT_RUN
from chatkit.answer.turn import Turn
from chatkit.models.pure.deltas import ImageStep, ModelFault
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.cards import Cards
from chatkit.ports.files import FileStore
from chatkit.ports.models import Images
from chatkit.ports.tools import ToolBox
from chatkit.protocol.attachments import Attachment, NewFile
from chatkit.protocol.calls import (
    BadArguments,
    CardOffer,
    ElicitationReply,
    MadeFile,
    ToolCall,
    ToolResult,
    read_arguments,
)
from chatkit.protocol.errors import ChatKitError, Sentence, TooLarge
from chatkit.protocol.events import Event, Progress
from chatkit.protocol.ids import NewId

_log = logging.getLogger("chatkit.turn")

#: Delay before a progress line is shown, in seconds. Most waits end sooner.
PROGRESS_AFTER_S: Final = 0.5
#: Least time between two progress lines of a tool, in seconds: the last of that time is shown.
PROGRESS_EVERY_S: Final = 0.25
#: Longest progress line of a tool, in characters.
_MAX_LINE_CHARS: Final = 200
#: Most questions of a server in one call that are refused without asking the user.
_MAX_QUESTIONS: Final = 5
#: Image sizes that a model may ask for, and the values of OpenAI's image API.
_SIZES: Final = {"square": "1024x1024", "portrait": "1024x1536", "landscape": "1536x1024"}

GENERATE_IMAGE: Final = ToolSpec(
    name="generate_image",
    kind="image",
    title=Sentence("tool.generate_image"),
    icon="images",
    description="Make an image from a description and show it to the user.",
    parameters={
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "description": "What the image shows, in detail."},
            "size": {"type": "string", "enum": [*_SIZES]},
        },
        "required": ["prompt"],
    },
)

Publish = Callable[[list[Event]], None]


@contextmanager
def show_progress_after(
    seconds: float, publish: Publish, text: str, icon: str | None = None
) -> Iterator[None]:
    """Publish a progress line if the block takes longer than `seconds`."""
    progress: list[Event] = [Progress(text=text, icon=icon)]
    timer = asyncio.get_running_loop().call_later(seconds, publish, progress)
    try:
        yield
    finally:
        timer.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Runs the calls of turns. `images` is None if no image model is configured."""

    tools: ToolBox
    cards: Cards
    images: Images | None
    files: FileStore
    new_id: NewId

    async def run(
        self,
        calls: Sequence[ToolCall],
        machine: Turn,
        caller: Caller,
        publish: Publish,
        reply: ElicitationReply | None = None,
    ) -> tuple[Sequence[ToolResult], Sequence[Card]]:
        """Run `calls`; return their results in the same order, and the cards to show.

        With the user's `reply` to a server, the only call goes on with it.

        If this is cancelled, the calls that had not begun are recorded as not run.
        """
        caller = replace(caller, round=tuple((call.name, call.arguments) for call in calls))
        reading = {tool.name for tool in await self.tools.list_tools() if tool.read_only}
        results: dict[str, ToolResult] = {}
        waiting = {call.call_id: call for call in calls}
        drawn = [
            call for call in calls if self.images is not None and call.name == GENERATE_IMAGE.name
        ]
        reads = [call for call in calls if call.name in reading and call not in drawn]
        writes = [call for call in calls if call not in drawn and call not in reads]

        async def run_one(call: ToolCall) -> None:
            del waiting[call.call_id]
            if self.images is not None and call in drawn:
                result = await self._draw(self.images, call, machine, caller, publish)
            else:
                line = machine.waiting_for(call)
                with (
                    show_progress_after(PROGRESS_AFTER_S, publish, line, "bolt"),
                    _progress_lines(publish) as tell,
                ):
                    result = await self._call(call, machine, caller, tell, reply)
                    result = await self._with_files(result, caller)
                publish(machine.call_done(call, result))
            results[call.call_id] = result

        async def run_in_order() -> None:
            for call in writes:
                await run_one(call)
            await _run_together(run_one(call) for call in reads)

        try:
            await _run_together([run_in_order(), *map(run_one, drawn)])
        except BaseException:
            for call in waiting.values():
                result = ToolResult(call_id=call.call_id, output=NOT_RUN, failed=True)
                publish(machine.call_done(call, result))
            raise
        in_order = [results[call.call_id] for call in calls]
        offers = [offer for result in in_order for offer in result.cards]
        return in_order, await self._shown(offers, caller) if offers else ()

    async def _shown(self, offers: Sequence[CardOffer], caller: Caller) -> Sequence[Card]:
        try:
            return await self.cards.show(offers, caller)
        except ChatKitError as error:  # the tools succeeded; the model can still report it
            _log.warning("a card could not be drawn: %s", error)
            return ()

    async def _call(
        self,
        call: ToolCall,
        machine: Turn,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None,
    ) -> ToolResult:
        """Run a call until it has a result, or its server asks the user, who then must answer."""
        notes = ""
        for _ in range(_MAX_QUESTIONS):
            result = await self.tools.call(call, caller, progress, reply)
            if result.asked is None:
                return replace(result, output=result.output + notes)
            try:
                machine.elicit(call, result.asked)
            except NotAsked as refusal:
                _log.warning("the tool server %s: %s", result.asked.server, refusal)
                notes += f"\n[{refusal}]"
                reply = ElicitationReply(action=refusal.action, asked=result.asked)
            else:
                return result
        return _failed(call, f"The tool server asks again and again.{notes}")

    async def _with_files(self, result: ToolResult, caller: Caller) -> ToolResult:
        """Store the images and audio of a result, as far as the user has room."""
        kept: list[Attachment] = []
        output = result.output
        for made in result.made:
            try:
                kept.append(await self._keep(made, caller))
            except TooLarge:
                output += f"\n[The user has no room left for {made.name}. Tell the user so.]"
        return replace(result, output=output, made=(), files=tuple(kept))

    async def _draw(
        self, images: Images, call: ToolCall, machine: Turn, caller: Caller, publish: Publish
    ) -> ToolResult:
        try:
            prompt, size = _what_to_draw(call)
        except BadArguments as error:
            return _failed(call, str(error))
        publish(machine.image_begun(call))
        file_id = None
        try:
            async with aclosing(images.generate_image(prompt, size)) as steps:
                async for step in steps:
                    if step.progress < 1:
                        url = _data_url(step)
                        publish([machine.pictures.grow(call.call_id, url, step.progress)])
                    else:
                        made = MadeFile(mime_type=step.mime_type, data=step.data, is_image=True)
                        file_id = (await self._keep(made, caller)).id
        except ModelFault as fault:
            _log.warning("no image: %s", fault.kind)
        except TooLarge:
            return _failed(call, "The user has no room left for the image. Tell the user so.")
        finally:
            publish([machine.pictures.end(call.call_id, file_id)])
        if file_id is None:
            return _failed(call, "The image could not be made. Tell the user so.")
        return ToolResult(call_id=call.call_id, output="The image is shown to the user.")

    async def _keep(self, made: MadeFile, caller: Caller) -> Attachment:
        file = NewFile(
            name=made.name, size=len(made.data), mime_type=made.mime_type, is_image=made.is_image
        )
        return await self.files.add_made(caller.user_id, self.new_id("atc"), file, made.data)


async def _run_together(parts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run `parts` concurrently. If one fails, or this is cancelled, cancel the others."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _what_to_draw(call: ToolCall) -> tuple[str, str | None]:
    """The prompt, and the size as OpenAI's API spells it. Raises BadArguments."""
    arguments = read_arguments(call.arguments)
    prompt, size = arguments.get("prompt"), arguments.get("size")
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadArguments("prompt must be a text that says what the image shows.")
    if size is not None and size not in _SIZES:
        raise BadArguments(f"size must be one of {', '.join(_SIZES)}.")
    return prompt, None if size is None else _SIZES[size]


def _data_url(step: ImageStep) -> str:
    return f"data:{step.mime_type};base64,{b64encode(step.data).decode('ascii')}"


def _failed(call: ToolCall, sentence: str) -> ToolResult:
    return ToolResult(call_id=call.call_id, output=sentence, failed=True)


@contextmanager
def _progress_lines(publish: Publish) -> Iterator[Callable[[str], None]]:
    """Publishes the progress lines of one call, not more often than they can be read."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    waiting = ""

    def show() -> None:
        nonlocal timer, waiting
        timer = None
        if waiting:
            publish([Progress(text=waiting, icon="bolt")])
            waiting = ""
            timer = loop.call_later(PROGRESS_EVERY_S, show)

    def tell(line: str) -> None:
        nonlocal waiting
        waiting = line[:_MAX_LINE_CHARS].strip() or waiting
        if timer is None:
            show()

    try:
        yield tell
    finally:
        if timer is not None:
            timer.cancel()
