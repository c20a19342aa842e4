"""``doctor``: every link of the chain between this terminal and the servers, looked at one by one.

It changes nothing. The table of checks is data (``table``), judging is plain functions on readings
(``judging``, ``judging_servers``), reading is thin (``network``, ``endpoint``, ``servers``, ``host``);
``examining`` goes through them.
"""
