"""What a rule of payment does to honest firms and to cheats, before it is adopted. Pure; exact for a normal error.

The estimate of an effect errs by ``noise``, its standard error as a share of the claim. The bound that is paid on
lies ``z`` standard errors below. The mean of clip(X, 0, 1) for a normal X has a closed form: the difference of two
partial expectations, (s) [ (m/s) F(m/s) + f(m/s) - ((m-1)/s) F((m-1)/s) - f((m-1)/s) ].
"""

from __future__ import annotations

from statistics import NormalDist

from chanye.domains.programme.types.payout import Outcome

_NORMAL = NormalDist()
#: Rules that are held against each other: name -> confidence of the bound; 0.5 pays on the estimate itself.
RULES = {"estimate": 0.5, "bound_68": 0.68, "bound_90": 0.90}


def mean_share(effect: float, noise: float, one_sided: float) -> float:
    """Return the mean part of the measured tranche that is paid.

    Parameters
    ----------
    effect
        True effect as a share of the claim: 1 honest, 0 nothing done.
    noise
        Standard error of the estimate as a share of the claim.
    one_sided
        Confidence of the lower bound that is paid on.
    """
    centre = effect - noise * _NORMAL.inv_cdf(one_sided)
    if noise <= 0:
        return min(max(centre, 0.0), 1.0)
    return noise * (_partial(centre / noise) - _partial((centre - 1) / noise))


def _partial(z: float) -> float:
    return z * _NORMAL.cdf(z) + _NORMAL.pdf(z)


def trial(noise: float, one_sided: float | None = None) -> tuple[Outcome, ...]:
    """Return what each rule does at a precision of measuring; ``one_sided`` adds the agreement's own if it is new.

    The first, ``unmeasured``, pays everything at acceptance, as most programmes do.
    """
    asked = dict(RULES)
    if one_sided is not None and one_sided not in asked.values():
        asked["agreed"] = one_sided
    found = [Outcome("unmeasured", 1.0, 1.0, 1.0)]
    for name, level in sorted(asked.items(), key=lambda one: one[1]):
        found.append(Outcome(name, *(mean_share(effect, noise, level) for effect in (1.0, 0.5, 0.0))))
    return tuple(found)
