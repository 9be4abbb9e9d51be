"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "settings",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "classes",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
        sa.Column("code", sa.String(8), nullable=False, unique=True),
        sa.Column("code_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trainees",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("class_id", _NUMBER, sa.ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("folded_name", sa.String(160), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("joined_at", sa.BigInteger, nullable=False),
        sa.Column("rejoin_until", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("has_left", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.UniqueConstraint("class_id", "folded_name", name="one_trainee_of_a_name"),
    )
    make_reports()
    make_what_is_shown()


def make_reports() -> None:
    """Make the table of what was sent."""
    op.create_table(
        "reports",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        make_trainee_reference(primary_key=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("lab", sa.String(80), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("judged_as", sa.String(120)),
        sa.Column("earned", sa.Integer),
        sa.Column("possible", sa.Integer),
        sa.Column("refusal", sa.Text),
        sa.UniqueConstraint("trainee_id", "digest", name="one_report_of_a_digest"),
    )
    op.create_index("reports_by_time", "reports", ["trainee_id", "received_at"])
    op.create_index("reports_by_judgement", "reports", ["judged_as"])


def make_what_is_shown() -> None:
    """Make the tables of where each trainee stands, hands, and nonces."""
    op.create_table(
        "standings",
        make_trainee_reference(primary_key=True),
        sa.Column("lab", sa.String(80), primary_key=True),
        sa.Column("report_id", sa.BigInteger, nullable=False),
        sa.Column("standing", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "hands",
        make_trainee_reference(primary_key=True),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("raised_at", sa.BigInteger, nullable=False),
        sa.Column("lab", sa.String(80), nullable=False, server_default=""),
        sa.Column("check_id", sa.String(80), nullable=False, server_default=""),
    )
    op.create_table(
        "used_nonces",
        sa.Column("nonce", sa.String(80), primary_key=True),
        sa.Column("used_at", sa.BigInteger, nullable=False),
    )


def make_trainee_reference(*, primary_key: bool) -> "sa.Column[str]":
    """Make a column that goes with its trainee."""
    return sa.Column(
        "trainee_id",
        sa.String(32),
        sa.ForeignKey("trainees.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
