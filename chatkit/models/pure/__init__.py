"""Pure: model requests and deltas as values, and parsers for the output of providers.

No I/O. The modules of `chatkit.models` that talk to providers use it.
"""
