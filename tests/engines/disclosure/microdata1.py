"""The hundred rows that sdcTable tests itself with (its data set ``microdata1``, R package sdcTable by B. Meindl)."""

import numpy as np

_REGION = "CCAACDDAACABBBCDABCABDACDDABDCCBBBBDCDBCBADBBDBCCBACDBCBBACDBADDAADDDACBBDDBDDABBCABBBCACCCDBDBBDBAB"
_GENDER = "mmmmmfffmmffmmffmmmmmmmffmmfmmfmfffmfmfmmmfffmfmffmfffmmfmfmmmffmmffmmfmfffffmmfffmmmmmmmfmmfffmmfmm"
_VALUE = """
9 11 10 11 18 10 6 9 5 12 11 10 11 5 10 11 7 7 10 13 12 280 15 12 16 9 13 16 9 6 11 14 12 8
18 8 7 7 11 11 15 6 14 8 12 9 14 6 12 13 9 9 9 7 6 9 9 7 9 8 10 9 7 6 8 9 14 10
7 10 19 10 14 11 9 5 11 8 10 13 8 9 18 7 10 8 11 6 6 8 12 11 10 18 9 8 10 7 12 14
"""


def rows():
    """Return codes (region A..D, gender male/female), whose row it is, and values."""
    codes = np.array([["ABCD".index(r), "mf".index(g)] for r, g in zip(_REGION, _GENDER, strict=True)])
    return codes, np.arange(len(_REGION)), np.array(_VALUE.split(), float)
