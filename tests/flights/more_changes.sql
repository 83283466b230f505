-- More changes, after those of changes.sql: some undo them, and what was inserted goes again.

INSERT INTO carriers VALUES ('MQ', 'Envoy Air');
UPDATE carriers SET name = 'Millrace Air Lines' WHERE carrier = 'ZZ';
UPDATE planes SET seats = NULL WHERE engines = 1;
UPDATE planes SET seats = seats - 10, manufacturer = 'Boeing' WHERE manufacturer = 'BOEING';
DELETE FROM planes WHERE tailnum = 'N0MILL';
INSERT INTO planes (tailnum, year, manufacturer, model, engines, seats) VALUES ('NOSUCH', 2013, 'MILLRACE', 'Flume', 2, 40), ('N0MILL', 2014, NULL, 'Wheel', 2, NULL);
INSERT INTO weather (origin, year, month, day, hour, precip, visib, time_hour) VALUES
    ('JFK', 2013, 12, 31, 10, 0.25, 0.01, '2013-12-31T15:00:00Z'),
    ('EWR', 2013, 12, 31, 11, NULL, NULL, '2013-12-31T16:00:00Z');
INSERT INTO airports (faa, name) VALUES ('LAX', 'Los Angeles');
UPDATE airports SET alt = 0;
DELETE FROM airports WHERE lat < 30;
DELETE FROM carriers;
INSERT INTO carriers VALUES ('B6', 'JetBlue'), ('UA', 'United'), ('ZZ', NULL);
