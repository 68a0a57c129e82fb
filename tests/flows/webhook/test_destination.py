"""What a webhook may reach: decided by address, where it is connected to."""

from threading import Event
from typing import Any

import pytest

from flows.webhook.destination import Destination, ForbiddenAddressError
from flows.webhook.poster import Poster
from flows.webhook.signature import read_secret
from riskcore.errors import InputError

URL = "https://pager.example/hook?key=canary"
NOT_PUBLIC = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
)
NEVER_BY_NAME = ("169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::ffff:169.254.169.254")


def at(*addresses: str, allowed: tuple[str, ...] = ()) -> Destination:
    return Destination(URL, allowed, lambda _host, _port: list(addresses))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_at_an_address_that_is_not_public_is_not_reached(address: str) -> None:
    with pytest.raises(ForbiddenAddressError, match=r"pager.example is at .* no public address") as refused:
        at(address).addresses()
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fc00::1"])
def test_a_name_that_is_listed_may_be_inside(address: str) -> None:
    assert at(address, allowed=("pager.example",)).addresses() == [address]


@pytest.mark.parametrize("address", NEVER_BY_NAME)
def test_the_metadata_of_clouds_is_not_reached_by_name_even_where_the_name_is_listed(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        at(address, allowed=("pager.example",)).addresses()


def test_an_address_or_a_network_that_is_listed_is_reached() -> None:
    assert at("10.1.2.3", allowed=("10.0.0.0/8",)).addresses() == ["10.1.2.3"]
    assert at("169.254.1.1", allowed=("169.254.1.1",)).addresses() == ["169.254.1.1"]
    with pytest.raises(ForbiddenAddressError):
        at("11.1.2.3", "172.16.0.1", allowed=("10.0.0.0/8",)) and at("172.16.0.1", allowed=("10.0.0.0/8",)).addresses()


def test_of_several_addresses_only_the_permitted_ones_are_used() -> None:
    assert at("169.254.169.254", "93.184.216.34", "10.0.0.1").addresses() == ["93.184.216.34"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://pager.example/hook", "unencrypted; use https, or name the host"),
        ("ftp://pager.example/", "is not an address"),
        ("file:///etc/passwd", "is not an address"),
        ("https://", "is not an address"),
        ("https://pager.example:99999/", "is not an address"),
        ("https://[::1/", "is not an address"),
        ("https://pager.example/#part", "is not an address"),
        ("https://ann:canary@pager.example/", "holds a user or a password"),
        ("https://127.0.0.1/", "127.0.0.1 is no public address"),
        ("https://169.254.169.254/latest", "169.254.169.254 is no public address"),
        ("https://[::ffff:10.0.0.1]/", "no public address"),
    ],
)
def test_an_address_that_may_not_be_used_is_refused_before_anything_starts(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refused:
        Destination(url)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "http://127.1/"])
def test_odd_spellings_of_an_address_are_judged_by_what_they_mean(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        Destination(url.replace("http", "https")).addresses()


def test_a_name_that_changes_its_mind_behind_the_check_reaches_nothing(receiver: Any) -> None:
    answers = [["127.0.0.1"], ["203.0.113.1"]]
    place = Destination(f"http://pager.example:{receiver.port}/", ("pager.example",), lambda *_: answers.pop())
    place._names.clear()
    with Poster(place, read_secret("whsec_" + "A" * 32), Event(), timeout_s=0.2) as poster:
        first = poster.post("a", b"{}")
        second = poster.post("b", b"{}")
    assert first.status is None
    assert "no public address" in first.reason
    assert (
        second.reason == "pager.example is at 127.0.0.1, which is no public address; name what may be reached "
        "with --webhook-hosts"
    )
    assert receiver.got == []


@pytest.mark.parametrize("text", ["", "hunter22", "whsec_", "whsec_AAAA", "whsec_!!!", "A" * 44, "whsec_" + "A" * 400])
def test_a_secret_that_is_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match="make one with") as refused:
        read_secret(text)
    assert not text or text == "whsec_" or text not in str(refused.value)
