"""The built-in model `demo/tasks`: offline, deterministic, and at home in to-do lists only.

    dates, unkept       words -> a day; what of a request no task can hold
    details, filters    words -> task fields, and which tasks to list
    doubt, targets      what makes a sentence no plain request; which tasks are meant
    clauses             a message -> its clauses
    adding, changing    the kinds of sentences that say most
    grammar             a message -> a few intents, or none of it
    transcript          OpenAI messages -> turns with their tool calls and results
    memory, finding     what the conversation tells; which tasks are meant
    doing, forms        an intent -> rounds of tool calls and a reply, as a generator
    speech              results -> sentences, by the codes of `chatkit.words`
    playing             a turn -> its intents, one after the other
    conversation        all of that: messages -> tool calls or text
    model               the engine's `Model` port

The model keeps nothing between requests. A turn is understood anew from its message each time, and
the results that the messages already hold are fed to its script, which then says what comes next.
A message is understood as a whole, or nothing of it is done.
"""
