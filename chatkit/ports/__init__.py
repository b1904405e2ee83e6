"""What each room needs from another, as Protocols: one file for each store, model or tool box.

Only declarations and the values they pass live here; `store`, `tools`, `models` and `demo`
implement them, `wiring` connects them.
"""
