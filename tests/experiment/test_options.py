import pytest

from kerasemo.errors import InputError
from kerasemo.experiment import selected


def test_selected_networks_keep_the_order_of_all():
    assert selected(["a", "b", "c"], ["c", "a"]) == ["a", "c"]
    assert selected(["a", "b"], None) == ["a", "b"]


def test_a_network_that_does_not_exist_is_named_with_those_that_do():
    with pytest.raises(InputError, match="no network d; --only takes a, b"):
        selected(["a", "b"], ["a", "d"])
