"""The bar that is still open, as far as it has come: it counts provisionally when figures are read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class OpenBar:
    r"""The running returns r since the last bar's end, and what they count.

    The covariance as read, :math:`\Sigma`, is the weighted mean of past bars; with the open bar it is what it would be
    if the bar closed now,

    .. math:: \Sigma' = \kappa \Sigma + \gamma\, r r^\top, \qquad \kappa = \frac{\lambda F}{\lambda F + 1 - \lambda},
              \quad \gamma = \frac{1 - \lambda}{\lambda F + 1 - \lambda}

    F being the weight of an unbroken history so far (1 after many bars: :math:`\lambda` and :math:`1-\lambda`). The
    paths follow likewise, :math:`X' w = \sqrt{\kappa}\, X w + \sqrt{\gamma}\, \xi\, (r^\top w)`, with the normals ξ
    that the bar will get. A book so needs :math:`r^\top w` and one pass: O(N) + O(P), no state is touched.

    For instruments whose history is unbroken the figures are to the last digits those of the moment after the close;
    where one has missed bars its own weight at the close is another, :math:`r r^\top` counts by the weight of now.
    """

    index: int
    returns: NDArray[np.float64]
    """(N,), 0 where an instrument has none."""
    present: NDArray[np.bool_]
    normals: NDArray[np.float64]
    """ξ, shape (P,)."""
    kept: float
    r""":math:`\kappa`."""
    gain: float
    r""":math:`\gamma`."""
