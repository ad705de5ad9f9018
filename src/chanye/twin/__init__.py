"""The world outside, simulated: it talks only through real protocols and files, and it knows the truth.

``shop`` and ``plan`` are the model (a pure function of seed and time), ``agent`` and ``meter`` its real protocols,
``floor`` plays the model and its scripted troubles in time, ``score`` compares an answer with the truth.
"""
