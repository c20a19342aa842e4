"""One module a command: call the rooms below, print what they say. No decisions of their own."""
