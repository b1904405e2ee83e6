"""Implements the ports with plain SQL: each store has one module and one SQL file of its name.

Only this room imports asyncpg. Statements of a user take the user id as first parameter.
"""
