"""ISO 22400-2 from a state strip: a shift of eight hours with a break, a fault and an hour nobody knows about."""

import numpy as np

from chanye.domains.factory.rules.kpis import Output, key_figures, time_elements
from chanye.kernel.intervals import Intervals

HOUR = 3_600_000_000
edge = np.array([0, 3, 4, 5, 6, 8], np.int64) * HOUR
states = ["running", "fault", "running", "unknown", "running"]
planned = Intervals.from_pairs([(0, 4 * HOUR), (int(4.5 * HOUR), 8 * HOUR)])  # a break of half an hour

elements = time_elements(edge, states, planned)
print(elements)
assert elements.pbt == elements.apt + elements.aust + elements.adet + elements.adot + elements.unknown

# 160 parts, four of them scrap, two minutes planned for each
output = Output(produced=160, planned=160, observed=160, scrapped=4, earned=160 * HOUR / 30)
figures = key_figures(elements, output, known=7 * HOUR)
print(f"availability {figures.availability.value:.3f}, coverage {figures.availability.coverage:.3f}")
print(f"effectiveness {figures.effectiveness.value:.3f}, quality ratio {figures.quality_ratio.value:.3f}")
print(f"OEE {figures.oee.value:.3f}")
assert round(figures.availability.value, 6) == round(5.5 / 6.5, 6)  # an hour of fault in the 6.5 h that were observed
assert round(figures.availability.coverage, 6) == round(6.5 / 7.5, 6)
assert round(figures.oee.value, 6) == round(5.5 / 6.5 * (160 / 30) / 5.5 * 156 / 160, 6)
