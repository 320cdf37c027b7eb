"""A pack in the right form whose weights are no models: for everything that must happen before an engine loads them."""

import hashlib
from pathlib import Path

RECIPES = Path(__file__).parents[3] / "hardware" / "face" / "packs"
WEIGHTS = {
    "detector.onnx": b"weights of a detector",
    "recogniser.onnx": b"weights of a recogniser",
    "passive.onnx": b"weights of a passive model",
}
_SHIPPED = ("scrfd_2.5g_bnkps.onnx", "edgeface_xs_q_fp32.onnx", "facenox_antispoof_98.20.onnx")


def manifest(**changes: str) -> str:
    """The shipped recipe with other weights; ``changes`` set ``key = "value"``."""
    lines = []
    for line in (RECIPES / "lab-edgeface.toml").read_text().splitlines():
        for key, value in {"permitted_use": "public", **changes}.items():
            if line.startswith(f"{key} ="):
                line = f'{key} = "{value}"'  # noqa: PLW2901
        lines.append(line)
    text = "\n".join(lines) + "\n"
    shas = [line for line in text.splitlines() if line.startswith("sha256")]
    for line, old, (new, weights) in zip(shas, _SHIPPED, WEIGHTS.items(), strict=True):
        text = text.replace(old, new).replace(line, f'sha256 = "{hashlib.sha256(weights).hexdigest()}"')
    return text


def write_weights(folder: Path) -> Path:
    """Put the loose weights into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in WEIGHTS.items():
        (folder / name).write_bytes(data)
    return folder


def write_pack(folder: Path, **changes: str) -> Path:
    """Make a whole pack in ``folder``."""
    write_weights(folder)
    (folder / "manifest.toml").write_text(manifest(**changes))
    return folder
