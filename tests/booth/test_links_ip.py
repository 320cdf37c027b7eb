"""Hosts, cameras and supplies of a site file before simulated ones: reported under the plan's names."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.network import Credentials
from hardware.network.frames_simulator import PlayingCamera
from hardware.network.simulator import VirtualCamera, VirtualHost
from hardware.network.tls_simulator import VirtualGateway
from hardware.power.simulator import VirtualSupply, VirtualUpsd
from kiosk.config import ConfigError
from tests.booth.field_site import drivers, plan_of, running

LAN = """
[link.lan]
kind = "ip"
[device.fibre]
link = "lan"
profile = "community-fibre"
address = "127.0.0.1"
settings = {{ udp_port = {host} }}
[device.eyes]
link = "lan"
profile = "binocular-camera"
address = "{url}"
settings = {{ user = "booth", secret = "eyes" }}
"""


async def until(is_so: Callable[[], object], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.mark.peer
async def test_hosts_and_cameras_are_reported_by_the_plans_names(tmp_path: Path) -> None:
    host, camera = VirtualHost(), VirtualCamera(Credentials("booth", "not-a-real-password"))
    await host.start()
    await camera.start()
    plan = plan_of(tmp_path, LAN.format(host=host.port, url=camera.url))
    links = drivers(plan, "lan", {"eyes": "not-a-real-password"})
    assert len(links) == 3  # echoes, streams, and the age of pictures
    async with running(links) as samples:
        await until(lambda: set(samples.values("fibre")) == {"reachable", "latency", "loss"})
        await until(lambda: samples.values("eyes").get("online") is True)
        assert samples.values("fibre")["loss"] == 0
        host.faults.drop = 1.0
        camera.faults.is_silent = True
        await until(lambda: samples.words("fibre") == {"timeout"})
        await until(lambda: samples.words("eyes") == {"timeout"})
        assert samples.values("fibre")["loss"] != 0
        assert {one.point for one in samples.all if one.error} == {"reachable", "latency", "online"}
    host.stop()
    await camera.stop()


@pytest.mark.peer
async def test_gateways_show_their_certificates_also_beside_a_stream(tmp_path: Path) -> None:
    gateway, camera = VirtualGateway(days=12.0), VirtualCamera()
    await gateway.start()
    await camera.start()
    plan = plan_of(
        tmp_path,
        '[link.lan]\nkind = "ip"\n'
        '[device.gateway]\nlink = "lan"\nprofile = "security-gateway"\n'
        f'address = "{gateway.host}"\nsettings = {{ port = {gateway.port} }}\n'
        '[device.video]\nlink = "lan"\nprofile = "video-gateway"\n'
        f'address = "{camera.url}"\nsettings = {{ tls_port = {gateway.port} }}\n',
    )
    async with running(drivers(plan, "lan")) as samples:
        for device in ("gateway", "video"):
            await until(lambda device=device: set(samples.values(device)) == {"reachable", "certificate"})
            assert samples.values(device)["certificate"] == pytest.approx(12.0, abs=0.1)
            assert samples.values(device)["reachable"] is True
        await gateway.stop()
        await until(lambda: "gone" in samples.words("gateway"))
        # The stream is what the video gateway lives by.
        assert not any(one.is_life for one in samples.all if (one.device, one.point) == ("video", "certificate"))
    await camera.stop()


@pytest.mark.peer
async def test_a_supply_is_reported_by_the_plans_names(tmp_path: Path) -> None:
    upsd = VirtualUpsd({"ups": VirtualSupply()})
    await upsd.start()
    plan = plan_of(
        tmp_path,
        f'[link.power]\nkind = "nut"\nwhere = "127.0.0.1:{upsd.port}"\n'
        '[device.ups]\nlink = "power"\nprofile = "ups"\naddress = "ups"\n',
    )
    async with running(drivers(plan, "power")) as samples:
        points = {"mains": True, "battery_low": False, "battery_bad": False, "charge": 100, "runtime": 1800}
        await until(lambda: samples.values("ups") == points)
        upsd.supplies["ups"].fail_mains(40.0)
        await until(lambda: samples.values("ups")["mains"] is False)
    await upsd.stop()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAN.format(host=1, url="rtsp://u:p@h/x"), "password"),
        (LAN.format(host=1, url="10.0.0.9").replace('user = "booth", ', ""), "user and secret go together"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        drivers(plan_of(tmp_path, text), "lan", {"eyes": "x"})


def test_a_camera_by_its_host(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, LAN.format(host=1, url="10.0.0.9"))
    assert len(drivers(plan, "lan", {"eyes": "x"})) == 3


@pytest.mark.peer
async def test_a_camera_tells_how_old_its_pictures_are(tmp_path: Path) -> None:
    camera = PlayingCamera()
    await camera.start()
    text = LAN[LAN.index("[device.eyes]") :].format(url=camera.url).replace("settings", "# settings")
    made = drivers(plan_of(tmp_path, '[link.lan]\nkind = "ip"\n' + text), "lan")
    try:
        async with running(made) as seen:
            await until(lambda: {"online", "frame_age"} <= seen.values("eyes").keys() and camera.viewers > 0)
            assert seen.values("eyes")["frame_age"] < 20
            assert seen.last("eyes", "online").is_life
            assert not seen.last("eyes", "frame_age").is_life
    finally:
        await camera.stop()
