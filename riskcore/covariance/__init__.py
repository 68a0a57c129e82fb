"""Covariance of bar returns: streaming estimators, shrinkage, and repairs of indefinite matrices."""

from riskcore.covariance.ewma import EwmaCovariance
from riskcore.covariance.factor import PsdFactor, psd_factor
from riskcore.covariance.nearest import nearest_correlation
from riskcore.covariance.rolling import RollingCovariance
from riskcore.covariance.shrinkage import ledoit_wolf, oas

__all__ = [
    "EwmaCovariance",
    "PsdFactor",
    "RollingCovariance",
    "ledoit_wolf",
    "nearest_correlation",
    "oas",
    "psd_factor",
]
