"""The webhook's settings: what is refused, in one line that repeats no secret."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tailwatch.configuration import load
from tailwatch.services import Services
from tailwatch.supervisor import Part, Supervisor

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SECRET = "whsec_" + "c2VjcmV0" * 8
URL = "https://pager.example/canary"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), "there is nowhere to send alerts to; name it with --webhook-url"),
        (("--webhook-url", URL), "make one with: echo whsec_$(openssl rand -base64 32)"),
        (("--webhook-url", URL, "--webhook-secret", "canary"), "make one with"),
        (("--webhook-url", "ftp://canary", "--webhook-secret", SECRET), "must be an address such as https://"),
        (("--webhook-url", "http://10.0.0.1/canary", "--webhook-secret", SECRET), "would be sent unencrypted"),
        (("--webhook-url", "https://10.0.0.1/canary", "--webhook-secret", SECRET), "10.0.0.1 is no public address"),
        (("--webhook-url", URL, "--webhook-secret", SECRET, "--webhook-hosts", "a b"), "is not a host name"),
    ],
)
def test_a_webhook_that_cannot_be_is_wrong_input(in_process: Run, given: tuple[str, ...], words: str) -> None:
    done = in_process("webhook", *given)
    assert done.returncode == 2
    assert words in done.stderr
    assert "canary" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_up_refuses_it_before_anything_starts(in_process: Run, tmp_path: Path) -> None:
    done = in_process("demo", "--data-dir", str(tmp_path / "data"), "--webhook-url", "https://127.0.0.1/")
    assert done.returncode == 2
    assert "webhook_secret" in done.stderr
    assert not (tmp_path / "data" / "logs").exists()


def test_it_is_a_part_where_there_is_an_address_and_its_secret_travels_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Part] = []
    monkeypatch.setattr(Supervisor, "start", lambda _self, *parts: asked.extend(parts))
    flags = {"database_url": "postgresql://nobody@127.0.0.1:1/none", "data_dir": str(tmp_path)}
    hook = {"webhook_url": URL, "webhook_secret": SECRET, "webhook_hosts": "10.0.0.0/8,pager"}
    for given in (flags, flags | hook):
        with Supervisor(tmp_path, lambda _line: None) as supervisor:
            Services(load(given, None), supervisor).start_flows()
    always = ["archive", "engine", "api", "jobs"]
    assert [part.name for part in asked] == [*always, *always, "webhook"]
    part = asked[-1]
    assert "canary" not in " ".join(part.command())
    environment = part.environment()
    assert environment["TAILWATCH_WEBHOOK_URL"] == URL
    assert environment["TAILWATCH_WEBHOOK_SECRET"] == SECRET
    assert environment["TAILWATCH_WEBHOOK_HOSTS"] == "10.0.0.0/8,pager"
