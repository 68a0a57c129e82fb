"""M9: the laws of every book, for very many stories."""

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.riskcore.laws import LAWS, OPTIONS, Story, stories
from tests.soak.registry import Figures, Soak, row

EXAMPLES = 100_000


@row("M9", budget_s=3600)
def symmetry_laws(soak: Soak) -> Figures:
    """A hundred thousand stories, each under an option and a law that chance chooses, break none of them."""
    seen = dict.fromkeys(LAWS, 0)

    @seed(soak.seed)
    @settings(max_examples=EXAMPLES, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(LAWS)), st.sampled_from(sorted(OPTIONS)), stories(length=12))
    def obeys(law: str, option: str, story: Story) -> None:
        seen[law] += 1
        LAWS[law](OPTIONS[option], story)

    obeys()
    return {"stories": sum(seen.values()), **seen}
