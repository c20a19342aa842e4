# A piece of one protocol log file, opened so that its writer may go on writing, renaming and deleting it.
# With it: the file's length, this server's clock, and the files created since. Changes nothing.
param([string]$Folder, [string]$Name, [long]$Offset, [int]$Most)
$ErrorActionPreference = 'Stop'
$directory = [Environment]::ExpandEnvironmentVariables($Folder)
$path = [IO.Path]::Combine($directory, $Name)
$stream = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite, Delete')
try {
    $length = $stream.Length
    $wanted = [Math]::Max([long]0, [Math]::Min([long]$Most, $length - $Offset))
    $data = New-Object byte[] $wanted
    $got = 0
    if ($wanted -gt 0) {
        [void]$stream.Seek($Offset, 'Begin')
        while ($got -lt $wanted) {
            $count = $stream.Read($data, $got, $wanted - $got)
            if ($count -eq 0) { break }
            $got += $count
        }
        if ($got -lt $wanted) { [Array]::Resize([ref]$data, $got) }
    }
}
finally {
    $stream.Dispose()
}
$created = [IO.File]::GetCreationTimeUtc($path)
$newer = @()
foreach ($file in (Get-ChildItem -LiteralPath $directory -Filter '*.LOG')) {
    if ($file.CreationTimeUtc -ge $created -and $file.Name -ne $Name) { $newer += $file.Name }
}
[pscustomobject]@{
    Data = $data
    Length = $length
    Now = [DateTime]::UtcNow
    Newer = $newer
}
