"""The task tools as an MCP server, and the client of every MCP server.

Only this room imports mcp.
"""
