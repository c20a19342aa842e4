"""Mutated protocol logs by the million: ``python -m tests.fuzz``."""
