"""The built-in model `demo/tasks`: offline, deterministic, and at home in to-do lists only.

    dates, spans        words -> a day, and days from one to another
    details, filters    words -> task fields, and which tasks to list
    targets             words -> which tasks are meant
    typos, clauses      a message -> its clauses, slips set right
    adding, changing,   the kinds of sentences that say most
      showing
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
