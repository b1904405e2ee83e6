"""Pure: a to-do task and its validation rules.

The REST routes, the MCP tools, imports and the demo all build their tasks here.
"""
