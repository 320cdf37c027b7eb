"""Residents are found by the number of any document of theirs; simulated documents of every kind."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keys = op.create_table(
        "resident_keys",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("value", sa.String(length=22), nullable=False),
        sa.Column("nationality", sa.String(length=3), nullable=False),
        sa.Column("resident", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["resident"], ["residents.id"], name=op.f("fk_resident_keys_resident")),
        sa.PrimaryKeyConstraint("kind", "value", "nationality", name=op.f("pk_resident_keys")),
    )
    with op.batch_alter_table("resident_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resident_keys_resident"), ["resident"], unique=False)
    residents = sa.table("residents", sa.column("id", sa.String), sa.column("number", sa.String))
    known = sa.select(sa.literal("citizen"), residents.c.number, sa.literal(""), residents.c.id)
    op.execute(keys.insert().from_select(["kind", "value", "nationality", "resident"], known))
    # Not in batches: SQLite would make the table anew, and the spans refer to it.
    op.add_column("residents", sa.Column("latin_name", sa.String(), nullable=False, server_default=""))
    op.add_column("residents", sa.Column("nationality", sa.String(length=3), nullable=False, server_default="CHN"))
    op.add_column("residents", sa.Column("documents", sa.JSON(), nullable=False, server_default="[]"))
    op.drop_column("residents", "card")


def downgrade() -> None:
    op.add_column("residents", sa.Column("card", sa.JSON(), nullable=False, server_default="{}"))
    op.drop_column("residents", "documents")
    op.drop_column("residents", "nationality")
    op.drop_column("residents", "latin_name")
    op.drop_table("resident_keys")
