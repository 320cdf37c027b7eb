"""Puts an engine together as a pack's manifest says. Knows which adapter runs what, and nothing of their work."""

from __future__ import annotations

from hardware.face.engines.composed import ComposedEngine
from hardware.face.engines.detectors import Finds, Scrfd, YuNet
from hardware.face.engines.passive import PassiveVote
from hardware.face.engines.recognisers import OnnxRecogniser, Recognises, SFace
from hardware.face.engines.runtime import quiet_opencv
from hardware.face.pack import Pack


def load_composed(pack: Pack) -> ComposedEngine:
    """Load all models of ``pack``. Raises ``NoModelPack`` naming the file that is none of its kind."""
    quiet_opencv()
    manifest, folder = pack.manifest, pack.folder
    found, makes, alive = manifest.detection, manifest.recognition, manifest.liveness
    detector: Finds
    recogniser: Recognises
    if manifest.pack.engine == "insightface":
        from hardware.face.engines.insightface_pack import load_models  # noqa: PLC0415 - heavy, and for its packs only

        detector, recogniser = load_models(pack)
    else:
        detector = (YuNet if found.kind == "yunet" else Scrfd)(folder / found.file, found)
        recogniser = (SFace if manifest.pack.engine == "opencv" else OnnxRecogniser)(folder / makes.file, makes)
    return ComposedEngine(pack, detector, recogniser, PassiveVote(folder / alive.file, alive) if alive else None)
