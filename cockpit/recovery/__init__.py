"""Guided recovery: the four runbooks as data, guards, the engine, its worker process, the evidence bundle."""
