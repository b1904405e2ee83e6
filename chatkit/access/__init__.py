"""Pure: values that describe a caller: identity, rate limits, sessions, audit entries.

It knows no HTTP and no SQL. `edge` and `store` both import these values.
"""
