"""``python -m chanye`` is the command ``chanye``."""

from chanye.cli import main

main()
