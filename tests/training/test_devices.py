"""Tests of devices that train one network together; the tests see one processor as two devices."""

import pytest
import tensorflow as tf

from kerasemo.errors import InputError
from kerasemo.training import devices


def test_one_device_has_the_default_strategy():
    assert devices.strategy(1) is tf.distribute.get_strategy()


def test_two_parts_of_the_processor():
    devices.prepare(2)
    with devices.strategy(2).scope():
        assert tf.distribute.get_strategy().num_replicas_in_sync == 2


def test_more_devices_than_gpus(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0"] if kind == "GPU" else ["CPU:0"])
    with pytest.raises(InputError, match="--devices 2 is more than the GPUs of this machine, 1"):
        devices.prepare(2)


def test_gpus_reserve_memory_as_they_need_it(monkeypatch):
    growing = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: growing.append((gpu, on)))
    devices.prepare(2)
    assert growing == [("GPU:0", True), ("GPU:1", True)]
