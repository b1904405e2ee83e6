"""HTTP: routes, authentication, rate limits, files, and the shapes of responses.

The only room that knows ASGI. It uses the other rooms through the engine and ports.
"""
