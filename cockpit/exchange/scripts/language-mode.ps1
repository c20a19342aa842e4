# The language mode of this endpoint. Changes nothing.
$ExecutionContext.SessionState.LanguageMode
