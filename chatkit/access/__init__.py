"""Pure: what edge and store both know of a caller: who asks, rates, sessions, audit entries.

No HTTP and no SQL: those live in `edge` and `store`, which both import these values.
"""
