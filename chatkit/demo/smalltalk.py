"""What the demo says when no tool is needed: greetings, help, and what it cannot do."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.values import Talk, TalkKind

#: Once in a thread, so that nobody takes the demo for a language model.
NOTICE: Final = (
    "*This is the built-in demo model. For a real one, set `OPENROUTER_API_KEY` (or another "
    "provider's key) and restart.*"
)
NO_FILES: Final = (
    "I can't read files: I'm only the built-in demo. A real model can. What you write yourself, I "
    "understand; say “help” for examples."
)
EXAMPLES: Final = (
    "- “Add a new task: Buy groceries tomorrow”\n- “Show me my tasks”\n- “Mark task 1 as complete”"
)
_HELP: Final = (
    "I look after your to-do list. For example:\n\n"
    "- **Add**: “Add buy milk tomorrow, high priority #shop”, “Remind me to call mum on Friday”, "
    "“I need to pay rent every month by the 1st”\n"
    "- **See**: “Show me my tasks”, “What's due this week?”, “Show high priority work tasks”, "
    "“Find groceries”\n"
    "- **Finish**: “Mark task 1 as complete”, “Done with 2 and 3”, “Reopen task 2”\n"
    "- **Change**: “Rename task 1 to Buy bread”, “Move it to next Monday”, “Make task 2 urgent”\n"
    "- **Delete**: “Delete task 2”, “Delete all completed tasks”\n"
    "- **More**: “Tell me about task 1”, “Help me plan a task”, “Draft an email to Ana about the "
    "meeting”"
)

_TALK: Final[tuple[tuple[str, TalkKind], ...]] = (
    (r"(?:(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day))"
     r"(?:[ ,!.]+(?:there|you|all|demo|bot|assistant|everyone|again))*)", "hello"),
    (r"(?:ok(?:ay)?|great|cool|perfect|nice|awesome|wonderful)?[ ,!.]*(?:many )?"
     r"(?:thanks|thank you|thx|ty|cheers|much appreciated)(?: (?:a lot|so much|very much|again|you|"
     r"for your help|for that))*", "thanks"),
    (r"great|cool|perfect|nice|awesome|wonderful|well done|good job|got it|i see", "thanks"),
    (r"(?:good ?)?bye(?: bye)?|see (?:you|ya)(?: (?:later|soon))?|good night|ciao", "bye"),
    (r"(?:yes|yep|yeah|yup|sure|ok|okay|y|go ahead|do it|confirm(?:ed)?|please do|of course|"
     r"absolutely|definitely|correct|right|that's right|i'm sure|i am sure)"
     r"(?:[ ,!.]+(?:yes|please|go ahead|do it|sure|delete (?:them|it)(?: all)?|all of them"
     r"|i'm sure|"
     r"i am sure|thanks|thank you|complete it|add it))*|delete them all", "yes"),
    (r"(?:no|nope|nah|n|cancel|stop|never ?mind|forget it|don't|do not|please don't|leave it|"
     r"keep (?:it|them)|abort)(?:[ ,!.]+(?:thanks|thank you|please|don't|never ?mind"
     r"|keep (?:it|them)"
     r"|leave it|leave them|cancel|no))*", "no"),
    (r"(?:.*\b(?:what|how)\b.*\b(?:can|could|do) you (?:help|do|offer|know|understand)\b.*)"
     r"|what (?:are you able to|will you) (?:do|help)\b.*|what else can .*"
     r"|(?:\?+|help|help me|commands|examples?|menu|usage|instructions?|what now)"
     r"|(?:can|could) you help(?: me)?(?: (?:out|with (?:my tasks|something|this|tasks)))?"
     r"|i need (?:some )?help|how (?:do|does|can|should) (?:i|this|it|you)\b.*"
     r"|(?:what|how) (?:can|could|should) i (?:say|ask|use|type)\b.*|what are my options", "help"),
    (r"who are you|what are you|what(?:'s| is) your name|are you (?:a |an |really )*"
     r"(?:bot|robot|human|ai|real|person|chatgpt|gpt|demo|llm|model|there)\b.*"
     r"|(?:which|what) (?:ai |language )?model (?:are you|is this|do you use)|introduce yourself"
     r"|tell me about yourself|who (?:made|built|created) you", "who"),
    (r"(?:(?:tell me )?(?:what|which) (?:day|date)(?: of the week)?(?: is (?:it|today)"
        r"|'s (?:it|today))"
     r"(?: today)?|what(?:'s| is) (?:the |today's )(?:date|day)(?: today)?|(?:the )?date"
     r"|today's date"
     r"|what(?:'s| is) today)", "day"),
    (r"how are you(?: doing)?(?: today)?|how's it going|what's up|how do you do|sup", "how"),
)  # fmt: skip
_COMPILED: Final = tuple((re.compile(pattern, re.I), kind) for pattern, kind in _TALK)


def read_talk(text: str) -> Talk | None:
    """The small talk that a clause is, when it is nothing else. `text` has no closing marks."""
    for pattern, kind in _COMPILED:
        if len(text) <= 120 and pattern.fullmatch(text):
            return Talk(kind)
    return None


def say_talk(kind: TalkKind, today: date) -> str:
    """The answer to it."""
    match kind:
        case "hello":
            return f"Hello! I can look after your to-do list. Try one of these:\n\n{EXAMPLES}"
        case "thanks":
            return "You're welcome! Anything else for your list?"
        case "who":
            return (
                "I'm the demo assistant of this server: a small rule-based program, not a language "
                "model. I can add, find, change, complete and delete your tasks."
            )
        case "day":
            return f"Today is {today:%A}, {today.day} {today:%B} {today.year}."
        case "bye":
            return "Goodbye! Your tasks will be here when you come back."
        case "how":
            return "All well here, thank you! Shall we look at your tasks? Say “show me my tasks”."
        case "yes":
            return f"I had not asked anything just now. What shall I do? For example:\n\n{EXAMPLES}"
        case "no":
            return "All right, nothing changed."
        case "help":
            return _HELP


_QUESTION = re.compile(
    r"(?:what|who|whose|when|where|why|how|which|is|are|was|were|do|does|did|can|could|should|tell|show"
    r"|give|undo|write|explain|translate|summari[sz]e|calculate)\b",
    re.I,
)


def is_puzzling(text: str) -> bool:
    """Whether it is a few words that are neither a question nor foreign: perhaps a task's name."""
    return len(text.split()) <= 6 and not _QUESTION.match(text) and not _is_foreign(text)


def say_unknown(text: str) -> str:
    """An honest "I did not understand", which tells what works."""
    if _is_foreign(text):
        return (
            "I'm sorry, the demo model understands English only (a real model answers in your "
            f"language). These work:\n\n{EXAMPLES}"
        )
    if _QUESTION.match(text):
        return (
            "I'm only a demo and can manage tasks, so I can't help with that. "
            f"Here is what works:\n\n{EXAMPLES}"
        )
    return f"I'm sorry, I did not understand that. Here is what works:\n\n{EXAMPLES}"


_FOREIGN = (
    "el los las una del por para que qué cómo muéstrame muestra mis tareas tarea añade agrega hola "
    "gracias mañana le les des une du pour est mes tâche tâches ajoute montre bonjour merci demain "
    "der die das ein eine und ist nicht meine aufgabe aufgaben zeige füge hallo danke morgen bitte "
    "os uma não minhas tarefas tarefa olá obrigado amanhã adicione mostre il gli mie compiti ciao "
    "grazie domani je mijn taken een het hoe zijn moje zadania jak görev görevlerimi ekle"
)
_FOREIGN_WORDS: Final = frozenset(_FOREIGN.split())


def _is_foreign(text: str) -> bool:
    letters = [mark for mark in text if mark.isalpha()]
    other = sum(1 for mark in letters if ord(mark) > 0x24F)
    if letters and other * 2 > len(letters):
        return True
    words = re.findall(r"[^\W\d_]+", text.lower())
    return bool(words) and sum(word in _FOREIGN_WORDS for word in words) * 3 >= len(words)
