"""``python -m backend``: init (demo keys), serve (both listeners), ingest (what booths report), openapi (contract)."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.exc import SQLAlchemyError

from backend import booth_api, listeners, pki, run_folder, seeds, site_road, staff_pages
from backend.broker import Broker, BrokerError
from backend.faults import Fault, Misbehave
from backend.platform import Platform
from backend.staff import DEMO_CLERK, Staff
from backend.store import DatabaseUrlError, Store

_PORTS = ("backend", "staff", "broker")
_run = click.option(
    "--run",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".run"),
    show_default=True,
    help="Run folder.",
)


@click.group()
def main() -> None:
    """The reference community platform."""


@main.command()
@_run
@click.option("--booth", default="B7", show_default=True, help="Id of the booth the demo certificate is for.")
def init(run: Path, booth: str) -> None:
    """Make demo authority, certificates, keys and the clerk's password; leave good ones as they are."""
    try:
        pki.init(run, booth)
    except pki.PkiError as error:
        sys.exit(f"backend: {error}")
    run_folder.staff_password(run)


@main.command()
def openapi() -> None:
    """Print the booth API's contract."""
    click.echo(contract(), nl=False)


def contract() -> str:
    """Give the OpenAPI document as it is committed in openapi.json."""
    return json.dumps(booth_api.build().openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _token(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Give the word itself, or what is in the file that ``@FILE`` names."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return run_folder.read_token(Path(value[1:]))
    except ValueError as error:
        sys.exit(f"backend: --bench-token: {error}")


@main.command()
@_run
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the booth API.")
@click.option("--port", default=0, help="Port of the booth API; 0 takes a free one.")
@click.option("--staff-port", default=0, help="Port of the staff pages, always on loopback; 0 takes a free one.")
@click.option("--database", help="sqlite:///PATH or postgresql://...  [default: RUN/backend.db]")
@click.option(
    "--bench-token",
    callback=_token,
    metavar="WORD|@FILE",
    help="Offer the bench's control on the staff listener to whoever knows this. A WORD can be seen in the list of "
    "processes; from @FILE (mode 0600) it is read.",
)
@click.option(
    "--broker-port",
    type=click.IntRange(0, 65535),
    help="Also run Mosquitto (TLS, RUN/pki) on this port of loopback, 0 takes a free one, and an ingest worker.",
)
def serve(
    run: Path,
    host: str,
    port: int,
    staff_port: int,
    database: str | None,
    bench_token: str | None,
    broker_port: int | None,
) -> None:
    """Serve until SIGTERM; the ports are in RUN/ports.json (backend, staff, broker) once all listen."""
    run_folder.publish_ports(run, dict.fromkeys(_PORTS))
    database = database or f"sqlite:///{run.resolve() / 'backend.db'}"
    try:
        api = listeners.bind(host, port, "booth API", "--port")
        pages = listeners.bind("127.0.0.1", staff_port, "staff pages", "--staff-port")
        platform = _platform(run, database)
        platform.store.migrate()
        with platform.store.begin() as session:
            seeds.seed_new(session)
        with site_road.opened(run, database, broker_port) as broker:
            _serve(run, platform, (api, pages), bench_token, broker)
    except (listeners.PortTakenError, pki.PkiError, DatabaseUrlError, seeds.SeedError, BrokerError) as error:
        sys.exit(f"backend: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"backend: --database: {type(error).__name__}: {str(error).splitlines()[0]}")


@main.command("ingest")
@_run
@click.option("--broker", required=True, metavar="HOST:PORT", help="Where the booths' broker is.")
@click.option("--plain", is_flag=True, help="Without TLS; a broker on this computer only.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--database", help="sqlite:///PATH or postgresql://...  [default: RUN/backend.db]")
@click.option("--ready", type=click.Path(path_type=Path), help="Make this file once all workers hear the broker.")
def ingest(run: Path, broker: str, plain: bool, workers: int, database: str | None, ready: Path | None) -> None:
    """Take what booths report until SIGTERM. Run it several times, on several computers, for more."""
    database = database or f"sqlite:///{run.resolve() / 'backend.db'}"
    try:
        site_road.ingest(
            _platform(run, database), site_road.place(broker, None if plain else run / "pki"), workers, ready
        )
    except (pki.PkiError, DatabaseUrlError, BrokerError) as error:
        sys.exit(f"backend: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"backend: --database: {type(error).__name__}: {str(error).splitlines()[0]}")


def _platform(run: Path, database: str) -> Platform:
    return Platform(
        Store(database),
        X25519PrivateKey.from_private_bytes(pki.raw_key(run / "pki" / "seal.key")),
        Ed25519PrivateKey.from_private_bytes(pki.raw_key(run / "pki" / "sign.key")),
    )


def _serve(
    run: Path,
    platform: Platform,
    sockets: tuple[socket.socket, socket.socket],
    bench_token: str | None,
    broker: Broker | None,
) -> None:
    staff = Staff(platform)
    staff.ensure(DEMO_CLERK, run_folder.staff_password(run))
    fault = Fault()
    api = listeners.booth_config(Misbehave(booth_api.build(platform), fault), run / "pki", fault)
    pages = listeners.staff_config(staff_pages.build(platform, staff, fault, bench_token))
    ports = {name: listener.getsockname()[1] for name, listener in zip(("backend", "staff"), sockets, strict=True)}
    if broker is not None:
        ports["broker"] = broker.port
    try:
        pairs = [(api, sockets[0]), (pages, sockets[1])]
        asyncio.run(listeners.serve(pairs, lambda: run_folder.publish_ports(run, ports), fault.end))
    finally:
        run_folder.publish_ports(run, dict.fromkeys(_PORTS))
        platform.store.close()


if __name__ == "__main__":
    main()
