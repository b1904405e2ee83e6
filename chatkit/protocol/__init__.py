"""Pure: the ChatKit wire and nothing else: requests, items, events, widgets, SSE, paging, errors.

Bytes and values in, bytes and values out. It imports nothing else of ours.
"""
