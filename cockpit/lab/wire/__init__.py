"""WSMan and PSRP over HTTP, the server side: knows the protocol, nothing of Exchange."""
