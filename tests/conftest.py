"""One Hypothesis profile for every test. No example has a deadline: the machine may be busy."""

import pytest
from hypothesis import settings

settings.register_profile("noctule", deadline=None)
settings.load_profile("noctule")
pytest.register_assert_rewrite("support")
