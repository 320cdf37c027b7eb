"""Pictures of a chessboard as two cameras of known geometry take them, distortion and all."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from hardware.face.stereo.chessboard import Board

OVER = 2  # samples a pixel, each way


@dataclass
class Camera:
    """``turn`` and ``way_mm`` lead from the left camera's frame into this one's."""

    focal_px: float
    centre: tuple[float, float]
    distortion: tuple[float, float, float, float, float]
    turn: np.ndarray = field(default_factory=lambda: np.eye(3))
    way_mm: np.ndarray = field(default_factory=lambda: np.zeros(3))
    size: tuple[int, int] = (480, 360)

    def __post_init__(self) -> None:
        width, height = self.size
        across, down = np.meshgrid(
            (np.arange(width * OVER) + 0.5) / OVER - 0.5, (np.arange(height * OVER) + 0.5) / OVER - 0.5
        )
        pixels = np.column_stack((across.ravel(), down.ravel())).reshape(-1, 1, 2)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 1e-6)
        flat = cv2.undistortPoints(pixels, self.matrix, np.array(self.distortion), criteria=criteria).reshape(-1, 2)
        self._rays = np.column_stack((flat, np.ones(len(flat)))).astype(np.float32)

    @property
    def matrix(self) -> np.ndarray:
        return np.array([[self.focal_px, 0, self.centre[0]], [0, self.focal_px, self.centre[1]], [0, 0, 1.0]])

    def see(self, solid: np.ndarray) -> np.ndarray:
        """Points in the left camera's frame (Nx3 mm) to px."""
        turn = cv2.Rodrigues(self.turn)[0]
        return cv2.projectPoints(solid, turn, self.way_mm, self.matrix, np.array(self.distortion))[0].reshape(-1, 2)

    def shoot(self, board: Board, turn: np.ndarray, origin_mm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """``turn`` (3x3) and ``origin_mm`` place the middle of the board in the left camera's frame."""
        axes, origin = self.turn @ turn, self.turn @ origin_mm + self.way_mm
        normal = axes[:, 2].astype(np.float32)
        reach = np.float32(normal @ origin) / (self._rays @ normal)
        there = (self._rays * reach[:, None] - origin.astype(np.float32)) @ axes.astype(np.float32)
        x, y = there[:, 0] / board.square_mm, there[:, 1] / board.square_mm
        half_x, half_y = (board.columns + 1) / 2, (board.rows + 1) / 2
        is_black = (np.floor(x + half_x) + np.floor(y + half_y)) % 2 == 0
        grey = np.where(is_black, 40.0, 215.0)
        grey[(np.abs(x) > half_x) | (np.abs(y) > half_y)] = 215
        grey[(np.abs(x) > half_x + 0.7) | (np.abs(y) > half_y + 0.7) | (reach <= 0)] = 120
        width, height = self.size
        picture = grey.reshape(height, OVER, width, OVER).mean(axis=(1, 3))
        picture = cv2.GaussianBlur(picture, (0, 0), 0.6) + rng.normal(0, 2, picture.shape)
        return cv2.cvtColor(np.clip(picture, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def turned(yaw_deg: float, pitch_deg: float, roll_deg: float = 0.0) -> np.ndarray:
    """3x3."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = cv2.Rodrigues(np.array([0.0, yaw, 0.0]))[0]
    about_x = cv2.Rodrigues(np.array([pitch, 0.0, 0.0]))[0]
    about_z = cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0]
    return about_y @ about_x @ about_z


def pair(baseline_mm: float = 60.0, toe_in_deg: float = 1.5) -> tuple[Camera, Camera]:
    """Two slightly different lenses, the right one turned inwards and nodding a little, as cheap modules are."""
    turn = turned(toe_in_deg, 0.6, 0.4)
    left = Camera(390.0, (242.0, 177.0), (-0.12, 0.05, 0.001, -0.0005, 0.0))
    right = Camera(395.0, (236.0, 182.0), (-0.10, 0.03, -0.0007, 0.001, 0.0), turn, turn @ [-baseline_mm, 0.0, 0.0])
    return left, right


POSES = (  # yaw, pitch, roll in degrees, x, y, distance in mm
    (0, 0, 0, 30, 0, 420), (25, 0, 3, -60, -40, 430), (-25, 0, -3, 110, -40, 430), (0, 30, 0, -60, 60, 430),
    (0, -30, 5, 110, 60, 430), (20, 25, 0, 20, -70, 460), (-20, -25, 0, 40, 70, 460), (20, -25, 10, -110, 0, 480),
    (-20, 25, -10, 150, 0, 480), (30, 5, 0, 0, 0, 520), (-30, -5, 0, 60, 20, 520), (5, 35, 0, -140, -80, 560),
    (-5, -35, 0, 170, 90, 560), (10, -30, 20, -130, 90, 560), (-10, 30, -20, 180, -90, 560), (28, -10, 0, 90, -60, 600),
    (-28, 10, 0, -90, 60, 600), (0, 0, 15, 0, -30, 340),
)  # fmt: skip


def album(cameras: tuple[Camera, Camera], board: Board, *, poses=POSES, seed: int = 1):
    """Pairs of pictures."""
    rng = np.random.default_rng(seed)
    for turn, origin in places(poses):
        yield cameras[0].shoot(board, turn, origin, rng), cameras[1].shoot(board, turn, origin, rng)


def corners(cameras: tuple[Camera, Camera], board: Board, *, poses=POSES, seed: int = 1):
    """What is found in such pictures, without drawing them: each corner a tenth of a pixel off."""
    rng = np.random.default_rng(seed)
    middle = board.points.mean(axis=0)
    for turn, origin in places(poses):
        solid = (board.points - middle) @ turn.T + origin
        yield tuple((camera.see(solid) + rng.normal(0, 0.1, (len(solid), 2))).astype(np.float32) for camera in cameras)


def places(poses):
    """Turn and origin of each pose."""
    for yaw, pitch, roll, x, y, distance in poses:
        yield turned(yaw, pitch, roll), np.array([x, y, distance], float)
