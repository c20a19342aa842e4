# The files of a protocol log folder. Reads directory entries only; changes nothing.
param([string]$Folder)
$ErrorActionPreference = 'Stop'
$directory = [Environment]::ExpandEnvironmentVariables($Folder)
foreach ($file in (Get-ChildItem -LiteralPath $directory -Filter '*.LOG')) {
    if ($file.PSIsContainer) { continue }
    [pscustomobject]@{
        Name = $file.Name
        Length = $file.Length
        Created = $file.CreationTimeUtc
        Modified = $file.LastWriteTimeUtc
    }
}
