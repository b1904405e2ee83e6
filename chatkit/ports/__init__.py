"""Interfaces between the rooms, as Protocols: one file for each store, model or tool box.

This room holds only declarations and the values they pass. `store`, `tools`, `models` and `demo`
implement them; `wiring` connects them.
"""
