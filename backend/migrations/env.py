"""Alembic's environment: the connection comes from Store.migrate, the target from the tables."""

from alembic import context

from backend import telemetry_tables  # noqa: F401 - its tables belong to the target
from backend.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
