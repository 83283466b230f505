"""SQLAlchemy over psycopg: create tables from models, sessions with flush, savepoints and rollback, queries."""

import os

from sqlalchemy import BigInteger, Boolean, Numeric, Text, create_engine, func, inspect, select, text
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


main()
