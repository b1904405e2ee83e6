"""Every sentence for users, by code and language.

A language is one file. Pure rooms receive a `Say` and do not import a catalogue. Texts for models,
logs and programmers are not here: they are in English, where they are used.
"""
