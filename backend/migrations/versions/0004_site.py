"""What booths report about their sites: rows, alarms, commands, and how each booth stands."""

import sqlalchemy as sa
from alembic import op

from backend.tables import UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingest_workers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("seen_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_workers")),
    )
    op.create_table(
        "site_alarms",
        sa.Column("booth", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("covers", sa.JSON(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=100), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("waits_since", UtcTime(), nullable=True),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("booth", "key", name=op.f("pk_site_alarms")),
    )
    op.create_index("ix_site_alarms_state", "site_alarms", ["state"], unique=False)
    op.create_table(
        "site_booths",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("grid", sa.String(length=30), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("state_since", UtcTime(), nullable=False),
        sa.Column("heard_at", UtcTime(), nullable=False),
        sa.Column("boot", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("known", sa.String(length=64), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("watch", sa.String(length=12), nullable=False),
        sa.Column("trouble", sa.String(length=40), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("birth", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_booths")),
    )
    op.create_table(
        "site_commands",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("booth", sa.String(length=8), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("issued_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("result", sa.String(length=40), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("answered_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_commands")),
    )
    op.create_index("ix_site_commands_booth_issued_at", "site_commands", ["booth", "issued_at"], unique=False)
    op.create_table(
        "site_events",
        sa.Column("booth", sa.String(length=24), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("booth", "seq", name=op.f("pk_site_events")),
    )


def downgrade() -> None:

    op.drop_table("site_events")
    op.drop_index("ix_site_commands_booth_issued_at", table_name="site_commands")
    op.drop_table("site_commands")
    op.drop_table("site_booths")
    op.drop_index("ix_site_alarms_state", table_name="site_alarms")
    op.drop_table("site_alarms")
    op.drop_table("ingest_workers")
