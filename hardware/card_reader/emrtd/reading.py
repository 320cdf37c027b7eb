"""Reads one eMRTD from its first command to a ``Document``: what is read, in which order, and what is never read.

DG1 comes first, so that a name can be shown while the portrait (most of the seconds) is on its way. Fingerprints (DG3)
and irises (DG4) are never asked for. Nothing is given back before everything was read. The chip is given at most one
second chance. At most ``MOST_BYTES`` are read, see ``files`` for the number of exchanges that may take.
"""

from __future__ import annotations

from hardware.card_reader import (
    CardProtected,
    CardUnreadable,
    Check,
    Document,
    DocumentSeen,
    MrzKey,
    Phase,
    Progress,
    Result,
    masked_name,
)
from hardware.card_reader.apdu import Exchange
from hardware.card_reader.emrtd import active_auth, chip_auth, passive_auth, sod
from hardware.card_reader.emrtd.access import EF_COM, Access
from hardware.card_reader.emrtd.data_groups import (
    DG1,
    parse_dg1,
    parse_dg14,
    parse_dg15,
    parse_ef_com,
)
from hardware.card_reader.emrtd.files import Listener
from hardware.card_reader.emrtd.holder import document, kind_of
from hardware.card_reader.emrtd.mrz import key_information
from hardware.card_reader.emrtd.secure_messaging import SessionLost
from hardware.card_reader.emrtd.security_infos import SecurityInfos
from hardware.card_reader.family import Task

EF_SOD = 0x011D
OPTIONAL = (11, 12, 14, 15)
_TAGS = {1: 0x61, 2: 0x75, 11: 0x6B, 12: 0x6C, 14: 0x6E, 15: 0x6F}
_MOST_BYTES = {1: 256, 2: 192 << 10, 11: 16 << 10, 12: 32 << 10, 14: 8 << 10, 15: 4 << 10}
MAX_COM_BYTES, MAX_SOD_BYTES = 256, 48 << 10
MOST_BYTES = sum(_MOST_BYTES.values()) + MAX_COM_BYTES + MAX_SOD_BYTES

# How far the reading is when each part begins; the portrait takes what lies between its own and the next.
_OPENING, _READING, _PORTRAIT, _DETAILS, _CHECKING = 0.02, 0.15, 0.2, 0.8, 0.92
_STEP = 0.02  # smaller steps of progress are nobody's concern


def read(task: Task) -> Exchange[Document]:
    """Read one chip.

    Raises ``CardUnknown`` when it has no eMRTD application, ``KeyNeeded``, ``KeyRefused``, ``CardProtected`` or
    ``CardUnreadable``. A document whose checks fail is given back all the same, with its checks.
    """
    return (yield from _Reading(task).run())


class _Reading:
    def __init__(self, task: Task) -> None:
        self._task = task
        self._access = Access(task)
        self._groups: dict[int, bytes] = {}
        self._signed: frozenset[int] = frozenset()  # the groups EF.SOD vouches for
        self._share = 0.0

    def run(self) -> Exchange[Document]:
        yield from self._access.find()
        self._report(Phase.FOUND, 0.0)
        self._report(Phase.OPENING, _OPENING)
        yield from self._access.enter()
        self._report(Phase.READING, _READING)
        zone = (yield from self._dg1()).mrz
        kind = kind_of(zone)
        seen = DocumentSeen(kind, masked_name(zone.chinese_name or zone.latin_name))
        self._report(Phase.PORTRAIT, _PORTRAIT, seen)
        listed = yield from self._listed()
        if listed is None or 2 in listed:
            yield from self._group(2, self._portrait_listener())
        self._report(Phase.READING, _DETAILS)
        for number in OPTIONAL:
            if listed is not None and number in listed:
                yield from self._group(number)
        security = yield from self._file(EF_SOD, 0x77, MAX_SOD_BYTES)
        if security is not None:
            self._signed = frozenset(sod.parse(security).hashes)
            yield from self._hidden()
        self._report(Phase.CHECKING, _CHECKING)
        genuine = yield from self._authenticate()
        checks = (*self._checks(zone.information), *self._passive(security), *genuine)
        result = document(zone, self._groups, checks, self._task.today, self._access.entrance.way)
        self._report(Phase.CHECKING, 1.0)
        return result

    # -- files ------------------------------------------------------------------------------------------------------

    def _file(
        self, identifier: int, tag: int, most_bytes: int, listener: Listener | None = None
    ) -> Exchange[bytes | None]:
        """Read a file, entering once more when the chip drops the session; it must be the same chip then."""
        files = self._access.files
        extra = () if listener is None else (listener,)
        try:
            return (yield from files.read(identifier, tag, most_bytes, *extra))
        except SessionLost as lost:
            yield from self._access.enter_again(lost)
            if 1 in self._groups and (yield from files.read(0x0101, _TAGS[1], _MOST_BYTES[1])) != self._groups[1]:
                raise CardUnreadable("another document answers than the one that was begun") from lost
        return (yield from files.read(identifier, tag, most_bytes, *extra))

    def _dg1(self) -> Exchange[DG1]:
        yield from self._group(1)
        if 1 not in self._groups:
            raise CardUnreadable("the chip has no DG1")
        return parse_dg1(self._groups[1], self._task.today)

    def _group(self, number: int, listener: Listener | None = None) -> Exchange[None]:
        """Read a data group and keep it; one that is not there, or locked and not needed, is left out."""
        try:
            raw = yield from self._file(0x0100 | number, _TAGS[number], _MOST_BYTES[number], listener)
        except CardProtected:
            if number <= 2:
                raise
            return
        if raw is not None:
            self._groups[number] = raw

    def _listed(self) -> Exchange[tuple[int, ...] | None]:
        """Read EF.COM: what is there. It is not signed and may be missing, so EF.SOD has the last word."""
        try:
            raw = yield from self._file(EF_COM, 0x60, MAX_COM_BYTES)
        except CardProtected:
            return None
        return None if raw is None else parse_ef_com(raw).groups

    def _hidden(self) -> Exchange[None]:
        """Read what is signed for but was not listed: leaving a key out of EF.COM would spare a copy its proof."""
        for number in (2, *OPTIONAL):
            if number in self._signed and number not in self._groups:
                yield from self._group(number)

    # -- checks -----------------------------------------------------------------------------------------------------

    def _authenticate(self) -> Exchange[tuple[Check, ...]]:
        """Ask the chip for the proofs its issuer promised. Its parameters are signed for only if the hashes agree."""
        infos = parse_dg14(self._groups[14]) if 14 in self._groups else None
        chip = yield from self._chip_authentication(infos)
        active = yield from self._active_authentication(infos)
        return chip, active, self._card_access(infos)

    def _is_withheld(self, number: int) -> bool:
        """Tell whether the issuer signed for this group and the chip does not give it: a copy that has no key would."""
        return number in self._signed and number not in self._groups

    def _chip_authentication(self, infos: SecurityInfos | None) -> Exchange[Check]:
        if self._is_withheld(14):
            return Check(chip_auth.NAME, Result.FAIL, "the chip does not give DG14, which its issuer signed")
        entrance = self._access.entrance
        if entrance.mapping is not None:
            judged = chip_auth.judge_mapping(entrance.mapping, infos, entrance.card_security, self._task.trust_folder)
            if judged.result in (Result.PASS, Result.FAIL) or not chip_auth.is_offered(infos):
                return judged
        if infos is None or not chip_auth.is_offered(infos):
            return Check(chip_auth.NAME, Result.NOT_DONE, "the document does not offer it")
        if self._access.channel.session is None:
            return Check(chip_auth.NAME, Result.NOT_DONE, "there is no session to prove it with")
        return (yield from chip_auth.authenticate(self._access.channel, infos))

    def _active_authentication(self, infos: SecurityInfos | None) -> Exchange[Check]:
        if self._is_withheld(15):
            return Check(active_auth.NAME, Result.FAIL, "the chip does not give DG15, which its issuer signed")
        if 15 not in self._groups:
            return Check(active_auth.NAME, Result.NOT_DONE, "the document does not offer it")
        try:
            key = parse_dg15(self._groups[15])
        except CardUnreadable as unknown:
            return Check(active_auth.NAME, Result.NOT_DONE, unknown.message)
        session = self._access.channel.session
        if session is not None and not session.is_open:
            return Check(active_auth.NAME, Result.NOT_DONE, "the session ended before it")
        info = infos.active_auth if infos else None
        return (
            yield from active_auth.authenticate(
                self._access.channel, key, info, allows_extended=self._task.allows_extended
            )
        )

    def _card_access(self, infos: SecurityInfos | None) -> Check:
        """Compare the unsigned EF.CardAccess with DG14: somebody may have taken PACE away, or weakened it."""
        name = "card_access_matches_dg14"
        offered = self._access.entrance.card_access
        if offered is None:
            if infos is not None and infos.pace:
                return Check(name, Result.WARN, "DG14 offers PACE, but there was no EF.CardAccess")
            return Check(name, Result.NOT_DONE, "the document does not offer PACE")
        if infos is None:
            return Check(name, Result.WARN, "there is no DG14 to compare EF.CardAccess with")
        if infos.includes(offered):
            return Check(name, Result.PASS)
        return Check(name, Result.FAIL, "EF.CardAccess says something else than DG14")

    def _checks(self, information: str) -> tuple[Check, ...]:
        key = self._task.key
        if not isinstance(key, MrzKey):
            return (self._access.entrance.check(),)
        is_same = key_information(key) == information
        matches = (
            Check("mrz_matches_key", Result.PASS)
            if is_same
            else Check("mrz_matches_key", Result.FAIL, "the chip opened with another zone than it holds")
        )
        return self._access.entrance.check(), matches

    def _passive(self, security: bytes | None) -> tuple[Check, ...]:
        if security is not None:
            asked = (1, 2, *OPTIONAL)
            return passive_auth.verify(security, self._groups, self._task.trust_folder, self._task.today, asked)
        reason = "the chip has no EF.SOD"
        return (
            Check("sod_signature", Result.FAIL, reason),
            *(Check(name, Result.NOT_DONE, reason) for name in ("dg_hashes", "csca_trust", "signer_valid")),
        )

    # -- progress ---------------------------------------------------------------------------------------------------

    def _report(self, phase: Phase, share: float, seen: DocumentSeen | None = None) -> None:
        self._share = max(self._share, share)
        self._task.report(Progress(phase, self._share, seen))

    def _portrait_listener(self) -> Listener:
        def tell(read_bytes: int, total_bytes: int) -> None:
            share = _PORTRAIT + (_DETAILS - _PORTRAIT) * read_bytes / total_bytes
            if share >= self._share + _STEP:
                self._report(Phase.PORTRAIT, share)

        return tell
