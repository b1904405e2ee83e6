"""Implements the task cards: draws them when a tool offers them, and executes the user's actions.

A payload comes from a client and is checked like the body of a REST request. It may name any task
of the user, because the content of a card is not a permission. After each action the card is drawn
again with the current state of its tasks, even if the card is old.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.access.zones import day_of, zone_of
from chatkit.answer.cards import ActionOutcome, ActionRefused, Card
from chatkit.answer.drafting import SAVE as SAVE_DRAFT
from chatkit.answer.drafting import read_draft, saved_draft
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import CardOffer
from chatkit.protocol.errors import BadRequest, NotFound, Sentence
from chatkit.protocol.jsontext import dumps
from chatkit.todo.changes import THE_USER, Author
from chatkit.todo.days import say_day
from chatkit.todo.tasks import (
    MAX_DESCRIPTION,
    MAX_PAGE,
    MAX_TITLE,
    Task,
    TaskChanges,
    parse_changes,
    parse_draft,
)
from chatkit.words.catalogue import say_in
from chatkit.words.say import Say
from tools.change_cards import confirm_card, state_of
from tools.listed import MAX_ROWS, Listed, read_listed
from tools.signals import CHANGES_CARD, LIST_CARD, task_changed
from tools.task_cards import GONE, form_card, list_card, message_card, offers

_FIELDS: Final = (
    "title", "description", "priority", "category", "recurrence", "due_date", "tags",
)  # fmt: skip

Payload = Mapping[str, Any]
Shown = Mapping[str, Any] | None
_Handler = Callable[[Payload, Shown, Caller], Awaitable[ActionOutcome]]


class TaskCards:
    """The `Cards` port for the user's tasks. `now` returns a time with a zone."""

    def __init__(self, tasks: TaskStore, *, now: Callable[[], datetime]) -> None:
        self._tasks = tasks
        self._now = now
        self._handlers: Mapping[str, _Handler] = {
            "task.complete": self._complete,
            "task.edit": self._edit,
            "task.save": self._save,
            "task.cancel_edit": self._cancel_edit,
            "task.ask_delete": self._ask_delete,
            "task.delete": self._delete,
            "tasks.confirmed": self._confirmed,
            "tasks.keep": self._keep,
            SAVE_DRAFT: self._save_draft,
        }

    async def show(self, offers: Sequence[CardOffer], caller: Caller) -> list[Card]:
        """Draw the cards for the offers of one round: each list once, and one question for all
        changes that wait. Offers of other kinds are ignored."""
        cards = []
        lists = {tuple(o.data["task_ids"]): o.data for o in offers if o.name == LIST_CARD}
        for task_ids, data in lists.items():
            left_out = len(task_ids[MAX_ROWS:]) + data["more"]
            places = dict(enumerate(task_ids[:MAX_ROWS], 1))
            cards.append(await self._list(Listed(places=places, more=left_out), caller))
        waiting = [o.data for o in offers if o.name == CHANGES_CARD]
        if waiting:
            ids = [data["task_id"] for data in waiting]
            found = await self._tasks.get_several(caller.user_id, [*dict.fromkeys(ids)])
            by_id = {task.id: task for task in found}
            changes: dict[tuple[str, bool], tuple[Task, Payload | None]] = {}
            for data in waiting:
                if (task := by_id.get(data["task_id"])) is None:
                    continue
                fields, key = data.get("fields"), (task.id, "fields" in data)
                if fields is not None and key in changes:  # two calls that change one task
                    fields = {**(changes[key][1] or {}), **fields}
                changes[key] = (task, fields)
            if changes:
                turn_id = waiting[0]["turn_id"]
                today, say = self._today(caller), say_in(caller.language)
                cards.append(confirm_card([*changes.values()], turn_id, today, say))
        return cards

    async def act(self, action: Action, shown: Shown, caller: Caller) -> ActionOutcome:
        """Execute an action of the card `shown`, or without a card. Raises ActionRefused."""
        handler = self._handlers.get(action.type)
        if handler is None:
            raise ActionRefused(Sentence("card.unknown_button"))
        if not isinstance(action.payload, dict):
            raise ActionRefused(Sentence("card.no_payload"))
        try:
            return await handler(action.payload, shown, caller)
        except BadRequest as error:
            raise ActionRefused(f"{error.in_words(say_in(caller.language))}.") from error

    async def _complete(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        task_id = _task_id(payload)
        if "completed" not in payload:
            raise BadRequest("completed: is required")
        completed: bool = parse_changes({"completed": payload["completed"]}).values["completed"]
        try:
            done = await self._tasks.complete(
                who.user_id, task_id, completed=completed, today=self._today(who)
            )
        except NotFound:
            return await self._gone(shown, who)
        message = None
        if (following := done.next_task) is not None and following.due_date is not None:
            say = say_in(who.language)
            due = say_day(following.due_date, self._today(who), say)
            message = say("card.repeats", title=done.task.title, due=due)
        state = "done" if completed else "not done"
        return ActionOutcome(
            card=await self._again(shown, who, message),
            note=f"the user marked the task {_quoted(done.task)} as {state} with a button",
            effects=(task_changed("complete", done.task.id),),
        )

    async def _edit(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        try:
            task = await self._tasks.get(who.user_id, _task_id(payload))
        except NotFound:
            return await self._gone(shown, who)
        return ActionOutcome(
            card=form_card(task, _around(task, shown), zone_of(who), say_in(who.language))
        )

    async def _save(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        try:
            before = await self._tasks.get(who.user_id, _task_id(payload))
        except NotFound:
            return await self._gone(shown, who)
        try:
            changes = parse_changes(self._entered(payload, who))
        except BadRequest as error:
            say = say_in(who.language)
            texts = {n: payload[n] for n in _FIELDS if isinstance(payload.get(n), str)}
            card = form_card(
                before,
                _around(before, shown),
                zone_of(who),
                say,
                entered=_drawable(texts),
                message=f"{error.in_words(say)}.",
            )
            return ActionOutcome(card=card)
        new = {
            name: value for name, value in changes.values.items() if getattr(before, name) != value
        }
        if not new:
            return ActionOutcome(card=await self._again(shown, who, None))
        try:
            task = await self._tasks.update(who.user_id, before.id, TaskChanges(new))
        except NotFound:
            return await self._gone(shown, who)
        changed = {name: value for name, value in task.to_wire().items() if name in new}
        return ActionOutcome(
            card=await self._again(shown, who, None),
            note=f"the user changed the task {_quoted(before)} in a form; now: {dumps(changed)}",
            effects=(task_changed("update", task.id),),
        )

    async def _cancel_edit(self, _: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        return ActionOutcome(card=await self._again(shown, who, None))

    async def _ask_delete(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        try:
            task = await self._tasks.get(who.user_id, _task_id(payload))
        except NotFound:
            return await self._gone(shown, who)
        return ActionOutcome(card=await self._list(_around(task, shown), who, asking=task.id))

    async def _delete(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        try:
            task = await self._tasks.delete(who.user_id, _task_id(payload))
        except NotFound:
            return await self._gone(shown, who)
        return ActionOutcome(
            card=await self._again(
                shown, who, say_in(who.language)("card.deleted", title=task.title)
            ),
            note=f"the user deleted the task {_quoted(task)} with a button",
            effects=(task_changed("delete", task.id),),
        )

    async def _confirmed(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        task_ids, edits = _task_ids(payload), _edits(payload)
        _require_question(shown)
        by = _proposer(payload, who)
        deleted, changed, effects = [], [], []
        for task_id in task_ids:
            with suppress(NotFound):
                deleted.append(await self._tasks.delete(who.user_id, task_id, by))
                effects.append(task_changed("delete", deleted[-1].id))
        left_alone = 0
        for task_id, as_of, changes in edits:
            with suppress(NotFound):
                # Nothing is overwritten that the user has not seen on the card. So a second click,
                # after a crash in the middle, does not do again what was done.
                if as_of != state_of(await self._tasks.get(who.user_id, task_id)):
                    left_alone += 1
                    continue
                changed.append(await self._tasks.update(who.user_id, task_id, changes, by))
                effects.append(task_changed("update", changed[-1].id))
        count = len(task_ids) + len(edits)
        gone = count - len(effects) - left_alone
        say = say_in(who.language)
        sentences = []
        if deleted:
            sentences.append(say("card.deleted_count", count=len(deleted)))
        if changed:
            sentences.append(say("card.changed_count", count=len(changed)))
        if not effects:
            sentences.append(_nothing_done(edits, say))
        if gone:
            sentences.append(
                GONE.in_words(say) if count == 1 else say("card.gone_count", count=gone)
            )
        if left_alone:
            sentences.append(say("card.left_alone", count=left_alone))
        titles = [task.title for task in (*deleted, *changed)]
        card = message_card(" ".join(sentences), titles, icon="check", struck=not changed)
        if not effects:
            return ActionOutcome(card=card)
        note = "the user agreed with a button"
        if deleted:
            note += ", and these tasks are deleted now: " + ", ".join(map(_quoted, deleted))
        if changed:
            note += ", and these tasks are changed now: " + ", ".join(map(_quoted, changed))
        return ActionOutcome(card=card, note=note, effects=tuple(effects))

    async def _keep(self, payload: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        task_ids, edits = _task_ids(payload), _edits(payload)
        _require_question(shown)
        meant = [*dict.fromkeys([*task_ids, *(task_id for task_id, _, _ in edits)])]
        kept = await self._tasks.get_several(who.user_id, meant)
        say = say_in(who.language)
        card = message_card(_nothing_done(edits, say), [task.title for task in kept])
        if not kept:
            return ActionOutcome(card=card)
        return ActionOutcome(
            card=card,
            note=f"the user decided with a button not to {'change' if edits else 'delete'} these "
            "tasks: " + ", ".join(map(_quoted, kept)),
        )

    async def _save_draft(self, _: Payload, shown: Shown, who: Caller) -> ActionOutcome:
        title, text = read_draft(shown or {})
        if not text:
            raise ActionRefused(Sentence("draft.missing"))
        if not offers(shown, SAVE_DRAFT):
            raise ActionRefused(Sentence("draft.saved_before"))
        say = say_in(who.language)
        title = " ".join(title.split())[:MAX_TITLE] or say("draft.untitled")
        draft = parse_draft({"title": title, "description": text[:MAX_DESCRIPTION]})
        task = await self._tasks.add(who.user_id, draft)
        was_cut = len(text) > MAX_DESCRIPTION
        saved = say("draft.saved_cut") if was_cut else say("draft.saved")
        return ActionOutcome(
            card=Card(widget=saved_draft(shown or {}, saved), copy_text=text),
            note=f"the user saved the draft as the task {_quoted(task)} with a button",
            effects=(task_changed("add", task.id),),
        )

    async def _gone(self, shown: Shown, who: Caller) -> ActionOutcome:
        if shown is None:  # sent by the page itself, without a card to show the message
            raise ActionRefused(GONE)
        gone = GONE.in_words(say_in(who.language))
        card = await self._again(shown, who, gone)
        return ActionOutcome(card=card or message_card(gone))

    async def _again(self, shown: Shown, who: Caller, message: str | None) -> Card | None:
        """Draw the list again with current tasks; `shown` is the list or a form opened from it."""
        listed = read_listed(shown)
        return None if listed is None else await self._list(listed, who, message)

    async def _list(
        self, listed: Listed, who: Caller, message: str | None = None, *, asking: str | None = None
    ) -> Card:
        tasks = await self._tasks.get_several(who.user_id, [*listed.places.values()])
        by_id = {task.id: task for task in tasks}
        return list_card(
            listed,
            by_id,
            self._today(who),
            say_in(who.language),
            message=message,
            asking=asking,
        )

    def _entered(self, payload: Payload, who: Caller) -> dict[str, Any]:
        """Convert the fields of the form for the parser of tasks."""
        fields = {name: payload[name] for name in _FIELDS if name in payload}
        if isinstance(tags := fields.get("tags"), str):
            fields["tags"] = tags.split(",")
        if isinstance(due := fields.get("due_date"), str):
            fields["due_date"] = _own_day(due, who)
        return fields

    def _today(self, who: Caller) -> date:
        return day_of(who, self._now())


def _own_day(value: str, who: Caller) -> str:
    """The date in the user's zone, if a date picker sent the start of the day as a UTC time."""
    try:
        moment = datetime.fromisoformat(value)
        return value if moment.tzinfo is None else day_of(who, moment).isoformat()
    except (ValueError, OverflowError):  # not a time, or out of range in this zone
        return value


def _drawable(texts: Mapping[str, str]) -> dict[str, str]:
    """The entered texts, without a date that a picker cannot show."""
    try:
        datetime.fromisoformat(texts.get("due_date") or "2026-01-01")
    except ValueError:
        return {name: text for name, text in texts.items() if name != "due_date"}
    return dict(texts)


def _around(task: Task, shown: Shown) -> Listed:
    return read_listed(shown) or Listed(places={1: task.id})


def _require_question(shown: Shown) -> None:
    """Raise ActionRefused if the question of a card was answered before."""
    if shown is not None and not offers(shown, "tasks.confirmed"):
        raise ActionRefused(Sentence("card.answered_before"))


def _nothing_done(edits: Sequence[object], say: Say) -> str:
    return say("card.none_changed") if edits else say("card.none_deleted")


def _task_id(payload: Payload) -> str:
    task_id = payload.get("task_id")
    if not isinstance(task_id, str):
        raise BadRequest("task_id: is required, as a string")
    return task_id


def _task_ids(payload: Payload) -> list[str]:
    """The tasks to delete; there may be none, if there are tasks to change."""
    task_ids = payload.get("task_ids")
    if not isinstance(task_ids, list) or not all(isinstance(each, str) for each in task_ids):
        raise BadRequest("task_ids: is required, as a list of strings")
    if len(task_ids) > MAX_PAGE or not (task_ids or payload.get("edits")):
        raise BadRequest(f"task_ids: between 1 and {MAX_PAGE}")
    return [*dict.fromkeys(task_ids)]


def _edits(payload: Payload) -> list[tuple[str, str | None, TaskChanges]]:
    """The tasks to change, each with its state on the card and the new values."""
    edits = payload.get("edits", [])
    if not isinstance(edits, list) or not all(isinstance(each, dict) for each in edits):
        raise BadRequest("edits: must be a list of objects")
    if len(edits) > MAX_PAGE:
        raise BadRequest(f"edits: at most {MAX_PAGE}")
    return [(_task_id(each), each.get("as_of"), parse_changes(each)) for each in edits]


def _proposer(payload: Payload, who: Caller) -> Author:
    """Who made the changes that the user agrees to: the model of the turn that the card names."""
    turn_id = payload.get("turn_id")
    if not isinstance(turn_id, str) or who.thread_id is None:
        return THE_USER
    return Author(kind="model", thread_id=who.thread_id, turn_id=turn_id[:64], approved=True)


def _quoted(task: Task) -> str:
    """The title as data: quoted, with inner quotes escaped, and the id."""
    return f"{dumps(task.title)} (id {task.id})"
