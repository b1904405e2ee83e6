"""The built-in model `demo/tasks`: offline, deterministic, and at home in to-do lists only.

    dates, details      words -> days and task fields
    targets, clauses    words -> which tasks, a message -> its clauses
    adding, changing    the two kinds of sentences that say most
    grammar             a message -> intents
    transcript          OpenAI messages -> turns with their tool calls and results
    finding, acting     which tasks are meant, and what is done to them
    scripts, staging    intents -> rounds of tool calls and a reply, as a generator
    speech, smalltalk   results -> sentences
    conversation        all of that: messages -> tool calls or text
    provider            the LiteLLM face; the only file here that imports litellm

The model keeps nothing between requests. A turn is understood anew from its message each time, and
the results that the messages already hold are fed to its script, which then says what comes next.
"""
