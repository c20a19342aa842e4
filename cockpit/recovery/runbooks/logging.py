"""Protocol logging on for a time, and off again: outside the page's procedures, under the same rules.

The setting is one per server, shared by the front end and the back end of that server; only a service that
is restarted picks it up (exchange-facts §4.1). So there is one runbook for each choice of services.

A log that was off before is an obligation that is meant to outlive the work: its run rests at the step
``held``, at a question and without a process, until somebody puts it back; what reminds is its due time.
A log that was on before is nobody's obligation: it stays on, and the run only sees that lines arrive.
"""

from __future__ import annotations

from typing import Final

from cockpit.config.language import N_
from cockpit.recovery.runbook import RECOVERED, Consent, Runbook, Step
from cockpit.recovery.runbooks import parts

TIERS: Final = {"front": ("front",), "back": ("back",), "both": ("front", "back")}
"""Whose services are restarted, by the word the operator chooses them with."""
_WORDS: Final = {"front": N_("front end"), "back": N_("back end"), "both": N_("front end and back end")}
_BEFORE: Final = (
    *(g for g in parts.CHANGE_GUARDS if g != "alert.real"),
    *parts.SERVICE_GUARDS,
)
"""Before a first restart, and before the setting too: what the restart would be refused for is to be known
before anything is changed."""
_AFTER: Final = (*parts.LATER_GUARDS, "service.right", "popproxy.active", "clients.noted")
_PICKS_UP: Final = N_("A changed setting is not picked up before the service's next start.")
SOURCE: Final = "ours; the setting, its restart and the files: exchange-facts §2.6, §4.1"


def _restarts(
    prefix: str, tiers: tuple[str, ...], guards: tuple[str, ...], *, then: str, skip: str = "", word: str = ""
) -> tuple[Step, ...]:
    """One restart after the other. ``skip``: where a declined one leads; empty: to the next."""
    ids = [f"{prefix}-{tier}{word}" for tier in tiers]
    onward = [*ids[1:], then]
    return tuple(
        parts.restart(step_id, "", tier, then=after, guards=guards, why=_PICKS_UP, skip=skip or after)
        for step_id, tier, after in zip(ids, tiers, onward, strict=True)
    )


def _seen(step_id: str, tier: str, *, arrives: str, otherwise: str, skip: str, why: str) -> Step:
    return Step(
        id=step_id,
        title=N_("See that lines arrive"),
        action="await_log",
        why=why,
        args={"tier": tier},
        asks=("not_seen", "unreadable"),
        skip=skip,
        next={"arrives": arrives, "not_seen": otherwise, "unreadable": otherwise},
    )


def _off(prefix: str, tiers: tuple[str, ...], *, then: str) -> tuple[Step, ...]:
    return (
        Step(
            id=f"{prefix}-logging-off",
            title=N_("Put protocol logging back"),
            action="restore_logging",
            why=N_("The log grows without bound for as long as it is on."),
            departs=N_("Ours: the prior value is put back, not a default."),
            closes=parts.LOGGING,
            next={"done": f"{prefix}-{tiers[0]}-restart-quiet", "nothing": then},
        ),
        *_restarts(prefix, tiers, _AFTER, then=then, word="-restart-quiet"),
    )


def _on_book(choice: str) -> Runbook:
    tiers = TIERS[choice]
    tier = tiers[0] if len(tiers) == 1 else "all"
    first, late = f"restart-{tiers[0]}", f"late-restart-{tiers[0]}"
    return Runbook(
        name=f"ProtocolLogging{choice.capitalize()}",
        title=N_("Turn POP3 protocol logging on ({word})").format(word=_WORDS[choice]),
        source=SOURCE,
        monitors=(),
        escalate="escalate",
        steps=(
            Step(
                id="logging-on",
                title=N_("Turn protocol logging on"),
                action="set_logging",
                why=N_(
                    "The log shows what clients and probes do, and which mailbox server they are proxied to."
                ),
                departs=N_(
                    "The page writes -ProtocolLoggingEnabled, which does not exist: it is "
                    "-ProtocolLogEnabled."
                ),
                consent=Consent.ASK,
                guards=(*_BEFORE, "logging.prior", "logging.space"),
                args={"tier": tier},
                opens=parts.LOGGING,
                next={"done": first, "already": "seen-already"},
            ),
            *_restarts("restart", tiers, _BEFORE, then="seen", skip="failed-logging-off"),
            _seen(
                "seen",
                tier,
                arrives="held",
                otherwise="held",
                skip="off-logging-off",
                why=N_(
                    "A setting that no service writes by is only a setting. Go leaves it on until its due "
                    "time, skip puts it back now."
                ),
            ),
            Step(
                id="held",
                title=N_("Logging is on"),
                action="hold",
                why=N_(
                    "It is on for as long as it is wanted, and no longer: after its due time it is told on "
                    "every screen, until it is put back. To put it back restarts the POP3 service too, which "
                    "writes on until then; to abort puts back the setting alone, and restarts nothing."
                ),
                next={"over": "off-logging-off"},
            ),
            *_off("off", tiers, then=RECOVERED),
            *_off("failed", tiers, then="escalate"),
            _seen(
                "seen-already",
                tier,
                arrives=RECOVERED,
                otherwise=late,
                skip=RECOVERED,
                why=N_(
                    "It was on before, so it is not ours to turn off. A service that was started before the "
                    "setting changed does not write yet: go restarts it, skip leaves it."
                ),
            ),
            *_restarts("late-restart", tiers, _BEFORE, then="late-seen"),
            _seen(
                "late-seen",
                tier,
                arrives=RECOVERED,
                otherwise="escalate",
                skip=RECOVERED,
                why=N_(
                    "After the restart lines have to come. Go escalates with what was read, skip leaves it."
                ),
            ),
            parts.escalate(""),
        ),
    )


def _off_book(choice: str) -> Runbook:
    """Turning off what no record of ours says was turned on. The prior value is kept with the attempt;
    there is no obligation to turn it on again: nobody has promised that, and a diagnostic log that is off
    is Exchange's default (exchange-facts §2.6). Whoever wants it on has it on record what it was."""
    tiers = TIERS[choice]
    return Runbook(
        name=f"ProtocolLoggingOff{choice.capitalize()}",
        title=N_("Turn POP3 protocol logging off ({word})").format(word=_WORDS[choice]),
        source=SOURCE,
        monitors=(),
        escalate="escalate",
        steps=(
            Step(
                id="clear",
                title=N_("Turn protocol logging off, which no recovery turned on"),
                action="clear_logging",
                why=N_(
                    "No record says who turned it on, or why: perhaps this site keeps it on. What it was "
                    "stays in the journal; nothing will turn it on again by itself."
                ),
                consent=Consent.ASK,
                guards=(*_BEFORE, "logging.prior"),
                args={"tier": tiers[0] if len(tiers) == 1 else "all"},
                next={"done": f"restart-{tiers[0]}", "already": RECOVERED},
            ),
            *_restarts("restart", tiers, _AFTER, then=RECOVERED),
            parts.escalate(""),
        ),
    )


ON: Final = {choice: _on_book(choice) for choice in TIERS}
OFF: Final = {choice: _off_book(choice) for choice in TIERS}
LOGGING_BOOKS: Final = (*ON.values(), *OFF.values())
