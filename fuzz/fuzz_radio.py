"""Any bytes as a radio message: read within bounds, or the one error; and samples that anybody can take.

``python -m fuzz.fuzz_radio [CORPUS ...]`` fuzzes with atheris; the kept corpus also runs as a test.
"""

from __future__ import annotations

import math
import sys

from hardware.field import Garbage
from hardware.sensors import Reading, Sensor, payload
from hardware.sensors.heard import Heard

TOPIC, AVAILABLE = "zigbee2mqtt/x", "zigbee2mqtt/x/availability"
PATHS = ("", "object.button", "rxInfo.0.rssi", "a", "state")


def one_input(data: bytes) -> None:
    """Feed one input; anything but ``Garbage`` is a finding."""
    for is_plain in (False, True):
        try:
            message = payload.read(data, is_plain=is_plain)
        except Garbage:
            continue
        assert message.number is None or 0 <= message.number < 2**32
        assert message.sent_s is None or math.isfinite(message.sent_s)
        for path in PATHS:
            try:
                value = payload.value_at(message.body, path)
            except Garbage:
                continue
            assert value is None or isinstance(value, str) or abs(value) <= payload.LARGEST
    readings = tuple(Reading(f"p{at}", path, TOPIC, rest=0, is_word=at < 2) for at, path in enumerate(PATHS[1:]))
    heard = Heard(Sensor("x", readings, 60.0, availability=AVAILABLE), 0.0)
    middle = len(data) // 2
    for topic, part in ((TOPIC, data), (TOPIC, data[:middle]), (AVAILABLE, data), (TOPIC, data)):
        for is_retained in (False, True):
            for sample in heard.take(topic, part, 1.0, 1.7e9, is_retained=is_retained, is_backlog=not is_retained):
                assert sample.error is not None or sample.value is not None
                assert math.isfinite(sample.at_s)


def seeds() -> dict[str, bytes]:
    """Give the inputs the corpus begins with, by file name."""
    uplink = (
        b'{"deduplicationId": "3ac7e3c4", "time": "2022-07-18T09:34:15.775023242+00:00", "devAddr": "00189440",'
        b' "fCnt": 4, "data": "qg==", "object": {"button": 1}, "rxInfo": [{"rssi": -35}]}'
    )
    return {
        "uplink": uplink,
        "zigbee": b'{"a": false, "battery": 98, "last_seen": 1714536000000, "linkquality": 120}',
        "offline": b'{"state": "offline"}',
        "plain": b"offline",
        "deep": b'{"a":' * 20 + b"1" + b"}" * 20,
        "endless": b"[" * 4000,
        "huge": b'{"a": ' + b"9" * 400 + b"}",
        "cut": uplink[:100],
    }


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
