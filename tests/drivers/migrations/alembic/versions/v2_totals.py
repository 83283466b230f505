import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision, down_revision = "v2", "v1"


def upgrade():
    op.execute("CREATE MATERIALIZED VIEW totals AS SELECT kind, sum(amount) AS total FROM events GROUP BY kind")
    op.add_column("orders", sa.Column("tags", postgresql.ARRAY(sa.Text), server_default="{}"))
    op.execute("INSERT INTO events VALUES ('a', 1), ('a', 2)")


def downgrade():
    op.execute("DROP MATERIALIZED VIEW totals")
    op.drop_column("orders", "tags")
