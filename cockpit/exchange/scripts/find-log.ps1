# The lines of one protocol log file that hold a text, from an offset on, until enough bytes were looked
# through or enough lines were found. The file is opened as read-log.ps1 opens it. Changes nothing.
# Bytes are taken as Latin-1, one character each, so that offsets are offsets; Text comes encoded alike.
# With AnyCase not only ASCII letters match in either case: OrdinalIgnoreCase also folds the letters from
# A-grave to Thorn (bytes C0 to DE, but D7) to those 20 (hex) above [M], whatever part of UTF-8 they are.
param([string]$Folder, [string]$Name, [string]$Text, [long]$Offset, [long]$Span, [int]$Most, [bool]$AnyCase)
$ErrorActionPreference = 'Stop'
$block = 1048576
$feed = [char]10
$bytes = [Text.Encoding]::GetEncoding(28591)
$how = [StringComparison]::Ordinal
if ($AnyCase) { $how = [StringComparison]::OrdinalIgnoreCase }
$directory = [Environment]::ExpandEnvironmentVariables($Folder)
$path = [IO.Path]::Combine($directory, $Name)
$stream = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite, Delete')
$offsets = @()
$lines = @()
$next = $null
try {
    $length = $stream.Length
    $buffer = New-Object byte[] $block
    $start = $Offset
    $rest = ''
    [void]$stream.Seek($start, 'Begin')
    while ($true) {
        $count = $stream.Read($buffer, 0, $block)
        $piece = $rest + $bytes.GetString($buffer, 0, $count)
        $whole = $piece.Length
        if ($count -gt 0) { $whole = $piece.LastIndexOf($feed) + 1 }
        if ($whole -eq 0 -and $piece.Length -ge 16777216) { $whole = $piece.Length }
        $at = 0
        while ($at -lt $whole -and $lines.Count -lt $Most) {
            $hit = $piece.IndexOf($Text, $at, $whole - $at, $how)
            if ($hit -lt 0) { break }
            $first = 0
            if ($hit -gt 0) { $first = $piece.LastIndexOf($feed, $hit - 1) + 1 }
            $last = $piece.IndexOf($feed, $hit, $whole - $hit)
            if ($last -lt 0) { $last = $whole }
            $offsets += ($start + $first)
            $lines += $piece.Substring($first, $last - $first)
            $at = $last + 1
        }
        if ($lines.Count -ge $Most -and $at -lt $whole) {
            $next = $start + $at
            break
        }
        $start += $whole
        $rest = $piece.Substring($whole)
        if ($count -eq 0) { break }
        if ($start - $Offset -ge $Span) {
            $next = $start
            break
        }
    }
}
finally {
    $stream.Dispose()
}
[pscustomobject]@{
    Offsets = $offsets
    Data = $bytes.GetBytes([string]::Join([string]$feed, $lines))
    Next = $next
    Length = $length
}
