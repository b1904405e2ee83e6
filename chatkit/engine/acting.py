"""Runs widget actions: stores the changed widget, and a note that the model reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from chatkit.access.caller import Caller
from chatkit.answer.cards import ActionOutcome, ActionRefused
from chatkit.engine import faults
from chatkit.engine.faults import Fault
from chatkit.ports.actions import ActionStore, HeldCard
from chatkit.ports.cards import Cards
from chatkit.protocol.bodies import Note, WidgetBody
from chatkit.protocol.errors import Conflict
from chatkit.protocol.events import (
    ClientEffect,
    Event,
    ItemReplaced,
    StreamOptions,
    encode_event,
)
from chatkit.protocol.ids import NewId
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.params import CustomAction
from chatkit.words.catalogue import say_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Both requests for an action. Neither asks a model, so a running turn does not block them."""

    cards: Cards
    actions: ActionStore
    new_id: NewId
    now: Callable[[], datetime]

    async def stream(self, params: CustomAction, caller: Caller) -> str:
        """`threads.custom_action`: return its events, one line of JSON each."""
        events: list[Event]
        try:
            events = [StreamOptions(allow_cancel=False), *await self._act(params, caller)]
        except _Refusal as refusal:
            events = [refusal.fault.event(say_in(caller.language))]
        return "\n".join(text for event in events if (text := encode_event(event)) is not None)

    async def answer(self, params: CustomAction, caller: Caller) -> str:
        """`threads.sync_custom_action`: return the changed item as JSON, or `{}`.

        Raises Conflict with a sentence for the user if the action is refused.
        """
        try:
            events = await self._act(params, caller)
        except _Refusal as refusal:
            raise Conflict(refusal.fault.sentence) from refusal
        for event in events:
            if isinstance(event, ItemReplaced):
                return dumps({"updated_item": event.item.to_wire()})
        return "{}"

    async def _act(self, params: CustomAction, caller: Caller) -> list[Event]:
        user_id, thread_id = caller.user_id, params.thread_id
        who = Caller(
            user_id=user_id,
            thread_id=thread_id,
            language=caller.language,
            time_zone=caller.time_zone,
        )
        async with self.actions.hold(user_id, thread_id, params.item_id) as held:
            if held.thread.status.type != "active":
                raise _Refusal(faults.shut(held.thread.status))
            shown = None if held.item is None else cast(WidgetBody, held.item.body).widget
            try:
                outcome = await self.cards.act(params.action, shown, who)
            except ActionRefused as refusal:
                raise _Refusal(faults.refused(refusal.sentence)) from refusal
            return await self._keep(outcome, held)

    async def _keep(self, outcome: ActionOutcome, held: HeldCard) -> list[Event]:
        widget = None
        if outcome.card is not None and held.item is not None:
            body = WidgetBody(widget=outcome.card.widget, copy_text=outcome.card.copy_text)
            widget = replace(held.item, body=body)
        note = None if outcome.note is None else (self.new_id("hid"), Note(text=outcome.note))
        if widget is not None or note is not None:
            await held.save(widget=widget, note=note, now=self.now())
        events: list[Event] = [] if widget is None else [ItemReplaced(widget)]
        return [*events, *map(ClientEffect, outcome.effects)]


class _Refusal(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault
