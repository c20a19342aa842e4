"""A small Windows PowerShell: scripts that a client sends to a server's WinRM endpoint really run.

Text to tree by ``tree-sitter-powershell``, tree to closures (``compiler``), closures on values that behave as
.NET's do (``values``, ``operators``, ``library``). What it does not know it refuses by name. Semantics and
error ids are those of Windows PowerShell 5.1, from memory [M]: the sheet is silent on the language.
"""
