"""Every law under every option; ``make soak`` does the same for a hundred thousand stories."""

import pytest
from hypothesis import given, settings

from tests.riskcore.laws import LAWS, OPTIONS, Story, stories


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("law", LAWS)
def test_every_story_obeys(law: str, option: str) -> None:
    @settings(max_examples=25)
    @given(stories())
    def obeys(story: Story) -> None:
        LAWS[law](OPTIONS[option], story)

    obeys()
