"""Pure: the ChatKit wire: requests, items, events, widgets, SSE, paging, errors.

Bytes and values in, bytes and values out. It imports no other room of this project.
"""
