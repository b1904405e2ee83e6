"""The context of a conversation: the list that numbers refer to, and the task that "it" means."""

from __future__ import annotations

from dataclasses import dataclass, field

from chatkit.demo.values import Call, DemoReply, Result, TaskView


@dataclass(slots=True)
class Memory:
    """Built anew from the messages for each request.

    `shown` is the list last shown, `focus` the task last touched, `asked` the answer before this
    message where that asked something, `known` every task of a result.
    """

    shown: tuple[TaskView, ...] = ()
    focus: TaskView | None = None
    asked: DemoReply | None = None
    known: dict[str, TaskView] = field(default_factory=dict)

    def note(self, call: Call, result: Result) -> None:
        """Take the tasks of a result."""
        told = (*result.tasks, *([result.task] if result.task else []))
        self.known |= {task.id: task for task in told}
        if not result.success:
            return
        if call.name == "list_tasks" and call.arguments.get("show", True) is not False:
            self.shown = result.tasks
            self.focus = result.tasks[0] if len(result.tasks) == 1 else self.focus
        elif call.name == "delete_task":
            deleted = self.focus is not None and self.focus.id == call.arguments.get("task_id")
            self.focus = None if deleted else self.focus
        elif result.task is not None:
            self.focus = result.task

    def ask(self, reply: DemoReply | None) -> None:
        """Keep the question of an answer. Its numbered list becomes the list last shown."""
        asks = reply is not None and (reply.awaits is not None or reply.put_off)
        self.asked = reply if asks else None
        if reply is not None and reply.options:
            self.shown = reply.options
