"""The live picture: pollers, immutable snapshots, diffs."""
