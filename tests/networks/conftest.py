"""Asserts in the inherited contract explain themselves as those in test files do."""

import pytest

pytest.register_assert_rewrite("networks.contract")
