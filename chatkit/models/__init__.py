"""What a model is asked and what it gives: LiteLLM, the pace of its streams, media.

The only place that imports LiteLLM or an HTTP client for providers. `pure` holds the values and
the parsers of what providers send.
"""
