"""The POP cockpit: live view and guided recovery of Exchange's POP health sets, in a terminal."""

__version__ = "0.1.0"
