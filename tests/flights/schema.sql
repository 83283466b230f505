-- What left New York in 2013: three tables that change now and then, and two streams of events.

CREATE TABLE carriers (
    carrier text PRIMARY KEY,
    name    text
);

CREATE TABLE planes (
    tailnum      text PRIMARY KEY,
    year         int,
    type         text,
    manufacturer text,
    model        text,
    engines      int,
    seats        int,
    speed        int,
    engine       text
);

CREATE TABLE airports (
    faa   text PRIMARY KEY,
    name  text,
    lat   double precision,
    lon   double precision,
    alt   int,
    tz    int,
    dst   text,
    tzone text
);

CREATE STREAM flights (
    id        bigint KEY,
    year      int,
    month     int,
    day       int,
    dep_time  int,
    dep_delay int,
    arr_time  int,
    arr_delay int,
    carrier   text,
    tailnum   text,
    flight    int,
    origin    text,
    dest      text,
    air_time  int,
    distance  int,
    hour      int,
    minute    int
);

CREATE STREAM weather (
    origin     text KEY,
    year       int,
    month      int,
    day        int,
    hour       int,
    temp       double precision,
    dewp       double precision,
    humid      double precision,
    wind_dir   int,
    wind_speed double precision,
    wind_gust  double precision,
    precip     numeric,
    pressure   double precision,
    visib      double precision,
    time_hour  timestamptz
);
