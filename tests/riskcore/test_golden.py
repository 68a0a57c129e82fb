"""The figures of one fixed stream under the default options, as the first version of the model gave them.

Their standard errors are those of the estimator for few scenarios in the tail, which came later.
"""

import numpy as np
import pytest

from riskcore import MarketModel, RiskBook, RiskSettings

GOLDEN = {
    "normal": [
        (65.56500651207861, 82.22116329428417, None, None),
        (92.72983991501877, 106.23728753112499, None, None),
        (59.68415109355654, 114.455913090953, None, None),
        (167.66678488097892, 167.66678488097892, None, None),
        (71.3541110042238, 89.4678510137727, 6.3880871864210205, 4.760945198004279),
        (95.93837383577332, 116.04211441952823, 7.246953405561484, 11.94823058555162),
    ],
    "t": [
        (62.216554040668434, 89.23550727116032, None, None),
        (103.89544583179972, 137.4730255182248, None, None),
        (59.68415109355654, 114.455913090953, None, None),
        (167.66678488097892, 167.66678488097892, None, None),
        (62.61314578557627, 99.5020116050586, 4.596022785713483, 11.151440472710439),
        (106.20299053938349, 165.89570528894754, 15.572986237435135, 40.69334861569597),
    ],
}

# Other processors round sums of products in another order; on one processor the figures are the same to the last bit.
ROUNDING = 1e-12


# Golden values are those of paths in double precision. In single precision, the default, each path is rounded at each
# bar to 6e-8 of itself; the recursion forgets, so that what adds up stays below 1e-6.
SINGLE = 1e-6


@pytest.mark.parametrize("distribution", ["normal", "t"])
@pytest.mark.parametrize(("path_type", "near"), [(np.float64, ROUNDING), (np.float32, SINGLE)])
def test_the_default_options_give_the_figures_they_always_gave(
    distribution: str, path_type: type[np.floating], near: float
) -> None:
    settings = RiskSettings(paths=512, window=40, half_life=12.0, min_observations=5, distribution=distribution)
    rng = np.random.default_rng(11)
    model = MarketModel(4, settings, path_type)
    book = RiskBook(model, "main")
    for instrument, quantity in enumerate((3.0, -2.0, 5.0, 1.0)):
        model.on_price(instrument, 10.0 + instrument)
        book.on_trade(instrument, quantity)
    for row in rng.normal(size=(10, 4)) * 0.01:
        model.on_history(row)
        book.on_bar()
    for bar in range(90):
        row = rng.standard_t(3, 4) * 0.01
        row[rng.random(4) < 0.05] = np.nan
        model.on_bar(bar, row)
        book.on_bar()
        model.on_price(int(rng.integers(4)), float(np.exp(rng.normal())) * 10.0)
        measures = book.measures()
    got = [(m.var, m.es, m.var_stderr, m.es_stderr) for m in measures if m.confidence in {0.95, 0.99}]
    assert len(got) == len(GOLDEN[distribution])
    for figures, golden in zip(got, GOLDEN[distribution], strict=True):
        for figure, right in zip(figures, golden, strict=True):
            assert figure == (right if right is None else pytest.approx(right, rel=near))
    parts = book.components()
    assert parts.component_var.sum() == pytest.approx(GOLDEN[distribution][1][0], rel=1e-9)
    assert parts.component_es.sum() == pytest.approx(GOLDEN[distribution][5][1], rel=max(near, 1e-9))
