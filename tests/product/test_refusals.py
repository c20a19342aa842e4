"""The lab's Exchange endpoint refuses what the real one refuses (exchange-facts §5.3, §5.6).

Asked with pypsrp as it is, so that nothing of ours stands between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from cockpit.config.targets import Target, exchange_target, winrm_target
from cockpit.exchange.language import language_mode
from tests.product.conftest import Running


@pytest.fixture
def pool(healthy: Running) -> Iterator[RunspacePool]:
    with _pool(healthy, exchange_target(healthy.environment, "EX19-01"), "Microsoft.Exchange") as opened:
        yield opened


def _pool(healthy: Running, target: Target, configuration: str) -> Any:
    secret = healthy.secret
    assert secret is not None
    wsman = WSMan(
        target.host,
        port=target.port,
        ssl=target.tls,
        path=target.path,
        auth=target.auth,
        username=healthy.environment.credential.user,
        password=secret.value,
        cert_validation=target.ca_file or True,  # type: ignore[arg-type]
    )
    return RunspacePool(wsman, configuration_name=configuration)


def _refusal(
    pool: RunspacePool, *, script: str = "", cmdlet: str = "", **parameters: object
) -> tuple[str, str]:
    """(fully qualified error id, message) of a pipeline that must fail."""
    with PowerShell(pool) as shell:
        if script:
            shell.add_script(script)
        else:
            shell.add_cmdlet(cmdlet).add_parameters(parameters)
        output = shell.invoke()
        assert output == []
        assert shell.had_errors
        error = shell.streams.error[0]
        return str(error.fq_error), str(error.exception or error)


@pytest.mark.parametrize(
    "cmdlet",
    [
        "Where-Object",
        "Group-Object",
        "Sort-Object",
        "ForEach-Object",
        "Restart-Service",
        "Restart-Computer",
        "Get-Service",
        "Get-ClusterNode",
        "Get-WinEvent",
        "Format-Table",
        "Invoke-Expression",
    ],
)
def test_what_is_not_there_is_not_recognized(pool: RunspacePool, cmdlet: str) -> None:
    identity, message = _refusal(pool, cmdlet=cmdlet)
    assert identity == "CommandNotFoundException"
    assert f"The term '{cmdlet}' is not recognized as the name of a cmdlet" in message


def test_the_pages_wrong_parameter_is_refused(pool: RunspacePool) -> None:
    identity, message = _refusal(
        pool, cmdlet="Set-PopSettings", Server="EX19-01", ProtocolLoggingEnabled=True
    )
    assert identity == "NamedParameterNotFound,Set-PopSettings"
    assert "A parameter cannot be found that matches parameter name 'ProtocolLoggingEnabled'" in message


def test_the_right_parameter_is_taken(healthy: Running, pool: RunspacePool) -> None:
    with PowerShell(pool) as shell:
        shell.add_cmdlet("Set-PopSettings").add_parameters({"Server": "EX19-01", "ProtocolLogEnabled": False})
        shell.invoke()
        assert not shell.had_errors
    assert healthy.commands("Set-PopSettings")[-1].outcome == "completed"


@pytest.mark.parametrize(
    "script",
    [
        "Get-ServerHealth EX19-01 | ?{$_.HealthSetName -eq 'POP'}",
        "Get-ServerHealth EX19-01 | Where-Object { $_.AlertValue -eq 'Unhealthy' }",
        "foreach ($s in Get-ExchangeServer) { $s.Name }",
        "$x = Get-ExchangeServer",
        "(Get-ExchangeServer).Name",
        "& { Get-ExchangeServer }",
        "[System.IO.File]::ReadAllText('C:\\x')",
        "function f { 1 }",
    ],
)
def test_script_blocks_variables_and_expressions_are_refused(pool: RunspacePool, script: str) -> None:
    identity, message = _refusal(pool, script=script)
    assert identity
    assert message


def test_one_plain_command_line_runs_in_restricted_language(pool: RunspacePool) -> None:
    with PowerShell(pool) as shell:
        shell.add_script("Get-ServerHealth -Identity EX19-01 -HealthSet POP")
        assert len(shell.invoke()) == 2


def test_the_wrong_configuration_is_not_there(healthy: Running) -> None:
    from pypsrp.exceptions import WSManFaultError

    with pytest.raises(WSManFaultError) as refused:
        _pool(healthy, exchange_target(healthy.environment, "EX19-01"), "Microsoft.PowerShell").open()
    assert refused.value.code == 2150858811


def test_exchange_cmdlets_are_not_on_the_winrm_endpoint(healthy: Running) -> None:
    with _pool(healthy, winrm_target(healthy.environment, "EX19-01"), "Microsoft.PowerShell") as opened:
        identity, _ = _refusal(opened, cmdlet="Get-ServerHealth", Identity="EX19-01")
    assert identity == "CommandNotFoundException"


@pytest.mark.parametrize(("kind", "mode"), [("exchange", "RestrictedLanguage"), ("winrm", "FullLanguage")])
def test_an_endpoint_tells_its_language_mode(healthy: Running, kind: str, mode: str) -> None:
    session = healthy.exchange("EX19-01") if kind == "exchange" else healthy.winrm("EX19-01")
    assert language_mode(session) == mode
    session.close()
