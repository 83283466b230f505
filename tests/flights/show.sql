-- What make demo prints.

\echo
\echo The busiest routes
SELECT origin, dest, flights, miles FROM routes ORDER BY flights DESC LIMIT 5;

\echo The carriers, over the year
SELECT name, departures, best_month FROM carrier_totals ORDER BY departures DESC;

\echo Whose planes fly the most seats
SELECT maker, flights, seats FROM maker_seats ORDER BY seats DESC LIMIT 5;

\echo Delay by visibility, in miles
SELECT visib, departures, mean_delay, late FROM visibility_delays ORDER BY visib;

\echo The latest departures, with carrier and maker of the plane
SELECT id, carrier, maker, origin, dest, dep_delay FROM flight_details ORDER BY dep_delay DESC LIMIT 5;
