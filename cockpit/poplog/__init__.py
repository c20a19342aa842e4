"""POP3 (and IMAP4) protocol logs of Exchange: names, rows, sessions, sources, following, tracing."""
