"""Guards: preconditions read from the servers before a dangerous step (recovery-engine §3.2)."""
