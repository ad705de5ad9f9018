"""The product's settings over a data folder of the tests' own.

Django reads its settings before any ``conftest.py`` is imported, so the folder has to be named here.
"""

import atexit
import os
import shutil
import tempfile

os.environ["CHANYE_DATA"] = tempfile.mkdtemp(prefix="chanye-test-")
atexit.register(shutil.rmtree, os.environ["CHANYE_DATA"], ignore_errors=True)
os.environ["CHANYE_DEMO"] = "false"

from chanye.web.settings import *  # noqa: E402, F403  # the lines above must come first

# A file, as in service: in memory all threads of a live server would share one connection and its transactions.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(os.environ["CHANYE_DATA"], "test.sqlite3")}  # noqa: F405, PTH118
