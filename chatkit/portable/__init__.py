"""A user's data as a whole: export, import, erasure, and Markdown for people.

Reads and writes through ports; no SQL and no HTTP.
"""
