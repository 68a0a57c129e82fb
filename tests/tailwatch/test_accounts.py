"""The ledger as `tailwatch status` shows it."""

import json

from tailwatch.accounts import accounts_in, table


def account(symbol: str, accepted: int = 5, **rejected: int) -> dict[str, object]:
    counts = {"received": accepted + sum(rejected.values()), "accepted": accepted, "duplicate": 0, "late": 0}
    return {"feed": "binance:spot", "symbol": symbol, **counts, "rejected": rejected, "missing": 0}


def shown(*accounts: dict[str, object]) -> list[str]:
    return list(table(accounts_in(json.dumps({"state": "ok", "accounts": accounts}).encode())))


def test_an_account_is_a_line_with_its_reasons() -> None:
    head, line = shown(account("BTCUSDT", 7, suspect=1, malformed=2))
    assert head.split() == ["LEDGER", "received", "accepted", "duplicate", "late", "rejected", "missing", "reasons"]
    assert line.split(maxsplit=8)[:8] == ["binance:spot", "BTCUSDT", "10", "7", "0", "0", "3", "0"]
    assert line.endswith("malformed 2, suspect 1")


def test_what_lost_ticks_comes_first_and_the_rest_is_counted() -> None:
    lines = shown(*(account(f"A{n:02d}") for n in range(40)), account("ZZZ", 1, malformed=9))
    assert "ZZZ" in lines[1]
    assert len(lines) == 22
    assert lines[-1] == "and 21 more"


def test_no_name_of_a_symbol_breaks_a_line() -> None:
    assert all("\n" not in line and "\x1b" not in line for line in shown(account("\x1b[2J\n")))
