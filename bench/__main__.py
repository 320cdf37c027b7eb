"""``python -m bench --run DIR``: the simulated site and its page, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from bench import booth_toml
from bench.door import Door
from bench.face_pack import face_pack
from bench.run_folder import RunFolder
from bench.world import World
from hardware.device import DeviceError
from kiosk.config import ConfigError

PORT = 8800
_BACKEND_WITHIN_S = 60.0


class PortTaken(Exception):
    """Another program listens on the page's port; the text names it and the cure."""


def main() -> int:
    """Entry of the command. Exit status 2: something named is in the way."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="A simulated site for one booth.")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--port", type=int, help=f"port of the page on loopback (default {PORT}, or any free one)")
    parser.add_argument("--display", choices=("offscreen", "windowed", "fullscreen"), default="offscreen")
    parser.add_argument(
        "--camera",
        default=os.environ.get("BOOTH_CAMERA", ""),
        help="a real webcam for the booth, e.g. /dev/video0 (default: the simulated one; also BOOTH_CAMERA)",
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_run(arguments))
    except DeviceError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except (PortTaken, ConfigError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bench: {error}; remove what is in the way, or give another --run", file=sys.stderr)
        return 2
    return 0


async def _run(arguments: argparse.Namespace) -> None:
    folder = RunFolder(arguments.run.resolve())
    folder.prepare()
    world = World(folder, booth_toml.BOOTH, booth_toml.COMMUNITY)
    door = Door(world)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        port = await _open(door, arguments.port)
        await world.start()
        folder.add_ports(printer=world.devices.printer.port, camera=world.devices.camera.port)
        writing = asyncio.create_task(_write_settings(folder, world, arguments, port))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({writing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if writing.done():
            writing.result()
        await waiting
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    finally:
        await door.stop()
        await world.stop()


async def _open(door: Door, wanted: int | None) -> int:
    try:
        return await door.start(PORT if wanted is None else wanted)
    except OSError as error:
        if wanted is None:
            return await door.start(0)
        raise PortTaken(
            f"port {wanted} of the page: {error.strerror}; end what listens there, or give another --port"
        ) from None


async def _write_settings(folder: RunFolder, world: World, arguments: argparse.Namespace, port: int) -> None:
    """booth.toml needs the platform's port; ports.json names the page last, when all else is in place."""
    deadline = asyncio.get_running_loop().time() + _BACKEND_WITHIN_S
    while "backend" not in (ports := folder.ports()):
        if asyncio.get_running_loop().time() > deadline:
            world.note("the platform did not start; booth.toml was not written")
            break
        await asyncio.sleep(0.05)
    else:
        pack = await asyncio.to_thread(face_pack, folder)
        booth_toml.write(
            folder.root / "booth.toml",
            booth_toml.Wires(
                backend_port=ports["backend"],
                printer_port=world.devices.printer.port,
                camera=arguments.camera or world.devices.camera.url,
                pcscd_socket=world.devices.pcscd.socket,
                sam=world.devices.sam.path,
                trust_folder=folder.trust,
                keypad=folder.keypad,
                sound=folder.sound,
                face_pack=pack,
                display=arguments.display,
                presence_code=world.devices.presence_code,
                site=folder.site.name,
                broker_port=ports.get("broker") or 0,
            ),
        )
    folder.add_ports(bench=port)


if __name__ == "__main__":
    sys.exit(main())
