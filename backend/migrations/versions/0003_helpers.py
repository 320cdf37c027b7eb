"""Who may act for whom."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "helpers",
        sa.Column("resident", sa.String(length=40), nullable=False),
        sa.Column("helper", sa.String(length=40), nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["helper"], ["residents.id"], name=op.f("fk_helpers_helper")),
        sa.ForeignKeyConstraint(["resident"], ["residents.id"], name=op.f("fk_helpers_resident")),
        sa.PrimaryKeyConstraint("resident", "helper", name=op.f("pk_helpers")),
    )


def downgrade() -> None:
    op.drop_table("helpers")
