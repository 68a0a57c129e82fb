"""Every law under every option; ``make soak`` does the same for a hundred thousand stories."""

import pytest
from hypothesis import example, given, settings

from tests.riskcore.laws import LAWS, OPTIONS, Bar, Price, Story, Trade, stories

NOTHING = Bar((0.0,))
READ_BETWEEN_TWINS = Story(
    1, (NOTHING,) * 3 + (Price(0, 1.75), Trade(0, 0.25), NOTHING, NOTHING, Price(0, 0.125), Bar((1 / 1024,)))
)

DEPENDENT_ON_THE_FIRST = Story(
    4,
    (
        Bar((0.0, 0.0, 0.0, 0.0)),
        Bar((0.0, 0.0, 0.0, 1 / 1024)),
        Bar((0.0, 1 / 1024, 1 / 1024, 0.0)),
        Trade(3, 0.25),
    ),
)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("law", LAWS)
def test_every_story_obeys(law: str, option: str) -> None:
    @settings(max_examples=25)
    @given(stories())
    @example(READ_BETWEEN_TWINS)
    @example(DEPENDENT_ON_THE_FIRST)
    def obeys(story: Story) -> None:
        LAWS[law](OPTIONS[option], story)

    obeys()
