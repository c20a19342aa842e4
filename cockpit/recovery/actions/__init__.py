"""What the steps of a runbook do: each knows its command, its outcomes, and how to observe its effect."""
