"""Quality gates: may this frame be compared, and if not, what one thing should the resident do?

Bad pictures cause rejections, not acceptances; so the gates are there to help the person, not for security. Pure
functions over what a detector found; the figures belong to the model pack, because they differ by detector. Measures
after ISO/IEC 29794-5: one face, eye distance, pose, light, sharpness, motion. Knows no pixels of a person.
"""

from __future__ import annotations

import math

import msgspec

from hardware.face import Coaching

DARK_GREY = 12.0  # mean grey of a frame in which no detector finds a face any more

Point = tuple[float, float]


class Gates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits. Angles in degrees, ``*_share`` relative to what the name says, grey levels 0-255."""

    detection_score: float  # below: turned, covered or no face at all
    second_face_share: float  # of the first face's area, from which another face is a second person
    region_margin_share: float  # of the frame's width, left and right: faces there are passers-by
    eye_distance_min_px: float
    eye_distance_max_share: float  # of the frame's height
    roll_max_deg: float
    yaw_max_share: float  # nose off the middle of the eyes, of the eye distance
    pitch_min_share: float  # nose below the eyes, of the way to the mouth
    pitch_max_share: float
    brightness_min: float
    brightness_max: float
    clipped_max_share: float  # of the face's pixels that are white
    sharpness_min: float  # variance of the Laplacian on the aligned 112x112 face
    motion_max_share: float  # between two frames, of the eye distance


class Face(msgspec.Struct, frozen=True):
    """One face found: box (left, top, right, bottom) and five points in px of the frame.

    Points: the eye on the picture's left, the eye on its right, nose, left and right corner of the mouth.
    """

    box: tuple[float, float, float, float]
    points: tuple[Point, Point, Point, Point, Point]
    score: float

    @property
    def area(self) -> float:
        """Of the box, in square px."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)

    @property
    def eye_distance_px(self) -> float:
        """Between the two eyes."""
        return math.dist(self.points[0], self.points[1])

    @property
    def centre(self) -> Point:
        """Mean of the five points: steadier than any of them."""
        return (sum(x for x, _ in self.points) / 5, sum(y for _, y in self.points) / 5)


class Pose(msgspec.Struct, frozen=True):
    """How a head is held, from five points: rough, but enough to coach."""

    roll_deg: float
    yaw_share: float
    pitch_share: float


class Light(msgspec.Struct, frozen=True):
    """What was measured on the aligned face."""

    brightness: float
    clipped_share: float
    sharpness: float


def pose_of(face: Face) -> Pose:
    """Derive the pose: roll by the eyes' line, then yaw and pitch by the nose in the upright face."""
    (left_x, left_y), (right_x, right_y), nose, mouth_left, mouth_right = face.points
    roll = math.atan2(right_y - left_y, right_x - left_x)
    middle = ((left_x + right_x) / 2, (left_y + right_y) / 2)
    mouth = ((mouth_left[0] + mouth_right[0]) / 2, (mouth_left[1] + mouth_right[1]) / 2)

    def upright(point: Point) -> Point:
        dx, dy = point[0] - middle[0], point[1] - middle[1]
        return (dx * math.cos(roll) + dy * math.sin(roll), dy * math.cos(roll) - dx * math.sin(roll))

    nose_x, nose_y = upright(nose)
    mouth_y = upright(mouth)[1]
    eye_distance = max(face.eye_distance_px, 1e-6)
    return Pose(math.degrees(roll), nose_x / eye_distance, nose_y / mouth_y if mouth_y > 1e-6 else math.inf)


def is_dark(frame_brightness: float) -> bool:
    """Say whether a frame is too dark to look for anybody."""
    return frame_brightness < DARK_GREY


def choose(faces: list[Face], width_px: int, gates: Gates) -> Face | Coaching:
    """Pick the person before the camera, or say why there is not exactly one."""
    margin = gates.region_margin_share * width_px
    inside = [face for face in faces if margin <= face.centre[0] <= width_px - margin]
    if not inside:
        return Coaching.LOOK_HERE
    first = max(inside, key=lambda face: face.area)
    if any(face is not first and face.area >= gates.second_face_share * first.area for face in inside):
        return Coaching.ONE_PERSON
    return first


def check_place(face: Face, width_px: int, height_px: int, gates: Gates) -> Coaching | None:
    """Check distance and pose; None when they are right."""
    if face.score < gates.detection_score:
        return Coaching.LOOK_HERE
    pose = pose_of(face)
    is_straight = (
        abs(pose.roll_deg) <= gates.roll_max_deg
        and abs(pose.yaw_share) <= gates.yaw_max_share
        and gates.pitch_min_share <= pose.pitch_share <= gates.pitch_max_share
    )
    if not is_straight:  # before the distance: the eyes of a turned head look closer together
        return Coaching.LOOK_HERE
    if face.eye_distance_px < gates.eye_distance_min_px:
        return Coaching.NEARER
    left, top, right, bottom = face.box
    slack = 0.1 * (bottom - top)
    is_cut = left < -slack or top < -slack or right > width_px + slack or bottom > height_px + slack
    is_too_near = is_cut or face.eye_distance_px > gates.eye_distance_max_share * height_px
    return Coaching.FURTHER if is_too_near else None


def check_light(light: Light, gates: Gates) -> Coaching | None:
    """Check brightness and sharpness of the aligned face; None when they are right."""
    if light.brightness < gates.brightness_min:
        return Coaching.MORE_LIGHT
    if light.brightness > gates.brightness_max or light.clipped_share > gates.clipped_max_share:
        return Coaching.LESS_LIGHT
    return Coaching.HOLD_STILL if light.sharpness < gates.sharpness_min else None


def check_motion(face: Face, before: Face | None, gates: Gates) -> Coaching | None:
    """Check that the head hardly moved since the frame ``before``; None when it did not."""
    if before is None:
        return None
    moved_px = math.dist(face.centre, before.centre)
    return Coaching.HOLD_STILL if moved_px > gates.motion_max_share * face.eye_distance_px else None
