import sqlalchemy as sa
from alembic import op

revision, down_revision = "v1", None


def upgrade():
    op.execute("CREATE STREAM events (kind text, amount numeric)")
    op.create_table("orders", sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("note", sa.Text, nullable=False))
    op.execute("INSERT INTO orders (note) VALUES ('first')")


def downgrade():
    op.drop_table("orders")
    op.execute("DROP STREAM events")
