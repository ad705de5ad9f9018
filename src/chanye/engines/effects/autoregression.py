"""Linear regression whose errors remember the day before: restricted likelihood, and degrees of freedom to match.

Errors follow an AR(1): each is ``rho`` to the power of the days between times the last one, plus news. ``rho`` is
found by restricted maximum likelihood, which does not lose to the number of coefficients (Cheang and Reinsel 2000, J.
Am. Stat. Assoc. 95:1173-1184). An interval uses Student's t with the degrees of freedom of Satterthwaite, because
``rho`` is estimated as well (Giesbrecht and Burns 1985; Kenward and Roger 1997, Biometrics 53:983-997).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chanye.engines.effects.panel import F64, I64
from chanye.engines.effects.student import quantile

#: Where ``rho`` is looked for; above it a series cannot be told from a random walk.
LEAST, MOST = -0.9, 0.985
GRID = 48
GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A fitted regression.

    Parameters
    ----------
    coefficient
        Shape (k,).
    covariance
        Shape (k, k).
    rho
        Correlation of errors one step apart.
    sigma
        Standard deviation of an error, in units of the outcome.
    slopes
        Shapes (k, k): how the covariance turns with ``rho``, and with the log of the variance of the news.
    uncertainty
        Shape (2, 2): covariance of these two.
    n
        Rows used.
    """

    coefficient: F64
    covariance: F64
    rho: float
    sigma: float
    slopes: tuple[F64, F64]
    uncertainty: F64
    n: int

    def interval(self, contrast: F64, *, level: float = 0.9) -> tuple[float, float, float]:
        """Return estimate, lower and upper end of a combination of the coefficients, shape (k,)."""
        value = float(contrast @ self.coefficient)
        half = quantile(0.5 + level / 2, self.freedom(contrast)) * self.error(contrast)
        return value, value - half, value + half

    def error(self, contrast: F64) -> float:
        """Return the standard error of a combination of the coefficients."""
        return math.sqrt(max(float(contrast @ self.covariance @ contrast), 0.0))

    def freedom(self, contrast: F64) -> float:
        """Return the degrees of freedom of that error, by Satterthwaite."""
        variance = float(contrast @ self.covariance @ contrast)
        slope = np.array([contrast @ one @ contrast for one in self.slopes])
        spread = float(slope @ self.uncertainty @ slope)
        return min(max(2 * variance**2 / spread, 1.0), float(self.n)) if spread > 0 else float(self.n)


def fit(outcome: F64, design: F64, step: I64 | None = None) -> Fit:
    """Fit the regression.

    Parameters
    ----------
    outcome
        Shape (n,), in the order of time.
    design
        Shape (n, k), of full rank.
    step
        Shape (n,): how many steps after the row before each comes (≥ 1; the first counts for nothing); all 1 if not
        given. Gaps may be left out of the rows, their length goes in here.

    Raises
    ------
    ValueError
        If there are too few rows, or columns of the design depend on each other.
    """
    y, x = np.asarray(outcome, np.float64), np.asarray(design, np.float64)
    n, k = x.shape
    apart = np.ones(n, np.int64) if step is None else np.asarray(step, np.int64)
    if n < k + 3:
        raise ValueError(f"{n} rows are too few for {k} coefficients.")
    if np.linalg.matrix_rank(x) < k:
        raise ValueError("Columns of the design depend on each other: leave one out.")
    x = x / (scale := np.sqrt((x**2).mean(axis=0)))
    basis, triangle = np.linalg.qr(x)
    plain = basis.T @ y
    problem = _Problem.of(y - basis @ plain, basis, apart)
    rho = problem.search()
    log_news = problem.log_news(rho)
    slope, uncertainty = problem.around(rho, log_news)
    back = np.linalg.inv(triangle) / scale[:, None]
    covariance = back @ problem.covariance(rho, log_news) @ back.T
    sigma = float(np.sqrt(np.exp(log_news) / (1 - rho**2)))
    line = back @ (plain + problem.solve(rho)[0])
    # the covariance is proportional to the variance of the news: by its log it turns with itself
    return Fit(line, covariance, rho, sigma, (back @ slope @ back.T, covariance), uncertainty, n)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """The likelihood of rows in a basis that is orthonormal, and of what plain least squares leaves of the outcome.

    Both change nothing but a constant, and let sums of products be taken once for all ``rho``: rows enter by their
    own product, that with the row before, and that of the row before, one set for each length of a step.
    """

    n: int
    k: int
    first: F64
    gaps: list[tuple[int, int, F64, F64, F64]]

    @staticmethod
    def of(y: F64, basis: F64, step: I64) -> _Problem:
        """Take the sums; ``basis`` is orthonormal and ``y`` orthogonal to it."""
        both = np.column_stack([basis, y])
        here, there, apart = both[1:], both[:-1], step[1:]
        gaps = []
        for length in np.unique(apart).tolist():
            a, b = here[apart == length], there[apart == length]
            cross = a.T @ b
            gaps.append((int(length), len(a), a.T @ a, cross + cross.T, b.T @ b))
        return _Problem(len(y), basis.shape[1], np.outer(both[0], both[0]), gaps)

    def solve(self, rho: float) -> tuple[F64, float, float, float]:
        """Return coefficients, sum of squares, log determinants of the errors and of the design."""
        gram, log_size = self.gram(rho)
        k = self.k
        line: F64 = np.asarray(np.linalg.solve(gram[:k, :k], gram[:k, k]), np.float64)
        squares = float(gram[k, k] - gram[:k, k] @ line)
        return line, squares, log_size, float(np.linalg.slogdet(gram[:k, :k])[1])

    def gram(self, rho: float) -> tuple[F64, float]:
        """Return products of the columns, the outcome last, with news for errors, and the log of their sizes."""
        total = (1 - rho**2) * self.first
        log_size = -math.log(1 - rho**2)
        for length, count, own, cross, last in self.gaps:
            part = math.copysign(1.0, rho) ** length * abs(rho) ** length
            size = (1 - part**2) / (1 - rho**2)  # variance of news over so many steps, in units of one step's
            total = total + (own - part * cross + part**2 * last) / size
            log_size += count * math.log(size)
        return total, log_size

    def covariance(self, rho: float, log_news: float) -> F64:
        """Return the covariance of the coefficients, in the basis."""
        inverse: F64 = np.asarray(np.linalg.inv(self.gram(rho)[0][: self.k, : self.k]), np.float64)
        return math.exp(log_news) * inverse

    def log_news(self, rho: float) -> float:
        """Return the log of the best variance of the news."""
        return math.log(max(self.solve(rho)[1], 1e-300) / (self.n - self.k))

    def likelihood(self, rho: float, log_news: float | None = None) -> float:
        """Return the restricted log likelihood; at the best variance of the news if none is given."""
        n, k = self.n, self.k
        _, squares, log_size, log_design = self.solve(rho)
        squares = max(squares, 1e-300)
        held = np.log(squares / (n - k)) if log_news is None else log_news
        return float(-0.5 * ((n - k) * held + log_size + log_design + squares / np.exp(held)))

    def search(self) -> float:
        """Return the best ``rho``: a grid, then golden sections around its best point."""
        grid = np.tanh(np.linspace(np.arctanh(LEAST), np.arctanh(MOST), GRID))
        best = int(np.argmax([self.likelihood(float(one)) for one in grid]))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, GRID - 1)])
        for _ in range(24):
            left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            if self.likelihood(left) > self.likelihood(right):
                high = right
            else:
                low = left
        return (low + high) / 2

    def around(self, rho: float, log_news: float) -> tuple[F64, F64]:
        """Return how the covariance turns with ``rho``, and the covariance of (rho, log variance of the news)."""
        h = min(1e-3, (1 - abs(rho)) / 4)
        slope: F64 = (self.covariance(rho + h, log_news) - self.covariance(rho - h, log_news)) / (2 * h)
        d = 1e-2
        mid = self.likelihood(rho, log_news)
        corner = (
            self.likelihood(rho + h, log_news + d)
            - self.likelihood(rho + h, log_news - d)
            - self.likelihood(rho - h, log_news + d)
            + self.likelihood(rho - h, log_news - d)
        ) / (4 * h * d)
        bend_rho = (self.likelihood(rho + h, log_news) - 2 * mid + self.likelihood(rho - h, log_news)) / h**2
        bend_news = (self.likelihood(rho, log_news + d) - 2 * mid + self.likelihood(rho, log_news - d)) / d**2
        information = -np.array([[bend_rho, corner], [corner, bend_news]])
        values, vectors = np.linalg.eigh(information)
        values = np.maximum(values, 1e-3)  # at an edge the likelihood need not bend
        uncertainty: F64 = vectors @ np.diag(1 / values) @ vectors.T
        return slope, uncertainty
