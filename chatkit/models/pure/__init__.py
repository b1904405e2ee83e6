"""Pure: requests to a model and its deltas as values, and the parsers of what providers send.

No I/O here; the parts of `chatkit.models` that talk to providers use it.
"""
