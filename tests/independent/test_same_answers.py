"""A client made by hand from the published layouts, a stock pypsrp and the product's own session ask a lab
the same, and get the same: property by property."""

from __future__ import annotations

import pytest
from pypsrp.exceptions import WSManFaultError

from cockpit.exchange import envelope
from cockpit.exchange.errors import ThrottledError, TimeLimitError
from cockpit.exchange.pipeline import Call
from tests.independent import layouts, product, stock
from tests.independent.byhand import CTRL_C, TERMINATE, Shell
from tests.independent.cases import CASES, SERVER, Case
from tests.independent.conftest import FOR_EVER, HELD_BACK, arranged, by_hand, connection, held, url_of
from tests.independent.normal import Normal, differences
from tests.independent.wsman import FaultAnswer, HttpAnswer
from tests.product.conftest import Running
from tests.support.at_length import at_length
from tests.support.waiting import eventually

TOO_MANY_SHELLS = 2150859173
NO_SHELL = 2150858843


OVER_BOTH = [
    *(("basic-tls", case) for case in CASES),
    *(at_length("ntlm", case) for case in CASES if case.sealed),
]


@pytest.mark.parametrize(
    ("lab", "case"), OVER_BOTH, ids=lambda value: getattr(value, "name", value), indirect=["lab"]
)
def test_the_same_answer(lab: Running, case: Case) -> None:
    wait = 1 if case.slow else 20
    with arranged(lab, objects=case.objects, delay=HELD_BACK if case.slow else 0.0):
        with by_hand(lab, case.role, timeout=wait) as shell:
            ours = shell.run(case.command, case.parameters, script=case.script)
            assert bool(shell.empty_polls) is case.slow
        with stock.pool(stock.connection(lab, url_of(lab, case.role), timeout=wait), case.role) as opened:
            theirs = stock.run(opened, case)
        session = lab.exchange(SERVER) if case.role == "exchange" else lab.winrm(SERVER)
        try:
            products = product.run(session, case)
        finally:
            session.close()
    case.check(ours)
    assert differences(ours, theirs) == []
    assert differences(_as_the_product_tells(ours), products) == []


def _as_the_product_tells(answer: dict[str, Normal]) -> dict[str, Normal]:
    """A failed pipeline is an exception in the product: its record, and of what is not granted its words."""
    failure = answer["failure"]
    if failure is None:
        return answer
    if failure["reason"] in ("CommandNotFoundException", "ParameterBindingException"):
        failure = {"message": failure["message"]}
    return {"state": "Failed", "output": [], "warnings": [], "errors": [], "failure": failure}


def test_what_is_large_travels_in_fragments(lab: Running) -> None:
    """Both ways: so that the cases with large objects and scripts are about fragments at all."""
    large = next(case for case in CASES if case.name == "a script longer than an envelope")
    with by_hand(lab, "winrm") as shell:
        shell.run(large.command, script=True)
        assert shell.sent_fragments > 5
    with by_hand(lab, "winrm") as shell:
        large = next(case for case in CASES if case.name == "a large object")
        shell.run(large.command, script=True)
        assert shell.largest_message > 10 * layouts.WINDOWS_BLOB


def test_a_pipeline_in_small_fragments_is_the_same(lab: Running) -> None:
    with by_hand(lab, "exchange") as shell:
        whole = shell.run("Get-ServerHealth", {"Identity": SERVER, "HealthSet": "POP"})
    link = connection(lab, "exchange")
    with Shell(link, room=500) as shell:
        pieces = shell.run("Get-ServerHealth", {"Identity": SERVER, "HealthSet": "POP"})
    link.close()
    assert differences(whole, pieces) == []


def test_a_stop_is_the_same(lab: Running) -> None:
    slow = Case("stopped", "exchange", "Get-ServerHealth", {"Identity": SERVER})
    seen = len(lab.commands("Get-ServerHealth"))
    with arranged(lab, delay=FOR_EVER):
        with by_hand(lab, "exchange", timeout=1) as shell:
            ours = shell.run(slow.command, slow.parameters, stop_after=1)
        with stock.pool(stock.connection(lab, url_of(lab, "exchange"), timeout=1), "exchange") as opened:
            theirs = stock.run(opened, slow, stop_after=1)
        session = lab.exchange(SERVER)
        with pytest.raises(TimeLimitError):
            session.run(Call(slow.command, {"Identity": SERVER}, time_limit=1.0))
        session.close()
    assert (ours["state"], ours["output"]) == ("Stopped", [])
    assert ours["failure"]["message"] == "The pipeline has been stopped."
    assert (theirs["state"], theirs["output"]) == ("Stopped", [])
    assert [c.outcome for c in lab.commands("Get-ServerHealth")[seen:]] == ["stopped"] * 3


def test_the_product_spells_its_signals_as_they_are_published() -> None:
    assert (envelope.PS_CTRL_C, envelope.TERMINATE) == (CTRL_C, TERMINATE)


def test_the_quota_is_the_same(lab: Running) -> None:
    with held(lab, "exchange", 18):
        extra = connection(lab, "exchange")
        with pytest.raises(FaultAnswer) as ours:
            Shell(extra).open()
        extra.close()
        pool = stock.pool(stock.connection(lab, url_of(lab, "exchange")), "exchange")
        with pytest.raises(WSManFaultError) as theirs:
            pool.open()
        session = lab.exchange(SERVER)
        with pytest.raises(ThrottledError) as products:
            session.open()
        session.close()
    assert ours.value.code == theirs.value.code == TOO_MANY_SHELLS
    assert "18 for the policy party : MaxConcurrency" in ours.value.message
    assert theirs.value.reason.strip() == products.value.cause == ours.value.message
    eventually(lambda: lab.shells() == 0, 5.0, "shells that were closed")


def test_a_shell_that_is_gone(lab: Running) -> None:
    link = connection(lab, "exchange")
    shell = Shell(link)
    shell.open()
    shell.close()
    with pytest.raises(FaultAnswer) as gone:
        shell.run("Get-ExchangeServer")
    link.close()
    assert gone.value.code == NO_SHELL


def test_what_exchange_tells_a_client_at_the_beginning(lab: Running) -> None:
    """ApplicationPrivateData (exchange-facts §5.4 [D]); the WinRM endpoint has none of it."""
    with by_hand(lab, "exchange") as shell:
        assert "ImplicitRemoting" in str(shell.private_data)
    with by_hand(lab, "winrm") as shell:
        assert "ImplicitRemoting" not in str(shell.private_data)


def test_a_wrong_password_is_refused(lab: Running) -> None:
    """Basic at the first request, NTLM in its handshake."""
    with pytest.raises(HttpAnswer) as refused:
        Shell(connection(lab, "exchange", password="guessed")).open()
    assert refused.value.status == 401
