"""Reads the settings and builds the parts of the server.

Together with `app.py` this is the composition root: only these two may import everything.
"""
