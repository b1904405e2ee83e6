"""The server's rooms; README.md "Architecture" has the table of them."""

#: The release. Between releases it is that of the next one, with `.dev0`.
__version__ = "1.1.dev0"
