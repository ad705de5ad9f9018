"""A parts plant run "before" and "after" a manufacturing execution system: physics, truth, and its real protocols.

``layout``, ``catalogue``, ``people`` and ``practice`` are what the plant is; ``engine`` plays it event by event from
a seed; ``record`` keeps the truth and is asked for it; ``voice`` is what its controls and meters say,
``clerks`` what its people report, ``score`` compares an answer with the truth.
"""
