"""Pure: a task of the to-do list and its rules.

The REST routes, the MCP tools, imports and the demo all build their tasks here.
"""
