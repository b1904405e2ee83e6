"""Runs turns and answers requests, against ports.

Async; knows no HTTP, no database driver and no model library.
"""
