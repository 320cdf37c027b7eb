"""Fault: somebody sets every log to DEBUG. Neither the booth nor its driver writes a word of what is on a card."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hardware.card_reader.deck import WOMAN, specimen

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]
# Python imports this in every process it starts with it on the path: the driver's, too.
EVERYTHING = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
process = "driver" if "hardware.worker_child" in " ".join(sys.orig_argv) else "booth"
logging.getLogger("proof").debug("a log of process %s", process)
"""
READS = """
import asyncio, sys, traceback
from pathlib import Path
from hardware.card_reader import CardError, KeyNeeded
from hardware.card_reader.rig import rig
from hardware.card_reader.simulator import Misbehaviour
from tests.hardware.card_reader.deck import deck

async def main():
    async with rig(Path(sys.argv[1])) as table:
        for name in ("social_3", "thai", "passport_bac"):
            dealt = deck()[name]
            for how in (Misbehaviour(), Misbehaviour(garbage_at=9), Misbehaviour(pull_at=9)):
                await table.slot.present(dealt.make(), how)
                for key in (None, dealt.key):
                    try:
                        document = await asyncio.wait_for(table.reader.wait_for_document(key, print), 15)
                        print("read", document)
                        break
                    except KeyNeeded:
                        continue
                    except CardError:
                        traceback.print_exc()
                        break

asyncio.run(main(), debug=True)
"""


def test_nothing_of_a_card_is_in_any_log(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(EVERYTHING)
    (tmp_path / "reads.py").write_text(READS)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONASYNCIODEBUG": "1"}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "reads.py"), str(tmp_path / "pcscd")],
        env=environment, capture_output=True, timeout=110, check=False,
    )  # fmt: skip
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    assert said.count("read <Document") == 3
    for process in ("booth", "driver"):  # control: both logs are here, and so are the tracebacks
        assert f"a log of process {process}" in said
    assert "Traceback" in said
    holder = specimen("passport_bac").holder
    secrets = {
        WOMAN.number, WOMAN.name, WOMAN.card_number, "19491231", "1949-12-31", "1949, 12, 31",
        "1234567890121", "สมมติ", "Sommut",
        holder.number, "ERIKSSON", "ANNA", f"{holder.birth:%y%m%d}", str(holder.birth), str(holder.expiry),
    }  # fmt: skip
    assert {secret for secret in secrets if secret in said} == set()
