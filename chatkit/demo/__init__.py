"""The built-in model `demo/tasks`: offline, deterministic, and for to-do lists only.

    sentences            a message -> its sentences; words that make one more than a request
    dates, details       words -> a day; words -> the fields of a task
    targets              words -> which task is meant, or which tasks to list
    adding, changing     sentences that add; sentences that change, complete or delete
    grammar              a message -> one intent
    transcript           OpenAI messages -> turns with their tool calls and results
    acting               an intent -> rounds of tool calls and a reply, as a generator
    speech               results -> sentences, by the codes of `chatkit.words`
    conversation, model  messages -> tool calls or text; the engine's `Model` port

The model has no state between requests. Each request replays the turns from the messages, with the
results in them, and continues where the results end.
A message is one request, understood as a whole, or nothing is done.
"""
