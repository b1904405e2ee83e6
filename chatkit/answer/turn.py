"""One answer as a state machine: deltas and tool results in, events and the next action out.

    AskModel ──receive*──> answered ──no calls──> Finish
        ^                     │                      ^
        └──────tools_done──<──CallTools──client tool─┘

It awaits nothing and uses no clock or randomness: `now` and `new_id` are passed in. Each finished
item, hidden ones included, is in an `ItemDone` event. The runner stores all of them and sends the
visible ones. `stop` may be called at any time; it returns the events that close open items.

Reasoning and tool calls add steps to a workflow. It is closed when the next visible item begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from chatkit.answer.about_model import answered_by_step, lacks_notice
from chatkit.answer.approving import Approvals
from chatkit.answer.cards import Card
from chatkit.answer.drafting import SHOWN, DraftWriter, cut_off
from chatkit.answer.eliciting import GoingOn
from chatkit.answer.marks import ALWAYS_SHOWN, NOTES, Mark, mark_step
from chatkit.answer.next_action import AskModel, CallTools, Finish, NextAction, TooManyRounds
from chatkit.answer.picturing import Pictures, bodies_of
from chatkit.answer.rounds import Round
from chatkit.answer.steps import step_of, waiting_for
from chatkit.answer.waiting import Waiting
from chatkit.answer.writing import MessageWriter, WorkflowWriter
from chatkit.models.pure.call_pieces import CallPieces
from chatkit.models.pure.deltas import (
    AnsweredBy,
    Citation,
    Delta,
    Lacks,
    ModelFault,
    ReasoningDelta,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    EndOfTurn,
    GeneratedImage,
    Note,
    StopMark,
    TaskBody,
    ToolRound,
    WidgetBody,
    WorkflowBody,
)
from chatkit.protocol.calls import BadArguments, Elicitation, ToolCall, ToolResult
from chatkit.protocol.events import ClientEffect, Event, ItemDone
from chatkit.protocol.ids import NewId, Prefix
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import Step, Workflow
from chatkit.words.say import Say


class Turn:
    """The machine of one answer. Not reusable."""

    def __init__(
        self,
        *,
        thread_id: str,
        model: str,
        new_id: NewId,
        now: Callable[[], datetime],
        max_rounds: int,
        say: Say,
    ) -> None:
        self.next_action: NextAction = AskModel()
        #: The model that answers: the one that was asked, or the one that took its place.
        self.model = model
        #: Tokens used by the model calls of this turn, as reported by the provider.
        self.usage = Usage(input_tokens=0, output_tokens=0)
        #: Every item that is final, hidden ones included, in the order of the thread.
        self.items: list[Item] = []
        #: Whether the turn has shown an item that is an answer without text.
        self.has_shown = False
        #: What the user is asked about before it runs. Set it before the first answer.
        self.approvals = Approvals()
        #: Images that are being generated, by call id.
        self.pictures = Pictures()
        self._thread_id = thread_id
        self._new_id = new_id
        self._now = now
        self._rounds_left = max_rounds
        self._say = say
        self._tools: dict[str, ToolSpec] = {}
        self._message: MessageWriter | None = None
        self._workflow: WorkflowWriter | None = None
        self._calls = CallPieces()
        self._drafts: dict[int, DraftWriter] = {}  # by the index of their calls
        self._round = Round()
        self._waiting = Waiting()
        self._begins = True  # whether this is the first answer of the thread
        self._said = False  # whether this answer of the model holds text
        self._reason = ""  # why the model ended it
        self._citations: list[Citation] = []  # those that came before any text
        self._mentions: dict[str, str] = {}

    def offer(
        self, tools: Sequence[ToolSpec], *, after_rounds: int = 0, begins: bool = True
    ) -> None:
        """Set the model's tools before its first answer. `after_rounds`: tool rounds already used
        by the turns that this one continues. `begins`: it is the first answer of the thread."""
        self._begins = begins
        self._tools = {tool.name: tool for tool in tools}
        self._rounds_left = max(0, self._rounds_left - after_rounds)

    def receive(self, batch: Sequence[Delta]) -> list[Event]:
        """Process the deltas of one read. Consecutive text becomes one event."""
        events: list[Event] = []
        text = ""
        for delta in batch:
            match delta:
                case TextDelta(piece):
                    text += piece
                case ToolCallDelta():
                    events += [*self._write(text), *self._grow_call(delta)]
                    text = ""
                case ReasoningDelta(piece) if not text:
                    events += self._think(piece)
                case Citation():
                    self._citations.append(delta)
                case Usage():
                    self.usage += delta
                case StreamEnd(reason):
                    self._reason = reason
                case ReasoningPart():
                    self._round.reason(delta)
                case AnsweredBy(model):
                    events += self._replace_model(model)
                case Lacks(ability, new) if new or self._begins:
                    events.append(lacks_notice(ability, self._say))
                case _:  # reasoning after text
                    pass
        events += self._write(text)
        if self._citations and self._message is not None:
            events += self._message.cite(self._citations)
            self._citations = []
        return events

    def _write(self, text: str) -> list[Event]:
        if not text:
            return []
        if self._message is not None:
            return [self._message.write(text)]
        events = self._close_workflow()
        self._message = MessageWriter(self._item("msg", AssistantMessage(text=None)))
        return [*events, *self._message.begin(), self._message.write(text)]

    def _replace_model(self, model: str) -> list[Event]:
        self.model = model
        events, workflow = self._open_workflow("custom")
        return [*events, *workflow.add(model, answered_by_step(model, self._say))]

    def _think(self, piece: str) -> list[Event]:
        if self._message is not None:  # reasoning after text is not shown
            return []
        events, workflow = self._open_workflow("reasoning")
        return [*events, *workflow.think(piece)]

    def _grow_call(self, delta: ToolCallDelta) -> list[Event]:
        call = self._calls.add(delta)
        tool = self._tools.get(call.name)
        if tool is None or tool.kind != "draft":
            return []
        draft = self._drafts.get(delta.index)
        if draft is None:
            item = self._item("msg", EndOfTurn())
            draft = self._drafts[delta.index] = DraftWriter(item, self._say)
            events = [*self._close_message(), *self._close_workflow(), draft.begin()]
            return [*events, *draft.grow("".join(call.pieces))]
        return draft.grow(delta.arguments)

    def answered(self) -> list[Event]:
        """Process the end of a model answer; then read `next_action`.

        Raises TooManyRounds if the model calls tools after its last round, and ModelFault if the
        answer is empty. Both leave the machine unchanged; call `stop` next. An answer that was cut
        ends the turn, and its calls are dropped: their arguments may be cut too.
        """
        match self._reason:
            case "length" | "content_filter" as mark:
                return self.stop(mark)
        if not self._calls:
            if self._message is None and not self.has_shown:
                raise ModelFault("empty")
            return self._finish()
        if self._rounds_left == 0:
            raise TooManyRounds
        self._rounds_left -= 1
        events = self._close_message()
        run = []
        for index, call in self._calls.take(self._new_id):
            kind = self._kind(call)
            if kind == "draft":
                events += self._end_draft(self._drafts.pop(index), call)
                continue
            is_asked = kind in ("client", "ask")
            tool = None if is_asked else self.approvals.asks_about(call)
            if tool is None and not is_asked:
                run.append(call)
                events += self._begin_call(call)
            elif fault := self._waiting.put(call, kind, tool, self._say):
                self._answer(call, fault, failed=True)
        if not self._round:
            return [*events, *self._wait()]
        self.next_action = CallTools(tuple(run))
        return events

    def resume(self, call: ToolCall) -> list[Event]:
        """Run a call that the user has allowed or answered, before the model is asked."""
        self.next_action = CallTools((call,))
        return self._begin_call(call)

    def ask_again(self, going_on: GoingOn) -> list[Event]:
        """End the turn with the fields of a form of which the values did not fit."""
        self._waiting.elicit_again(going_on, self._say)
        return self._wait()

    def elicit(self, call: ToolCall, asked: Elicitation) -> None:
        """Let a running call wait for the user, whom its server asks. Raises NotAsked."""
        self._waiting.elicit(call, asked, self._say)
        self._round.drop(call)

    def _begin_call(self, call: ToolCall) -> list[Event]:
        self._round.add(call)
        opened, workflow = self._open_workflow("custom")
        step = step_of(call, self._tools.get(call.name), self._say)
        return [*opened, *workflow.add(call.call_id, step)]

    def _end_draft(self, draft: DraftWriter, call: ToolCall) -> list[Event]:
        try:
            events, whole = draft.close(call.arguments)
        except BadArguments as error:
            self._answer(call, str(error), failed=True)
            return [draft.remove()]
        self.items.append(whole)
        self.has_shown = True
        self._answer(call, SHOWN, failed=False)
        return events

    def _answer(self, call: ToolCall, output: str, *, failed: bool) -> None:
        """Record a result for a call that is not run."""
        self._round.add(call)
        result = ToolResult(call_id=call.call_id, output=output, failed=failed)
        self._round.note(call, result)

    def _kind(self, call: ToolCall) -> str:
        tool = self._tools.get(call.name)
        return "server" if tool is None else tool.kind

    def waiting_for(self, call: ToolCall) -> str:
        """See `steps.waiting_for`."""
        return waiting_for(call, self._tools.get(call.name), self._say)

    def under_way(self) -> ToolRound | None:
        """The running calls, for storing: another process may have to end this turn."""
        return self._round.record(self.model, after_text=self._said) if self._round else None

    def call_done(self, call: ToolCall, result: ToolResult) -> list[Event]:
        """Record the result of one call; the others may still run."""
        self._round.note(call, result)
        return self._show_done(call, result)

    def _show_done(self, call: ToolCall, result: ToolResult) -> list[Event]:
        if self._workflow is None:
            return []
        step = step_of(call, self._tools.get(call.name), self._say, result)
        return self._workflow.change(call.call_id, step)

    def image_begun(self, call: ToolCall) -> list[Event]:
        """Show the empty item of an image that is being generated."""
        events = self._show_done(call, ToolResult(call_id=call.call_id, output=""))
        events += self._close_workflow()
        return [*events, self.pictures.begin(call.call_id, self._item("msg", GeneratedImage()))]

    def tools_done(self, results: Sequence[ToolResult], cards: Sequence[Card] = ()) -> list[Event]:
        """Process the results of `next_action`'s calls, in their order, and the cards to show."""
        assert isinstance(self.next_action, CallTools)
        self._round.note_all(self.next_action.calls, results)
        events = self._close_round() if self._round else []
        for image in self.pictures.take():
            events.append(self._done(image))
            self.has_shown = True
        events += [ClientEffect(effect) for result in results for effect in result.effects]
        for result in results:
            self._mentions |= {title: task_id for task_id, title in result.mentions}
        for card in cards:
            events += self._close_workflow()
            body = WidgetBody(widget=card.widget, copy_text=card.copy_text)
            events.append(self._done(self._item("msg", body)))
            self.has_shown = True
        if self._waiting:
            return [*events, *self._wait()]
        self._said = False
        if cards and any(offer.ends_turn for result in results for offer in result.cards):
            return [*events, *self._finish()]
        self.next_action = AskModel()
        return events

    def begin_with(self, bodies: Sequence[ToolRound | Note]) -> list[Event]:
        """Put hidden items into the thread, before the first answer."""
        return self._show(("hid", body) for body in bodies)

    def show_step(self, step: Step) -> list[Event]:
        """Show a single step, outside of any workflow."""
        return self._show([("tsk", TaskBody(step=step))])

    def stop(self, mark: Mark) -> list[Event]:
        """End the turn now, keep its text, and mark it for the user and the model."""
        events = self._close_message()
        if self._round:
            effects = self._round.effects()
            events += [*self._close_round(), *map(ClientEffect, effects)]
        events += self.pictures.drop()
        events += self._close_workflow()
        closed, cards, calls = cut_off(self._drafts.values(), self._new_id)
        events += closed
        self.items += cards
        if calls:
            events += self.begin_with([ToolRound(calls=calls, after_text=self._said)])
        self._calls.drop()
        self._drafts, self._waiting = {}, Waiting()
        self.next_action = Finish()
        if mark in ALWAYS_SHOWN or any(not item.body.hidden for item in self.items):
            events += self.show_step(mark_step(mark, self._say))
        events.append(self._done(self._item("hid", StopMark(NOTES[mark]))))
        return events

    def _finish(self) -> list[Event]:
        events = [*self._close_message(), *self._close_workflow()]
        if not self._said:
            events.append(self._done(self._item("msg", EndOfTurn())))
        self.next_action = Finish()
        return events

    def _wait(self) -> list[Event]:
        """End the turn with the pending item that the page or the user must answer."""
        self.next_action = Finish()
        return [*self._close_workflow(), *self._show(self._waiting.take())]

    def _close_message(self) -> list[Event]:
        if self._message is None:
            return []
        events, whole = self._message.close(self._mentions)
        self._message = None
        if whole is not None:
            self.items.append(whole)
            self._said = True
        return events

    def _open_workflow(self, kind: str) -> tuple[list[Event], WorkflowWriter]:
        if self._workflow is not None:
            return [], self._workflow
        empty = WorkflowBody(workflow=Workflow(type="custom"))
        self._workflow = WorkflowWriter(self._item("wf", empty), kind)
        return [self._workflow.begin()], self._workflow

    def _close_workflow(self) -> list[Event]:
        if self._workflow is None:
            return []
        events, whole = self._workflow.close(self._now())
        self._workflow = None
        self.items.append(whole)
        return events

    def _close_round(self) -> list[Event]:
        whole = self._round.record(self.model, after_text=self._said)
        files, self._round = self._round.files(), Round()
        events: list[Event] = [self._done(self._item("hid", whole))]
        if files:
            events += self._close_workflow()
            self.has_shown = True
        return [*events, *self._show(bodies_of(files, self._say))]

    def _show(self, bodies: Iterable[tuple[Prefix, Body]]) -> list[Event]:
        return [self._done(self._item(prefix, body)) for prefix, body in bodies]

    def _done(self, item: Item) -> ItemDone:
        self.items.append(item)
        return ItemDone(item)

    def _item(self, prefix: Prefix, body: Body) -> Item:
        return Item(
            id=self._new_id(prefix),
            thread_id=self._thread_id,
            created_at=self._now(),
            body=body,
        )
