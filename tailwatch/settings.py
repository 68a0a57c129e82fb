"""Every setting of tailwatch: its name, its default, what it accepts and what it is for.

A setting has one name in three places: ``--half-life``, ``TAILWATCH_HALF_LIFE`` and ``half_life`` in
``tailwatch.toml``. Where the values come from is the business of :mod:`tailwatch.configuration`.
"""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from riskcore.settings import RiskSettings, check_settings
from tailwatch.accepted import (
    DirectorySetting,
    DurationSetting,
    PathSetting,
    PositiveDuration,
    SizeSetting,
    choice,
    confidence_levels,
    currency_code,
    host_names,
    hosts_and_networks,
    ip_address,
    named_symbols,
    postgres_address,
    publish_moment,
    shrinkage_intensity,
    time_of_day,
    time_zone,
    web_address,
    web_origins,
    websocket_address,
)
from tailwatch.values import Duration, parse_list

RISK = "Risk model"
SIMULATION = "Risk model: simulation and history"
DATA = "Prices and bars"
INPUT = "Feed and book"
RUNNING = "Running"

SECRETS = ("database_url", "feed_key", "feed_secret", "webhook_url", "webhook_secret")
"""Settings whose values no message repeats."""


def _setting(
    default: Any, help_text: str, *, panel: str, metavar: str = "", repeated: bool = False, **limits: Any
) -> Any:
    extra: JsonDict = {"panel": panel, "metavar": metavar}
    if repeated:
        extra["repeated"] = "yes"
    if callable(default):
        return Field(default_factory=default, description=help_text, json_schema_extra=extra, **limits)
    return Field(default=default, description=help_text, json_schema_extra=extra, **limits)


def _data_directory() -> Path:
    base = os.environ.get("XDG_DATA_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return root / "tailwatch"


class Settings(BaseSettings):
    """The effective settings of one process. Immutable; built by :func:`tailwatch.configuration.load`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="TAILWATCH_",
        env_ignore_empty=True,
        enable_decoding=False,
        validate_default=True,
    )

    bar: PositiveDuration = _setting("60s", "Length of a bar.", panel=DATA, metavar="DURATION")
    returns: Annotated[Literal["simple", "log"], choice("simple", "log")] = _setting(
        "simple", "How the return of a bar is reckoned.", panel=DATA, metavar="simple|log"
    )
    price: Annotated[Literal["trade", "mid"], choice("trade", "mid")] = _setting(
        "trade", "Which price counts.", panel=DATA, metavar="trade|mid"
    )
    lateness: DurationSetting = _setting("1s", "How long a bar waits for late ticks.", panel=DATA, metavar="DURATION")
    stale_after: int = _setting(15, "Bars without a trade that make a price stale.", panel=DATA, metavar="BARS", ge=1)
    empty_bars: Annotated[Literal["skip", "scale"], choice("skip", "scale")] = _setting(
        "skip", "What the return over empty bars counts.", panel=DATA, metavar="skip|scale"
    )
    open_bar: Annotated[Literal["off", "on"], choice("off", "on")] = _setting(
        "off", "Whether the running return of the open bar counts between bars.", panel=DATA, metavar="off|on"
    )
    jump: float = _setting(
        25.0,
        "Bar standard deviations beyond which a price is suspect.",
        panel=DATA,
        metavar="FACTOR",
        gt=0,
        allow_inf_nan=False,
    )

    half_life: float = _setting(
        60.0, "Half-life of the covariance.", panel=RISK, metavar="BARS", gt=0, le=1e9, allow_inf_nan=False
    )
    window: int = _setting(
        500, "Bars that historical simulation looks back.", panel=RISK, metavar="BARS", ge=1, le=1_000_000
    )
    horizon: PositiveDuration = _setting(
        "1d", "Risk horizon; in days it counts trading days.", panel=RISK, metavar="DURATION"
    )
    day: PositiveDuration = _setting("24h", "Trading time in a day.", panel=RISK, metavar="DURATION")
    confidence: Annotated[tuple[float, ...], BeforeValidator(parse_list), AfterValidator(confidence_levels)] = _setting(
        "0.95,0.975,0.99", "Confidence levels.", panel=RISK, metavar="LEVELS"
    )
    covariance: Annotated[Literal["ewma", "rolling"], choice("ewma", "rolling")] = _setting(
        "ewma", "Estimator of the covariance.", panel=RISK, metavar="ewma|rolling"
    )
    shrinkage: Annotated[Literal["none", "ledoit-wolf", "oas"] | float, BeforeValidator(shrinkage_intensity)] = (
        _setting("none", "Shrinkage of the covariance.", panel=RISK, metavar="none|ledoit-wolf|oas|FRACTION")
    )
    min_observations: int = _setting(
        30, "Returns of each instrument before there is a figure.", panel=RISK, metavar="COUNT", ge=2
    )
    base_currency: Annotated[str, AfterValidator(currency_code)] = _setting(
        "USD", "Currency of all figures.", panel=RISK, metavar="CODE"
    )
    day_start: Annotated[str, AfterValidator(time_of_day)] = _setting(
        "00:00", "When the day of pnl_today begins.", panel=RISK, metavar="HH:MM"
    )
    day_zone: Annotated[str, AfterValidator(time_zone)] = _setting(
        "UTC", "Time zone of that moment.", panel=RISK, metavar="ZONE"
    )

    paths: int = _setting(10_000, "Monte Carlo paths.", panel=SIMULATION, metavar="COUNT", ge=2, le=10_000_000)
    historical: Annotated[Literal["equal", "age", "filtered"], choice("equal", "age", "filtered")] = _setting(
        "equal", "Weights of historical scenarios.", panel=SIMULATION, metavar="equal|age|filtered"
    )
    simulation: Annotated[Literal["paths", "cholesky"], choice("paths", "cholesky")] = _setting(
        "paths", "Way of simulation.", panel=SIMULATION, metavar="paths|cholesky"
    )
    distribution: Annotated[Literal["normal", "t"], choice("normal", "t")] = _setting(
        "normal", "Distribution of returns.", panel=SIMULATION, metavar="normal|t"
    )
    dof: float = _setting(
        5.0,
        "Degrees of freedom of the t distribution.",
        panel=SIMULATION,
        metavar="NUMBER",
        gt=2,
        allow_inf_nan=False,
    )
    variance_reduction: Annotated[
        Literal["none", "moment", "antithetic", "both"], choice("none", "moment", "antithetic", "both")
    ] = _setting(
        "none", "Variance reduction of the simulation.", panel=SIMULATION, metavar="none|moment|antithetic|both"
    )
    seed: int = _setting(7, "Seed of all random numbers.", panel=SIMULATION, metavar="NUMBER", ge=0, lt=2**64)
    history: PathSetting | None = _setting(
        None, "Daily prices to start from, CSV or Parquet.", panel=SIMULATION, metavar="FILE"
    )

    feed: Annotated[tuple[str, ...], BeforeValidator(parse_list)] = _setting(
        (),
        "Feeds to connect to, such as coinbase, or a file of them, .toml; may be repeated.",
        panel=INPUT,
        metavar="NAME",
        repeated=True,
    )
    symbols: Annotated[tuple[str, ...], BeforeValidator(parse_list), AfterValidator(named_symbols)] = _setting(
        (), "Instruments to watch besides those held.", panel=INPUT, metavar="A,B,..."
    )
    url: Annotated[str, AfterValidator(websocket_address)] | None = _setting(
        None, "WebSocket address in place of the feed's own.", panel=INPUT, metavar="ws://..."
    )
    feed_key: SecretStr | None = _setting(
        None, "Key of a feed that asks for one; safest in the environment.", panel=INPUT, metavar="KEY"
    )
    feed_secret: SecretStr | None = _setting(
        None, "Its secret; safest in the environment.", panel=INPUT, metavar="SECRET"
    )
    positions: PathSetting | None = _setting(None, "The book: CSV, JSON or YAML.", panel=INPUT, metavar="FILE")
    instruments: PathSetting | None = _setting(
        None, "What is known of instruments: CSV, JSON or YAML.", panel=INPUT, metavar="FILE"
    )
    limits: PathSetting | None = _setting(
        None, "Limits to watch, in place of those before: CSV, JSON or YAML.", panel=INPUT, metavar="FILE"
    )

    publish: Annotated[Literal["bar"] | Duration | None, BeforeValidator(publish_moment)] = _setting(
        None, "When to publish figures: bar in a replay, 250ms live.", panel=RUNNING, metavar="bar|DURATION"
    )
    shards: int = _setting(
        1, "Groups of portfolios that are computed apart.", panel=RUNNING, metavar="COUNT", ge=1, le=64
    )
    memory: SizeSetting = _setting("4GiB", "Memory that the model may take.", panel=RUNNING, metavar="SIZE")
    data_dir: DirectorySetting = _setting(
        _data_directory, "Where journal, database and logs lie.", panel=RUNNING, metavar="DIR"
    )
    journal_age: PositiveDuration | None = _setting(
        None, "Delete the journal's segments that are older; by default none.", panel=RUNNING, metavar="DURATION"
    )
    journal_size: SizeSetting | None = _setting(
        None, "Delete the journal's oldest segments beyond this size.", panel=RUNNING, metavar="SIZE"
    )
    keep_ticks: PositiveDuration | None = _setting(
        None,
        "Delete archived ticks of days that are older, of every run; by default none.",
        panel=RUNNING,
        metavar="DURATION",
    )
    database_url: Annotated[SecretStr, AfterValidator(postgres_address)] | None = _setting(
        None,
        "PostgreSQL to use in place of the embedded one; also DATABASE_URL.",
        panel=RUNNING,
        metavar="URL",
    )
    host: Annotated[str, AfterValidator(ip_address)] = _setting(
        "127.0.0.1",
        "Address the API listens on; beyond this machine it asks for access tokens.",
        panel=RUNNING,
        metavar="ADDRESS",
    )
    access: Annotated[Literal["auto", "token"], choice("auto", "token")] = _setting(
        "auto",
        "token: ask for access tokens on this machine too, as behind a proxy.",
        panel=RUNNING,
        metavar="auto|token",
    )
    allow_hosts: Annotated[tuple[str, ...], BeforeValidator(parse_list), AfterValidator(host_names)] = _setting(
        (), "Further host names of the API, as behind a proxy.", panel=RUNNING, metavar="A,B,..."
    )
    allow_origins: Annotated[tuple[str, ...], BeforeValidator(parse_list), AfterValidator(web_origins)] = _setting(
        (), "Other sites whose pages may read the API, with a token.", panel=RUNNING, metavar="https://A,..."
    )
    port: int = _setting(
        8000, "Port of API and dashboard; 0 takes a free one.", panel=RUNNING, metavar="PORT", ge=0, le=65535
    )
    webhook_url: Annotated[SecretStr, AfterValidator(web_address)] | None = _setting(
        None, "Where alerts are posted to; safest in the environment.", panel=RUNNING, metavar="https://..."
    )
    webhook_secret: SecretStr | None = _setting(
        None, "Signs them: whsec_ and the base64 of 24 to 64 bytes.", panel=RUNNING, metavar="SECRET"
    )
    webhook_hosts: Annotated[tuple[str, ...], BeforeValidator(parse_list), AfterValidator(hosts_and_networks)] = (
        _setting(
            (),
            "Hosts, addresses and networks that the webhook may reach besides public ones by https.",
            panel=RUNNING,
            metavar="A,B,...",
        )
    )
    token: SecretStr | None = _setting(
        None, "Access token of commands that ask a running API.", panel=RUNNING, metavar="TOKEN"
    )
    log_format: Annotated[Literal["text", "json"], choice("text", "json")] = _setting(
        "text", "Form of the logs.", panel=RUNNING, metavar="text|json"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The layers are read one by one by configuration.load, which remembers where each value came from.
        return (init_settings,)

    def to_risk_settings(self) -> RiskSettings:
        """Give the settings of the risk model in the core's own type and units.

        Raises
        ------
        InputError
            Settings that are right one by one but not together.
        """
        settings = RiskSettings(
            bar=self.bar.nanoseconds,
            half_life=self.half_life,
            window=self.window,
            paths=self.paths,
            horizon=self.horizon.nanoseconds,
            horizon_days=self.horizon.days,
            day=self.day.nanoseconds,
            confidence=self.confidence,
            distribution=self.distribution,
            dof=self.dof,
            returns=self.returns,
            price=self.price,
            min_observations=self.min_observations,
            stale_after=self.stale_after,
            empty_bars=self.empty_bars,
            open_bar=self.open_bar,
            lateness=self.lateness.nanoseconds,
            jump=self.jump,
            covariance=self.covariance,
            shrinkage=self.shrinkage,
            historical=self.historical,
            simulation=self.simulation,
            variance_reduction=self.variance_reduction,
            seed=self.seed,
            base_currency=self.base_currency,
            day_start=self.day_start,
            day_zone=self.day_zone,
        )
        check_settings(settings)
        return settings

    @property
    def settings_hash(self) -> str:
        """Twelve hexadecimal digits that change with every setting that moves a figure, and with no other."""
        meaning = asdict(self.to_risk_settings()) | {"shards": self.shards}
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]


def describe(name: str) -> dict[str, str]:
    """Panel and metavar of a setting, as its declaration gives them."""
    extra = Settings.model_fields[name].json_schema_extra
    return {key: str(value) for key, value in extra.items()} if isinstance(extra, dict) else {}
