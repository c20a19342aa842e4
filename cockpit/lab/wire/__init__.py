"""The server side of WSMan + PSRP over HTTP(S), as Exchange's and Windows' endpoints speak it.

From the outside in: ``endpoint`` (a port), ``http`` (connections), ``auth``, ``knobs`` (faults on demand),
``soap`` and ``faults`` (envelopes), ``service`` (verbs and quotas), ``shell`` (one runspace pool), ``pool``,
``psrp``, ``decode``, ``records`` and ``channel`` (PSRP in and out), ``runner`` (pipelines), ``language``,
``binding``, ``filters``, ``errors`` (PowerShell).
"""
