"""English: every sentence by its code. `{names}` are filled in; a code is `room.what_it_says`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str | Mapping[str, str]]] = {
    # --- Answers that fail or are refused ---------------------------------------------------------
    "model.timeout": "The model took too long to answer. Please try again.",
    "model.rate_limited": "The model is receiving too many requests. Please try again in a moment.",
    "model.unavailable": (
        "The model could not be reached, or its answer broke off. Please try again."
    ),
    "model.credentials": (
        "The model provider refused this server's key. The operator of this server has to mend it."
    ),
    "model.too_long": (
        "This conversation has become too long for the model. Please start a new one."
    ),
    "model.refused": "The model declined to answer this message.",
    "model.empty": "The model gave no answer. Please try again.",
    "model.malformed": "The model gave an answer that could not be read. Please try again.",
    "model.misconfigured": (
        "The model of this server is not set up rightly. The operator has to mend it."
    ),
    "answer.too_many_rounds": (
        "The assistant kept calling tools without coming to an answer. Please try again, perhaps "
        "in smaller steps."
    ),
    "answer.database_away": (
        "The server's database is not reachable just now. Please try again in a moment."
    ),
    "answer.interrupted": (
        "The server is restarting and this answer was interrupted. Please try again."
    ),
    "answer.interrupted_title": "Interrupted",
    "answer.interrupted_step": (
        "The server stopped while this was being answered. Try again for a whole answer."
    ),
    "answer.lost": "This answer was ended by another request.",
    "answer.busy": (
        "Another answer is still being written in this conversation. Wait for it, or stop it first."
    ),
    "answer.not_waited_for": "Nothing in this conversation waits for that answer any more.",
    "answer.too_many_streams": (
        "The server is answering as many people as it can. Please try again in a moment."
    ),
    "answer.too_many_turns": (
        "Answers are being written in {count} of your conversations at once, which is the most "
        "here. Wait for one to end, or stop one."
    ),
    "answer.too_fast_moment": (
        "You are sending messages faster than this server allows. Please try again in a moment."
    ),
    "answer.too_fast_seconds": (
        "You are sending messages faster than this server allows. Please try again in {count} "
        "seconds."
    ),
    "answer.too_fast_minutes": (
        "You are sending messages faster than this server allows. Please try again in {count} "
        "minutes."
    ),
    "thread.locked": "This conversation is locked.",
    "thread.closed": "This conversation is closed.",
    # --- Notices, and what an answer is waiting for -----------------------------------------------
    "limit.near_title": "Close to the limit",
    "limit.near": {
        "one": "This server takes one more request from you in the next {seconds} seconds.",
        "other": "This server takes {count} more requests from you in the next {seconds} seconds.",
    },
    "notice.trimmed_title": "Long conversation",
    "notice.trimmed": "The assistant no longer sees the oldest messages of this conversation.",
    "wait.tools": "Getting ready …",
    "wait.model": "Waiting for the model …",
    "wait.files": "Reading files …",
    "wait.call": "{title} …",
    # --- Steps ------------------------------------------------------------------------------------
    "step.files_read": "Read",
    "step.failed": "This did not work.",
    # --- Tools, as they are called in steps and menus ---------------------------------------------
    "tool.ask_user": "Ask me questions",
    "tool.write_draft": "Write a draft",
    "tool.generate_image": "Create an image",
    "tool.add_task": "Add a task",
    "tool.list_tasks": "List tasks",
    "tool.complete_task": "Complete a task",
    "tool.update_task": "Change a task",
    "tool.delete_task": "Delete a task",
    # --- Cards of drafts --------------------------------------------------------------------------
    "draft.writing": "Writing …",
    "draft.finished": "Draft",
    "draft.save": "Save as a task",
    "draft.saved": "Saved as a task.",
    "draft.saved_cut": "Saved as a task. Its text was too long for a task and was cut.",
    "draft.saved_before": "This draft was saved already.",
    "draft.missing": "There is no draft on this card.",
    "draft.untitled": "Draft",
    # --- Mentions: the groups of tasks in the list ------------------------------------------------
    "mention.open": "Tasks",
    "mention.done": "Done",
    # --- Days, and the values of a task, as they stand within a line ------------------------------
    "day.today": "today",
    "day.tomorrow": "tomorrow",
    "day.yesterday": "yesterday",
    "day.date": "{weekday} {day} {month}",
    "day.date_of_year": "{weekday} {day} {month} {year}",
    "weekday.monday": "Mon",
    "weekday.tuesday": "Tue",
    "weekday.wednesday": "Wed",
    "weekday.thursday": "Thu",
    "weekday.friday": "Fri",
    "weekday.saturday": "Sat",
    "weekday.sunday": "Sun",
    "month.january": "Jan",
    "month.february": "Feb",
    "month.march": "Mar",
    "month.april": "Apr",
    "month.may": "May",
    "month.june": "Jun",
    "month.july": "Jul",
    "month.august": "Aug",
    "month.september": "Sep",
    "month.october": "Oct",
    "month.november": "Nov",
    "month.december": "Dec",
    "label.none": "none",
    "label.high": "high",
    "label.medium": "medium",
    "label.low": "low",
    "label.work": "work",
    "label.personal": "personal",
    "label.study": "study",
    "label.health": "health",
    "label.finance": "finance",
    "label.daily": "daily",
    "label.weekly": "weekly",
    "label.monthly": "monthly",
    # --- The export for people --------------------------------------------------------------------
    "export.exported": "Exported {time}",
    "export.untitled": "Untitled",
    "export.begun": "Begun {time}",
    "export.user": "You",
    "export.assistant": "Assistant",
    "export.tasks": "Tasks",
    "export.attached": "Attached: {names}",
    "export.page_asked": "Asked the page: {name}",
    "export.image_made": "Made an image",
    "export.thought": "Thought",
    "export.web_searched": "Searched the web",
    "export.worked": "Worked on it",
    "export.not_answered": "not answered",
    # --- Cards of tasks ---------------------------------------------------------------------------
    "card.count": {"one": "{count} task", "other": "{count} tasks"},
    "card.count_done": "{tasks}, {done} done",
    "card.more": "and {count} more",
    "card.no_tasks": "There are no tasks here.",
    "card.gone": "This task no longer exists.",
    "card.gone_count": {
        "one": "{count} task no longer existed.",
        "other": "{count} tasks no longer existed.",
    },
    "card.repeats": "“{title}” repeats: the next one is due {due}.",
    "card.edit": "Edit",
    "card.delete": "Delete",
    "card.keep": "Keep",
    "card.save": "Save",
    "card.cancel": "Cancel",
    "card.ask_delete": {"one": "Delete this task?", "other": "Delete these {count} tasks?"},
    "card.keep_asked": {"one": "Keep it", "other": "Keep them"},
    "card.deleted": "Deleted “{title}”.",
    "card.deleted_count": {"one": "Deleted {count} task.", "other": "Deleted {count} tasks."},
    "card.none_deleted": "Nothing was deleted.",
    "card.edit_title": "Edit task",
    "card.title": "Title",
    "card.description": "Description",
    "card.priority": "Priority",
    "card.category": "Category",
    "card.repetition": "Repeats",
    "card.due_date": "Due",
    "card.no_date": "No date",
    "card.tags": "Tags",
    "card.tags_example": "home, shop",
    "card.unknown_button": "This button is not known here.",
    "card.no_payload": "This button does not say which task is meant.",
    "card.answered_before": "This question was answered already.",
    # --- Facts of a task: by themselves, and within a line ----------------------------------------
    "task.due": "Due {day}",
    "task.due_in_line": "due {day}",
    "task.overdue": "Overdue {day}",
    "task.overdue_in_line": "overdue since {day}",
    "task.high": "High priority",
    "task.high_in_line": "high priority",
    "task.low": "Low priority",
    "task.low_in_line": "low priority",
    "repeats.daily": "every day",
    "repeats.weekly": "every week",
    "repeats.monthly": "every month",
    # --- Requests over HTTP -----------------------------------------------------------------
    "http.json_only": "the body must be application/json",
    "http.head_too_large": "the head of the request is too large",
    "http.too_many_headers": "the request has too many headers",
    "http.no_http": "this is no valid HTTP request",
    "http.upgrade_with_body": "a request with a body cannot upgrade here",
    "http.too_slow": "the request did not arrive in time",
    "http.query_unreadable": "the query string cannot be read",
    "http.query_nul": "the query string holds a NUL character",
    "http.body_too_large": "the body is larger than {count} bytes",
    "http.one_host": "there must be one Host header",
    "http.unknown_host": "this server does not answer to that name",
    "http.internal": "something went wrong here; the log has it under this id",
    "http.body_not_utf8": "the body is not UTF-8",
    "http.body_nested": "the body is nested too deeply",
    "http.body_not_json": "the body is not valid JSON",
    "http.body_too_deep": "the body is nested deeper than {count} levels",
    "http.body_unstorable": "the body holds a NUL character or a lone surrogate",
    "http.other_methods": "this path answers {methods}",
    # --- Signing in -------------------------------------------------------------------------
    "sign_in.session_over": "the session has expired or was revoked",
    "sign_in.token_malformed": "the token is malformed",
    "sign_in.other_issuer": "the token is of another issuer",
    "sign_in.other_audience": "the token is made for somebody else",
    "sign_in.token_not_valid": "the token is not valid",
    "sign_in.token_expired": "the token has expired",
    "sign_in.token_early": "the token is not valid yet",
    "sign_in.claim_no_number": "the token's {claim} is missing or no number",
    "sign_in.claim_out_of_range": "the token's {claim} is out of range",
    "sign_in.claim_no_user_id": "the token's {claim} must be a text of 1 to {count} letters",
    "sign_in.claim_control_character": "the token's {claim} holds a control character",
    "sign_in.foreign_guest": "ids of guests are not taken from tokens of others",
    "sign_in.secret_in_cookie": "a client_secret belongs into the Authorization header",
    "sign_in.origin_unknown": "requests from this origin are not taken",
    "sign_in.token_kind": "the token is of no kind that this server takes",
    "sign_in.cookie_elsewhere": "a request with a cookie must come from this server's own page",
    "sign_in.guests_off": "guests are not let in here: sign in",
    "sign_in.session_scope": "a session of this scope is not enough here",
    "sign_in.session_origin": "the session is bound to another origin",
    "sign_in.bearer_form": "the Authorization header must be: Bearer, a space, one token",
    "sign_in.nothing_shown": "sign in: there is neither a bearer token nor a cookie",
    "sign_in.several_cookies": "there is more than one cookie {name}",
    "sign_in.token_too_long": "the token is longer than {count} characters",
    "sign_in.keys_away": "the sign-in server cannot be asked for its keys just now",
    # --- Signed requests --------------------------------------------------------------------
    "signing.both": "a request is signed or has an Authorization header, not both",
    "signing.wrong": "the signature does not hold",
    "signing.clock": "the timestamp is more than {count} seconds from our clock",
    "signing.user_not_utf8": "the user id is not UTF-8",
    "signing.used": "the signature was used before",
    "signing.header_malformed": "a signed request wants a well-formed {name}",
    "signing.other_body": "the body is not the one that was signed",
    # --- Signed links -----------------------------------------------------------------------
    "link.not_valid": "the link is not valid",
    "link.expired": "the link has expired",
    # --- Limits -----------------------------------------------------------------------------
    "limit.requests": "too many requests: try again in {count} seconds",
    "limit.streams": "the server has as many open streams as it can hold",
    "limit.own_streams": "too many streams of yours are open already",
    # --- What is not there ------------------------------------------------------------------
    "missing.thread": "no such thread",
    "missing.item": "no such item",
    "missing.turn": "no such turn",
    "missing.session": "no such session",
    "missing.attachment": "no such attachment",
    "missing.task": "no such task",
    "missing.path": "no such path",
    # --- Files ------------------------------------------------------------------------------
    "file.type_not_taken": (
        "{place}mime_type: files of this type are not taken; taken are PNG, JPEG, GIF and WebP "
        "images, PDF, ZIP and UTF-8 text"
    ),
    "file.kind_not_taken": (
        "the file is of a kind that is not taken; taken are PNG, JPEG, GIF and WebP images, PDF, "
        "ZIP and UTF-8 text"
    ),
    "file.no_image": "the file is called {type} and is no image",
    "file.no_pdf": "the file is called a PDF and is none",
    "file.too_many_unsent": "{count} files of yours wait to be sent already: send or remove some",
    "file.storage_full": (
        "your files may take {count} bytes together, and this one is too much: delete threads "
        "with files that you do not need"
    ),
    "file.too_large": "the file has more than the {count} bytes that it may have",
    "file.empty": "the file is empty",
    "file.short": "the file has {count} bytes and was declared with {declared}",
    "file.sent_already": "the attachment is part of a message already",
    "file.replaced": "the file was taken by another upload or a message meanwhile",
    # --- Uploads as forms -------------------------------------------------------------------
    "upload.not_multipart": "the body must be multipart/form-data with a field named file",
    "upload.boundary": "the boundary of the body must be 1 to 70 characters",
    "upload.cut_off": "the body ends before its last boundary",
    "upload.malformed": "the body is not well-formed multipart/form-data",
    "upload.part_unnamed": "each part of the body must be a field with a name",
    "upload.too_much_beside": "only small fields may stand beside the field file",
    # --- Import -----------------------------------------------------------------------------
    "import.attached": "[Attached: {names}]",
    "import.image": "[Image]",
    "import.image_left": "An image, which the export does not hold",
    "import.is_form": "the body must be the file itself, not a form",
    "import.compressed": "the body must not be compressed",
    "import.no_room": "there is no room for the file here",
    "import.too_many_entries": "the file holds more than {count} threads or tasks",
    "import.too_deep": "the file is nested deeper than {count} levels",
    "import.no_list": "the file must hold an array or an object of JSON",
    "import.not_json": "the file is not valid JSON",
    "import.unknown_format": (
        "the file is neither an export of this server nor a conversations.json of ChatGPT"
    ),
    "import.another": "another import of yours is under way; repeat this one",
    "import.erased": "your data was erased while the file was read",
    # --- Requests of a chat -----------------------------------------------------------------
    "request.under_way": "the same request is being answered just now",
    "request.other_body": "the Idempotency-Key was used before, with another body",
    # --- The server -------------------------------------------------------------------------
    "server.stopping": "the server is stopping",
    # --- Dictation --------------------------------------------------------------------------
    "dictation.off": "dictation is off on this server: TRANSCRIBE_MODEL is not set",
    "dictation.recordings": "mime_type must be one of {types}",
    # --- Tasks ------------------------------------------------------------------------------
    "task.nothing_to_change": "nothing to change: give one of {fields}",
    # --- The database -----------------------------------------------------------------------
    "database.away": "the database is not reachable just now",
}


def plural_category(count: int) -> str:
    """The CLDR plural category of a whole number in English."""
    return "one" if count == 1 else "other"
