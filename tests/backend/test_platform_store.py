"""Migrations give the tables' schema, on SQLite and on PostgreSQL; the same deliveries work on both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

import backend
from backend import bodies, codes, enquiries, registry, transactions
from backend.problems import Problem
from backend.store import DatabaseUrlError, Store
from backend.tables import Base
from tests.backend.postgres import postgres_url
from tests.backend.serving import WANG, ZHANG, InProcess, citizen, opened_body, sealed_envelope


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_url() as url:
        yield url


def differences(store: Store) -> list[object]:
    with store.engine.begin() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


def test_sqlite_has_the_tables_schema(inside: InProcess) -> None:
    assert differences(inside.platform.store) == []
    inside.platform.store.migrate()  # again: nothing to do


def test_the_comparison_can_fail(inside: InProcess) -> None:
    with inside.platform.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE codes DROP COLUMN visit")
    assert differences(inside.platform.store)


def test_sqlite_is_durable_and_checked(inside: InProcess) -> None:
    with inside.platform.store.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_residents_of_the_first_schema_are_found_by_their_number(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'old.db'}")
    _to(store, "0001")
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO residents (id, number, name, birth, sex, address, has_pension, card, note)"
            f" VALUES ('x', '{ZHANG}', 'x', '1949-12-31', 'F', 'x', 1, '{{}}', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO contribution_spans (number, employer, since, base, insurances)"
            f" VALUES ('{ZHANG}', 'x', '2023-01', '1.00', '[]')"
        )
    store.migrate()
    assert differences(store) == []
    with store.begin() as session:
        found = registry.find(session, bodies.RegistryKey.model_validate(citizen(ZHANG)))
        assert found is not None
        assert (found.id, found.documents, found.nationality) == ("x", [], "CHN")
    store.close()


def _to(store: Store, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(backend.__file__).parent / "migrations"))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.mark.peer
def test_postgresql_does_the_same(postgres: str) -> None:
    assert shutil.which("setpriv")
    inside = InProcess(postgres)
    try:
        platform = inside.platform
        assert differences(platform.store) == []
        ask = {"booth": "B7", "visit": "v1"}
        found = registry.lookup(platform, bodies.Lookup(**ask, key=citizen(ZHANG), service="pension-alive"))
        assert (found.name, found.facts["confirmed_until"]) == ("张秀英", None)
        answers = {"insurance": "medical", "period": "last_24"}
        enquiry = bodies.Enquiry(**ask, key=citizen(WANG), answers=answers, language="zh")
        assert len(enquiries.answer(platform, "contribution-certificate", enquiry).rows) > 24
        sent = codes.send(platform, bodies.CodeRequest(**ask, key=citizen(ZHANG)))
        with pytest.raises(Problem, match="rate-limited"):
            codes.send(platform, bodies.CodeRequest(**ask, key=citizen(ZHANG)))
        assert codes.verify(platform, sent.code_id, bodies.CodeAttempt(**ask, code="000000")).attempts_left in (0, 2)
        sealed = sealed_envelope(inside.seal_pub, 1, service="pension-alive", body=opened_body(ZHANG, "face"))
        envelope = bodies.Envelope.model_validate_json(msgspec.json.encode(sealed))
        first, again = transactions.deliver(platform, envelope), transactions.deliver(platform, envelope)
        assert (first[0], again[0]) == (True, False)
        assert first[1] == again[1]
        assert first[1]["state"] == "accepted"
        other = bodies.Envelope.model_validate_json(msgspec.json.encode(sealed_envelope(inside.seal_pub, 1)))
        with pytest.raises(Problem, match="number-reused"):
            transactions.deliver(platform, other)
    finally:
        inside.platform.store.close()


@pytest.mark.parametrize("url", ["", "backend.db", "mysql://localhost/x", "sqlite"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(DatabaseUrlError, match="--database"):
        Store(url)
