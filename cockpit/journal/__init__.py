"""The store of recovery: runs, attempts, obligations, leases, questions, and the hash chain over it all."""
