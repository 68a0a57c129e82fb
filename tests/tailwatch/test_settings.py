"""One name in three places, flag before variable before file before default, and no value taken silently."""

from dataclasses import fields
from pathlib import Path

import pytest

from riskcore.errors import InputError
from riskcore.settings import DAY, MINUTE, RiskSettings
from tailwatch.configuration import load, mask, variable
from tailwatch.settings import Settings, describe


def test_the_defaults_are_those_of_the_risk_core() -> None:
    assert load().settings.to_risk_settings() == RiskSettings()


def test_flag_wins_over_variable_over_file_over_default(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (load().settings.half_life, load().origins["half_life"]) == (60.0, "default")
    (bare_environment / "tailwatch.toml").write_text("half_life = 10\n")
    assert (load().settings.half_life, load().origins["half_life"]) == (10.0, "tailwatch.toml")
    monkeypatch.setenv("TAILWATCH_HALF_LIFE", "20")
    assert (load().settings.half_life, load().origins["half_life"]) == (20.0, "TAILWATCH_HALF_LIFE")
    given = load({"half_life": "30"})
    assert (given.settings.half_life, given.origins["half_life"]) == (30.0, "--half-life")


def test_a_named_file_takes_the_place_of_the_one_in_the_working_directory(bare_environment: Path) -> None:
    (bare_environment / "tailwatch.toml").write_text("seed = 1\n")
    (bare_environment / "other.toml").write_text("seed = 2\n")
    assert load(config=bare_environment / "other.toml").settings.seed == 2


def test_plain_database_url_counts_after_our_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://plain/db")
    assert load().origins["database_url"] == "DATABASE_URL"
    monkeypatch.setenv("TAILWATCH_DATABASE_URL", "postgresql://own/db")
    secret = load().settings.database_url
    assert secret is not None
    assert secret.get_secret_value() == "postgresql://own/db"


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILWATCH_HALF_LIFE", "")
    assert load().origins["half_life"] == "default"


def test_every_setting_can_come_from_the_environment_as_it_is_spelled(
    bare_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = load(
        {
            "bar": "1s",
            "confidence": "0.9,0.99",
            "symbols": "A,B",
            "publish": "250ms",
            "memory": "1GiB",
            "half_life": "12.5",
            "database_url": "postgresql://u:p@h/db",
            "data_dir": str(bare_environment),
        }
    )
    for name, text in given.to_environment().items():
        monkeypatch.setenv(name, text)
    assert load().settings == given.settings


BAD = [
    ("half_life", "0"),
    ("half_life", "nan"),
    ("half_life", "inf"),
    ("half_life", "sixty"),
    ("bar", "60"),
    ("bar", "0s"),
    ("bar", "-1s"),
    ("bar", "1 fortnight"),
    ("bar", "0.1ns"),
    ("bar", "1000000d"),
    ("window", "0"),
    ("window", "1.5"),
    ("paths", "0"),
    ("paths", "100000000"),
    ("horizon", "0d"),
    ("confidence", "99"),
    ("confidence", "1"),
    ("confidence", "0.99,,0.95"),
    ("confidence", "0.99,0.99"),
    ("confidence", "nan"),
    ("dof", "2"),
    ("seed", "-1"),
    ("seed", str(2**64)),
    ("covariance", "garch"),
    ("shrinkage", "sklearn"),
    ("shrinkage", "1.5"),
    ("shrinkage", "nan"),
    ("historical", "bootstrap"),
    ("simulation", "bootstrap"),
    ("distribution", "cauchy"),
    ("variance_reduction", "sobol"),
    ("returns", "absolute"),
    ("price", "last"),
    ("empty_bars", "fill"),
    ("day_start", "8:00"),
    ("day_start", "24:00"),
    ("day_zone", "Middle/Earth"),
    ("day_zone", "../etc/passwd"),
    ("base_currency", "usd"),
    ("publish", "sometimes"),
    ("publish", "0s"),
    ("memory", "4"),
    ("memory", "4 elephants"),
    ("port", "70000"),
    ("port", "http"),
    ("host", "example.org"),
    ("host", "127.0.0.1:80"),
    ("access", "none"),
    ("allow_hosts", "https://risk.example"),
    ("allow_hosts", "risk.example:8000"),
    ("allow_origins", "*"),
    ("allow_origins", "https://*.example"),
    ("allow_origins", "https://desk.example/"),
    ("allow_origins", "null"),
    ("url", "http://127.0.0.1"),
    ("database_url", "mysql://h/db"),
    ("symbols", "A,,B"),
    ("symbols", "A B"),
    ("min_observations", "1"),
    ("stale_after", "0"),
    ("jump", "0"),
    ("jump", "-3"),
    ("shards", "0"),
    ("log_format", "xml"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_the_name_of_its_setting_and_its_place(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=rf"^{name}: .*\(from --"):
        load({name: value})
    monkeypatch.setenv(variable(name), value)
    with pytest.raises(InputError, match=rf"^{name}: .*\(from {variable(name)}\)"):
        load()


def test_several_bad_values_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"half_life: .*paths: "):
        load({"half_life": "0", "paths": "0"})


def test_the_start_of_the_day_reaches_the_model_and_makes_another_model_of_it() -> None:
    settings = load({"day_start": "17:00", "day_zone": "America/New_York"}).settings
    assert (settings.to_risk_settings().day_start, settings.to_risk_settings().day_zone) == (
        "17:00",
        "America/New_York",
    )
    assert settings.settings_hash != load().settings.settings_hash


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"covariance": "rolling", "window": "20"}, "widen the window"),
        ({"variance_reduction": "both", "paths": "10001"}, "even number"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        load(given).settings.to_risk_settings()


def test_an_unknown_variable_is_refused_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILWATCH_HALFLIFE", "secret-value")
    with pytest.raises(InputError, match="TAILWATCH_HALFLIFE; did you mean TAILWATCH_HALF_LIFE") as refused:
        load()
    assert "secret-value" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("halflife = 3", "unknown setting 'halflife'; did you mean half_life"),
        ("[risk]\nhalf_life = 3", "unknown setting 'risk'"),
        ("half_life = ", "not TOML"),
        ("half_life = true", "half_life: True is not a value"),
        ("seed = true", "seed: True is not a value"),
        ("bar = 60", "bar: 60 has no unit"),
        ("half_life = 0", r"half_life: .*from tailwatch\.toml"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_key(bare_environment: Path, text: str, says: str) -> None:
    (bare_environment / "tailwatch.toml").write_text(text)
    with pytest.raises(InputError, match=says):
        load()


def test_a_named_file_must_be_there(bare_environment: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.toml: there is no such file"):
        load(config=bare_environment / "missing.toml")


def test_no_secret_shows_in_an_error_or_in_print() -> None:
    with pytest.raises(InputError) as refused:
        load({"database_url": "mysql://u:hunter2@h/db"})
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(load({"database_url": "postgresql://u:hunter2@h/db"}).settings)
    assert mask("postgresql://u:hunter2@h/db?password=hunter2") == "postgresql://u:***@h/db?***"
    assert mask("postgresql://u@h:5432/db") == "postgresql://u@h:5432/db"


def test_a_horizon_in_days_counts_trading_days_and_one_in_hours_does_not() -> None:
    trading = load({"horizon": "1d", "day": "6.5h"}).settings.to_risk_settings()
    assert trading.bars_in_horizon == 390
    clock = load({"horizon": "24h", "day": "6.5h"}).settings.to_risk_settings()
    assert (clock.horizon, clock.horizon_days, clock.bars_in_horizon) == (DAY, None, DAY / MINUTE)


ANOTHER = {
    "open_bar": "on",
    "day_start": "17:00",
    "day_zone": "Europe/Paris",
    "bar": "5s", "half_life": "61", "window": "501", "paths": "10001", "horizon": "2d", "day": "6.5h",
    "confidence": "0.9", "distribution": "t", "dof": "6", "returns": "log", "price": "mid", "min_observations": "31",
    "stale_after": "16", "empty_bars": "scale", "lateness": "2s", "seed": "8", "base_currency": "EUR", "jump": "26",
    "covariance": "rolling", "shrinkage": "0.25", "historical": "age", "simulation": "cholesky",
    "variance_reduction": "both",
}  # fmt: skip


@pytest.mark.parametrize("field", [field.name for field in fields(RiskSettings) if field.name != "horizon_days"])
def test_no_setting_of_the_risk_core_is_silently_ignored(field: str) -> None:
    given = load({field: ANOTHER[field]}).settings
    assert getattr(given.to_risk_settings(), field) != getattr(RiskSettings(), field)
    assert given.settings_hash != load().settings.settings_hash


def test_the_hash_knows_what_moves_a_figure_and_nothing_else(bare_environment: Path) -> None:
    plain = load().settings.settings_hash
    assert len(plain) == 12
    assert load({"bar": "1m"}).settings.settings_hash == plain
    assert load({"port": "9000", "data_dir": str(bare_environment)}).settings.settings_hash == plain
    assert load({"half_life": "61"}).settings.settings_hash != plain
    assert load({"horizon": "24h"}).settings.settings_hash != plain


def test_data_lies_in_the_users_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert load().settings.data_dir == Path("/somewhere/tailwatch")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert load().settings.data_dir == Path.home() / ".local/share/tailwatch"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is_for(name: str) -> None:
    assert Settings.model_fields[name].description
    assert describe(name)["metavar"]
