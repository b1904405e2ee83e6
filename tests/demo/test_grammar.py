from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chatkit.demo.grammar import understand
from chatkit.demo.values import (
    Add,
    Change,
    Complete,
    Delete,
    Details,
    Draft,
    Every,
    Filter,
    Intent,
    It,
    Pick,
    Places,
    Show,
    Shown,
    Talk,
    TaskView,
    These,
    Unknown,
    Words,
)
from tests.demo.desk import TODAY  # a Wednesday, 25 November 2026

FRIDAY, MONDAY, TOMORROW = date(2026, 11, 27), date(2026, 11, 30), date(2026, 11, 26)


def add(*drafts: str | tuple[str, dict[str, Any]]) -> Add:
    pairs = [(draft, {}) if isinstance(draft, str) else draft for draft in drafts]
    return Add(tuple(Draft(title=title, details=Details(**said)) for title, said in pairs))


def show(**said: Any) -> Show:
    return Show(filter=Filter(**said))


def every(**said: Any) -> Every:
    return Every(Filter(**said))


def change(*places: int, **said: Any) -> Change:
    target = Places(places) if places else It()
    title, cleared = said.pop("title", None), said.pop("cleared", ())
    dropped = said.pop("dropped", ())
    return Change(
        target=target, title=title, cleared=cleared, dropped=dropped, details=Details(**said)
    )


ADDING: list[tuple[str, Intent]] = [
    ("Add a new task: Buy groceries", add("Buy groceries")),
    ("add task buy milk", add("Buy milk")),
    ("ADD BUY MILK", add("BUY MILK")),
    ("Could you please add buy milk to my list, thanks!", add("Buy milk")),
    ("Task: Pay bills @finance", add(("Pay bills", {"category": "finance"}))),
    ("add buy milk tomorrow high priority #shop",
     add(("Buy milk", {"due_date": TOMORROW, "priority": "high", "tags": ("shop",)}))),
    ("remind me to call mum on Friday", add(("Call mum", {"due_date": FRIDAY}))),
    ("Remind me tomorrow to water the plants",
     add(("Water the plants", {"due_date": TOMORROW}))),
    ("don't forget to call mum", add("Call mum")),
    ("I need to pay rent every month by the 1st, it's urgent",
     add(("Pay rent",
          {"due_date": date(2026, 12, 1), "recurrence": "monthly", "priority": "high"}))),
    ("I need to finish the report by Friday", add(("Finish the report", {"due_date": FRIDAY}))),
    ("add water plants every Monday",
     add(("Water plants", {"due_date": MONDAY, "recurrence": "weekly"}))),
    ("add standup daily", add(("Standup", {"recurrence": "daily"}))),
    ("add prepare the weekly report", add("Prepare the weekly report")),
    ("add a high priority work task: finish slides by next Monday",
     add(("Finish slides", {"due_date": MONDAY, "priority": "high", "category": "work"}))),
    ("create task call mum due 2026-12-01 priority low category personal",
     add(("Call mum",
          {"due_date": date(2026, 12, 1), "priority": "low", "category": "personal"}))),
    ("add milk!!", add(("Milk", {"priority": "high"}))),
    ("add milk !", add(("Milk", {"priority": "high"}))),
    ("Add milk!", add("Milk")),
    ("add buy milk, no rush", add(("Buy milk", {"priority": "low"}))),
    ("urgent: call the bank", add(("Call the bank", {"priority": "high"}))),
    ("Add buy milk. It's urgent. Thanks!", add(("Buy milk", {"priority": "high"}))),
    ("add buy milk with description the blue one", add(
        ("Buy milk", {"description": "the blue one"}))),
    ("add call mum Friday at 5pm", add(("Call mum at 5pm", {"due_date": FRIDAY}))),
    ('add "buy milk and show it tomorrow"', add("Buy milk and show it tomorrow")),
    ("add 1.5 l of milk", add("1.5 l of milk")),
    ("buy groceries tomorrow", add(("Buy groceries", {"due_date": TOMORROW}))),
    # several at once
    ("add: A; B; C", add("A", "B", "C")),
    ("add milk, eggs and bread", add("Milk", "Eggs", "Bread")),
    ("add milk, eggs and bread for tomorrow",
     add(*[(name, {"due_date": TOMORROW}) for name in ("Milk", "Eggs", "Bread")])),
    ("add buy milk, eggs and bread", add("Buy milk, eggs and bread")),
    ("add salt and pepper", add("Salt and pepper")),
    ("add buy milk and call mum on Friday", add("Buy milk", ("Call mum", {"due_date": FRIDAY}))),
    ("Add these tasks:\n- milk\n- call Bob tomorrow\n3. eggs",
     add("Milk", ("Call Bob", {"due_date": TOMORROW}), "Eggs")),
    ("- milk\n- eggs", add("Milk", "Eggs")),
    ("add milk\nadd eggs", add("Milk", "Eggs")),
    ("add milk and add eggs", add("Milk", "Eggs")),
    ("add 'salt, pepper' and 'milk'", add("Salt, pepper", "Milk")),
    ("add a task for tomorrow: call mum", add(("Call mum", {"due_date": TOMORROW}))),
    ("add an urgent report", add(("Report", {"priority": "high"}))),
    ("add milk (work) tagged shop and home",
     add(("Milk", {"category": "work", "tags": ("shop", "home")}))),
    ("can you add eggs to my shopping list?", add("Eggs")),
    ("add dentist 30/11 9am", add(("Dentist 9am", {"due_date": MONDAY}))),
    ("water the plants each evening",
     add(("Water the plants in the evening", {"recurrence": "daily"}))),
    ("pay rent on the 1st of every month",
     add(("Pay rent", {"due_date": date(2026, 12, 1), "recurrence": "monthly"}))),
    ("add milk. Only the blue one will do.",
     add(("Milk", {"description": "Only the blue one will do"}))),
    ("add daily", add("Daily")),
    ("remind me", Add(())),
    ("add a task", Add(())),
]  # fmt: skip

SHOWING: list[tuple[str, Intent]] = [
    ("Show me my tasks", show()),
    ("tasks", show()),
    ("list", show()),
    ("what's on my list?", show()),
    ("hi, could you show my tasks please", show()),
    ("i want to see my tasks", show()),
    ("how many tasks do I have?", show()),
    ("what's due today?", show(status="today")),
    ("What\u2019s due this week", show(status="this week")),
    ("do I have anything due tomorrow?", show(status="tomorrow")),
    ("what do I have to do today?", show(status="today")),
    ("overdue?", show(status="overdue")),
    ("any overdue tasks?", show(status="overdue")),
    ("what did I finish", show(status="completed")),
    ("what's left?", show(status="pending")),
    ("show tasks that are not done", show(status="pending")),
    ("tasks without a due date", show(status="no due date")),
    ("show high priority work tasks", show(priority="high", category="work")),
    ("which tasks are urgent?", show(priority="high")),
    ("tasks tagged shop", show(tag="shop")),
    ("show #shop", show(tag="shop")),
    ("find groceries", show(search="groceries")),
    ("search for the blue car", show(search="blue car")),
    ("show tasks about milk", show(search="milk")),
    ("show my tasks sorted by due date", show(sort="due date")),
    ("what should I do today?", show(status="today", sort="priority")),
    ("is there a task about milk?", show(search="milk")),
    ("did I finish the report?", show(search="report")),
    ("find overdue tasks", show(status="overdue")),
    ("show my milk tasks", show(search="milk")),
    ("what's next?", show(status="pending")),
    ("show more", Show(more=True)),
]

ACTING: list[tuple[str, Intent]] = [
    ("Mark task 1 as complete", Complete(target=Places((1,)))),
    ("done with 2 and 3", Complete(target=Places((2, 3)))),
    ("complete 2-4", Complete(target=Places((2, 3, 4)))),
    ("task 2 is done", Complete(target=Places((2,)))),
    ("check off #3", Complete(target=Places((3,)))),
    ("it's done!", Complete(target=It())),
    ("complete buy groceries", Complete(target=Words("buy groceries"))),
    ("mark 'buy milk' as done", Complete(target=Words("buy milk"))),
    ("I bought the milk", Complete(target=Words("milk"), guessed=True)),
    ("mark all as done", Complete(target=every())),
    ("complete all work tasks", Complete(target=every(category="work"))),
    ("mark 2 as not done", Complete(target=Places((2,)), completed=False)),
    ("reopen the last one", Complete(target=Places((-1,)), completed=False)),
    ("delete the first one", Delete(target=Places((1,)))),
    ("please remove tasks 2, 3 & 4", Delete(target=Places((2, 3, 4)))),
    ("delete the milk task", Delete(target=Words("milk"))),
    ("cancel task 2", Delete(target=Places((2,)))),
    ("delete them", Delete(target=Shown())),
    ("delete everything", Delete(target=every())),
    ("Delete all completed tasks", Delete(target=every(status="completed"))),
    ("clear completed tasks", Delete(target=every(status="completed"))),
    ("rename task 1 to Buy bread", change(1, title="Buy bread")),
    ("change task 1 to high priority", change(1, priority="high")),
    ("change the priority of 3 to low", change(3, priority="low")),
    ("make it urgent", change(priority="high")),
    ("it's urgent", change(priority="high")),
    ("make task 2 due Friday", change(2, due_date=FRIDAY)),
    ("move it to next Monday", change(due_date=MONDAY)),
    ("set the due date of task 1 to Friday", change(1, due_date=FRIDAY)),
    ("change it to Friday", change(due_date=FRIDAY)),
    ("set task 1 to work", change(1, category="work")),
    ("tag task 1 with shop", change(1, tags=("shop",))),
    ("add #shop to task 1", change(1, tags=("shop",))),
    ("remove tag shop from 1", change(1, dropped=("shop",))),
    ("add a note to task 1: bring bags", change(1, description="bring bags")),
    ("remove the due date from task 1", change(1, cleared=("due_date",))),
    ("postpone buy milk until next week",
     Change(target=Words("buy milk"), details=Details(due_date=MONDAY))),
    ("change the name of task 1 to Bread", change(1, title="Bread")),
    ("change task 1 to Buy bread by Friday", change(1, title="Buy bread", due_date=FRIDAY)),
    ("set its priority to low", change(priority="low")),
    ("remove its priority", change(priority="medium")),
    ("set the due date of 1 to none", change(1, cleared=("due_date",))),
    ("set the tags of 1 to shop and home", change(1, tags=("shop", "home"))),
    ("set the description of 1 to the blue one", change(1, description="the blue one")),
    ("set the recurrence of 1 to weekly", change(1, recurrence="weekly")),
    ("make task 3 daily", change(3, recurrence="daily")),
    ("mark task 1 as urgent", change(1, priority="high")),
    ("move task 1 to work", change(1, category="work")),
    ("it's due tomorrow", change(due_date=TOMORROW)),
    ("make buy milk a work task",
     Change(target=Words("buy milk"), details=Details(category="work"))),
    ("move all overdue tasks to today",
     Change(target=every(status="overdue"), details=Details(due_date=TODAY))),
    ("delete task number three", Delete(target=Places((3,)))),
    ("mark the first two as done", Complete(target=Places((1, 2)))),
    ("delete 00000000-0000-4000-8000-000000000001",
     Delete(target=These((TaskView("00000000-0000-4000-8000-000000000001"),)))),
    ("update task 1 to bread and milk", change(1)),
    ("2", Pick(Places((2,)))),
    ("the second one", Pick(Places((2,)))),
]  # fmt: skip

TALKING: list[tuple[str, Intent]] = [
    ("hello!", Talk("hello")),
    ("Thanks a lot", Talk("thanks")),
    ("What can you help me with?", Talk("help")),
    ("who are you?", Talk("who")),
    ("what day is it?", Talk("day")),
    ("yes, please", Talk("yes")),
    ("cancel", Talk("no")),
    ("What is the capital of France?", Unknown("What is the capital of France")),
    ("show me a joke", Unknown("show me a joke")),
    ("write me a poem", Unknown("write me a poem")),
    ("", Unknown("")),
]


@pytest.mark.parametrize(("sentence", "intent"), ADDING + SHOWING + ACTING + TALKING)
def test_a_sentence_asks_for(sentence: str, intent: Intent) -> None:
    assert understand(sentence, TODAY) == (intent,)


@pytest.mark.parametrize(
    ("sentence", "intents"),
    [
        ("add milk and then show my tasks", (add("Milk"), show())),
        ("add milk; show my tasks", (add("Milk"), show())),
        ("complete 1 and delete 2", (Complete(target=Places((1,))), Delete(target=Places((2,))))),
        ("Complete task 1. Delete task 2.",
         (Complete(target=Places((1,))), Delete(target=Places((2,))))),
        ("mark buy milk as done, delete call mum and show what's left",
         (Complete(target=Words("buy milk")), Delete(target=Words("call mum")),
          show(status="pending"))),
        ("Hi! Add milk, and mark it as done please", (add("Milk"), Complete(target=It()))),
    ],
)  # fmt: skip
def test_a_sentence_asks_for_several_things(sentence: str, intents: tuple[Intent, ...]) -> None:
    assert understand(sentence, TODAY) == intents
