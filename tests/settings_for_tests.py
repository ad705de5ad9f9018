"""The product's settings over a data folder of the tests' own.

Django reads its settings before any ``conftest.py`` is imported, so the folder has to be named here.
"""

import os
import tempfile

os.environ["CHANYE_DATA"] = tempfile.mkdtemp(prefix="chanye-test-")
os.environ["CHANYE_DEMO"] = "false"

from chanye.web.settings import *  # noqa: F403  # the two lines above must come first
