"""What `python app.py COMMAND` does: reading the audit log, and work on the database.

Each command is a file that adds its arguments and returns an exit code. Nothing here is imported
when the server starts, and nothing here prints a secret.
"""
