"""The scenarios that are there without anybody having stored them, each with its public source."""

from api.models.stress import Episode, Scenario

BUILT_IN: tuple[Scenario, ...] = (
    Scenario(
        name="all prices -10 %",
        description="Every price falls by a tenth.",
        source="A convention, no event.",
        everything=-0.1,
        built_in=True,
    ),
    Scenario(
        name="all prices +10 %",
        description="Every price rises by a tenth.",
        source="A convention, no event.",
        everything=0.1,
        built_in=True,
    ),
    Scenario(
        name="Black Monday 1987",
        description="Every price falls as the Dow Jones Industrial Average did on 19 October 1987: 22.6 % in a day.",
        source="Federal Reserve History, Stock Market Crash of 1987",
        everything=-0.226,
        built_in=True,
    ),
    Scenario(
        name="Autumn 2008",
        description="Every price falls as the S&P 500 did from 12 September (1,251.70) to 20 November 2008 (752.44).",
        source="S&P Dow Jones Indices, closing levels of the S&P 500",
        everything=-0.399,
        built_in=True,
    ),
    Scenario(
        name="Covid crash 2020",
        description="Every price falls as the S&P 500 did from 19 February (3,386.15) to 23 March 2020 (2,237.40).",
        source="S&P Dow Jones Indices, closing levels of the S&P 500",
        everything=-0.339,
        built_in=True,
    ),
    Scenario(
        name="Fed severely adverse 2024",
        description="Every price falls as equities do in the severely adverse scenario: 55 %.",
        source="Board of Governors of the Federal Reserve System, 2024 Stress Test Scenarios, February 2024",
        everything=-0.55,
        built_in=True,
    ),
    Scenario(
        name="the last 60 bars again",
        description="What the last 60 bars did to each price, once more.",
        source="The engine's own window of returns.",
        episode=Episode(bars=60),
        built_in=True,
    ),
)
"""Most move everything by one factor: they tell much of a book that is long, and little of one that is hedged."""
NAMES = frozenset(scenario.name for scenario in BUILT_IN)
