"""How the journal's tables came to be, step by step. Run by ``cockpit.journal.migrate``."""
