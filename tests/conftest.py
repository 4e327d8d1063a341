"""One Hypothesis profile for every test. No example has a deadline: the machine may be busy."""

import os

import pytest
from hypothesis import settings

# No test writes into the working directory; those of the journal name a folder.
os.environ["NOCTULE_JOURNAL"] = "off"

settings.register_profile("noctule", deadline=None)
settings.load_profile("noctule")
pytest.register_assert_rewrite("support")
