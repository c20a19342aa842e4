"""The domain and its two endpoints: model, catalogue, typed cmdlets, sessions, CLIXML, errors.

Nothing is imported here: ``model`` and ``catalogue`` stay usable without pypsrp.
"""
