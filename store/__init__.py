"""Plain SQL behind the ports: one module and one SQL file for each store, rows to values and back.

The only room that imports asyncpg. The user id is in every statement.
"""
