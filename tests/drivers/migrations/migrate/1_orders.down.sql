DROP TABLE orders;
DROP STREAM events;
