-- Nine views that stay true while flights come in and tables change.

-- Departures and mean delay, in minutes, of each carrier in each month.
CREATE MATERIALIZED VIEW carrier_months AS
SELECT carrier, year, month, count(*) AS departures, avg(dep_delay) AS mean_delay
FROM flights
GROUP BY carrier, year, month;

-- How busy each route is.
CREATE MATERIALIZED VIEW routes AS
SELECT origin, dest, count(*) AS flights, avg(distance::double precision) AS miles
FROM flights
GROUP BY origin, dest;

-- Flights that left more than an hour late, and how much of that they made up in the air.
CREATE MATERIALIZED VIEW late_flights AS
SELECT id, carrier, flight, origin, dest, dep_delay, dep_delay - arr_delay AS made_up, arr_delay <= 0 AS on_time
FROM flights
WHERE dep_delay > 60;

-- Each flight with its carrier's name and its plane's maker, where the plane is known.
CREATE MATERIALIZED VIEW flight_details AS
SELECT f.id, f.month, f.day, f.origin, f.dest, c.name AS carrier, p.manufacturer AS maker, p.model, f.dep_delay
FROM flights f
JOIN carriers c ON c.carrier = f.carrier
LEFT JOIN planes p ON p.tailnum = f.tailnum;

-- Seats that each maker's planes flew, and how far.
CREATE MATERIALIZED VIEW maker_seats AS
SELECT p.manufacturer AS maker, count(*) AS flights, sum(p.seats) AS seats,
    sum(p.seats * f.distance * 1.609344::double precision) AS seat_km, min(p.year) AS oldest, max(p.year) AS newest
FROM flights f
JOIN planes p ON p.tailnum = f.tailnum
GROUP BY p.manufacturer;

-- Delay by how far one could see at the airport in the hour of the departure.
CREATE MATERIALIZED VIEW visibility_delays AS
SELECT w.visib, count(*) AS departures, avg(f.dep_delay) AS mean_delay,
    sum(CASE WHEN f.dep_delay > 15 THEN 1 ELSE 0 END) AS late,
    sum(w.precip) AS rain, min(w.time_hour) AS since, max(w.time_hour) AS until
FROM flights f
JOIN weather w ON w.origin = f.origin AND w.year = f.year AND w.month = f.month AND w.day = f.day AND w.hour = f.hour
GROUP BY w.visib;

-- Arrivals at every airport, those that no flight went to included.
CREATE MATERIALIZED VIEW arrivals AS
SELECT a.faa, a.name, a.alt, count(f.id) AS flights, avg(f.arr_delay) AS mean_delay, min(f.air_time) AS fastest, max(f.air_time) AS slowest
FROM airports a
LEFT JOIN flights f ON f.dest = a.faa
GROUP BY a.faa, a.name, a.alt;

-- The year of each carrier: a view over the first of these, joined to a table.
CREATE MATERIALIZED VIEW carrier_totals AS
SELECT c.name, sum(m.departures) AS departures, max(m.departures) AS best_month, min(m.mean_delay) AS best_delay
FROM carrier_months m
JOIN carriers c ON c.carrier = m.carrier
GROUP BY c.name;

-- Who flies whose planes: a view over the join of three.
CREATE MATERIALIZED VIEW carrier_makers AS
SELECT carrier, maker, count(*) AS flights, avg(dep_delay) AS mean_delay
FROM flight_details
WHERE maker IS NOT NULL
GROUP BY carrier, maker;
