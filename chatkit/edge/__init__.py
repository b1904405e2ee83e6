"""HTTP: routes, users, limits, files, and the response shapes.

The only room that knows ASGI. It reaches the rest through the engine and ports.
"""
