"""The doctor, on labs with one thing broken."""
