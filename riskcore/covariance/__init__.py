"""Covariance of bar returns: streaming estimators, shrinkage, and repairs of indefinite matrices."""

from riskcore.covariance.ewma import EwmaCovariance

__all__ = ["EwmaCovariance"]
