"""Calls to models through LiteLLM, how often their streams are read, and images and audio.

The only place that imports LiteLLM or an HTTP client for providers. `pure` has the values and the
parsers of provider output.
"""
