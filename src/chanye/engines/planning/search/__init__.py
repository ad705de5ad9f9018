"""Compiled local search for shops: plain arrays in, starts and modes with a bound out."""

from chanye.engines.planning.search.improve import improve
from chanye.engines.planning.search.shop import OBJECTIVES, Found, Shop, cost, decode, order_of, verify

__all__ = ["OBJECTIVES", "Found", "Shop", "cost", "decode", "improve", "order_of", "verify"]
