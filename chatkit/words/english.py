"""English: every sentence by its code. `{names}` are filled in; a code is `room.what_it_says`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str | Mapping[str, str]]] = {
    # --- Answers that fail or are refused ---------------------------------------------------------
    "model.timeout": "The model took too long to answer. Please try again.",
    "model.rate_limited": "The model is receiving too many requests. Please try again in a moment.",
    "model.overloaded": "The model is overloaded just now. Please try again in a moment.",
    "model.quota": (
        "This server's account with the model provider has no credit left. The operator of this "
        "server has to mend it."
    ),
    "model.bad_call": "The model made a mistake in using a tool. Please try again.",
    "model.unknown_model": (
        "The model provider does not have the model that this server asks for. The operator of "
        "this server has to mend it."
    ),
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
    "answer.lost": "This answer was ended by another request.",
    "answer.busy": (
        "Another answer is still being written in this conversation. Wait for it, or stop it first."
    ),
    "answer.not_followed": (
        "This answer cannot be followed any more. Load the chat again to see it."
    ),
    "choice.model_gone": "This model is not offered any more. Choose another one.",
    "choice.tool_gone": "This tool is not offered any more. Choose another one.",
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
    # --- Marks of answers that are not whole ------------------------------------------------------
    "mark.stopped_title": "Stopped",
    "mark.stopped": "You stopped this answer. Write “continue” for the rest.",
    "mark.left": "This answer was stopped when you left. Write “continue” for the rest.",
    "mark.replaced": "This answer was stopped when you sent another message.",
    "mark.interrupted_title": "Interrupted",
    "mark.interrupted": (
        "The server stopped while this was being answered. Try again for a whole answer."
    ),
    "mark.broken_title": "Broken off",
    "mark.broken": (
        "This answer broke off because of an error. Write “continue” for the rest, or try again."
    ),
    "mark.length_title": "Cut off",
    "mark.length": (
        "This answer reached the longest length that the model writes. Write “continue” for the "
        "rest."
    ),
    "mark.filtered_title": "Withheld",
    "mark.filtered": "The provider of the model withheld the rest of this answer.",
    # --- Notices, and what an answer is waiting for -----------------------------------------------
    "limit.near_title": "Close to the limit",
    "limit.near": {
        "one": "This server takes one more request from you in the next {seconds} seconds.",
        "other": "This server takes {count} more requests from you in the next {seconds} seconds.",
    },
    "notice.trimmed_title": "Long conversation",
    "notice.trimmed": "The assistant no longer sees the oldest messages of this conversation.",
    "notice.no_tools_title": "No tools",
    "notice.no_tools": (
        "This model cannot use tools, so it can neither see nor change your tasks. The operator of "
        "this server can choose another one."
    ),
    "notice.no_images_title": "No images",
    "notice.no_images": "This model cannot read images or files. It answers without them.",
    "wait.tools": "Getting ready …",
    "wait.model": "Waiting for the model …",
    "wait.files": "Reading files …",
    "wait.call": "{title} …",
    # --- Steps ------------------------------------------------------------------------------------
    "step.files_read": "Read",
    "step.file_returned": "A file to download",
    "step.failed": "This did not work.",
    "step.answered_by": "Answered by {model}",
    "step.answered_by_why": "The usual model is not available just now.",
    # --- Tools, as they are called in steps and menus ---------------------------------------------
    "tool.ask_user": "Ask me questions",
    "tool.write_draft": "Write a draft",
    "tool.generate_image": "Create an image",
    "approval.question": (
        "May the assistant call the tool {tool} of the server {server}?\n\n{arguments}"
    ),
    "approval.once": "Once",
    "approval.always": "Always in this chat",
    "approval.no": "No",
    "elicit.asks": "The tool server {server} asks:\n\n{message}",
    "elicit.page": "A page to open",
    "elicit.open": "Open this page if you trust it, and say when you are done there:\n{url}",
    "elicit.opened": "I have opened it",
    "elicit.refuse": "I refuse",
    "elicit.yes": "Yes",
    "elicit.no": "No",
    "elicit.optional": "May be skipped.",
    "elicit.default": "If skipped: {value}",
    "elicit.needed": "This needs an answer.",
    "elicit.choose": "Choose from what is offered.",
    "elicit.several": "From {least} to {most} of them.",
    "elicit.integer": "A whole number.",
    "elicit.number": "A number.",
    "elicit.between": "From {least} to {most}.",
    "elicit.least": "At least {least}.",
    "elicit.most": "At most {most}.",
    "elicit.short": {
        "one": "At least {count} character.",
        "other": "At least {count} characters.",
    },
    "elicit.long": {"one": "At most {count} character.", "other": "At most {count} characters."},
    "elicit.email": "An e-mail address.",
    "elicit.uri": "An address, such as https://example.com.",
    "elicit.date": "A date, such as 2027-01-31.",
    "elicit.date_time": "A date and time with its zone, such as 2027-01-31T09:30:00+01:00.",
    "tool.find_tools": "Look for a tool",
    "tool.call_tool": "Use a tool",
    "tool.add_task": "Add a task",
    "tool.list_tasks": "List tasks",
    "tool.complete_task": "Complete a task",
    "tool.update_task": "Change a task",
    "tool.delete_task": "Delete a task",
    "tool.undo": "Undo changes of tasks",
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
    "card.left_alone": {
        "one": "{count} task was changed since and is left as it is.",
        "other": "{count} tasks were changed since and are left as they are.",
    },
    "card.repeats": "“{title}” repeats: the next one is due {due}.",
    "card.edit": "Edit",
    "card.delete": "Delete",
    "card.keep": "Keep",
    "card.save": "Save",
    "card.cancel": "Cancel",
    "card.ask_delete": {"one": "Delete this task?", "other": "Delete these {count} tasks?"},
    "card.keep_asked": {"one": "Keep it", "other": "Keep them"},
    "card.ask_changes": {
        "one": "Make this change?",
        "other": "Make these {count} changes?",
    },
    "card.to_delete": "Will be deleted",
    "card.difference": "{field}: {old} → {new}",
    "card.make_changes": "Change",
    "card.leave": {"one": "Leave it", "other": "Leave them"},
    "card.changed_count": {"one": "Changed {count} task.", "other": "Changed {count} tasks."},
    "card.none_changed": "Nothing was changed.",
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
    "sign_in.session_scope": "a session of this scope is not enough here",
    "sign_in.agents_only": "an access token of an agent opens only /mcp",
    "sign_in.no_user": "the token is of a client, not of a user",
    "sign_in.session_origin": "the session is bound to another origin",
    "sign_in.bearer_form": "the Authorization header must be: Bearer, a space, one token",
    "sign_in.nothing_shown": (
        "sign in: send Better Auth's token as “Authorization: Bearer …” or in the cookie auth_token"
    ),
    "sign_in.no_way_in": (
        "nobody can sign in here: set BETTER_AUTH_URL or BETTER_AUTH_SECRET, or GUESTS=on"
    ),
    "sign_in.only_this_machine": (
        "guests are let in only from this machine and not through a proxy: set GUESTS=on to let "
        "everybody in, or BETTER_AUTH_URL for a sign-in"
    ),
    "sign_in.link_needed": (
        "open the link that the server has printed at its start; or set GUESTS=on to let everybody "
        "in, or BETTER_AUTH_URL for a sign-in"
    ),
    "sign_in.link_used": (
        "this link is not valid or was used before: each start of the server prints a new one"
    ),
    "sign_in.guest_over": (
        "the guest's token has ended or is not of this server, so that guest's chats are out of "
        "reach; the next request begins as a new guest"
    ),
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
    "limit.address_streams": "too many streams from your network are open already",
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
    "file.too_large": "the file has more than the {count} bytes that it may have",
    "file.empty": "the file is empty",
    "file.short": "the file has {count} bytes and was declared with {declared}",
    "file.sent_already": "the attachment is part of a message already",
    "file.replaced": "the file was taken by another upload or a message meanwhile",
    # --- What a user may store --------------------------------------------------------------
    "storage.text_bytes": (
        "your conversations and tasks may take {count} bytes together, and there is no room for "
        "more: delete conversations that you do not need"
    ),
    "storage.file_bytes": (
        "your files may take {count} bytes together, and this one is too much: delete threads "
        "with files that you do not need"
    ),
    "storage.tasks": (
        "you may have {count} tasks, and there is no room for more: delete some that you do "
        "not need"
    ),
    "storage.threads": (
        "you may have {count} conversations, and there is no room for more: delete some that you "
        "do not need"
    ),
    "storage.sessions": (
        "you may have {count} sessions, and there is no room for more: revoke some that you do "
        "not need, or wait until some expire"
    ),
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
    "import.full": (
        "the rest of the file was not imported (added: {threads} conversations, {tasks} tasks): "
        "{reason}; then import the file again, which adds nothing twice"
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
    "task.agents_allowance": (
        "an agent may delete one task and overwrite three titles or descriptions in ten minutes: "
        "ask the user to do it, or wait"
    ),
    "task.nothing_to_change": "nothing to change: give one of {fields}",
    # --- The database -----------------------------------------------------------------------
    "database.away": "the database is not reachable just now",
    # --- The page ---------------------------------------------------------------------------------
    "page.app": "Chat & tasks",
    "page.new_chat": "New chat",
    "page.chats": "Chats",
    "page.tasks": "Tasks",
    "page.close": "Close",
    "page.cancel": "Cancel",
    "page.retry": "Try again",
    "page.show_more": "Show more",
    "page.open_chats": "Show chats",
    "page.open_tasks": "Show tasks",
    "page.skip_to_composer": "Skip to the message box",
    # Start screen
    "page.start_title": "What would you like to get done?",
    "page.start_text": "Ask in your own words.",
    "page.tasks_beside": "Your task list is kept beside the chat.",
    "page.tasks_behind": "Your task list opens with the button at the top.",
    "page.prompt_show": "Show me my tasks",
    "page.prompt_add": "Add a new task: Buy groceries",
    "page.prompt_complete": "Mark task 1 as complete",
    "page.prompt_help": "What can you help me with?",
    "page.prompts_label": "Suggestions",
    # Conversation
    "page.conversation": "Conversation",
    "page.you": "You",
    "page.assistant": "Assistant",
    "page.thinking": "Thinking…",
    "page.answering": "The assistant is answering.",
    "page.answered": "Assistant: {text}",
    "page.show_earlier": "Show earlier messages",
    "page.loading_chat": "Loading the chat…",
    "page.to_newest": "Go to the newest message",
    "page.no_answer": "This message has no answer yet.",
    "page.half_answer": "This message has no whole answer.",
    "page.stopped": "You stopped this answer.",
    "page.copy": "Copy",
    "page.copied": "Copied",
    "page.copy_answer": "Copy the answer",
    "page.copy_failed": "Your browser did not allow copying.",
    "page.image": "Image",
    "page.table": "Table",
    "page.code_block": "Code",
    "page.sources": "Sources",
    "page.done": "Done",
    "page.not_done": "Not done",
    "page.source": "Source {number}: {title}",
    "page.dismiss": "Dismiss",
    "page.answer_again": "Answer again",
    "page.feedback_positive": "Good answer",
    "page.feedback_negative": "Poor answer",
    "page.reply": "Reply",
    "page.attachments": "Attached files",
    "page.attached_image": "Attached image: {name}",
    "page.too_many_calls": "The assistant asked this page for too much at once.",
    "page.copied_for_you": "The assistant has put text on your clipboard.",
    # What the assistant did
    "page.working": "Working…",
    "page.minutes": "{minutes} min",
    "page.seconds": "{seconds} s",
    "page.minutes_and_seconds": "{minutes} min {seconds} s",
    "page.worked_for": "Worked for {time}",
    "page.thought_for": "Thought for {time}",
    "page.steps": "Steps",
    "page.thoughts": "Thoughts",
    "page.step_kind_web_search": "Searched the web",
    "page.step_kind_thought": "Thought",
    "page.step_kind_file": "Read files",
    "page.step_kind_image": "Made an image",
    "page.step_kind_custom": "Step",
    "page.step_loading": "in progress",
    "page.step_complete": "done",
    "page.generated_image": "Generated image",
    "page.making_image": "The image is being made",
    # Questions
    "page.questions": "Questions",
    "page.other_answer": "Something else…",
    "page.own_answer": "Your own answer",
    "page.skip_question": "Skip",
    "page.skip_question_named": "Skip: {question}",
    "page.skip_all": "Skip all",
    "page.send_answers": "Send answers",
    "page.skipped": "Skipped",
    # Widgets
    "page.show_details": "Show details",
    "page.hide_details": "Hide details",
    "page.show_more_items": "Show {count} more",
    "page.choose": "Choose…",
    "page.icon_check": "Done",
    "page.icon_dots_horizontal": "More",
    "page.icon_plus": "Add",
    "page.icon_reload": "Reload",
    "page.icon_search": "Search",
    "page.icon_trash": "Delete",
    "page.icon_write": "Edit",
    "page.icon_x": "Close",
    "page.wrong_format": "Use the form that is asked for.",
    "page.chart_values": "Values of the chart",
    "page.action_while_answering": "Wait until the answer is complete, then try again.",
    # Composer
    "page.message": "Message",
    "page.message_placeholder": "Write a message…",
    "page.composer_hint": "Enter sends, Shift+Enter starts a new line.",
    "page.send": "Send",
    "page.stop": "Stop answering",
    "page.attach": "Attach files",
    "page.remove_file": "Remove “{name}”",
    "page.uploading": "Uploading “{name}”",
    "page.upload_failed": "This file could not be uploaded.",
    "page.file_too_large": "Too large: at most {most}.",
    "page.too_many_files": {
        "one": "Only one file at a time.",
        "other": "At most {count} files at a time.",
    },
    "page.wait_for_files": "Files are still being uploaded.",
    "page.remove_quote": "Do not reply to this text",
    "page.model": "Model",
    "page.tool": "Tool",
    "page.any_tool": "Tools: automatic",
    "page.mentions": "What can be mentioned",
    "page.dictate": "Dictate",
    "page.stop_dictation": "Stop dictating",
    "page.transcribing": "Writing down what you said…",
    "page.microphone_refused": "Your browser did not allow the microphone.",
    "page.no_microphone": "No microphone could be used.",
    "page.nothing_heard": "No words were heard.",
    "page.locked": "This chat is locked.",
    "page.closed": "This chat is closed.",
    # Chats
    "page.untitled": "New chat",
    "page.no_chats": "Your chats will be listed here.",
    "page.rename": "Rename “{title}”",
    "page.delete_named": "Delete “{title}”",
    "page.chat_title": "Title of the chat",
    "page.delete_chat_title": "Delete this chat?",
    "page.delete_chat_text": "“{title}” and all its messages will be gone for good.",
    "page.delete_action": "Delete",
    "page.today": "Today",
    "page.yesterday": "Yesterday",
    "page.last_week": "Previous 7 days",
    "page.older": "Older",
    # Tasks
    "page.add_task": "Add a task",
    "page.add_task_action": "Add",
    "page.filter": "Which tasks to show",
    "page.pending": "To do",
    "page.all": "All",
    "page.no_tasks": "No tasks yet. Add one above, or ask for it in the chat.",
    "page.nothing_pending": "Nothing to do right now. Add a task above, or ask for it in the chat.",
    "page.open_task_count": {"one": "1 task to do", "other": "{count} tasks to do"},
    "page.task_count": {"one": "1 task", "other": "{count} tasks"},
    "page.complete_task": "Done: {title}",
    "page.delete_task_title": "Delete this task?",
    "page.delete_task_text": "“{title}” leaves the list. You can undo it right after.",
    "page.tasks_deleted": {"one": "Task deleted.", "other": "{count} tasks deleted."},
    "page.tasks_changed": {"one": "Task changed.", "other": "{count} tasks changed."},
    "page.undo": "Undo",
    "page.due": "Due {day}",
    "page.overdue": "Overdue {day}",
    "page.due_today": "Due today",
    "page.due_tomorrow": "Due tomorrow",
    "page.priority_high": "High priority",
    "page.priority_low": "Low priority",
    "page.recurrence_daily": "Every day",
    "page.recurrence_weekly": "Every week",
    "page.recurrence_monthly": "Every month",
    "page.category_work": "Work",
    "page.category_personal": "Personal",
    "page.category_study": "Study",
    "page.category_health": "Health",
    "page.category_finance": "Finance",
    # Your data
    "page.your_data": "Your data",
    "page.your_data_text": (
        "Take your chats and tasks with you, bring them here from elsewhere, or delete them."
    ),
    "page.download_all": "Download everything",
    "page.download_all_note": (
        "JSON can be imported again. Attached files are named in it, not contained."
    ),
    "page.download_all_json": "Download everything as JSON",
    "page.download_all_markdown": "Download everything as Markdown",
    "page.download_chat": "Download this chat",
    "page.download_chat_markdown": "Download this chat as Markdown",
    "page.json": "JSON",
    "page.markdown": "Markdown",
    "page.preparing": "Preparing the file…",
    "page.downloaded": "Downloaded “{name}”.",
    "page.download_cut": "The connection broke before the file was complete. Try again.",
    "page.import_title": "Import chats and tasks",
    "page.import_note": (
        "A JSON file from here, or ChatGPT’s conversations.json. Nothing is added twice."  # noqa: RUF001
    ),
    "page.import_action": "Import…",
    "page.import_too_large": "This file is larger than this server takes.",
    "page.importing": "Importing “{name}”…",
    "page.import_added": "{added} added.",
    "page.import_added_rest": {
        "one": "{added} added, {count} was there already.",
        "other": "{added} added, {count} were there already.",
    },
    "page.import_empty": "This file holds no chats or tasks.",
    "page.import_known": {
        "one": "Nothing new: {known} was there already.",
        "other": "Nothing new: {known} were there already.",
    },
    "page.chat_count": {"one": "1 chat", "other": "{count} chats"},
    "page.chats_and_tasks": "{chats} and {tasks}",
    "page.erase_note": "Chats, files and tasks, gone for good.",
    "page.erase_action": "Delete all my data",
    "page.erase_title": "Delete all your data?",
    "page.erase_text": (
        "All your chats, files and tasks will be gone for good. Download first what you may "
        "want again."
    ),
    "page.erase_confirm": "Delete everything",
    "page.erasing": "Deleting…",
    "page.erased": "All your data has been deleted.",
    # Signing in
    "page.sign_in_title": "Sign in",
    "page.sign_in_text": (
        "This server takes no guests. Sign in on the site that it belongs to and load this page "
        "again, or paste your access token (JWT)."
    ),
    "page.sign_in_token": "Access token",
    "page.sign_in_action": "Continue",
    "page.sign_in_expired": "Your sign-in has ended. Sign in again to go on.",
    "page.sign_in_refused": (
        "The server did not accept this token. It may be expired, or of another site."
    ),
    "page.sign_out": "Sign out",
    "page.guest_lost": (
        "The visit that this browser remembered has ended or is unknown to this server, so its "
        "chats and tasks cannot be shown. This is a new, empty one."
    ),
    # Faults
    "page.offline": "You are offline. What you send now will not arrive.",
    "page.offline_fault": "You are offline. Try again when the connection is back.",
    "page.network": "The server could not be reached. Check your connection and try again.",
    "page.server": "The server could not do this just now. Try again in a moment.",
    "page.too_many": "That was a little too fast. Wait a moment and try again.",
    "page.not_found": "This chat does not exist, or it belongs to someone else.",
    "page.refused": "The server did not accept this request.",
    "page.cut": "The connection broke before the answer was complete.",
    "page.no_reply": "The server ended the answer before it began.",
    "page.stream_error": "Something went wrong while answering.",
    "page.needs_javascript": "This page needs JavaScript to talk to the server.",
    # --- The demo model ---------------------------------------------------------------------------
    "demo.notice": (
        "*This is the built-in demo model. For a real one, set `OPENROUTER_API_KEY` (or another "
        "provider's key) and restart.*"
    ),
    "demo.unknown": (
        "I'm only the built-in demo and did not understand that, so I changed nothing; I do "
        "understand “Show me my tasks” and “Add a new task: Buy groceries”, for example."
    ),
    "demo.help": (
        "I look after your to-do list. For example:\n\n"
        "- **Add**: “Add a new task: Buy groceries tomorrow”, “Add buy milk, high priority #shop”\n"
        "- **See**: “Show me my tasks”, “What's due this week?”, “Find groceries”\n"
        "- **Finish**: “Mark task 1 as complete”, “Reopen task 2”\n"
        "- **Change**: “Rename task 1 to Buy bread”, “Move it to next Monday”, “Make 2 urgent”\n"
        "- **Delete**: “Delete task 2”, “Delete all completed tasks”, “Undo that”\n"
        "- **More**: “Help me plan a task”, “Draft an email to Ana about the meeting”"
    ),
    "demo.hello": (
        "Hello! I can look after your to-do list: say “Show me my tasks” or “Add a new task: Buy "
        "groceries”."
    ),
    "demo.thanks": "You're welcome! Anything else for your list?",
    "demo.yes": (
        "I changed nothing. A question on a card is answered with its buttons; otherwise say "
        "“Show me my tasks” or “Add a new task: Buy groceries”, for example."
    ),
    "demo.no": "All right, nothing changed.",
    "demo.no_files": (
        "I can't read files: I'm only the built-in demo. A real model can. What you write "
        "yourself, "
        "I understand; say “help” for examples."
    ),
    "demo.no_tools": "I can't reach the task list from here, so I could not do that.",
    "demo.which_add": "What should the new task be called?",
    "demo.which": "Which task do you mean? Give me its number or its title.",
    "demo.which_change": (
        "Which task, and what should change? For example “rename task 1 to Buy bread” or "
        "“move task "
        "1 to Friday”."
    ),
    "demo.choose": "Which one do you mean? Give me its number.",
    "demo.near": "I do not know which task “{words}” means. These come near:",
    "demo.not_found": (
        "I found no task called “{words}”, so I changed nothing. Say “show me my tasks” to "
        "see what "
        "there is."
    ),
    "demo.no_number": {
        "one": "There is no task {number}: the list has 1 task.",
        "other": "There is no task {number}: the list has {count} tasks.",
    },
    "demo.list": {"one": "You have **1** task.", "other": "You have **{count}** tasks."},
    "demo.found": {"one": "I found **1** such task.", "other": "I found **{count}** such tasks."},
    "demo.found_none": "I found no such task.",
    "demo.empty": "Your list is empty. Try “Add a new task: Buy groceries”.",
    "demo.more": {
        "one": "There is 1 more: ask for fewer, such as “Show overdue tasks”.",
        "other": "There are {count} more: ask for fewer, such as “Show overdue tasks”.",
    },
    "demo.left": "There are more like these: say it again to go on.",
    "demo.task": "task {number}",
    "demo.it": "that task",
    "demo.no_title": "(no title)",
    "demo.due": "due {day}",
    "demo.overdue": "overdue since {day}",
    "demo.high_priority": "high priority",
    "demo.low_priority": "low priority",
    "demo.every_day": "every day",
    "demo.every_week": "every week",
    "demo.every_month": "every month",
    "demo.added": "Added {task}.",
    "demo.added_several": "Added {number} tasks:",
    "demo.completed": "✅ Completed {task}.",
    "demo.completed_several": "Completed {number} tasks:",
    "demo.reopened": "Reopened {task}.",
    "demo.reopened_several": "Reopened {number} tasks:",
    "demo.changed": "Updated {task}.",
    "demo.changed_several": "Updated {number} tasks:",
    "demo.deleted": "Deleted {task}.",
    "demo.deleted_several": "Deleted {number} tasks:",
    "demo.no_recurrence": (
        "Tasks repeat daily, weekly or monthly only, so I could not set “{words}”."
    ),
    "demo.no_reminder": "I can't remind you: a task only stands on the list.",
    "demo.trouble": (
        "Sorry, the task list did not answer properly just now. Please try again in a moment."
    ),
    "demo.gone": (
        "I can't find {task}; it may be gone. Say “show me my tasks” to see what there is."
    ),
    "demo.failed": "That did not work for {task}: the task list refused it, without a reason.",
    "demo.failed_because": "That did not work for {task}: {reason}",
    "demo.ask_title": "What is to be done?",
    "demo.ask_when": "When is it due?",
    "demo.ask_priority": "How important is it?",
    "demo.today": "today",
    "demo.tomorrow": "tomorrow",
    "demo.next_week": "next week",
    "demo.no_date": "no date",
    "demo.high": "high",
    "demo.medium": "medium",
    "demo.low": "low",
    "demo.nothing_added": "All right, nothing was added.",
    "demo.drafted": (
        "Here is a first draft. I'm only a demo: what stands in brackets is yours to write."
    ),
    "demo.letter": (
        "Hello {whom},\n\nI am writing to you about {topic}.\n\n[What you want to say.]\n\n"
        "Please let me know what you think.\n\nBest regards,\n[your name]"
    ),
    "demo.letter_whom": "[name]",
    "demo.letter_topic": "[your topic]",
}


def plural_category(count: int) -> str:
    """The CLDR plural category of a whole number in English."""
    return "one" if count == 1 else "other"
