"""Settings, and how the parts are put together.

The composition root together with `app.py`: the only rooms that may import everything.
"""
