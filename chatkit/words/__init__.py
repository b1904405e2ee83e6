"""Every sentence that a person reads, by code and language, and nothing else.

A language is one file. Pure rooms get a `Say` and know no catalogue; what only a model, a log or
a programmer reads stays in English where it is raised.
"""
