"""The tables of the board, alike on SQLite and PostgreSQL; times are milliseconds since 1970, UTC."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

METADATA = MetaData()
MAX_FOLDED_CHARS = 160
# SQLite numbers rows by itself for its own INTEGER alone.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
CLASSES = Table(
    "classes",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("code", String(8), nullable=False, unique=True),
    Column("code_until", BigInteger, nullable=False),
)
TRAINEES = Table(
    "trainees",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("class_id", _NUMBER, ForeignKey("classes.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("folded_name", String(MAX_FOLDED_CHARS), nullable=False),
    Column("secret", String(64), nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("rejoin_until", BigInteger, nullable=False, server_default="0"),
    Column("has_left", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("class_id", "folded_name", name="one_trainee_of_a_name"),
)
REPORTS = Table(
    "reports",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("trainee_id", String(32), ForeignKey("trainees.id", ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("lab", String(80), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("judged_as", String(120)),
    Column("earned", Integer),
    Column("possible", Integer),
    Column("refusal", Text),
    UniqueConstraint("trainee_id", "digest", name="one_report_of_a_digest"),
    Index("reports_by_time", "trainee_id", "received_at"),
    Index("reports_by_judgement", "judged_as"),
)
STANDINGS = Table(
    "standings",
    METADATA,
    Column("trainee_id", String(32), ForeignKey("trainees.id", ondelete="CASCADE"), primary_key=True),
    Column("lab", String(80), primary_key=True),
    Column("report_id", BigInteger, nullable=False),
    Column("standing", LargeBinary, nullable=False),
)
HANDS = Table(
    "hands",
    METADATA,
    Column("trainee_id", String(32), ForeignKey("trainees.id", ondelete="CASCADE"), primary_key=True),
    Column("text", String(200), nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("lab", String(80), nullable=False, server_default=""),
    Column("check_id", String(80), nullable=False, server_default=""),
)
USED_NONCES = Table(
    "used_nonces",
    METADATA,
    Column("nonce", String(80), primary_key=True),
    Column("used_at", BigInteger, nullable=False),
)
