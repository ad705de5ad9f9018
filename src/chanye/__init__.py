"""chanye (产业): the operating platform of a district's modern industrial system."""

__version__ = "0.1.0"
