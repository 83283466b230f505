"""SQLAlchemy over psycopg: create tables from models, sessions with flush, savepoints and rollback, queries, reflection."""

import os

from sqlalchemy import BigInteger, Boolean, MetaData, Numeric, Text, create_engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

URL = f"postgresql+psycopg://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "sa_products"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text, nullable=False)
    price: Mapped[float] = mapped_column(Numeric(10, 2))
    sold: Mapped[bool] = mapped_column(Boolean, nullable=True)


def main():
    engine = create_engine(URL)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("DROP TABLE IF EXISTS sa_products"))
        Base.metadata.create_all(conn)  # DDL stands alone
    with Session(engine) as session:
        session.add_all([Product(id=i, name=f"product {i}", price=i * 1.5, sold=i % 2 == 0) for i in range(100)])
        session.commit()
        session.add(Product(id=100, name="kept", price=1))
        session.flush()
        try:
            with session.begin_nested():
                session.add(Product(id=100, name="twice", price=1))
                session.flush()
        except IntegrityError:
            pass
        session.commit()
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Product)) == 101
        cheap = session.scalars(select(Product).where(Product.price < 5, Product.name.like("product%")).order_by(Product.id)).all()
        assert [p.id for p in cheap] == [0, 1, 2, 3], cheap
        product = session.get(Product, 100)
        product.name = "renamed"
        session.commit()
        assert session.scalar(select(Product.name).where(Product.id == 100)) == "renamed"
        session.delete(product)
        session.rollback()
        assert session.scalar(select(func.count()).select_from(Product).where(Product.id.in_([1, 2, 100, 200]))) == 3
    assert "sa_products" in inspect(engine).get_table_names()
    reflect(engine)


SCHEMA = """
DROP VIEW IF EXISTS sa_glad; DROP TABLE IF EXISTS sa_people; DROP TYPE IF EXISTS sa_mood; DROP SEQUENCE IF EXISTS sa_seq;
CREATE TYPE sa_mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE sa_people (id bigint PRIMARY KEY, name varchar(40) NOT NULL, m sa_mood DEFAULT 'ok', tags text[], price numeric(10,2), n serial,
    CONSTRAINT sa_positive CHECK (id > 0), UNIQUE (name, price));
CREATE INDEX sa_people_m ON sa_people (m, id DESC);
CREATE VIEW sa_glad AS SELECT id, m FROM sa_people;
CREATE SEQUENCE sa_seq;
COMMENT ON TABLE sa_people IS 'all of them';
COMMENT ON COLUMN sa_people.m IS 'how they feel'
"""


def reflect(engine):
    """What the inspector says of a schema; the expectations are PostgreSQL's answers."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for statement in SCHEMA.split(";"):
            conn.execute(text(statement))
    i = inspect(engine)
    assert {"sa_people", "sa_products"} <= set(i.get_table_names()), i.get_table_names()
    assert "sa_glad" in i.get_view_names()
    assert i.get_materialized_view_names() == []
    assert {"sa_seq", "sa_people_n_seq"} <= set(i.get_sequence_names())
    assert "public" in i.get_schema_names()
    assert i.has_table("sa_people") and not i.has_table("sa_nosuch") and i.has_sequence("sa_seq") and i.has_index("sa_people", "sa_people_m")
    columns = {c["name"]: c for c in i.get_columns("sa_people")}
    assert list(columns) == ["id", "name", "m", "tags", "price", "n"]
    assert [str(c["type"]) for c in columns.values()] == ["BIGINT", "VARCHAR(40)", "VARCHAR(5)", "ARRAY", "NUMERIC(10, 2)", "INTEGER"], columns
    assert [c["nullable"] for c in columns.values()] == [False, False, True, True, True, False], columns
    assert (columns["m"]["type"].name, columns["m"]["type"].enums) == ("sa_mood", ["sad", "ok", "happy"])
    assert columns["m"]["default"] == "'ok'::sa_mood" and columns["m"]["comment"] == "how they feel"
    assert columns["n"]["default"] == "nextval('sa_people_n_seq'::regclass)"
    key = i.get_pk_constraint("sa_people")
    assert (key["name"], key["constrained_columns"]) == ("sa_people_pkey", ["id"]), key
    assert i.get_foreign_keys("sa_people") == []
    indexes = {x["name"]: x for x in i.get_indexes("sa_people")}
    assert indexes["sa_people_m"]["column_names"] == ["m", "id"] and not indexes["sa_people_m"]["unique"], indexes
    assert indexes["sa_people_m"]["column_sorting"] == {"id": ("desc",)}, indexes
    unique = i.get_unique_constraints("sa_people")
    assert [(u["name"], u["column_names"]) for u in unique] == [("sa_people_name_price_key", ["name", "price"])], unique
    checks = i.get_check_constraints("sa_people")
    assert [(c["name"], c["sqltext"]) for c in checks] == [("sa_positive", "id > 0")], checks
    assert i.get_table_comment("sa_people") == {"text": "all of them"}
    assert "sa_people" in i.get_view_definition("sa_glad")
    assert ("sa_mood", ["sad", "ok", "happy"]) in [(e["name"], e["labels"]) for e in i.get_enums()]
    metadata = MetaData()
    metadata.reflect(engine, views=True, only=["sa_people", "sa_glad"])
    people = metadata.tables["sa_people"]
    with engine.begin() as conn:
        conn.execute(people.insert().values(id=1, name="a", m="happy", tags=["x", "y"], price=1))
        assert conn.execute(select(people.c.m, people.c.tags).where(people.c.m > "sad")).all() == [("happy", ["x", "y"])]


main()
