"""Radio sensors behind a gateway, on a broker of this run's own."""

from __future__ import annotations

import asyncio
import secrets

from bench.broker import Broker, BrokerAway
from bench.far_ends import Ground, Wiring
from bench.far_ends.peer import Peer
from hardware.field import Value
from hardware.sensors import Credentials
from hardware.sensors.simulator import RadioPeer, VirtualSensor
from kiosk.site.schema import Profile

_BEAT_S = 2.0  # at most: nobody at a bench waits for twelve hours
_OFF_S = 5.0
_STARTS_WITHIN_S = 15.0
_LAST_TURN_S = 0.2
_NAMES = {"clock_skew": "clock_skew_s", "delay": "delay_s", "freeze": "is_frozen"}
_BOOTH, _GATEWAY = "booth", "gateway"


class SensorPeer(Peer):
    """One sensor. Its faults are in its messages, so it says something at every turn of a knob."""

    def __init__(self, name: str, profile: Profile, worst_ms: float, address: str) -> None:
        super().__init__(name, profile, worst_ms)
        self._paths = {point: str(spec.at["path"]) for point, spec in profile.points.items() if "path" in spec.at}
        values = {self._paths[point]: raw for point, raw in self._values.items() if point in self._paths}
        self.sensor = VirtualSensor(address, values, min(profile.every_ms / 1000, _BEAT_S), paths=self._paths)
        self.radio: RadioPeer | None = None
        self._flap_hz = 0.0

    def can_set(self, point: str) -> bool:
        """What is in its messages; its clock is real, and has a knob."""
        return point in self._paths and not self.profile.points[point].at.get("answer")

    def told(self) -> dict[str, Value]:
        """As set: drift and flap are the sensor's own."""
        return self._values | self._raging

    def tell(self, values: dict[str, Value]) -> None:
        """In a message, at once."""
        told = {point: raw for point, raw in values.items() if point in self._paths}
        if self.radio is not None and told:
            self.radio.set(self.sensor.address, told)

    def happen(self, point: str, raw: Value) -> None:
        """In a message of its own."""
        self.tell({point: raw})

    def turned(self, name: str, value: float) -> None:
        """The sensor's own faults, and a message."""
        faults = self.sensor.faults
        self._flap_hz = faults.flap
        setattr(faults, _NAMES.get(name, name), bool(value) if name == "freeze" else value)
        if name == "delay":
            faults.delay_s = value / 1000
        if name == "flap" and not value:  # its last turn may still be on the way
            asyncio.get_running_loop().call_later(_LAST_TURN_S + 0.5 / (self._flap_hz or 1.0), self._settle)
        elif self.radio is not None:
            self.radio.say(self.sensor.address)

    def _settle(self) -> None:
        if not self.sensor.faults.is_frozen:
            self.tell(self._values)

    def reboot(self) -> None:
        """Away for some seconds; then it joins anew."""
        self.sensor.faults.is_silent = True
        asyncio.get_running_loop().call_later(_OFF_S, self._back)

    def _back(self) -> None:
        self.sensor.faults.is_silent = False
        if self.radio is not None:
            self.radio.restart(self.sensor.address)


class MqttFarEnd:
    """The broker, one gateway, its sensors."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.peers = {
            name: SensorPeer(
                name, ground.plan.profile(name), ground.plan.answer_s(name) * 1000, str(device.address).strip("/")
            )
            for name, device in ground.devices.items()
        }
        self._words = {_BOOTH: secrets.token_urlsafe(16), _GATEWAY: secrets.token_urlsafe(16)}
        self._broker = Broker(ground.folder / "broker", users=self._words, keeps=False)
        self._radio: RadioPeer | None = None

    async def start(self) -> Wiring:
        """Start the broker and speak. Raises OSError (TimeoutError is one) when it cannot run here."""
        try:
            await asyncio.to_thread(self._broker.start)
        except BrokerAway as error:
            raise OSError(str(error)) from None
        self._radio = RadioPeer(
            [peer.sensor for peer in self.peers.values()],
            host=self._broker.host,
            port=self._broker.port,
            credentials=Credentials(_GATEWAY, self._words[_GATEWAY]),
        )
        await asyncio.wait_for(self._radio.start(), _STARTS_WITHIN_S)
        for peer in self.peers.values():
            peer.radio = self._radio
        link = self._ground.plan.links[self._ground.name]
        return Wiring({"where": self._broker.where}, {}, {link.secret: f"{_BOOTH}:{self._words[_BOOTH]}"})

    async def stop(self) -> None:
        """End the gateway, then the broker."""
        radio, self._radio = self._radio, None
        if radio is not None:
            await radio.stop()
        await asyncio.to_thread(self._broker.stop)


def make(ground: Ground) -> MqttFarEnd:
    """For the table."""
    return MqttFarEnd(ground)
