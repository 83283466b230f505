-- Changes to the tables, each of which takes rows back from views that were right before it. A few flights, too.

UPDATE carriers SET name = 'United Airlines' WHERE carrier = 'UA';
UPDATE planes SET seats = seats + 10 WHERE manufacturer = 'BOEING';
UPDATE planes SET manufacturer = 'AIRBUS' WHERE manufacturer = 'AIRBUS INDUSTRIE';
DELETE FROM planes WHERE year < 1990;
DELETE FROM carriers WHERE carrier = 'MQ';
INSERT INTO carriers VALUES ('ZZ', 'Millrace Air'), ('ZY', 'Millrace Air');
INSERT INTO planes (tailnum, manufacturer, model, seats) VALUES ('N0MILL', 'MILLRACE', 'Wheel', 7);
INSERT INTO flights (id, year, month, day, dep_delay, arr_delay, carrier, tailnum, flight, origin, dest, air_time, distance, hour, minute) VALUES
    (100001, 2013, 12, 31, 90, 100, 'ZZ', 'N0MILL', 1, 'JFK', 'LAX', 330, 2475, 10, 0),
    (100002, 2013, 12, 31, NULL, NULL, 'ZY', 'N0MILL', 2, 'EWR', 'LAX', NULL, 2454, 11, 0),
    (100003, 2013, 1, 1, 15, 0, 'MQ', 'NOSUCH', 3, 'LGA', 'NOWHERE', 30, 100, 7, 15);
UPDATE airports SET name = 'O''Hare', alt = alt - 1 WHERE faa = 'ORD';
DELETE FROM airports WHERE faa = 'LAX' OR faa = 'ABQ';
INSERT INTO airports VALUES ('NOWHERE', 'Nowhere Field', 0.5, -0.25, 0, 0, 'N', NULL);
