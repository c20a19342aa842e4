"""Scripts that run on a server, over its WinRM endpoint, for ``exchange.logfiles``; they change nothing."""
