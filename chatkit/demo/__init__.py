"""The built-in model `demo/tasks`: offline, deterministic, and for to-do lists only.

    clauses, doubt       a message -> its sentences; words that make one more than a request
    dates, unkept        words -> a day; parts of a request that a task cannot hold
    details, filters     words -> fields of a task; words -> which tasks to list
    targets              words -> which task is meant
    adding, changing     sentences that add; sentences that change, complete or delete
    grammar              a message -> one intent
    transcript           OpenAI messages -> turns with their tool calls and results
    memory, finding      what the conversation has shown; the tasks that a target means
    doing, forms         an intent -> rounds of tool calls and a reply, as a generator
    speech               results -> sentences, by the codes of `chatkit.words`
    playing              a turn -> the script of its intent
    conversation, model  messages -> tool calls or text; the engine's `Model` port

The model has no state between requests. Each request replays the turns from the messages, with the
results in them, and continues where the results end.
A message is one request, understood as a whole, or nothing is done.
"""
