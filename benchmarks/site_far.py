"""The example site's far ends, as a process of their own: every kind of equipment, with the knobs of the bench.

Prints where site file and secrets are; then obeys lines ``{"devices": [...], "knob": ..., "value": ...}`` (no devices:
all that have the knob) and answers each with the monotonic time at which it was done.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from bench.site import Site


async def _serve(folder: Path) -> None:
    site = Site(folder, lambda _: None, lambda: None)
    await site.start()
    try:
        print(json.dumps({"site": str(site.file), "secrets": str(site.secrets_file), **site.troubles}), flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            wanted = json.loads(line)
            for name, peer in site.peers.items():
                if name in wanted["devices"] or (not wanted["devices"] and wanted["knob"] in peer.knobs()):
                    peer.turn(wanted["knob"], wanted["value"])
            await asyncio.sleep(0.15)  # some peers heed their knobs when time goes by
            print(json.dumps({"at": time.monotonic() - 0.15}), flush=True)
    finally:
        await site.stop()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
