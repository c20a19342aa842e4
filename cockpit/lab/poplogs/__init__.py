"""The POP3 protocol logs of simulated servers: what is in them, and the files (exchange-facts §4)."""
