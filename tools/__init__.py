"""The task tools as an MCP server, and the client of every MCP server.

The only room that imports mcp.
"""
