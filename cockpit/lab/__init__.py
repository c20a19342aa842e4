"""The simulated organization and its WSMan/PSRP server."""
