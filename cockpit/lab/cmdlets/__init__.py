"""Handlers of the lab's cmdlets, one module per group; ``table.py`` puts them on their endpoints."""
